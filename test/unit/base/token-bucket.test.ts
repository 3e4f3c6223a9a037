/** The token bucket that bounds handshakes (T7, T16). */
import { TokenBucket } from "../../../modules/base/token-bucket.ts";
import { check, type Suite } from "../../harness/test.ts";

/** How many tokens there are at `nowMs`, by taking them. */
function drain(bucket: TokenBucket, nowMs: number): number {
	let taken = 0;
	while (taken < 1000 && bucket.take(nowMs)) taken++;
	return taken;
}

export default function suite(t: Suite): void {
	t.test("a bucket gives its burst at once and no more (T16)", () => {
		const bucket = new TokenBucket(10, 30, 5000);
		check.equal(drain(bucket, 5000), 10);
		check.ok(!bucket.take(5000));
	});

	t.test("it fills at its rate, and never beyond its burst (T16)", () => {
		const bucket = new TokenBucket(10, 30, 0);
		check.equal(drain(bucket, 0), 10);
		check.ok(!bucket.take(1999));
		check.ok(bucket.take(2000));
		check.ok(!bucket.take(2001));
		check.equal(drain(bucket, 12001), 5);
		check.equal(drain(bucket, 86400000), 10);
	});
}
