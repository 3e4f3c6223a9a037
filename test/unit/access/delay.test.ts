import { firstAnchor, isFresh, withNextAnchor } from "../../../modules/access/delay.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, type Suite } from "../../harness/test.ts";

const SENT_MS = 70_000;
const ANCHORS = firstAnchor(SENT_MS);

/** The act at `stampMs` after the anchor was received, decided `delayMs` later as the lock counts. */
function isFreshAfter(stampMs: number, delayMs: number): boolean {
	return isFresh(ANCHORS, 0, stampMs, SENT_MS + stampMs + delayMs);
}

export default function suite(t: Suite): void {
	t.test("an act is fresh up to the delay bound and stale beyond it (T3)", () => {
		check.equal(isFreshAfter(1000, 0), true);
		check.equal(isFreshAfter(1000, LIMITS.delayMaxMs), true);
		check.equal(isFreshAfter(1000, LIMITS.delayMaxMs + 1), false);
	});

	t.test(
		"an act that a faster phone clock dates ahead is fresh within the drift, and no further (T3)",
		() => {
			check.equal(isFreshAfter(20_000, -LIMITS.driftMaxMs), true);
			check.equal(isFreshAfter(20_000, -LIMITS.driftMaxMs - 1), false);
		},
	);

	t.test(
		"an act before the anchor counts its whole delay, also when the first message was held back (T3)",
		() => {
			check.equal(isFresh(ANCHORS, 0, -4000, SENT_MS + 1000), true);
			check.equal(isFresh(ANCHORS, 0, -4000, SENT_MS + 1001), false);
			check.equal(isFresh(ANCHORS, 0, -600_000, SENT_MS + 10), false);
		},
	);

	t.test("an anchor serves five minutes", () => {
		check.equal(isFresh(ANCHORS, 0, LIMITS.anchorMs, SENT_MS + LIMITS.anchorMs), true);
		check.equal(isFresh(ANCHORS, 0, LIMITS.anchorMs + 1, SENT_MS + LIMITS.anchorMs + 1), false);
	});

	t.test("the last two anchors are kept, an older one and one that was never given are stale", () => {
		const two = withNextAnchor(ANCHORS, SENT_MS + 1000);
		const three = withNextAnchor(two, SENT_MS + 2000);
		check.deepEqual(
			two.map((anchor) => anchor.number),
			[0, 1],
		);
		check.deepEqual(
			three.map((anchor) => anchor.number),
			[1, 2],
		);
		const nowMs = SENT_MS + 2500;
		check.equal(isFresh(two, 0, 2000, nowMs), true);
		check.equal(isFresh(three, 0, 2000, nowMs), false);
		check.equal(isFresh(three, 1, 1000, nowMs), true);
		check.equal(isFresh(three, 2, 0, nowMs), true);
		check.equal(isFresh(three, 3, 0, nowMs), false);
	});

	t.test("stamps at the ends of what a request can carry are stale", () => {
		for (const stampMs of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
			check.equal(isFresh(ANCHORS, 0, stampMs, SENT_MS + 1), false);
		}
		check.equal(isFresh(ANCHORS, 0, 0, SENT_MS - 1), false, "a clock that went back serves nobody");
		check.equal(isFresh([], 0, 0, SENT_MS), false);
	});
}
