/** The contract of Pins and Drive, by what comes back over the jig's wires. */
import { LIMITS } from "../../modules/base/limits.ts";
import type { DriveRole } from "../../modules/platform/pins.ts";
import { check, type Suite } from "../harness/test.ts";
import { type Jig, type OpenJig, passUntil, WIRED } from "./jig.ts";

const DRIVE_ROLES = Object.freeze(["drive-throw", "drive-retract", "brake"] as const);

function isLive(jig: Jig, role: DriveRole): boolean {
	return jig.platform.pins.read(WIRED[role]);
}

/** How long until the output is seen off; fails when it is on for longer than the limit. */
async function liveMs(jig: Jig, role: DriveRole, limitMs: number): Promise<number> {
	const { clock } = jig.platform;
	const startMs = clock.monotonicMs();
	check.ok(await passUntil(jig, () => isLive(jig, role), jig.latencyMs), `${role} went live`);
	check.ok(await passUntil(jig, () => !isLive(jig, role), limitMs), `${role} went off`);
	return clock.monotonicMs() - startMs;
}

export function pinsContract(t: Suite, open: OpenJig): void {
	t.test(
		"an input reads its level, and its one watcher hears each change of it from the event loop",
		async () => {
			const jig = await open();
			const { pins } = jig.platform;
			const heard: boolean[] = [];
			pins.watch("exit", (active) => heard.push(active));
			check.throws(() => pins.watch("exit", () => undefined), "pin/invalid");
			check.equal(pins.read("exit"), false);
			for (const level of [true, false, true]) {
				pins.setIndicator(level);
				const before = heard.length;
				check.ok(before === 0 || heard[before - 1] === !level, "nothing is heard from inside the call");
				check.ok(await passUntil(jig, () => heard.length > before, 1000));
				check.equal(pins.read("exit"), level);
			}
			pins.setIndicator(true);
			await jig.pass(2 * jig.latencyMs);
			check.deepEqual(heard, [true, false, true], "no change, no call");
			pins.setIndicator(false);
			await jig.pass(2 * jig.latencyMs);
		},
	);

	for (const role of DRIVE_ROLES) {
		t.test(`${role} is cut at its deadline by the host alone (T19)`, async () => {
			const jig = await open();
			check.ok(!isLive(jig, role));
			jig.platform.drive.energise(role, 120);
			const ms = await liveMs(jig, role, 1000);
			check.ok(ms >= 115 && ms <= 125 + 2 * jig.latencyMs, `${ms} ms`);
		});
	}

	t.test("an output is cut early when asked, cutting is idempotent, and it can go live again", async () => {
		const jig = await open();
		const { drive } = jig.platform;
		drive.cut("drive-throw");
		drive.energise("drive-throw", 2000);
		check.ok(await passUntil(jig, () => isLive(jig, "drive-throw"), jig.latencyMs));
		drive.cut("drive-throw");
		drive.cut("drive-throw");
		check.ok(await passUntil(jig, () => !isLive(jig, "drive-throw"), jig.latencyMs), "off at once");
		drive.energise("drive-throw", 60);
		const ms = await liveMs(jig, "drive-throw", 1000);
		check.ok(ms >= 55 && ms <= 65 + 2 * jig.latencyMs, `the new deadline holds: ${ms} ms`);
	});

	t.test("energising again never extends, and a shorter time shortens (T19)", async () => {
		const jig = await open();
		const { drive, clock } = jig.platform;
		const startMs = clock.monotonicMs();
		drive.energise("drive-retract", 150);
		await jig.pass(100);
		drive.energise("drive-retract", 5000);
		check.ok(await passUntil(jig, () => !isLive(jig, "drive-retract"), 1000));
		const ms = clock.monotonicMs() - startMs;
		check.ok(ms <= 155 + 2 * jig.latencyMs, `${ms} ms`);
		drive.energise("drive-retract", 5000);
		drive.energise("drive-retract", 60);
		const shorterMs = await liveMs(jig, "drive-retract", 1000);
		check.ok(shorterMs <= 65 + 2 * jig.latencyMs, `${shorterMs} ms`);
	});

	t.test(
		"both directions at once are refused, and the one that is live stays so until its cut (T19)",
		async () => {
			const jig = await open();
			const { drive } = jig.platform;
			drive.energise("drive-throw", 1000);
			check.throws(() => drive.energise("drive-retract", 1000), "pin/invalid");
			await jig.pass(jig.latencyMs);
			check.ok(isLive(jig, "drive-throw") && !isLive(jig, "drive-retract"));
			drive.cut("drive-throw");
			drive.energise("drive-retract", 1000);
			await jig.pass(jig.latencyMs);
			check.ok(!isLive(jig, "drive-throw") && isLive(jig, "drive-retract"));
			drive.cut("drive-retract");
			await jig.pass(jig.latencyMs);
		},
	);

	t.test("a time outside 1 .. 10000 ms is refused and nothing goes live", async () => {
		const jig = await open();
		for (const ms of [0, -1, 1.5, LIMITS.energiseMaxMs + 1, Number.NaN]) {
			check.throws(() => jig.platform.drive.energise("drive-throw", ms), "pin/invalid");
		}
		await jig.pass(jig.latencyMs);
		check.ok(!isLive(jig, "drive-throw"));
	});
}
