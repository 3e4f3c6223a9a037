import { LIMITS } from "../../../modules/base/limits.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import { Store } from "../../../modules/store/store.ts";
import {
	decodeAddresses,
	decodeRoots,
	isRelayTrust,
	type RelayTrust,
	RelayTrustStore,
} from "../../../modules/trust/relay-trust.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { makeCertificate, opensslDevice, opensslRoot } from "./certificates.ts";

function trustWith(parts: Partial<RelayTrust> = {}): RelayTrust {
	return {
		version: 0,
		roots: [opensslRoot()],
		addresses: [{ host: "relay.example", port: 8443, serverName: "relay.example" }],
		...parts,
	};
}

function openTrust({ crypto }: TestContext, storage: SimStorage): RelayTrustStore {
	return new RelayTrustStore(new Store(storage), (data) => crypto.sha256(data));
}

export default function suite(t: Suite): void {
	t.test("what was installed is there after a reboot, under the same scope", (context) => {
		const storage = new SimStorage();
		const trust = openTrust(context, storage);
		check.equal(trust.current, undefined);
		check.equal(trust.scope, undefined);
		check.equal(trust.fault, "absent");
		check.accepted(trust.install(trustWith()));
		const again = openTrust(context, storage.reboot());
		check.deepEqual(again.current, trustWith());
		check.equal(again.scope, trust.scope);
		check.equal(again.fault, undefined);
	});

	t.test("another version, root or address is another scope for TLS sessions", (context) => {
		const scopes = new Set<string | undefined>();
		const other = [{ host: "other.example", port: 8443, serverName: "other.example" }];
		for (const parts of [
			{},
			{ version: 1 },
			{ roots: [opensslRoot(), opensslRoot()] },
			{ addresses: other },
		]) {
			const trust = openTrust(context, new SimStorage());
			check.accepted(trust.install(trustWith(parts)));
			scopes.add(trust.scope);
		}
		check.equal(scopes.size, 4);
	});

	t.test(
		"roots that are none, and addresses that cannot be, are refused and nothing is written (T4)",
		(context) => {
			const address = { host: "h", port: 1, serverName: "n" };
			const bad: readonly Partial<RelayTrust>[] = [
				{ roots: [] },
				{ roots: [new Uint8Array([1, 2, 3])] },
				{ roots: [opensslDevice()] },
				{ roots: [opensslRoot(), opensslDevice()] },
				{ roots: [makeCertificate({ extensions: [] })] },
				{ roots: new Array<Uint8Array>(LIMITS.relayRoots + 1).fill(opensslRoot()) },
				{ addresses: [] },
				{ addresses: new Array<typeof address>(LIMITS.relayAddresses + 1).fill(address) },
				{ addresses: [{ ...address, host: "" }] },
				{ addresses: [{ ...address, host: "a b" }] },
				{ addresses: [{ ...address, host: "x".repeat(LIMITS.hostBytes + 1) }] },
				{ addresses: [{ ...address, serverName: "ä.example" }] },
				{ addresses: [{ ...address, port: 0 }] },
				{ addresses: [{ ...address, port: 65_536 }] },
				{ addresses: [{ ...address, port: 1.5 }] },
			];
			for (const parts of bad) {
				const storage = new SimStorage();
				check.refused(openTrust(context, storage).install(trustWith(parts)), "malformed");
				check.deepEqual(storage.paths(), []);
			}
			check.equal(
				isRelayTrust(trustWith({ addresses: [{ host: "::1", port: 1, serverName: "127.0.0.1" }] })),
				true,
			);
		},
	);

	t.test(
		"a full disk leaves the trust as it was, in flash and in RAM; the same trust again writes nothing (T12)",
		(context) => {
			const storage = new SimStorage();
			const trust = openTrust(context, storage);
			check.accepted(trust.install(trustWith()));
			const writes = storage.mutations().length;
			check.accepted(trust.install(trustWith()));
			check.equal(storage.mutations().length, writes);
			storage.failWrites("record/full");
			check.refused(trust.install(trustWith({ version: 1 })), "storage");
			check.deepEqual(trust.current, trustWith());
			check.deepEqual(openTrust(context, storage.reboot()).current, trustWith());
		},
	);

	t.test("the largest trust fits its record (I8)", () => {
		const host = "x".repeat(LIMITS.hostBytes);
		const roots = new Array<Uint8Array>(LIMITS.relayRoots).fill(
			new Uint8Array(LIMITS.relayRootsBytes / LIMITS.relayRoots),
		);
		const addresses = new Array<unknown>(LIMITS.relayAddresses).fill([host, 65_535, host]) as string[][];
		const bytes = encodeCbor({ 0: 1, 1: Number.MAX_SAFE_INTEGER, 2: roots, 3: addresses });
		check.ok(bytes.length <= RECORDS.relayTrust.bytesMax, `${bytes.length}`);
	});

	t.test(
		"a stored trust that fails its checks is no trust: the lock has no relay, not another one (T12)",
		(context) => {
			const storage = new SimStorage();
			check.accepted(openTrust(context, storage).install(trustWith()));
			const good = storage.peek("trust", "relay")!;
			for (let round = 0; round < 200; round++) {
				const copy = storage.reboot();
				copy.write("trust", "relay", context.random.mutate(good));
				const trust = openTrust(context, copy);
				check.equal(trust.current === undefined, trust.fault !== undefined);
			}
			storage.corrupt("trust", "relay");
			check.equal(openTrust(context, storage).fault, "corrupt");
			check.equal(openTrust(context, storage).current, undefined);
		},
	);

	t.test("lists of the line's install verb are read within their bounds", () => {
		const root = opensslRoot();
		check.deepEqual(decodeRoots([root]), [root]);
		check.deepEqual(decodeAddresses([["h", 1, "n"]]), [{ host: "h", port: 1, serverName: "n" }]);
		for (const value of [undefined, [], [1], [root, "x"], new Array(LIMITS.relayRoots + 1).fill(root)]) {
			check.equal(decodeRoots(value), undefined);
		}
		for (const value of [
			undefined,
			[],
			["h"],
			[["h", 1]],
			[["h", 1, "n", 2]],
			[[1, 1, "n"]],
			[["h", 65_536, "n"]],
		]) {
			check.equal(decodeAddresses(value), undefined);
		}
	});
}
