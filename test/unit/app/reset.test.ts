/** The factory reset as the whole lock does it (DESIGN 8.1, T20): who hears of it, what goes on meanwhile, what moves. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { openK } from "../../../modules/noise/one-way.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { decodeFromLock, type NoticeEnvelope } from "../../../modules/wire/envelope.ts";
import type { Label } from "../../../modules/wire/label.ts";
import { NOTICE_RESET, noticeAddress, noticePrologue } from "../../../modules/wire/notice.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type LockRig, RIG_SERIAL } from "../../sim/lock-rig.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { SimRelay } from "../link/sim-relay.ts";

const HOST = "192.0.2.7";
const PORT = 8443;
const OWNER_SEED = 11;
const BINARY = 2;

interface Heard {
	readonly notice: NoticeEnvelope;
	/** Whether the owner's grant was still there when it came. */
	readonly beforeErasure: boolean;
}

/** A paired lock with a relay that says what notices came, and when. */
function newConnectedLock(crypto: TestCrypto, polite = true) {
	const { rig, label, owner } = newLock(crypto);
	const heard: Heard[] = [];
	rig.board.network.listen(HOST, PORT, () => (peer) => {
		const relay = new SimRelay(peer);
		relay.polite = polite;
		const take = peer.onData;
		peer.onData = (bytes) => {
			const seen = relay.sent(BINARY).length;
			take(bytes);
			for (const { payload } of relay.sent(BINARY).slice(seen)) {
				const envelope = check.accepted(decodeFromLock(payload));
				const beforeErasure = rig.board.storage.peek("access", "claim") !== undefined;
				if (envelope.kind === "notice") heard.push({ notice: envelope, beforeErasure });
			}
		};
	});
	rig.install([{ host: HOST, port: PORT, serverName: "relay" }]);
	rig.advance(1000);
	rig.press();
	check.equal(owner.pair()?.status, "done", rig.log);
	return { rig, label, owner, heard };
}

function holdToReset(rig: LockRig): void {
	rig.board.hardware.set("button", true);
	rig.advance(LIMITS.resetHoldMs + LIMITS.shortPressMinMs);
}

function openNotice(crypto: TestCrypto, label: Label, { sealed }: NoticeEnvelope) {
	const phone = crypto.importKeyPair(new Uint8Array(32).fill(OWNER_SEED));
	const payload = openK(crypto, noticePrologue(RIG_SERIAL), phone, label.noisePublicKey, sealed);
	return check.accepted(decodeCborMap(check.accepted(payload)));
}

export default function suite(t: Suite): void {
	t.test(
		"owners have a sealed notice at the relay before anything is erased, counted across resets (T20)",
		({ crypto }) => {
			const { rig, label, owner, heard } = newConnectedLock(crypto);
			for (const counter of [1, 2]) {
				holdToReset(rig);
				rig.advance(LIMITS.resetGraceMs);
				check.ok(!rig.board.running, rig.log);
				check.equal(rig.board.storage.peek("access", "claim"), undefined);
				check.equal(heard.length, counter);
				const { notice, beforeErasure } = heard[counter - 1]!;
				check.ok(beforeErasure);
				check.bytes(notice.address, noticeAddress(crypto, owner.key25519));
				const payload = openNotice(crypto, label, notice);
				check.equal(payload.uint(0), NOTICE_RESET);
				check.equal(payload.uint(1), counter);
				rig.board.hardware.set("button", false);
				rig.boot();
				rig.advance(2000);
				rig.press();
				check.equal(owner.pair()?.status, "done", rig.log);
			}
		},
	);

	t.test(
		"a reset waits for the relay to have the notice, however slow the line to it is (T20)",
		({ crypto }) => {
			const { rig, heard } = newConnectedLock(crypto);
			rig.board.network.delayMs = 700;
			holdToReset(rig);
			rig.advance(600);
			check.ok(rig.board.storage.peek("access", "claim") !== undefined, "the relay has not answered");
			rig.advance(LIMITS.resetGraceMs);
			check.ok(!rig.board.running);
			check.deepEqual(
				heard.map(({ beforeErasure }) => beforeErasure),
				[true],
			);
		},
	);

	t.test(
		"a relay that answers nothing holds a reset up for its grace and no longer (T1, T20)",
		({ crypto }) => {
			const { rig } = newConnectedLock(crypto, false);
			holdToReset(rig);
			rig.advance(LIMITS.resetGraceMs);
			check.ok(!rig.board.running, rig.log);
			check.equal(rig.board.storage.peek("access", "claim"), undefined);
		},
	);

	t.test(
		"from the tenth second of the hold on nobody is served any more, and nothing moves (T20, I2)",
		({ crypto }) => {
			const { rig, owner, label } = newConnectedLock(crypto, false);
			const again = new PhoneRig(rig, crypto, label, OWNER_SEED);
			const moved = (): number =>
				rig.board.hardware.changes.filter(({ role }) => role !== "indicator").length;
			const before = moved();
			holdToReset(rig);
			check.ok(rig.board.running);
			check.ok(owner.closed);
			again.connect();
			check.ok(!again.ready, "a session opened on records that are about to go");
			rig.advance(LIMITS.resetGraceMs);
			check.ok(!rig.board.running);
			check.equal(moved(), before);
		},
	);

	t.test("a lock without a relay resets at once", ({ crypto }) => {
		const { rig } = newPairedLock(crypto);
		holdToReset(rig);
		rig.advance(LIMITS.resetLookMs);
		check.ok(!rig.board.running, rig.log);
		check.equal(rig.board.storage.peek("access", "claim"), undefined);
	});

	t.test(
		"a reset that flash refuses to begin erases nothing, and the lock goes on serving (T12, I7)",
		({ crypto }) => {
			const { rig, owner } = newPairedLock(crypto);
			rig.board.storage.failWrites("record/io");
			holdToReset(rig);
			rig.board.hardware.set("button", false);
			rig.advance(LIMITS.resetGraceMs);
			rig.board.storage.heal();
			check.ok(rig.board.running, rig.log);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);
}
