/** The delay bound as a phone and a lock live it (PROTOCOL 5.3): what was held back, and where (T3). */
import { check, type Suite } from "../../harness/test.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";

export default function suite(t: Suite): void {
	t.test(
		"a session's first command counts from message 2, not from its own arrival, and is stale when held back (T3)",
		({ crypto }) => {
			const { rig, owner } = newPairedLock(crypto);
			owner.disconnect();
			owner.connect();
			owner.holding = true;
			const id = owner.send("unlock");
			rig.advance(8000);
			owner.release();
			rig.advance(100);
			check.equal(owner.reply(id)?.status, "stale", rig.log);
			check.equal(rig.board.hardware.position, 1);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);

	t.test(
		"an act before a first message that was held back counts its whole delay, however new the session (T3)",
		({ crypto }) => {
			const { rig, owner } = newPairedLock(crypto);
			owner.disconnect();
			owner.holding = true;
			owner.connect();
			rig.advance(8000);
			owner.release();
			check.ok(owner.ready, rig.log);
			check.equal(owner.ask("unlock", undefined, 8000)?.status, "stale");
			check.equal(rig.board.hardware.position, 1);
			check.equal(owner.ask("unlock", undefined, 3000)?.status, "done");
		},
	);

	t.test("an act that a phone dates ahead of its arrival is stale beyond the drift (T3)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		check.equal(owner.ask("unlock", undefined, -600)?.status, "stale");
		check.equal(rig.board.hardware.position, 1);
		check.equal(owner.ask("unlock", undefined, -400)?.status, "done");
	});
}
