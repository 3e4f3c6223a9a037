/** The engine on this host: ends of a board, promises, timers, preloading, the heap, natives. */
import assert from "node:assert/strict";
import { PATHS } from "../../tools/setup/paths.ts";
import { Board, fixtureImage, runBoard, runSource, scratch, sourceImage } from "./board.ts";
import type { HostTest } from "./run.ts";

const LOOP = "const grow = []; for (;;) grow.push({ a: [1, 2, 3], s: String(grow.length) });";

async function ends(
	name: string,
	source: string,
	status: number,
	words: readonly string[] = [],
): Promise<string> {
	const end = await runSource(name, source, { words });
	assert.equal(end.status, status, `${end.signal} ${end.stdout}${end.stderr}`);
	return end.stderr;
}

export const engineTests: readonly HostTest[] = [
	{
		name: "an exception that nobody catches ends the board with 69 and its stack",
		run: async () => {
			const log = await ends(
				"throw",
				"function inner() { throw new TypeError('no such door'); }\nfunction outer() { inner(); }\nouter();",
				69,
			);
			assert.match(log, /abort: uncaught exception\nTypeError: no such door\n at inner .*\n at outer /);
		},
	},
	{
		name: "the debug build's stacks have files and lines",
		run: async () => {
			const source =
				"function inner() {\n\tthrow new TypeError('no such door');\n}\nfunction outer() {\n\tinner();\n}\nouter();";
			const end = await runSource("lines", source, { variant: "debug" });
			assert.equal(end.status, 69);
			assert.match(
				end.stderr,
				/TypeError: no such door\n at inner \(main:2\)\n at outer \(main:5\)\n at \(main:7\)\n/,
			);
		},
	},
	{
		name: "an exception in a timer's callback ends the board with 69",
		run: async () => {
			const log = await ends(
				"throw-later",
				"import Timer from 'timer'; function late() { null.x; } Timer.set(late, 5);",
				69,
			);
			assert.match(log, /TypeError: .*\n at late/);
		},
	},
	{
		name: "what is thrown need be no error",
		run: async () =>
			assert.match(await ends("throw-number", "throw 42;", 69), /abort: uncaught exception\n42\n/),
	},
	{
		name: "a promise rejected without a handler ends the board with 72 at once, with its stack",
		run: async () => {
			const source = `import Timer from "timer";
				async function forgotten() { throw new Error("lost"); }
				Timer.set(() => { forgotten(); }, 1);
				Timer.set(() => trace("still here\\n"), 200);`;
			const end = await runSource("reject", source);
			assert.equal(end.status, 72);
			assert.match(end.stderr, /abort: unhandled rejection\nError: lost\n at forgotten/);
			assert.equal(end.stdout, "");
		},
	},
	{
		name: "a promise whose rejection is handled in the same turn ends nothing",
		run: async () => {
			const source = `import Timer from "timer";
				const late = Promise.reject(new Error("handled")); Promise.resolve().then(() => late.catch(() => trace("caught\\n")));
				Timer.set(() => native("xs_system_reboot")(), 5);`;
			const end = await runSource("handled", source);
			assert.equal(end.status, 80);
			assert.equal(end.stdout, "caught\n");
		},
	},
	{
		name: "an exhausted heap ends the board with 65, whatever the heap's size",
		run: async () => {
			for (const kib of ["96", "1024"]) {
				const log = await ends("memory", LOOP, 65, ["--heap-kb", kib, "--stack", "512"]);
				assert.match(log, /abort: heap exhausted/);
			}
		},
	},
	{
		name: "one buffer larger than the heap ends the board with 65",
		run: async () => void (await ends("memory-chunk", "new Uint8Array(4 * 1024 * 1024);", 65)),
	},
	{
		name: "recursion without end ends the board with 66 and names the functions",
		run: async () => {
			const log = await ends("stack", "function again(n) { return again(n + 1) + 1; } again(0);", 66);
			assert.match(log, /abort: stack overflow\n at again\n at again/);
		},
	},
	{
		name: "a reboot that the firmware asks for has its own code",
		run: async () => void (await ends("reboot", "native('xs_system_reboot')();", 80)),
	},
	{
		name: "SIGTERM and SIGINT end the board in good order",
		run: async () => {
			const image = sourceImage("idle", "trace('up\\n');");
			for (const signal of ["SIGTERM", "SIGINT"] as const) {
				const board = new Board({ main: "main", image });
				await board.until(({ stdout }) => stdout === "up\n");
				const end = await board.stop(signal);
				assert.equal(end.status, 0);
			}
		},
	},
	{
		name: "bad arguments are refused with one line and 2",
		run: async () => {
			const image = sourceImage("arguments", "");
			const cases: readonly (readonly string[])[] = [
				["--image", image, "--heap-kb", "1e3"],
				["--image", image, "--heap-kb", "0"],
				["--image", image, "--stack", "-1"],
				["--image", image, "--nonsense", "x"],
				["--image", image, "--arg", "key"],
				["--image", image, "--pins"],
				["--image", image, "--stack", "100000", "--heap-kb", "64"],
				["stray"],
			];
			for (const words of cases) {
				const end = await runBoard({ main: "main", words });
				assert.equal(end.status, 2, words.join(" "));
				assert.match(end.stderr, /^latchkey-board: [^\n]+\n$/);
			}
		},
	},
	{
		name: "a second board does not start in the same state directory",
		run: async () => {
			const image = sourceImage("lock", "trace('up\\n');");
			const first = new Board({ main: "main", image, state: `${scratch}/shared` });
			await first.until(({ stdout }) => stdout === "up\n");
			const second = await runBoard({ main: "main", image, state: `${scratch}/shared` });
			assert.equal(second.status, 3);
			assert.match(second.stderr, /another board runs in it/);
			await first.stop();
		},
	},
	{
		name: "settings and the reset reason reach the firmware",
		run: async () => {
			const source = `const get = native("xs_system_argument");
				trace([get("a"), get("b"), String(get("c")), native("xs_system_reset_reason")()].join("|") + "\\n"); native("xs_system_reboot")();`;
			const end = await runSource("settings", source, {
				words: ["--arg", "a=1=2", "--arg", "b=", "--reset-reason", "memory"],
			});
			assert.equal(end.stdout, "1=2||undefined|memory\n");
		},
	},
	{
		name: "timers fire in the order of their times, and of their age when those are equal",
		run: async () => {
			const source = `import Timer from "timer";
				const say = (what) => () => { trace(what); Promise.resolve().then(() => trace(what.toUpperCase())); };
				Timer.set(say("c"), 30); Timer.set(say("a"), 10); Timer.set(say("b"), 20); Timer.set(say("d"), 30);
				const never = Timer.set(say("x"), 15); Timer.clear(never); Timer.clear(never); Timer.clear(undefined);
				Timer.set((timer) => { Timer.clear(timer); trace("e"); Timer.set(() => native("xs_system_reboot")(), 0); }, 40);`;
			assert.equal((await runSource("timers", source)).stdout, "aAbBcCdDe");
		},
	},
	{
		name: "a repeating timer repeats until it is cleared, and none starts inside the call that sets it",
		run: async () => {
			const source = `import Timer from "timer";
				let count = 0;
				Timer.repeat((timer) => { trace("r"); if (++count === 3) { Timer.clear(timer); Timer.set(() => native("xs_system_reboot")(), 30); } }, 5);
				Timer.set(() => trace("0"), 0);
				trace("s");`;
			assert.equal((await runSource("repeat", source)).stdout, "s0rrr");
		},
	},
	{
		name: "timers are bounded, and a bad delay is refused",
		run: async () => {
			const source = `import Timer from "timer";
				const reason = (run) => { try { run(); return "none"; } catch (error) { return error.name; } };
				trace(reason(() => Timer.set(() => {}, -1)), reason(() => Timer.set(() => {}, NaN)), reason(() => Timer.set(() => {}, 2 ** 31)), reason(() => Timer.set(1, 1)), " ");
				trace(reason(() => { for (;;) Timer.set(() => {}, 1000000); }), "\\n");
				native("xs_system_reboot")();`;
			assert.equal(
				(await runSource("timers-bad", source)).stdout,
				"RangeErrorRangeErrorRangeErrorTypeError RangeError\n",
			);
		},
	},
	{
		name: "a timer that nobody holds still fires, and collection frees it afterwards",
		run: async () => {
			const source = `import Timer from "timer";
				const report = native("xs_system_heap_report");
				let left = 2000, first;
				const next = () => { if (left-- === 0) { trace(String(report().slots - first < 4096)); native("xs_system_reboot")(); } else Timer.set(next, 0); };
				first = report().slots; next();`;
			assert.equal((await runSource("timers-gc", source)).stdout, "true");
		},
	},
	{
		name: "preloaded modules are frozen: functions, classes, prototypes, statics and frozen tables refuse changes",
		run: async () => {
			const image = fixtureImage("frozen", ["frozen-main", "frozen"], ["frozen"]);
			const end = await runBoard({ main: "test/host/firmware/frozen-main", image });
			assert.equal(end.status, 80, end.stderr);
			assert.deepEqual(end.stdout.trim().split("\n"), [
				"function: refused",
				"prototype: refused",
				"static: refused",
				"private static: refused",
				"table: refused",
				"array: refused",
				"built-in: refused",
				"map: refused",
				"bytes: refused",
				"variable: 2",
				"plain object: 2 own copy",
				"subclass: named",
			]);
		},
	},
	{
		name: "a native that is called while modules are preloaded refuses, and one made then works later",
		run: async () => {
			const refused = fixtureImage("native-early", ["native-early"], ["native-early"]);
			const early = await runBoard({ main: "test/host/firmware/native-early", image: refused });
			assert.equal(early.status, 69);
			assert.match(early.stderr, /a native function was called while modules are preloaded/);
			const image = fixtureImage("native-late", ["native-late-main", "native-late"], ["native-late"]);
			const late = await runBoard({ main: "test/host/firmware/native-late-main", image });
			assert.equal(late.stdout, "true\n", late.stderr);
		},
	},
	{
		name: "a native that this host lacks, or that is no native's name, is refused",
		run: async () => {
			const source = `const reason = (name) => { try { native(name); return "none"; } catch (error) { return error.name; } };
				trace(reason("xs_no_such_native"), reason("system"), reason(7), "\\n"); native("xs_system_reboot")();`;
			assert.equal((await runSource("native-bad", source)).stdout, "ReferenceErrorTypeErrorTypeError\n");
		},
	},
	{
		name: "a board compiles nothing: eval and Function are refused",
		run: async () => {
			const source = `const reason = (run) => { try { run(); return "none"; } catch (error) { return error.name; } };
				trace(reason(() => eval("1 + 1")), reason(() => new Function("return 1")()), "\\n"); native("xs_system_reboot")();`;
			assert.equal((await runSource("eval", source)).stdout, "SyntaxErrorSyntaxError\n");
		},
	},
	{
		name: "nothing takes memory outside the heap: shared buffers are not there",
		run: async () => {
			const source = `trace(typeof SharedArrayBuffer, typeof Atomics, typeof ArrayBuffer, "\\n"); native("xs_system_reboot")();`;
			assert.equal((await runSource("shared", source)).stdout, "undefinedundefinedfunction\n");
		},
	},
	{
		name: "text is encoded and decoded, also beyond the basic plane, and bad UTF-8 is refused when fatal",
		run: async () => {
			const source = `const text = "a\\u00e9\\u20ac\\u{1f511}\\0z";
				const bytes = new TextEncoder().encode(text);
				const reason = (list) => { try { new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(list)); return "none"; } catch (error) { return error.name; } };
				trace(bytes.length + " " + (new TextDecoder().decode(bytes) === text) + " ", reason([0xc0, 0x80]), reason([0xed, 0xa0, 0x80]), reason([0xf4, 0x90, 0x80, 0x80]), reason([0xe2, 0x82]), "\\n");
				native("xs_system_reboot")();`;
			assert.equal(
				(await runSource("text", source)).stdout,
				"12 true TypeErrorTypeErrorTypeErrorTypeError\n",
			);
		},
	},
	{
		name: "the heap is one arena of the size that was asked for, and its report adds up",
		run: async () => {
			const image = sourceImage("heap", "globalThis.kept = new Uint8Array(20000); trace('up\\n');");
			const words = ["--heap-kb", "128", "--stack", "256", "--report-heap"];
			const board = new Board({ main: "main", image, words });
			await board.until(({ stdout, stderr }) => stdout === "up\n" && stderr.endsWith("\n"));
			assert.match(board.stderr, /^arena 0x[0-9a-f]+ 131072\n/);
			board.child.kill("SIGUSR1");
			await board.until(({ stderr }) => /heap .*\n/.test(stderr));
			await board.stop();
			const fields = /heap (.*)\n/.exec(board.stderr)![1]!.split(" ");
			const value = (name: string): number => Number(fields[fields.indexOf(name) + 1]);
			assert.ok(value("chunks") >= 20000 && value("chunks") < 24000, board.stderr);
			assert.ok(value("slots") > 500 && value("slots") < 16000, board.stderr);
			assert.ok(value("stack-peak") > 500 && value("stack-peak") < value("stack-size") / 2, board.stderr);
		},
	},
	{
		name: "of what the firmware preloads nothing can be written: each object is frozen (I8)",
		run: async () => {
			const board = new Board({ image: PATHS.firmwareImage, words: ["--report-heap"] });
			// What is not frozen is named before the arena is.
			await board.until(({ stderr }) => /^arena .*\n/m.test(stderr));
			await board.stop();
			assert.deepEqual(
				board.stderr.split("\n").filter((line) => line.startsWith("not frozen")),
				[],
			);
		},
	},
];
