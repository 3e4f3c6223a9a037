import { LIMITS } from "../../../modules/base/limits.ts";
import type { Result } from "../../../modules/base/result.ts";
import { DEVICE_KEYS, Identity } from "../../../modules/identity/identity.ts";
import { FactoryReset } from "../../../modules/store/reset.ts";
import { Store } from "../../../modules/store/store.ts";
import { TrustedTime } from "../../../modules/time/trusted-time.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { TrustStore } from "../../../modules/trust/trust-store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { signBundle, trustBundle } from "../../sim/bundles.ts";
import { SimKeys } from "../../sim/keys.ts";
import { SimStorage } from "../../sim/storage.ts";
import { SimClock, SimTime } from "../../sim/time.ts";
import {
	caConstraints,
	keyUsage,
	leafConstraints,
	makeCertificate,
	makeDeviceCertificate,
	makeRoot,
	printable,
	purposes,
	SERVER_AUTH,
} from "../trust/certificates.ts";

const SERIAL = "LK-0001";
const CLASS = "devkit-c3";

interface Board {
	readonly trust: TrustStore;
	readonly storage: SimStorage;
	readonly keys: SimKeys;
	readonly identity: Identity;
}

function boot({ crypto }: TestContext, storage = new SimStorage()): Board {
	const store = new Store(storage);
	const keys = new SimKeys(crypto, storage);
	const time = new TrustedTime(store, new SimClock(new SimTime(), (run) => run()), 0);
	const trust = new TrustStore(store, time, crypto);
	return { storage, keys, trust, identity: new Identity(store, keys, trust) };
}

/** One bundle for a whole test: signing takes long. */
function bundleOf({ crypto }: TestContext): Uint8Array {
	return signBundle(crypto, trustBundle());
}

function keyed(context: TestContext): Board {
	const board = boot(context);
	check.accepted(board.identity.begin(SERIAL, CLASS));
	check.accepted(board.trust.install(bundleOf(context)));
	return board;
}

function ownCertificate({ identity }: Board): Uint8Array {
	return makeDeviceCertificate(SERIAL, identity.keyP256!);
}

function installed(context: TestContext): Board {
	const board = keyed(context);
	check.accepted(board.identity.install([ownCertificate(board)]));
	return board;
}

