/** What goes on without the relay, the network or the vendor (T18, I10), and what the link is told to trust (T4). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { openK } from "../../../modules/noise/one-way.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { decodeFromLock } from "../../../modules/wire/envelope.ts";
import { NOTICE_RESET, noticeAddress, noticePrologue } from "../../../modules/wire/notice.ts";
import { check, type Suite } from "../../harness/test.ts";
import { makeRootFor, SIGNED_UNIX_SECONDS, signBundle, trustBundle } from "../../sim/bundles.ts";
import { LockRig, RIG_SERIAL } from "../../sim/lock-rig.ts";
import { newLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { BINARY } from "../link/server-frames.ts";
import { SimRelay } from "../link/sim-relay.ts";

const HOST = "192.0.2.7";
const PORT = 8443;
const SERVER_NAME = "relay.example";
/** Of newLock's phone. */
const OWNER_SEED = 11;

/** A lock as a line leaves it, its relay in `relays` by connection, and its owner at the serial line. */
function newConnectedLock(crypto: TestCrypto) {
	const { rig, label, owner } = newLock(crypto);
	const relays: SimRelay[] = [];
	rig.board.network.listen(HOST, PORT, () => (peer) => {
		relays.push(new SimRelay(peer));
	});
	const chain = [rig.install([{ host: HOST, port: PORT, serverName: SERVER_NAME }])];
	check.equal(rig.verb("seal").code, "done");
	rig.advance(1000);
	rig.press();
	check.equal(owner.pair()?.status, "done", rig.log);
	return { rig, label, owner, relays, chain };
}

