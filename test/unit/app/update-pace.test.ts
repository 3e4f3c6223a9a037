/** When the work of an update is done, and what waits for it meanwhile (T16, I8, DESIGN 10). */
import { UpdatePace, type UpdatePaceOptions } from "../../../modules/app/update-pace.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Clock } from "../../../modules/platform/clock.ts";
import type { ObjectPiece } from "../../../modules/wire/update-offer.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimTime } from "../../sim/time.ts";

const PIECES = LIMITS.objectWindowBytes / LIMITS.objectPieceBytes;
const piece = (offset: number, bytes: number): ObjectPiece => ({
	digest: new Uint8Array(32),
	offset,
	bytes: new Uint8Array(bytes),
});

class PaceRig {
	readonly time = new SimTime();
	readonly put: number[] = [];
	wants = true;
	readonly pace: UpdatePace;

	constructor(options: Partial<UpdatePaceOptions> = {}) {
		const clock: Clock = {
			monotonicMs: () => this.time.nowMs,
			after: (delayMs, callback) => this.time.schedule(delayMs, callback),
		};
		this.pace = new UpdatePace({
			clock,
			mayWork: () => true,
			isWorking: () => false,
			turn: () => undefined,
			isWanted: () => this.wants,
			put: (_sender, { offset }) => {
				this.put.push(offset);
				return true;
			},
			...options,
		});
	}
}

export default function suite(t: Suite): void {
	t.test("of one sender a window's worth of pieces waits, however small they are (T16, I8)", () => {
		for (const bytes of [LIMITS.flashUnitBytes, LIMITS.objectPieceBytes]) {
			const { pace, time, put } = new PaceRig();
			const answers: boolean[] = [];
			for (let index = 0; index < 1000; index++) {
				const added = pace.add(1, piece(index * bytes, bytes), (wanted) => answers.push(wanted));
				if (index < PIECES) check.accepted(added);
				else check.refused(added, "full");
			}
			// Another sender has a window of its own.
			check.accepted(pace.add(2, piece(7, bytes), () => undefined));
			time.advance(10000);
			check.equal(put.length, PIECES + 1);
			check.equal(answers.length, PIECES);
			check.accepted(pace.add(1, piece(0, bytes), () => undefined));
		}
	});

	t.test("who asks without end holds an update up half of any minute at most (T16)", () => {
		const { pace, time, put } = new PaceRig();
		let worked = 0;
		for (let second = 0; second < 300; second++) {
			check.accepted(pace.add(1, piece(0, 16), () => undefined));
			pace.standBack();
			time.advance(1000);
			if (put.length > 0) worked++;
			put.length = 0;
			pace.forget(1);
		}
		check.ok(worked >= 150, `${worked} of 300 seconds`);
		check.equal(pace.wantedAtMs, time.nowMs - 1000);
	});

	t.test("who asks now and then is not held up at all (T16)", () => {
		const { pace, time, put } = new PaceRig();
		for (let turn = 0; turn < 20; turn++) {
			time.advance(12000);
			pace.standBack();
			check.accepted(pace.add(1, piece(0, 16), () => undefined));
			time.advance(LIMITS.updateYieldMs - 1);
			check.equal(put.length, turn);
			time.advance(1);
			check.equal(put.length, turn + 1);
		}
	});

	t.test("a piece that nobody asked for does not wait (T16, I8)", () => {
		const rig = new PaceRig();
		rig.wants = false;
		check.refused(
			rig.pace.add(1, piece(0, 16), () => check.ok(false, "it was answered")),
			"unwanted",
		);
		rig.time.advance(10000);
		check.equal(rig.put.length, 0);
	});
}