export default function suite(t: Suite): void {
	t.test("a line goes from blank to sealed, and each stage outlives a reboot", (context) => {
		const board = boot(context);
		check.equal(board.identity.stage, "blank");
		check.equal(board.identity.keyP256, undefined);
		const begun = check.accepted(board.identity.begin(SERIAL, CLASS));
		check.bytes(begun.key25519, board.keys.publicKey(DEVICE_KEYS.noise));
		check.equal(board.keys.kindOf(DEVICE_KEYS.setup), "secret");
		const keyedAgain = boot(context, board.storage.reboot()).identity;
		check.equal(keyedAgain.stage, "keyed");
		check.equal(keyedAgain.serial, SERIAL);
		check.equal(keyedAgain.hardwareClass, CLASS);
		const chain = [ownCertificate(board), makeRoot()];
		check.accepted(board.trust.install(bundleOf(context)));
		check.accepted(board.identity.install(chain));
		const installedAgain = boot(context, board.storage.reboot()).identity;
		check.equal(installedAgain.stage, "installed");
		check.deepEqual(installedAgain.certificateChain, chain);
		check.accepted(board.identity.seal());
		check.equal(boot(context, board.storage.reboot()).identity.stage, "sealed");
		check.deepEqual(board.identity.faults, []);
	});

	t.test(
		"a repeated begin answers the same and makes no new key; another serial or class is a conflict",
		(context) => {
			const board = boot(context);
			const first = check.accepted(board.identity.begin(SERIAL, CLASS));
			const writes = board.storage.mutations().length;
			check.deepEqual(check.accepted(board.identity.begin(SERIAL, CLASS)), first);
			const again = boot(context, board.storage.reboot());
			check.deepEqual(check.accepted(again.identity.begin(SERIAL, CLASS)), first);
			check.refused(again.identity.begin("LK-0002", CLASS), "conflict");
			check.refused(again.identity.begin(SERIAL, "other"), "conflict");
			check.equal(board.storage.mutations().length, writes);
			check.equal(again.storage.mutations().length, 0);
		},
	);

	t.test("serials and hardware classes of another form are malformed, and nothing is made", (context) => {
		const board = boot(context);
		for (const serial of ["", "LK1", "lk-0001", "LK 0001", "L".repeat(25), "LK-0001\n"]) {
			check.refused(board.identity.begin(serial, CLASS), "malformed");
		}
		for (const hardwareClass of ["", "a b", "x".repeat(LIMITS.hardwareClassBytes + 1)]) {
			check.refused(board.identity.begin(SERIAL, hardwareClass), "malformed");
		}
		check.deepEqual(board.storage.paths(), []);
	});

	t.test("a certificate that is not this board's own is refused, and nothing is written (T6)", (context) => {
		const board = keyed(context);
		const key = board.identity.keyP256!;
		const stranger = Uint8Array.of(4, ...new Uint8Array(64).fill(9));
		const usage = [leafConstraints(), keyUsage(0x80), purposes(OID.clientAuth)];
		const bad: readonly (readonly [string, readonly Uint8Array[]])[] = [
			["none", []],
			["garbage", [new Uint8Array([1, 2, 3])]],
			["another key", [makeDeviceCertificate(SERIAL, stranger)]],
			["another serial", [makeDeviceCertificate("LK-0002", key)]],
			[
				"only a common name",
				[makeDeviceCertificate(SERIAL, key, { subject: [[OID.commonName, printable(SERIAL)]] })],
			],
			["a CA", [makeDeviceCertificate(SERIAL, key, { extensions: [caConstraints(), ...usage.slice(1)] })]],
			[
				"a server",
				[makeDeviceCertificate(SERIAL, key, { extensions: [usage[0]!, usage[1]!, purposes(SERVER_AUTH)] })],
			],
			["no purpose", [makeDeviceCertificate(SERIAL, key, { extensions: usage.slice(0, 2) })]],
			["no usage", [makeDeviceCertificate(SERIAL, key, { extensions: [usage[0]!, usage[2]!] })]],
			[
				"an issuer that is none",
				[makeDeviceCertificate(SERIAL, key), makeCertificate({ extensions: usage })],
			],
			["a chain too long", new Array<Uint8Array>(LIMITS.ownChainCertificates + 1).fill(makeRoot())],
			["too many bytes", [makeDeviceCertificate(SERIAL, key), new Uint8Array(LIMITS.ownChainBytes)]],
		];
		const writes = board.storage.mutations().length;
		for (const [name, chain] of bad) {
			check.refused(board.identity.install(chain), "certificate-refused", name);
		}
		check.equal(board.storage.mutations().length, writes);
		check.equal(board.identity.stage, "keyed");
		check.accepted(board.identity.install([ownCertificate(board)]));
	});

	t.test(
		"a repeated install writes nothing, and a newly issued certificate replaces the first until the seal",
		(context) => {
			const board = installed(context);
			const writes = board.storage.mutations().length;
			check.accepted(board.identity.install([ownCertificate(board)]));
			check.equal(board.storage.mutations().length, writes);
			const longer = [ownCertificate(board), makeRoot()];
			check.accepted(board.identity.install(longer));
			check.deepEqual(boot(context, board.storage.reboot()).identity.certificateChain, longer);
		},
	);

	t.test(
		"a certificate before any trust is out of order: who issues certificates is not known",
		(context) => {
			const board = boot(context);
			check.accepted(board.identity.begin(SERIAL, CLASS));
			check.refused(board.identity.install([ownCertificate(board)]), "out-of-order");
			check.accepted(board.trust.install(bundleOf(context)));
			check.accepted(board.identity.install([ownCertificate(board)]));
		},
	);

	t.test("verbs before their time are out of order", (context) => {
		const board = boot(context);
		check.refused(board.identity.install([makeRoot()]), "out-of-order");
		check.refused(board.identity.openSetupSecret(), "out-of-order");
		check.refused(board.identity.seal(), "out-of-order");
		check.accepted(board.identity.begin(SERIAL, CLASS));
		check.refused(board.identity.seal(), "out-of-order");
		check.accepted(board.identity.openSetupSecret()).close();
	});

	t.test("the seal is one-way, also across a reset and where its record cannot be read (T14)", (context) => {
		const board = installed(context);
		check.accepted(board.identity.seal());
		const reset = board.storage.reboot();
		const store = new Store(reset);
		const factoryReset = new FactoryReset(store, () => {});
		check.accepted(factoryReset.begin());
		check.accepted(factoryReset.finish(() => {}));
		const corrupt = board.storage.reboot();
		corrupt.corrupt("identity", "seal");
		const newer = board.storage.reboot();
		newer.write("identity", "seal", encodeCbor({ 0: 9 }));
		const unlistable = board.storage.reboot();
		unlistable.makeUnlistable("identity");
		for (const storage of [board.storage.reboot(), reset, corrupt, newer, unlistable]) {
			const writes = storage.mutations().length;
			const { identity } = boot(context, storage);
			check.equal(identity.stage, "sealed");
			check.refused(identity.begin(SERIAL, CLASS), "sealed");
			check.refused(identity.install(identity.certificateChain ?? []), "sealed");
			check.refused(identity.openSetupSecret(), "sealed");
			check.refused(identity.seal(), "sealed");
			check.equal(storage.mutations().length, writes);
			check.equal(identity.serial, SERIAL);
		}
	});

	t.test(
		"a seal that flash lost opens nothing, whatever else went with it, and is written again at the next boot (T14)",
		(context) => {
			const sealed = installed(context);
			check.accepted(sealed.identity.seal());
			const lost: readonly (readonly string[])[] = [
				["identity/seal"],
				["identity/seal", "identity/device"],
				["identity/seal", "identity/device", "identity/certificate", "trust/bundle"],
				["identity/seal", "keys/device", "keys/noise", "keys/setup"],
				["identity/seal", "identity/certificate", "keys/device", "keys/noise", "keys/setup"],
				["identity/seal", "identity/device", "identity/certificate", "keys/device", "keys/noise"],
			];
			for (const paths of lost) {
				const storage = sealed.storage.reboot();
				for (const path of paths) storage.delete(...asRecord(path));
				const { identity } = boot(context, storage);
				check.equal(identity.stage, "sealed", paths.join());
				check.deepEqual(identity.faults, ["seal-lost"]);
				check.refused(identity.begin(SERIAL, CLASS), "sealed");
				check.refused(identity.begin("LK-0666", CLASS), "sealed");
				check.refused(identity.openSetupSecret(), "sealed");
				identity.mendSeal();
				check.ok(storage.peek("identity", "seal") !== undefined);
				const after = boot(context, storage.reboot()).identity;
				check.equal(after.stage, "sealed");
				check.deepEqual(after.faults, []);
			}
		},
	);

	t.test(
		"the line's record opens a board that is not sealed and no other: one that rots seals it, one that outlived the seal goes at the next boot (T14)",
		(context) => {
			const board = installed(context);
			const rotten = board.storage.reboot();
			rotten.corrupt("identity", "line");
			const strange = board.storage.reboot();
			strange.write("identity", "line", encodeCbor({ 0: 1, 1: 1 }));
			const gone = board.storage.reboot();
			gone.delete("identity", "line");
			for (const storage of [rotten, strange, gone]) {
				check.equal(boot(context, storage).identity.stage, "sealed");
				check.refused(boot(context, storage).identity.openSetupSecret(), "sealed");
			}
			const unreadable = board.storage.reboot();
			unreadable.makeUnreadable("identity", "line");
			const shut = boot(context, unreadable).identity;
			check.equal(shut.stage, "sealed");
			shut.mendSeal();
			check.equal(boot(context, unreadable.reboot()).identity.stage, "installed", "for that boot alone");
			board.storage.failDeletes();
			check.accepted(board.identity.seal());
			const left = board.storage.reboot();
			check.ok(left.peek("identity", "line") !== undefined);
			const again = boot(context, left).identity;
			check.equal(again.stage, "sealed");
			again.mendSeal();
			check.equal(left.peek("identity", "line"), undefined);
			left.delete("identity", "seal");
			check.equal(boot(context, left.reboot()).identity.stage, "sealed");
		},
	);

	t.test(
		"what flash refused to say once counts for that boot alone: a board with no seal is not sealed by it for good (T12, T14)",
		(context) => {
			const board = installed(context);
			const kept = board.storage.paths();
			const faults: readonly ((storage: SimStorage) => void)[] = [
				(storage) => storage.makeUnlistable("identity"),
				(storage) => storage.makeUnreadable("identity", "line"),
			];
			for (const fail of faults) {
				const storage = board.storage.reboot();
				fail(storage);
				const shut = boot(context, storage).identity;
				check.equal(shut.stage, "sealed");
				check.refused(shut.openSetupSecret(), "sealed");
				shut.mendSeal();
				check.deepEqual(storage.paths(), kept);
				check.equal(boot(context, storage.reboot()).identity.stage, "installed");
			}
			check.accepted(board.identity.seal());
			board.storage.delete("identity", "seal");
			const lost = board.storage.reboot();
			lost.makeUnlistable("identity");
			boot(context, lost).identity.mendSeal();
			check.equal(lost.peek("identity", "seal"), undefined);
			boot(context, lost.reboot()).identity.mendSeal();
			check.equal(boot(context, lost.reboot()).identity.stage, "sealed");
		},
	);

	t.test(
		"a blank board whose keys or records cannot be read at a boot is sealed for that boot and blank at the next (T12, T14)",
		(context) => {
			const unreadable: readonly (readonly string[])[] = [
				["keys/device"],
				["keys/device", "keys/noise", "keys/setup"],
				["identity/device"],
				["identity/certificate", "keys/setup"],
			];
			for (const paths of unreadable) {
				const storage = new SimStorage();
				for (const path of paths) storage.makeUnreadable(...asRecord(path));
				const { identity } = boot(context, storage);
				check.equal(identity.stage, "sealed", paths.join());
				check.refused(identity.begin(SERIAL, CLASS), "sealed");
				identity.mendSeal();
				check.equal(storage.mutations().length, 0, paths.join());
				check.ok(identity.faults.includes("seal-unknown"));
				const next = boot(context, storage.reboot());
				check.equal(next.identity.stage, "blank");
				check.accepted(next.identity.begin(SERIAL, CLASS));
			}
		},
	);

	t.test(
		"one trace that rots or reads is enough to write a lost seal again, whatever else fails (T14)",
		(context) => {
			const sealed = installed(context);
			check.accepted(sealed.identity.seal());
			sealed.storage.delete("identity", "seal");
			for (const path of ["identity/device", "keys/device"]) {
				for (const damage of ["corrupt", "makeUnreadable"] as const) {
					const storage = sealed.storage.reboot();
					for (const other of storage.paths())
						if (other !== path && /^(identity|keys)\//.test(other)) storage.delete(...asRecord(other));
					storage[damage](...asRecord(path));
					if (damage === "makeUnreadable")
						storage.write("keys", "setup", sealed.storage.peek("keys", "setup")!);
					const { identity } = boot(context, storage);
					check.equal(identity.stage, "sealed");
					check.ok(identity.faults.includes("seal-lost"));
					identity.mendSeal();
					check.ok(storage.peek("identity", "seal") !== undefined, `${path} ${damage}`);
				}
			}
		},
	);

	t.test(
		"a board on which nothing of a line is stays open to one, and mending it writes nothing (T14)",
		(context) => {
			const board = boot(context);
			board.identity.mendSeal();
			check.equal(board.storage.mutations().length, 0);
			board.storage.write("identity", "line", encodeCbor({ 0: 9 }));
			const again = boot(context, board.storage.reboot());
			check.equal(again.identity.stage, "blank");
			check.accepted(again.identity.begin(SERIAL, CLASS));
			check.equal(boot(context, again.storage.reboot()).identity.stage, "keyed");
		},
	);

	t.test(
		"a power cut at any write of the line leaves a board that the line can go on with (T12)",
		(context) => {
			const rehearsal = installed(context);
			check.accepted(rehearsal.identity.seal());
			const steps = rehearsal.storage.mutations().length;
			check.equal(steps, 10);
			const bundle = bundleOf(context);
			for (let step = 0; step < steps; step++) {
				for (const applied of [false, true]) {
					const storage = new SimStorage();
					storage.cutAfter(step, applied);
					check.throws(() => runLine(boot(context, storage), bundle), "PowerCut");
					const again = boot(context, storage.reboot());
					if (again.identity.stage !== "sealed") check.accepted(runLine(again, bundle));
					check.equal(again.identity.stage, "sealed");
					check.equal(boot(context, again.storage.reboot()).identity.stage, "sealed");
				}
			}
		},
	);

	t.test(
		"a full disk at any write of the line refuses the verb, which then succeeds when repeated (T12)",
		(context) => {
			const bundle = bundleOf(context);
			for (let after = 0; after < 9; after++) {
				const board = boot(context);
				board.storage.failWrites("record/full", after);
				const refusals: string[] = [];
				for (let attempt = 0; attempt < 2; attempt++) {
					const result = runLine(board, bundle);
					if (!result.ok) refusals.push(result.reason);
					board.storage.heal();
				}
				check.deepEqual(refusals, ["storage"], `after ${after}`);
				check.equal(board.identity.stage, "sealed");
			}
		},
	);

	t.test(
		"what cannot be read is reported: the link or the serial is missing, nothing else fails (I10)",
		(context) => {
			const board = installed(context);
			check.accepted(board.identity.seal());
			const chain = board.storage.reboot();
			chain.corrupt("identity", "certificate");
			const withoutChain = boot(context, chain).identity;
			check.deepEqual(withoutChain.faults, ["certificate-corrupt"]);
			check.equal(withoutChain.certificateChain, undefined);
			check.equal(withoutChain.serial, SERIAL);
			const device = board.storage.reboot();
			device.write("identity", "device", encodeCbor({ 0: 1, 1: "bad serial", 2: CLASS }));
			const withoutSerial = boot(context, device).identity;
			check.deepEqual(withoutSerial.faults, ["device-corrupt"]);
			check.equal(withoutSerial.serial, undefined);
			const key = board.storage.reboot();
			key.corrupt("keys", "device");
			check.equal(boot(context, key).identity.keyP256, undefined);
		},
	);

	t.test("before the seal a corrupt key is a refusal, never a new key under an old serial", (context) => {
		const board = keyed(context);
		board.storage.corrupt("keys", "noise");
		const writes = board.storage.mutations().length;
		check.refused(board.identity.begin(SERIAL, CLASS), "storage");
		check.equal(board.storage.mutations().length, writes);
	});

	t.test("no stored bytes make identity throw (I9)", (context) => {
		const board = installed(context);
		for (let round = 0; round < 100; round++) {
			const copy = board.storage.reboot();
			const name = context.random.pick(["device", "certificate"]);
			copy.write("identity", name, context.random.mutate(copy.peek("identity", name)!));
			const { identity } = boot(context, copy);
			check.ok(["blank", "keyed", "installed"].includes(identity.stage));
		}
	});
}

function asRecord(path: string): [string, string] {
	const [domain = "", name = ""] = path.split("/");
	return [domain, name];
}

/** Every verb of the line in order, until one is refused. */
function runLine(board: Board, bundle: Uint8Array): Result<unknown, string> {
	const begun = board.identity.begin(SERIAL, CLASS);
	if (!begun.ok) return begun;
	const trusted = board.trust.install(bundle);
	if (!trusted.ok) return trusted;
	const done = board.identity.install([ownCertificate(board)]);
	return done.ok ? board.identity.seal() : done;
}