export default function suite(t: Suite): void {
	t.test(
		"the link connects with the roots, the server's name and the key that were installed (T4, T6)",
		({ crypto }) => {
			const { rig, relays, chain } = newConnectedLock(crypto);
			check.equal(relays.length, 1);
			const [attempt] = rig.board.network.attempts;
			check.equal(attempt?.host, HOST);
			check.equal(attempt?.serverName, SERVER_NAME);
			check.deepEqual(attempt?.roots, [{ der: makeRootFor(1) }]);
			check.deepEqual(attempt?.clientCertificate, { chain, key: { name: "device" } });
			check.deepEqual(attempt?.time, { unixMs: SIGNED_UNIX_SECONDS * 1000, kind: "floor" });
		},
	);

	t.test("a session over the serial line outlives the link to the relay (T18, I10)", ({ crypto }) => {
		const { rig, owner, relays } = newConnectedLock(crypto);
		rig.board.network.dropAll();
		rig.advance(10);
		check.ok(rig.log.includes(`link: ${SERVER_NAME}: `), rig.log);
		check.ok(!owner.closed, rig.log);
		check.equal(owner.ask("unlock")?.status, "done");
		rig.advance(LIMITS.linkBackoffMaxMs);
		check.ok(relays.length >= 2, rig.log);
	});

	t.test(
		"a lock whose relay is gone for good opens to phone and button, before and after a reboot (T18, I10)",
		({ crypto }) => {
			const { rig, owner } = newConnectedLock(crypto);
			owner.disconnect();
			rig.board.network.silence(HOST, PORT);
			rig.board.network.dropAll();
			rig.advance(7 * 24 * 3600000);
			owner.connect();
			check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-400));
			check.equal(owner.ask("lock")?.status, "done");
			rig.boot();
			owner.connect();
			check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-400));
			check.equal(owner.ask("lock")?.status, "done");
			rig.pressExit();
			check.equal(rig.board.hardware.position, 0);
		},
	);

	t.test("the exit button works on a board that no line has seen (I10)", ({ crypto }) => {
		const rig = new LockRig({ crypto });
		rig.pressExit();
		check.equal(rig.board.hardware.position, 0);
	});

	t.test(
		"after the seal the line has no verb of the factory any more, also after a reset: who the board is, trust, time and health alone (T14)",
		({ crypto }) => {
			const { rig, owner, label } = newConnectedLock(crypto);
			const line = crypto.importKeyPair(new Uint8Array(32).fill(9));
			const other = signBundle(crypto, trustBundle({ version: 9 }));
			const checkSealed = (): void => {
				check.equal(rig.verb("identify").code, "done");
				check.equal(rig.verb("time").code, "done");
				check.equal(rig.verb("health").code, "done");
				check.equal(rig.deliverTrust(other).code, "refused");
				check.equal(rig.verb("begin", { 0: RIG_SERIAL, 1: "sim" }).code, "sealed");
				check.equal(rig.verb("label", { 0: line.publicKey.slice() }).code, "sealed");
				check.equal(rig.verb("seal").code, "sealed");
			};
			checkSealed();
			rig.hold(LIMITS.resetHoldMs + 100);
			rig.advance(1000);
			rig.boot();
			checkSealed();
			owner.connect();
			check.ok(!owner.ready);
			rig.press();
			check.equal(new PhoneRig(rig, crypto, label, 12).pair()?.status, "done", rig.log.slice(-400));
			line.close();
		},
	);

	t.test(
		"each owner is told of a reset, sealed, under a counter that the reset leaves alone (T20, I3)",
		({ crypto }) => {
			const { rig, label, owner, relays } = newConnectedLock(crypto);
			for (const counter of [1, 2]) {
				const writes = rig.board.storage.mutations().length;
				rig.hold(LIMITS.resetHoldMs + 100);
				check.ok(rig.board.storage.mutations().length > writes, rig.log);
				rig.advance(1000);
				const frames = relays[relays.length - 1]!.sent(BINARY);
				const notices = frames.flatMap(({ payload }) => {
					const envelope = decodeFromLock(payload);
					return envelope.ok && envelope.value.kind === "notice" ? [envelope.value] : [];
				});
				check.equal(notices.length, 1, rig.log);
				check.bytes(notices[0]!.address, noticeAddress(crypto, owner.key25519));
				const phoneKey = crypto.importKeyPair(new Uint8Array(32).fill(OWNER_SEED));
				const opened = openK(
					crypto,
					noticePrologue(RIG_SERIAL),
					phoneKey,
					label.noisePublicKey,
					notices[0]!.sealed,
				);
				const notice = check.accepted(decodeCborMap(check.accepted(opened)));
				check.equal(notice.uint(0), NOTICE_RESET);
				check.equal(notice.uint(1), counter);
				rig.boot();
				rig.advance(1000);
				owner.connect();
				check.ok(!owner.ready);
				rig.press();
				check.equal(owner.pair()?.status, "done", rig.log.slice(-400));
			}
		},
	);

	t.test(
		"a notice of a reset that no relay could take is kept across the reset and sent by the next link (T20)",
		({ crypto }) => {
			const { rig, owner, relays } = newConnectedLock(crypto);
			rig.board.network.silence(HOST, PORT);
			rig.board.network.dropAll();
			rig.advance(1000);
			rig.hold(LIMITS.resetHoldMs + 100);
			rig.advance(LIMITS.resetGraceMs + 1000);
			check.ok(!rig.board.running, rig.log.slice(-400));
			rig.board.network.listen(HOST, PORT, () => (peer) => {
				relays.push(new SimRelay(peer));
			});
			const noticesAtNextLink = (): number => {
				rig.boot();
				rig.advance(2000);
				return relays[relays.length - 1]!.sent(BINARY).filter(({ payload }) => {
					const envelope = decodeFromLock(payload);
					if (!envelope.ok || envelope.value.kind !== "notice") return false;
					check.bytes(envelope.value.address, noticeAddress(crypto, owner.key25519));
					return true;
				}).length;
			};
			check.equal(noticesAtNextLink(), 1, rig.log.slice(-400));
			check.equal(noticesAtNextLink(), 0, "it is sent once");
		},
	);
}
