/** The recovery program (docs/UPDATE.md 10) on the simulated host: what it takes, what it serves, what it leaves alone. */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { encodeFrame } from "../../../modules/wire/cobs.ts";
import { encodeEnvelope } from "../../../modules/wire/envelope.ts";
import { LINE_VERBS, type LineVerbName } from "../../../modules/wire/line-verb.ts";
import { check, type Suite } from "../../harness/test.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";

const SERVED: readonly LineVerbName[] = [
	"identify",
	"trust",
	"update-offer",
	"update-piece",
	"update-status",
	"attest",
];
const TEN_MINUTES = 600000;

/** A sealed lock whose floors stand at release 3, and neither of whose slots boots. */
function wreckedLock(crypto: TestCrypto): UpdatingLock {
	const lock = new UpdatingLock(crypto);
	const release = lock.release({ sequence: 3, securityVersion: 1 });
	lock.drive(() => lock.relay !== undefined, 60000);
	lock.publish(release);
	check.ok(
		lock.drive(() => lock.isInstalled(release), TEN_MINUTES),
		lock.rig.log,
	);
	lock.publish(undefined);
	lock.board.powerCut();
	for (const slot of [0, 1] as const) lock.board.slots.flip(slot, 5000);
	lock.boot();
	check.equal(lock.running, undefined);
	check.ok(lock.rig.log.includes("recovery: no slot boots, stage sealed"), lock.rig.log);
	return lock;
}

