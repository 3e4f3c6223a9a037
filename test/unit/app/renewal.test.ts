/** The operational certificate at work (PROTOCOL 8.1): asking, judging what comes, and a power cut at every write. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { renewalBytes } from "../../../modules/identity/renewal-request.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimAuthority } from "../../sim/device-authority.ts";
import { SimKeys } from "../../sim/keys.ts";
import { RENEWAL_SERIAL, RenewalRig, requestedKey } from "../../sim/renewal-rig.ts";
import type { SimStorage } from "../../sim/storage.ts";
import { generalizedTime, purposes, SERVER_AUTH, utcTime } from "../trust/certificates.ts";

const HOUR_MS = 3600000;
const SECOND_LIFE = Object.freeze({
	notBefore: utcTime("260901000000Z"),
	notAfter: utcTime("270901000000Z"),
});

/** Booted, connected, with an operational certificate of 2026 that serves. */
function enrolled(crypto: TestCrypto): RenewalRig {
	const rig = new RenewalRig(crypto);
	rig.boot();
	rig.connect();
	rig.answer();
	check.deepEqual(rig.connections, ["device", "op-0"]);
	return rig;
}

export default function suite(t: Suite): void {
	t.test("a lock without an operational certificate asks, tries it and goes by it", ({ crypto }) => {
		const rig = new RenewalRig(crypto);
		rig.boot();
		rig.connect();
		check.deepEqual(rig.connections, ["device"]);
		check.equal(rig.renewal.connectedAs, "factory");
		check.equal(rig.requests.length, 1);
		rig.answer();
		check.deepEqual(rig.connections, ["device", "op-0"]);
		check.equal(rig.renewal.connectedAs, "operational");
		check.deepEqual(rig.renewed, [Date.UTC(2027, 0, 1)]);
		rig.boot();
		rig.connect();
		check.equal(rig.connections.at(-1), "op-0");
		check.equal(rig.requests.length, 1, "nothing more to ask for");
	});

	t.test(
		"a request is signed by the new key inside and by the factory key over serial and request (T6)",
		({ crypto }) => {
			const rig = new RenewalRig(crypto);
			rig.boot();
			rig.connect();
			const { csr, signature } = rig.requests[0]!;
			const keys = new SimKeys(crypto, rig.storage);
			check.bytes(requestedKey(csr), keys.publicKey("op-0"));
			check.ok(crypto.verifyP256(keys.publicKey("device"), renewalBytes(RENEWAL_SERIAL, csr), signature));
			check.ok(!crypto.verifyP256(keys.publicKey("device"), renewalBytes("LK-RENEW-2", csr), signature));
			check.ok(!crypto.verifyP256(keys.publicKey("op-0"), renewalBytes(RENEWAL_SERIAL, csr), signature));
		},
	);

	t.test(
		"at two thirds of its life a certificate is renewed with a new key, the old one stays until the new one connected (T12)",
		({ crypto }) => {
			const rig = enrolled(crypto);
			rig.trustedTime = { unixMs: Date.UTC(2026, 8, 1) - 1, kind: "estimate" };
			rig.boot();
			rig.connect();
			check.equal(rig.requests.length, 1, "a moment before");
			rig.trustedTime = { unixMs: Date.UTC(2026, 8, 3), kind: "estimate" };
			check.ok(rig.time.advanceUntil(() => rig.requests.length === 2, 2 * HOUR_MS));
			check.deepEqual(rig.storedKeys(), ["op-0", "op-1"]);
			let keysAtTrial: readonly string[] = [];
			rig.admit = (name) => {
				if (name === "op-1") keysAtTrial = rig.storedKeys();
				return true;
			};
			rig.answer(SECOND_LIFE);
			check.deepEqual(keysAtTrial, ["op-0", "op-1"], "both, while the new one is on trial");
			check.equal(rig.connections.at(-1), "op-1");
			check.deepEqual(rig.storedKeys(), ["op-1"]);
			check.equal(rig.renewed.length, 2);
		},
	);

	t.test(
		"a new certificate that the relay refuses is forgotten, and the old one serves on (T12)",
		({ crypto }) => {
			const rig = enrolled(crypto);
			rig.trustedTime = { unixMs: Date.UTC(2026, 9, 1), kind: "estimate" };
			rig.boot();
			rig.connect();
			rig.admit = (name) => name !== "op-1";
			rig.answer(SECOND_LIFE);
			check.equal(rig.connections.at(-1), "op-0");
			check.ok(rig.renewal.certificates().every(({ key }) => !("name" in key) || key.name !== "op-1"));
			check.ok(rig.workingKeys().includes("op-0"));
		},
	);

	t.test("a relay that issues what it then refuses does not wear the flash out (T16)", ({ crypto }) => {
		const rig = new RenewalRig(crypto);
		rig.admit = (name) => name === "device";
		rig.boot();
		rig.connect();
		for (let round = 0; round < 20 && rig.requests.length > round; round++) rig.answer();
		check.equal(rig.requests.length, LIMITS.renewalsBurst);
		const before = rig.requests.length;
		rig.time.advance(2 * HOUR_MS);
		check.ok(rig.requests.length - before <= 2, `${rig.requests.length - before} more in two hours`);
	});

	t.test(
		"a lock whose operational certificate has ended, or is refused, comes with its factory's and renews",
		({ crypto }) => {
			const rig = enrolled(crypto);
			rig.trustedTime = { unixMs: Date.UTC(2031, 0, 1), kind: "floor" };
			rig.boot();
			rig.connect();
			check.equal(rig.connections.at(-1), "device");
			const life = { notBefore: utcTime("301231000000Z"), notAfter: utcTime("310601000000Z") };
			rig.answer(life);
			check.equal(rig.connections.at(-1), "op-1");
			check.deepEqual(rig.storedKeys(), ["op-1"]);
			rig.admit = (name) => name !== "op-1";
			rig.connect();
			check.equal(rig.connections.at(-1), "device");
			rig.answer(life);
			check.equal(rig.connections.at(-1), "op-0");
		},
	);

	for (const [name, answer] of [
		[
			"of a foreign issuer",
			(rig: RenewalRig) => {
				const foreign = SimAuthority.root(rig.crypto, 7).intermediate(8);
				return [foreign.device(RENEWAL_SERIAL, requestedKey(rig.requests.at(-1)!.csr)), foreign.certificate];
			},
		],
		[
			"for another key",
			(rig: RenewalRig) => [rig.issuer.device(RENEWAL_SERIAL, rig.root.publicKey), rig.issuer.certificate],
		],
		[
			"for another serial",
			(rig: RenewalRig) => [
				rig.issuer.device("LK-RENEW-2", requestedKey(rig.requests.at(-1)!.csr)),
				rig.issuer.certificate,
			],
		],
		[
			"for another purpose",
			(rig: RenewalRig) => rig.issue({ extensions: [purposes(SERVER_AUTH, OID.clientAuth)] }),
		],
		["that has ended", (rig: RenewalRig) => rig.issue({ notAfter: utcTime("260101000001Z") })],
		["that is not valid yet", (rig: RenewalRig) => rig.issue({ notBefore: utcTime("260601000000Z") })],
	] as const) {
		t.test(
			`a certificate ${name} is refused, its key erased, and the lock asks again later (T4, T6)`,
			({ crypto }) => {
				const rig = new RenewalRig(crypto);
				rig.boot();
				rig.connect();
				rig.renewal.receive({ kind: "certificate", chain: answer(rig) });
				check.deepEqual(rig.storedKeys(), []);
				check.deepEqual(rig.workingKeys(), ["device"]);
				check.equal(rig.renewed.length, 0);
				rig.time.advance(LIMITS.renewalRetryMs - 1);
				check.equal(rig.requests.length, 1);
				check.ok(rig.time.advanceUntil(() => rig.requests.length === 2, LIMITS.renewalRetryMs));
				rig.answer();
				check.equal(rig.connections.at(-1), "op-0");
			},
		);
	}

	t.test(
		"a refusal and a silence are asked again after the retry time, one request at a time",
		({ crypto }) => {
			const rig = new RenewalRig(crypto);
			rig.boot();
			rig.connect();
			rig.refuse();
			check.ok(rig.time.advanceUntil(() => rig.requests.length === 2, 2 * LIMITS.renewalRetryMs));
			rig.time.advance(LIMITS.renewalAnswerMs - 1);
			rig.refuse();
			rig.refuse();
			check.ok(rig.log.join("\n").includes("nobody asked for"));
			check.ok(rig.time.advanceUntil(() => rig.requests.length === 3, 2 * LIMITS.renewalRetryMs));
			rig.time.advance(LIMITS.renewalAnswerMs);
			check.ok(rig.log.join("\n").includes("no answer"));
		},
	);

	t.test(
		"an answer that nobody asked for, or that comes after its time, changes nothing (T6)",
		({ crypto }) => {
			const rig = new RenewalRig(crypto);
			rig.boot();
			rig.connect();
			rig.time.advance(LIMITS.renewalAnswerMs);
			const writes = rig.storage.mutations().length;
			rig.renewal.receive({ kind: "certificate", chain: rig.issue() });
			check.equal(rig.storage.mutations().length, writes);
			check.deepEqual(rig.workingKeys(), ["device"]);
		},
	);

	t.test("no key is made while the bolt drives, and none without a device root", ({ crypto }) => {
		const rig = new RenewalRig(crypto);
		rig.mayBegin = false;
		rig.boot();
		rig.connect();
		check.deepEqual(rig.storedKeys(), []);
		rig.mayBegin = true;
		rig.roots = [];
		rig.time.advance(LIMITS.renewalLookMs);
		check.deepEqual(rig.storedKeys(), []);
		rig.roots = [rig.root.certificate];
		rig.time.advance(2 * LIMITS.renewalRetryMs);
		check.deepEqual(rig.storedKeys(), ["op-0"]);
	});

	t.test(
		"a record that is broken, or whose key is gone, leaves the factory certificate, which renews (T12)",
		({ crypto }) => {
			for (const harm of ["record", "key"] as const) {
				const rig = enrolled(crypto);
				if (harm === "key") rig.storage.delete("keys", "op-0");
				else rig.storage.corrupt("identity", "operational");
				rig.boot();
				rig.connect();
				check.equal(rig.connections.at(-1), "device", harm);
				rig.answer();
				check.equal(rig.connections.at(-1), "op-0", harm);
			}
		},
	);

	t.test(
		"a power cut at any write of an enrolment or a renewal leaves a working pair and no key too many (T12, I4)",
		({ crypto, note }) => {
			const first = RenewalRig.factoryRecords(crypto);
			const second = enrolled(crypto).storage.reboot();
			let cuts = 0;
			for (const [records, needs, life] of [
				[first, "device", {}],
				[second, "op-0", SECOND_LIFE],
			] as const) {
				for (let after = 0; ; after++) {
					let finished = true;
					for (const applied of [false, true]) {
						const rig = cutRig(crypto, records, needs);
						rig.storage.cutAfter(after, applied);
						const whole = rig.run(() => {
							rig.connect();
							rig.answer(life);
						});
						if (whole) continue;
						finished = false;
						cuts++;
						rig.boot();
						const working = rig.workingKeys();
						check.equal(working.at(-1), "device", `cut ${after}`);
						check.ok(
							needs === "device" || working.length > 1,
							`an operational pair works after cut ${after}`,
						);
						check.ok(
							rig.storedKeys().every((name) => working.includes(name)),
							"a key that is no pair's",
						);
						const asked = rig.requests.length;
						rig.connect();
						if (rig.requests.length > asked) rig.answer(life);
						check.ok(
							rig.connections.at(-1) !== "device" && rig.storedKeys().length === 1,
							`after cut ${after}`,
						);
					}
					if (finished) break;
				}
			}
			check.ok(cuts >= 12, `${cuts} cut points`);
			note(`${cuts} cut points`);
		},
	);

	t.test("a flash that is full at any write of a renewal leaves the old pair serving (T12)", ({ crypto }) => {
		const records = enrolled(crypto).storage.reboot();
		for (let after = 0; after < 3; after++) {
			const rig = cutRig(crypto, records, "op-0");
			rig.storage.failWrites("record/full", after);
			rig.connect();
			if (rig.requests.length > 0) rig.answer(SECOND_LIFE);
			check.ok(["op-0", "op-1"].includes(rig.connections.at(-1)!), `write ${after}`);
			rig.boot();
			rig.connect();
			check.ok(rig.workingKeys().length >= 2, `write ${after}`);
		}
	});

	t.test("a certificate without an end is one like any other", ({ crypto }) => {
		const rig = new RenewalRig(crypto);
		rig.boot();
		rig.connect();
		rig.answer({ notAfter: generalizedTime("99991231235959Z") });
		check.equal(rig.connections.at(-1), "op-0");
	});
}

/** Booted and about to renew, whatever the records hold. */
function cutRig(crypto: TestCrypto, records: SimStorage, needs: string): RenewalRig {
	const rig = new RenewalRig(crypto, records);
	if (needs !== "device") rig.trustedTime = { unixMs: Date.UTC(2026, 9, 1), kind: "estimate" };
	rig.boot();
	return rig;
}
