/** Virtual pins, and what is left of an output when a board ends (T19). */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { Board, type BoardEnd, scratch, sourceImage } from "./board.ts";
import type { HostTest } from "./run.ts";
import { Watcher } from "./watcher.ts";

let sockets = 0;

async function start(source: string, words: readonly string[] = []): Promise<readonly [Board, Watcher]> {
	const socket = join(scratch, `pins${sockets++}`);
	const board = new Board({
		main: "main",
		image: sourceImage(`pins${sockets}`, source),
		words: ["--pins", socket, ...words],
	});
	return [board, await Watcher.connect(socket)];
}

/** Energises drive-throw (pin 16) for 120 ms once a watcher says go on pin 1, then does `after`. */
function driving(after: string): string {
	return `import Digital from "embedded:io/digital"; import Timer from "timer";
		native("xs_lk_drive_open")(16, 17, 18);
		const go = new Digital({ pin: 1, mode: Digital.Input, edge: Digital.Rising, onReadable() {
			native("xs_lk_drive_energise")(0, 120);
			${after}
		} });
		trace("up\\n");`;
}

const MAXIMUM_US = 120_000;
const LATE_US = 5_000;
/** Of a board that is about to end, on a machine that has other work. */
const ENDS_MS = 20_000;

async function driveAndEnd(
	after: string,
	words: readonly string[] = [],
	endsMs = 20,
): Promise<readonly [Watcher, BoardEnd | undefined]> {
	const [board, watcher] = await start(driving(after), words);
	await board.until(({ stdout }) => stdout.includes("up\n"));
	watcher.send("set 1 1\n");
	await watcher.until(() => watcher.of(16).some(({ level }) => level === 1));
	await watcher.until(() => watcher.of(16).at(-1)!.level === 0);
	// One that goes on is ended; one that is about to end has the time of a busy machine to say how.
	await Promise.race([board.end(), new Promise((resolve) => setTimeout(resolve, endsMs))]);
	const end = await board.stop("SIGKILL");
	return [watcher, end];
}

function energisedUs(watcher: Watcher): number {
	const on = watcher.of(16).find(({ level }) => level === 1)!;
	return watcher.of(16).at(-1)!.atUs - on.atUs;
}

/** Energised for no longer than was asked for; says for how long. */
function checkCut(watcher: Watcher): void {
	const us = energisedUs(watcher);
	process.stdout.write(`# energised for ${us} us of at most ${MAXIMUM_US}\n`);
	assert.ok(us <= MAXIMUM_US + LATE_US, `${us} us`);
}

