import {
	decodeGrant,
	encodeGrant,
	type Grant,
	hasPermission,
	isFullOwner,
	PERMISSIONS,
	permissionSet,
	ROLE_PERMISSIONS,
} from "../../../modules/access/grant.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { type CborFields, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import type { Random } from "../../harness/random.ts";
import { check, type Suite } from "../../harness/test.ts";
import { grantOf } from "./people.ts";

function decode(bytes: Uint8Array): Grant | undefined {
	const map = decodeCborMap(bytes);
	return map.ok ? decodeGrant(map.value) : undefined;
}

function randomGrant(random: Random): Grant {
	const notBefore = random.below(100_000);
	const windows = Array.from({ length: random.between(1, LIMITS.scheduleWindows) }, () => {
		const startMinute = random.below(10_079);
		return { startMinute, endMinute: random.between(startMinute + 1, 10_080) };
	});
	return grantOf(random.between(1, 0xffffffff), {
		role: random.boolean() ? "owner" : "member",
		permissions: random.below(512),
		key25519: random.bytes(32),
		keyP256: random.bytes(65),
		...(random.boolean() ? { validity: { notBefore, notAfter: notBefore + random.below(10) } } : {}),
		...(random.boolean() ? { schedule: { utcOffsetMinutes: random.between(-840, 840), windows } } : {}),
		...(random.boolean() ? { usesLeft: random.below(LIMITS.grantUses + 1) } : {}),
	});
}

export default function suite(t: Suite): void {
	t.test("what is encoded is decoded as the same grant, and has one encoding", ({ random }) => {
		for (let round = 0; round < 200; round++) {
			const grant = randomGrant(random);
			const bytes = encodeCbor(encodeGrant(grant));
			check.deepEqual(decode(bytes), grant);
			check.bytes(encodeCbor(encodeGrant(decode(bytes)!)), bytes);
		}
	});

	t.test("the largest grant fits its record, and the claim's (I8)", () => {
		const window = { startMinute: 10_078, endMinute: 10_080 };
		const largest = grantOf(0xffffffff, {
			role: "owner",
			name: "x".repeat(LIMITS.nameBytes),
			validity: { notBefore: 253402300798, notAfter: 253402300799 },
			schedule: {
				utcOffsetMinutes: -840,
				windows: new Array<typeof window>(LIMITS.scheduleWindows).fill(window),
			},
			usesLeft: LIMITS.grantUses,
		});
		const bytes = encodeCbor({ 0: 1, 1: new Uint8Array(16), 2: encodeGrant(largest) });
		check.ok(bytes.length <= RECORDS.claim.bytesMax, `${bytes.length}`);
		check.ok(bytes.length <= RECORDS.grant.bytesMax);
	});

	t.test("a grant that says what cannot be is refused, field by field", () => {
		const good: CborFields = encodeGrant(grantOf(3));
		check.ok(decode(encodeCbor(good)) !== undefined);
		const bad: readonly CborFields[] = [
			{ 1: 0 },
			{ 1: 0x100000000 },
			{ 2: 0 },
			{ 2: 3 },
			{ 3: 512 },
			{ 3: -1 },
			{ 4: "" },
			{ 4: "x".repeat(33) },
			{ 4: "line\nbreak" },
			{ 5: new Uint8Array(31) },
			{ 6: new Uint8Array(64) },
			{ 7: -1 },
			{ 7: 5, 8: 4 },
			{ 8: "never" },
			{ 9: [] },
			{ 9: [0, []] },
			{ 9: [0, [[5, 5]]] },
			{ 9: [0, [[5, 6, 7]]] },
			{ 9: [841, [[5, 6]]] },
			{ 9: [0, [[5, 6]], 1] },
			{ 10: -1 },
			{ 10: LIMITS.grantUses + 1 },
			{ 11: 1 },
		];
		for (const fields of bad) {
			check.equal(decode(encodeCbor({ ...good, ...fields })), undefined, JSON.stringify(fields));
		}
		for (const key of [1, 2, 3, 4, 5, 6]) {
			check.equal(decode(encodeCbor({ ...good, [key]: undefined })), undefined, `without ${key}`);
		}
	});

	t.test("no bytes make the decoder throw (I9)", ({ random }) => {
		let accepted = 0;
		for (let round = 0; round < 1000; round++) {
			const bytes = random.mutate(encodeCbor(encodeGrant(randomGrant(random))));
			const grant = decode(bytes);
			if (grant === undefined) continue;
			accepted++;
			check.bytes(encodeCbor(encodeGrant(grant)), bytes);
		}
		check.ok(accepted > 20, `${accepted} of 1000 mutants were grants`);
	});

	t.test("permissions have the bits of their places, and a role's set is fixed", () => {
		for (const [bit, permission] of PERMISSIONS.entries()) {
			check.equal(permissionSet(permission), 1 << bit);
			check.equal(hasPermission(1 << bit, permission), true);
			check.equal(hasPermission(511 & ~(1 << bit), permission), false);
		}
		check.equal(ROLE_PERMISSIONS.owner, 511);
		check.equal(ROLE_PERMISSIONS.member, permissionSet("unlock", "lock", "status"));
	});

	t.test("only an owner with every permission and no limit counts as one who can stay alone", () => {
		check.equal(isFullOwner(grantOf(1, { role: "owner" })), true);
		check.equal(isFullOwner(grantOf(1)), false);
		check.equal(isFullOwner(grantOf(1, { role: "owner", permissions: 510 })), false);
		check.equal(isFullOwner(grantOf(1, { role: "owner", validity: { notAfter: 1 } })), false);
		check.equal(isFullOwner(grantOf(1, { role: "owner", usesLeft: 5 })), false);
	});
}