export default function suite(t: Suite): void {
	t.test(
		"the release of the floor comes back over the line alone: same identity, seal and floors, and it runs (T10, I3, I4)",
		({ crypto }) => {
			const lock = wreckedLock(crypto);
			const { result } = lock.rig.verb("identify");
			check.equal(result.text(2, 24), lock.label.serial);
			check.equal(result.uint(1), 3, "sealed");
			const before = lock.status();
			check.equal(before.sequenceFloor, 3);
			check.equal(before.securityFloor, 1);
			check.equal(before.sequence, 0);
			// Not the very one that ran: no statement that the lock may still have is for it.
			const release = lock.release({ sequence: 3, securityVersion: 1, version: "3.0.1" });
			check.equal(
				lock.offerOnLine({ message: release.message, statement: undefined }).code,
				"done",
				lock.rig.log,
			);
			check.ok(lock.serveOnLine(release) > 0);
			check.ok(
				lock.drive(() => lock.running?.sequence === 3 && lock.runningState === "valid", TEN_MINUTES),
				lock.rig.log,
			);
			check.equal(lock.status().sequenceFloor, 3);
			lock.owner.connect();
			check.equal(lock.owner.ask("unlock")?.status, "done", lock.rig.log);
		},
	);

	t.test(
		"a fuse that cannot be read stops no board: recovery writes it anew, no lower than the floor on record (I3, I4, T12)",
		({ crypto }) => {
			const lock = new UpdatingLock(crypto);
			const release = lock.release({ sequence: 3, securityVersion: 1 });
			lock.drive(() => lock.relay !== undefined, 60000);
			lock.publish(release);
			check.ok(lock.drive(() => lock.isInstalled(release), TEN_MINUTES));
			check.equal(lock.board.slots.securityFloor, 0, "of two images that may boot one has version 0");
			lock.publish(undefined);
			lock.board.powerCut();
			lock.board.slots.damageFuse();
			lock.boot();
			check.equal(lock.running, undefined, "no slot boots by a guess");
			check.equal(lock.status().securityFloor, 1);
			check.equal(lock.board.slots.securityFloor, 1);
			check.equal(lock.board.slots.target, 0, "not the slot that is chosen");
			const old = lock.release({ sequence: 4, securityVersion: 0 });
			check.equal(lock.offerOnLine({ message: old.message, statement: undefined }).code, "refused");
			// It takes a release; and whoever brings none switches it on again.
			lock.board.powerCut();
			lock.boot();
			check.equal(lock.running?.sequence, 3, lock.rig.log);
			lock.board.powerCut();
			lock.board.slots.damageFuse();
			lock.boot();
			const next = lock.release({ sequence: 4, securityVersion: 1 });
			check.equal(
				lock.offerOnLine({ message: next.message, statement: undefined }).code,
				"done",
				lock.rig.log,
			);
			check.ok(lock.serveOnLine(next) > 0);
			check.ok(
				lock.drive(() => lock.isInstalled(next), TEN_MINUTES),
				lock.rig.log,
			);
			check.equal(lock.board.slots.securityFloor, 1);
		},
	);

	t.test(
		"where the floors on record cannot be read either, the fuse stays unknown, and nothing is chosen (I3)",
		({ crypto }) => {
			const lock = new UpdatingLock(crypto);
			lock.board.powerCut();
			lock.board.slots.damageFuse();
			lock.board.storage.write("update", "floors", Uint8Array.of(0xff));
			lock.boot();
			check.equal(lock.running, undefined);
			const release = lock.release({ sequence: 4 });
			check.equal(lock.offerOnLine({ message: release.message, statement: undefined }).code, "storage");
			check.throws(() => lock.board.slots.select(), "slot/io");
			lock.board.powerCut();
			lock.boot();
			check.equal(lock.running, undefined, lock.rig.log);
		},
	);

	t.test("it takes nothing old, unsigned, foreign or half-signed (T10, I3, I7)", ({ crypto }) => {
		const lock = wreckedLock(crypto);
		const flash = lock.board.slots.peek(0);
		const writes = lock.board.storage.mutations().length;
		const good = lock.release({ sequence: 4, securityVersion: 1 });
		const bent = good.message.slice();
		bent[bent.length - 1] = bent[bent.length - 1]! ^ 1;
		for (const [message, result] of [
			[lock.release({ sequence: 2, securityVersion: 1 }).message, "rollback-sequence"],
			[lock.release({ sequence: 4, securityVersion: 0 }).message, "rollback-security"],
			[lock.release({ sequence: 4 + LIMITS.sequenceStep, securityVersion: 1 }).message, "fast-forward"],
			[lock.release({ sequence: 4, securityVersion: 1, manifest: { board: "other" } }).message, "foreign"],
			[lock.release({ sequence: 4, securityVersion: 1, holders: [] }).message, "malformed"],
			[bent, "untrusted"],
		] as const) {
			const answer = lock.offerOnLine({ message, statement: undefined });
			check.equal(answer.code, result === "malformed" ? "malformed" : "refused", result);
			if (result !== "malformed") check.equal(lock.status().result, result);
		}
		check.bytes(crypto.sha256(lock.board.slots.peek(0)), crypto.sha256(flash));
		check.equal(lock.board.storage.mutations().length, writes);
	});

	t.test("it serves six verbs and no session, and drives nothing (T14, I2)", ({ crypto }) => {
		const lock = wreckedLock(crypto);
		const driven: string[] = [];
		lock.board.hardware.onOutput = (role, level) => {
			if (level) driven.push(role);
		};
		for (const verb of Object.keys(LINE_VERBS) as LineVerbName[]) {
			if (!SERVED.includes(verb)) check.equal(lock.rig.verb(verb).code, "refused", verb);
		}
		let frames = 0;
		const channel = lock.rig.newChannel({ onFrame: () => frames++, onClosed: () => undefined });
		lock.rig.writeRaw(encodeFrame(encodeEnvelope({ kind: "open", channel })));
		lock.rig.pressExit();
		lock.rig.hold(LIMITS.resetHoldMs + 1000);
		lock.rig.advance(60000);
		check.equal(frames, 0, "no challenge");
		check.deepEqual(driven, []);
		check.equal(lock.board.network.open, 0);
		check.equal(lock.rig.verb("identify").result.uint(1), 3, "it is sealed still, and nothing was reset");
	});
}
