import { backoffCeilingMs, jitteredMs } from "../../../modules/link/backoff.ts";
import { pulse } from "../../../modules/link/keepalive.ts";
import { check, type Suite } from "../../harness/test.ts";

const BACKOFF = Object.freeze({ firstMs: 1000, maxMs: 300000 });
const KEEPALIVE = Object.freeze({ pingMs: 20000, deadMs: 50000 });

export default function suite(t: Suite): void {
	t.test("the ceiling doubles with each failure and stops at the maximum", () => {
		const ceilings = [1, 2, 3, 8, 9, 10, 100, 100000].map((failures) => backoffCeilingMs(BACKOFF, failures));
		check.deepEqual(ceilings, [1000, 2000, 4000, 128000, 256000, 300000, 300000, 300000]);
	});

	t.test("the jitter reaches both ends of its range and never leaves it", () => {
		check.equal(jitteredMs(1000, Uint8Array.of(0, 0, 0, 0)), 0);
		check.equal(jitteredMs(1000, Uint8Array.of(255, 255, 255, 255)), 1000);
		check.equal(jitteredMs(0, Uint8Array.of(255, 255, 255, 255)), 0);
	});

	t.test("full jitter is spread evenly over its range", ({ random }) => {
		const buckets = [0, 0, 0, 0];
		for (let round = 0; round < 4000; round++) {
			const delayMs = jitteredMs(999, random.bytes(4));
			check.ok(delayMs >= 0 && delayMs <= 999);
			buckets[Math.floor(delayMs / 250)]!++;
		}
		for (const count of buckets) check.ok(count > 800 && count < 1200, buckets.join(" "));
	});

	t.test("keepalive pings in silence only, and finds a dead peer within 60 s", () => {
		check.deepEqual(pulse(KEEPALIVE, 0, 0, 19999), { kind: "quiet", nextMs: 20000 });
		check.deepEqual(pulse(KEEPALIVE, 0, 0, 20000), { kind: "ping", nextMs: 40000 });
		check.deepEqual(pulse(KEEPALIVE, 0, 40000, 40000), { kind: "quiet", nextMs: 50000 });
		check.deepEqual(pulse(KEEPALIVE, 0, 40000, 49999), { kind: "quiet", nextMs: 50000 });
		check.deepEqual(pulse(KEEPALIVE, 0, 40000, 50000), { kind: "dead" });
		check.deepEqual(pulse(KEEPALIVE, 30000, 20000, 49999), { kind: "quiet", nextMs: 50000 });
		check.deepEqual(pulse(KEEPALIVE, 45000, 0, 64999), { kind: "quiet", nextMs: 65000 });
	});

	t.test("a clock that jumped far ahead finds the peer dead, not pinged for ever", () => {
		check.deepEqual(pulse(KEEPALIVE, 0, 0, 10 ** 9), { kind: "dead" });
	});
}