export const drivePinTests: readonly HostTest[] = [
	{
		name: "a watcher is told every pin in use when it connects, and every change with its time",
		run: async () => {
			const [board, watcher] =
				await start(`import Digital from "embedded:io/digital"; import Timer from "timer";
				const out = new Digital({ pin: 20, mode: Digital.Output, initialValue: 1 });
				const low = new Digital({ pin: 21, mode: Digital.Output, activeLow: true });
				const input = new Digital({ pin: 2, mode: Digital.InputPullUp, edge: Digital.Falling | Digital.Rising, onReadable() { out.write(this.read()); } });
				trace("up " + input.read() + low.read() + "\\n");`);
			await board.until(({ stdout }) => stdout === "up 10\n");
			const late = await Watcher.connect(join(scratch, `pins${sockets - 1}`));
			await late.until((changes) => changes.length >= 3);
			assert.deepEqual(late.changes.map(({ pin, level }) => `${pin}=${level}`).sort(), [
				"20=1",
				"21=1",
				"2=1",
			]);
			watcher.send("set 2 0\n");
			await late.until(() => late.of(20).at(-1)!.level === 0);
			watcher.send("set 2 1\nset 2 0\nset 2 1\n");
			await late.until(() => late.of(20).length === 5);
			assert.deepEqual(
				late.of(20).map(({ level }) => level),
				[1, 0, 1, 0, 1],
			);
			const times = late.changes.map(({ atUs }) => atUs);
			assert.deepEqual(
				times,
				[...times].sort((a, b) => a - b),
			);
			await board.stop();
		},
	},
	{
		name: "a watcher cannot set an output, and one that says anything else is dropped",
		run: async () => {
			const [board, watcher] = await start(`import Digital from "embedded:io/digital";
				const out = new Digital({ pin: 20, mode: Digital.Output }); const input = new Digital({ pin: 3, mode: Digital.Input, edge: Digital.Rising, onReadable() { out.write(1); } }); trace("up\\n");`);
			await board.until(({ stdout }) => stdout === "up\n");
			watcher.send("set 20 1\n");
			for (const text of [
				"set 64 1\n",
				"set 3 2\n",
				"open the door\n",
				"set 3 1 1\n",
				"x".repeat(200),
				"\n",
			]) {
				const other = await Watcher.connect(join(scratch, `pins${sockets - 1}`));
				other.send(text);
				const deadline = Date.now() + 3000;
				while (!other.closed && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
				assert.ok(other.closed, JSON.stringify(text));
			}
			assert.ok(watcher.of(20).every(({ level }) => level === 0));
			watcher.send("set 3 1\n");
			await watcher.until(() => watcher.of(20).at(-1)?.level === 1);
			await board.stop();
		},
	},
	{
		name: "a board that waits for its watcher starts with the inputs as they are",
		run: async () => {
			const socket = join(scratch, `pins${sockets++}`);
			const source = `import Digital from "embedded:io/digital"; trace("is " + new Digital({ pin: 3, mode: Digital.Input }).read() + "\\n");`;
			const board = new Board({
				main: "main",
				image: sourceImage(`pins${sockets}`, source),
				words: ["--pins", socket, "--pins-wait", "3000"],
			});
			const watcher = await Watcher.connect(socket);
			watcher.send("set 3 1\nset 4 0\n");
			await board.until(({ stdout }) => stdout === "is 1\n");
			await board.stop();
		},
	},
	{
		name: "a pin has one owner, and a closed one can be opened again",
		run: async () => {
			const [board] = await start(`import Digital from "embedded:io/digital";
				const reason = (run) => { try { run(); return "none"; } catch (error) { return error.name; } };
				const first = new Digital({ pin: 5, mode: Digital.Output });
				trace(reason(() => new Digital({ pin: 5, mode: Digital.Input })), reason(() => new Digital({ pin: 64, mode: Digital.Input })), reason(() => new Digital({ pin: 6, mode: 7 })), reason(() => new Digital({ pin: 6, mode: Digital.Output, edge: Digital.Rising, onReadable() {} })));
				first.close(); first.close();
				trace(" ", reason(() => first.write(1)), reason(() => new Digital({ pin: 5, mode: Digital.Input }).write(1)), "\\n");`);
			await board.until(({ stdout }) => stdout.endsWith("\n"));
			assert.equal(board.stdout, "RangeErrorRangeErrorRangeErrorTypeError ErrorError\n");
			await board.stop();
		},
	},
	{
		name: "a watcher that does not read is dropped and slows nobody (T16)",
		run: async () => {
			const [board, watcher] =
				await start(`import Digital from "embedded:io/digital"; import Timer from "timer";
				const out = new Digital({ pin: 20, mode: Digital.Output }); let level = 0, left = 600;
				const go = new Digital({ pin: 1, mode: Digital.Input, edge: Digital.Rising, onReadable() { Timer.set(function step() {
					for (let n = 0; n < 20; n++) out.write(level ^= 1);
					if ((left -= 20) > 0) Timer.set(step, 10); else trace("done\\n"); }, 0); } });
				trace("up\\n");`);
			const silent = connect(join(scratch, `pins${sockets - 1}`));
			await new Promise((resolve) => silent.once("connect", resolve));
			silent.pause();
			await board.until(({ stdout }) => stdout === "up\n");
			watcher.send("set 1 1\n");
			await board.until(({ stdout }) => stdout.endsWith("done\n"));
			await watcher.until(() => watcher.of(20).length >= 600);
			silent.resume();
			await new Promise((resolve) => silent.once("close", resolve));
			await board.stop();
		},
	},
	{
		name: "the pin is off by the deadline while JavaScript loops for ever (T19)",
		run: async () => {
			const [watcher] = await driveAndEnd("for (;;) {}");
			checkCut(watcher);
			assert.ok(energisedUs(watcher) >= MAXIMUM_US - LATE_US, `${energisedUs(watcher)} us`);
		},
	},
	{
		name: "the pin is off by the deadline while JavaScript only collects garbage (T19)",
		run: async () => {
			const [watcher] = await driveAndEnd("for (;;) new Uint8Array(1000);", ["--stress"]);
			checkCut(watcher);
		},
	},
	...(
		[
			["JavaScript throws", "throw new Error('x');", 69],
			["JavaScript rejects a promise", "Promise.reject(new Error('x'));", 72],
			["the heap is exhausted", "const grow = []; for (;;) grow.push(new Uint8Array(1000));", 65],
			["the stack overflows", "(function again() { again(); })();", 66],
			["the firmware reboots", "native('xs_system_reboot')();", 80],
		] as const
	).map(
		([what, after, status]): HostTest => ({
			name: `the pin is off before the board ends when ${what} (T19)`,
			run: async () => {
				const [watcher, end] = await driveAndEnd(after, [], ENDS_MS);
				assert.equal(end?.status, status, end?.stderr);
				checkCut(watcher);
			},
		}),
	),
	...(["SIGTERM", "SIGINT", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE"] as const).map(
		(signal): HostTest => ({
			name: `the pin is off before the board ends by ${signal} (T19)`,
			run: async () => {
				const [board, watcher] = await start(driving("trace('driving\\n');"));
				await board.until(({ stdout }) => stdout === "up\n");
				watcher.send("set 1 1\n");
				await watcher.until(() => watcher.of(16).some(({ level }) => level === 1));
				const end = await board.stop(signal);
				await watcher.until(() => watcher.closed);
				assert.equal(watcher.of(16).at(-1)!.level, 0);
				assert.ok(energisedUs(watcher) < MAXIMUM_US, `${energisedUs(watcher)} us`);
				if (signal === "SIGTERM" || signal === "SIGINT") assert.equal(end.status, 0);
				// A sanitizer reports in its own way and exits.
				else if (process.env.LATCHKEY_HOST_VARIANT !== "sanitize") assert.equal(end.signal, signal);
			},
		}),
	),
	{
		name: "a killed board closes its socket: the watcher knows that the power is gone (T12)",
		run: async () => {
			const [board, watcher] = await start(driving(""));
			await board.until(({ stdout }) => stdout === "up\n");
			await board.stop("SIGKILL");
			await watcher.until(() => watcher.closed);
		},
	},
];
