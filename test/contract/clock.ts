/** The contract of Clock and System. */
import { check, type Suite } from "../harness/test.ts";
import { type OpenJig, passUntil } from "./jig.ts";

const BUILD_EARLIEST_UNIX_MS = 1_700_000_000_000;

export function clockContract(t: Suite, open: OpenJig): void {
	t.test("the clock never goes back, and time passes", async () => {
		const jig = await open();
		const { clock } = jig.platform;
		let lastMs = clock.monotonicMs();
		const startMs = lastMs;
		for (let round = 0; round < 1000; round++) {
			const nowMs = clock.monotonicMs();
			check.ok(nowMs >= lastMs, `${nowMs} after ${lastMs}`);
			lastMs = nowMs;
		}
		await jig.pass(20);
		check.ok(clock.monotonicMs() - startMs >= 19, "time passes");
	});

	t.test("timers run in the order of their times, not of their setting, and none early", async () => {
		const jig = await open();
		const { clock } = jig.platform;
		const startMs = clock.monotonicMs();
		const ran: number[] = [];
		for (const delayMs of [60, 20, 40, 0]) {
			clock.after(delayMs, () => {
				ran.push(delayMs);
				check.ok(clock.monotonicMs() - startMs >= delayMs - 1, `${delayMs} came early`);
			});
		}
		check.ok(await passUntil(jig, () => ran.length === 4, 2000));
		check.deepEqual(ran, [0, 20, 40, 60]);
	});

	t.test("a timer of no delay runs from the event loop, not from inside the call, and once", async () => {
		const jig = await open();
		let runs = 0;
		jig.platform.clock.after(0, () => {
			runs++;
		});
		check.equal(runs, 0);
		await jig.pass(20);
		check.equal(runs, 1);
	});

	t.test(
		"a cancelled timer does not run, and cancelling is idempotent before, in and after its run",
		async () => {
			const jig = await open();
			const { clock } = jig.platform;
			const ran: string[] = [];
			const cancelled = clock.after(10, () => ran.push("cancelled"));
			const own = clock.after(10, () => {
				ran.push("own");
				own.cancel();
				own.cancel();
			});
			cancelled.cancel();
			cancelled.cancel();
			await jig.pass(30);
			own.cancel();
			check.deepEqual(ran, ["own"]);
		},
	);

	t.test("a timer that is cancelled by another one of the same time does not run", async () => {
		const jig = await open();
		const { clock } = jig.platform;
		const ran: string[] = [];
		const timers = ["a", "b"].map((name) =>
			clock.after(10, () => {
				ran.push(name);
				for (const timer of timers) timer.cancel();
			}),
		);
		await jig.pass(30);
		check.equal(ran.length, 1);
	});

	t.test("a timer may set the next one, and far timers do not hold up near ones", async () => {
		const jig = await open();
		const { clock } = jig.platform;
		const far = clock.after(0x7fffffff, () => check.fail("24 days have passed"));
		let left = 5;
		const again = (): void => {
			if (--left > 0) clock.after(2, again);
		};
		clock.after(2, again);
		check.ok(await passUntil(jig, () => left === 0, 2000));
		far.cancel();
	});

	t.test("a delay that is none throws", async () => {
		const { clock } = (await open()).platform;
		for (const delayMs of [-1, 0x80000000, Number.NaN])
			check.throws(() => clock.after(delayMs, () => undefined));
	});

	t.test("the system says why it booted and when it was built, and takes a log line", async () => {
		const { system } = (await open()).platform;
		const reasons = [
			"power-on",
			"requested",
			"memory",
			"stack",
			"exception",
			"rejection",
			"watchdog",
			"unknown",
		];
		check.ok(reasons.includes(system.resetReason()), system.resetReason());
		check.ok(Number.isSafeInteger(system.buildUnixMs) && system.buildUnixMs > BUILD_EARLIEST_UNIX_MS);
		system.log("contract: one line");
	});

	t.test("the system measures the heap, and what is kept is missed", async () => {
		const { system } = (await open()).platform;
		const before = system.heap();
		check.ok(before.leastFreeBytes > 0 && before.leastFreeBytes <= before.freeBytes, JSON.stringify(before));
		const kept = new Uint8Array(4096);
		const after = system.heap();
		check.ok(after.freeBytes <= before.freeBytes + 4096 && kept.length === 4096);
		check.ok(after.leastFreeBytes <= before.leastFreeBytes, "the least never rises within a boot");
	});

	t.test(
		"the last fault is short and plain, stays until it is forgotten, and forgetting is idempotent (I1)",
		async () => {
			const { system } = (await open()).platform;
			const fault = system.lastFault();
			if (fault !== undefined) check.ok(fault.length <= 512 && /^[ -~]+$/.test(fault), fault);
			check.equal(system.lastFault(), fault);
			system.forgetFault();
			system.forgetFault();
			check.equal(system.lastFault(), undefined);
		},
	);
}
