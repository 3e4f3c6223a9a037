import { fromHex, toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import {
	type BundleFlaw,
	bundleFlaw,
	decodeBundle,
	encodeBundle,
	type TrustBundle,
} from "../../../modules/trust/bundle.ts";
import { type CborInput, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	holder,
	makeRootFor,
	publicKeys,
	RELAY,
	SIGNED_UNIX_SECONDS,
	signBundle,
	trustBundle,
	usualHolders,
} from "../../sim/bundles.ts";
import {
	caConstraints,
	leafConstraints,
	makeCertificate,
	opensslDevice,
	opensslServer,
} from "./certificates.ts";

function pin(fill: number): Uint8Array {
	return new Uint8Array(32).fill(fill);
}

const ROOT_PARTS = { extensions: [caConstraints()] };
/** Serial number 0: the connection would not read it. */
const ZERO = { serialNumber: Uint8Array.of(2, 1, 0) };

function keysFrom(first: number, count: number): readonly Uint8Array[] {
	return publicKeys(...Array.from({ length: count }, (_, index) => holder(first + index)));
}

/** The fields of a good bundle, one of them another. */
function payloadWith(key: number, value: CborInput | undefined): Uint8Array {
	const { bundleRole, updateRole } = trustBundle();
	const fields: Record<number, CborInput | undefined> = {
		0: 1,
		1: 1,
		2: SIGNED_UNIX_SECONDS,
		3: SIGNED_UNIX_SECONDS + 1,
		4: [bundleRole.threshold, bundleRole.keys],
		5: [updateRole.threshold, updateRole.keys],
		6: keysFrom(12, 1),
		7: keysFrom(13, 1),
		8: [[makeRootFor(1), []]],
		9: [["192.0.2.7", 8443, "relay.example"]],
		10: [makeRootFor(2)],
	};
	fields[key] = value;
	return encodeCbor(fields);
}

export default function suite(t: Suite): void {
	t.test("a bundle has one encoding, which gives the bundle back", () => {
		const bundle = trustBundle({
			version: 7,
			relayRoots: [{ der: makeRootFor(1), pins: [pin(1), pin(2)] }, { der: makeRootFor(3) }],
			relays: [RELAY, { host: "2001:db8::1", port: 443, serverName: "relay.example" }],
		});
		const payload = encodeBundle(bundle);
		check.deepEqual(check.accepted(decodeBundle(payload)), bundle);
		check.equal(toHex(payload.subarray(0, 4)), "ab000101");
		check.accepted(decodeBundle(payloadWith(0, 1)));
	});

	t.test("a bundle that breaks a rule names the rule, made or read (T5)", () => {
		const root = trustBundle().relayRoots[0]!;
		const many = [1, 3, 4, 5, 6].map((number) => ({ der: makeRootFor(number) }));
		const bad: readonly (readonly [BundleFlaw, Partial<TrustBundle>])[] = [
			["version", { version: 0 }],
			["role", { bundleRole: { threshold: 0, keys: keysFrom(1, 2) } }],
			["role", { bundleRole: { threshold: 3, keys: keysFrom(1, 2) } }],
			["role", { updateRole: { threshold: 1, keys: [] } }],
			["key", { updateRole: { threshold: 1, keys: keysFrom(1, 1) } }],
			["key", { freshnessKeys: keysFrom(11, 1) }],
			["key", { timeKeys: keysFrom(12, 1) }],
			["key", { timeKeys: [...keysFrom(13, 1), ...keysFrom(13, 1)] }],
			["key", { bundleRole: { threshold: 2, keys: [...keysFrom(1, 1), ...keysFrom(1, 1)] } }],
			["key", { timeKeys: [new Uint8Array(65).fill(2)] }],
			["online-keys", { timeKeys: [] }],
			["online-keys", { freshnessKeys: keysFrom(20, LIMITS.onlineKeys + 1) }],
			["dates", { expiresUnixSeconds: SIGNED_UNIX_SECONDS }],
			["root-dates", { signedUnixSeconds: 1 }],
			["root-dates", { signedUnixSeconds: SIGNED_UNIX_SECONDS + 31536000, expiresUnixSeconds: 1999999999 }],
			["relay-roots", { relayRoots: [] }],
			["relay-roots", { relayRoots: many }],
			["relay-roots", { relayRoots: [root, root] }],
			["relay-roots", { relayRoots: [{ der: opensslDevice() }] }],
			["relay-roots", { relayRoots: [{ der: opensslServer() }] }],
			["relay-roots", { relayRoots: [{ der: makeCertificate({ extensions: [leafConstraints()] }) }] }],
			["relay-roots", { relayRoots: [{ der: Uint8Array.of(1, 2, 3) }] }],
			["relay-roots", { relayRoots: [root, { der: makeCertificate({ ...ROOT_PARTS, ...ZERO }) }] }],
			["relay-roots", { relayRoots: [{ ...root, pins: [pin(1), pin(1)] }] }],
			["relay-roots", { relayRoots: [{ ...root, pins: [pin(1).subarray(1)] }] }],
			["relay-roots", { relayRoots: [{ ...root, pins: [1, 2, 3, 4, 5].map(pin) }] }],
			["relay-addresses", { relays: [] }],
			["relay-addresses", { relays: [RELAY, RELAY] }],
			["relay-addresses", { relays: [1, 2, 3, 4, 5].map((port) => ({ ...RELAY, port })) }],
			["relay-addresses", { relays: [{ ...RELAY, host: "" }] }],
			["relay-addresses", { relays: [{ ...RELAY, host: "a b" }] }],
			["relay-addresses", { relays: [{ ...RELAY, host: "x".repeat(LIMITS.hostBytes + 1) }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "ä.example" }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "my_relay.local" }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "relay.example." }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "a..b" }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "-x" }] }],
			["relay-addresses", { relays: [{ ...RELAY, serverName: "1.2.3.4:5" }] }],
			["relay-addresses", { relays: [{ ...RELAY, port: 0 }] }],
			["relay-addresses", { relays: [{ ...RELAY, port: 65536 }] }],
			["device-roots", { deviceRoots: [] }],
			["device-roots", { deviceRoots: [makeRootFor(2), makeRootFor(3), makeRootFor(4)] }],
			["device-roots", { deviceRoots: [opensslDevice()] }],
			["key", { deviceRoots: [makeRootFor(1)] }],
			["key", { deviceRoots: [makeRootFor(2), makeRootFor(2)] }],
		];
		check.equal(bundleFlaw(trustBundle()), undefined);
		// No pins at all is written as an empty list, and an empty list is never made into "any".
		check.equal(bundleFlaw(trustBundle({ relayRoots: [{ ...root, pins: [] }] })), "relay-roots");
		for (const [index, [flaw, parts]] of bad.entries()) {
			const bundle = trustBundle(parts);
			check.equal(bundleFlaw(bundle), flaw, `case ${index}`);
			const read = decodeBundle(encodeBundle(bundle));
			check.ok(!read.ok && (read.reason === flaw || read.reason === "form"), `case ${index}, read`);
		}
	});

	t.test("a map of another shape, with a key missing or one too many, is refused (T15, PROTOCOL 1)", () => {
		for (let key = 0; key <= 10; key++) check.refused(decodeBundle(payloadWith(key, undefined)), "form");
		check.refused(decodeBundle(payloadWith(11, 1)), "form");
		check.refused(decodeBundle(payloadWith(0, 2)), "form");
		check.refused(decodeBundle(payloadWith(1, -1)), "form");
		check.refused(decodeBundle(payloadWith(3, "x")), "form");
		check.refused(decodeBundle(payloadWith(3, 253402300800)), "form");
		check.refused(decodeBundle(payloadWith(4, [4, keysFrom(1, 5)])), "form");
		check.refused(decodeBundle(payloadWith(4, [1, keysFrom(1, 1), 0])), "form");
		check.refused(decodeBundle(payloadWith(4, [1, [new Uint8Array(64)]])), "form");
		check.refused(decodeBundle(payloadWith(8, [makeRootFor(1)])), "form");
		check.refused(decodeBundle(payloadWith(8, [[makeRootFor(1)]])), "form");
		check.refused(decodeBundle(payloadWith(9, [["h", 1]])), "form");
		check.refused(decodeBundle(payloadWith(9, [["h", 65536, "n"]])), "form");
		check.refused(decodeBundle(fromHex("80")!), "form");
		check.refused(decodeBundle(new Uint8Array(0)), "form");
	});

	t.test(
		"no bytes make the reader throw, and what it takes is what it would write (T15, I9)",
		({ random }) => {
			const good = encodeBundle(trustBundle());
			let taken = 0;
			for (let round = 0; round < 500; round++) {
				const bytes = random.mutate(good);
				const read = decodeBundle(bytes);
				if (!read.ok) continue;
				taken++;
				check.bytes(encodeBundle(read.value), bytes);
			}
			check.ok(taken > 0, "no mutation was harmless");
		},
	);

	t.test("the largest bundle of each list fits its message and its record (I8)", ({ crypto }) => {
		const name = "r".repeat(60);
		const bundle = trustBundle({
			version: Number.MAX_SAFE_INTEGER,
			bundleRole: { threshold: 3, keys: keysFrom(1, 5) },
			updateRole: { threshold: 3, keys: keysFrom(11, 5) },
			freshnessKeys: keysFrom(21, 3),
			timeKeys: keysFrom(31, 3),
			relayRoots: [1, 3, 4, 5].map((number) => ({
				der: makeRootFor(number),
				pins: [1, 2, 3, 4].map(pin),
			})),
			relays: [1, 2, 3, 4].map((port) => ({ host: name, port, serverName: name })),
			deviceRoots: [makeRootFor(2), makeRootFor(6)],
		});
		check.accepted(decodeBundle(encodeBundle(bundle)));
		const message = signBundle(crypto, bundle, usualHolders());
		check.ok(message.length <= LIMITS.bundleBytes, `${message.length}`);
		check.ok(RECORDS.trustBundle.bytesMax >= LIMITS.bundleBytes);
	});
}
