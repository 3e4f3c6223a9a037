/** A bench's load that stops, in one part or for a while, is no load. */
import { leastOf } from "../../tools/bench/load-slices.ts";
import { check, type Suite } from "../harness/test.ts";

export default function suite(t: Suite): void {
	t.test("of each part of a load the slice counts in which it did least", () => {
		const marks = [
			{ bytes: 10, "session 1": 0 },
			{ bytes: 30, "session 1": 5 },
			{ bytes: 31, "session 1": 9 },
		];
		check.deepEqual(leastOf(marks), { bytes: 1, "session 1": 4 });
	});

	t.test("a part that stood still in one slice is seen, whatever it did before and after", () => {
		const marks = [{ bytes: 0 }, { bytes: 1_000_000 }, { bytes: 1_000_000 }, { bytes: 2_000_000 }];
		check.deepEqual(leastOf(marks), { bytes: 0 });
		check.deepEqual(leastOf([{ bytes: 3 }, { bytes: 3 }]), { bytes: 0 });
	});
}
