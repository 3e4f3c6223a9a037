/** The serial line: a pseudo-terminal that behaves like a wire. */
import assert from "node:assert/strict";
import {
	closeSync,
	constants,
	lstatSync,
	openSync,
	readSync,
	symlinkSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { Board, runBoard, scratch, sourceImage } from "./board.ts";
import type { HostTest } from "./run.ts";

const ECHO = `import Serial from "embedded:io/serial";
	const line = new Serial({ baud: 115200, format: "buffer",
		onReadable(bytes) { const got = this.read(); trace("<" + new TextDecoder().decode(got) + ">"); this.write(got); },
		onWritable() { trace("w"); } });
	trace("up\\n");`;

let links = 0;

async function start(source: string): Promise<readonly [Board, string]> {
	const link = join(scratch, `serial${links++}`);
	const board = new Board({
		main: "main",
		image: sourceImage(`serial${links}`, source),
		words: ["--serial", link],
	});
	await board.until(({ stdout }) => stdout.includes("up\n"));
	return [board, link];
}

function openLine(link: string): number {
	return openSync(link, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
}

async function readText(file: number, bytes: number): Promise<string> {
	const buffer = new Uint8Array(65536);
	const deadline = Date.now() + 5000;
	let have = 0;
	while (have < bytes && Date.now() < deadline) {
		try {
			have += readSync(file, buffer, have, buffer.length - have, null);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
		}
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
	return Buffer.from(buffer.subarray(0, have)).toString("latin1");
}

export const serialTests: readonly HostTest[] = [
	{
		name: "bytes pass both ways as they are, also those that a terminal would interpret",
		run: async () => {
			const [board, link] = await start(`import Serial from "embedded:io/serial";
				const line = new Serial({ format: "buffer", onReadable() { this.write(this.read()); } }); trace("up\\n");`);
			const file = openLine(link);
			const every = Uint8Array.from({ length: 256 }, (_, index) => index);
			writeSync(file, every);
			assert.equal(await readText(file, 256), Buffer.from(every).toString("latin1"));
			closeSync(file);
			await board.stop();
		},
	},
	{
		name: "a line can be closed and opened again, and the next listener gets nothing of the former one",
		run: async () => {
			const [board, link] = await start(ECHO);
			const first = openLine(link);
			writeSync(first, "one");
			await board.until(({ stdout }) => stdout.includes("<one>"));
			await new Promise((resolve) => setTimeout(resolve, 20));
			closeSync(first);
			await new Promise((resolve) => setTimeout(resolve, 60));
			const second = openLine(link);
			writeSync(second, "two");
			assert.equal(await readText(second, 3), "two");
			closeSync(second);
			await board.stop();
		},
	},
	{
		name: "what is sent before the sender closes still arrives",
		run: async () => {
			const [board, link] = await start(ECHO);
			await new Promise((resolve) => setTimeout(resolve, 50));
			const file = openLine(link);
			writeSync(file, "parting");
			closeSync(file);
			await board.until(({ stdout }) => stdout.includes("<parting>"));
			await board.stop();
		},
	},
	{
		name: "a line that was left unread and full when its other side went is closed for good",
		run: async () => {
			const link = join(scratch, `serial${links++}`);
			const image = sourceImage(
				`serial${links}`,
				`import Serial from "embedded:io/serial"; import Timer from "timer";
				const now = native("xs_monotonic_ms"), collect = native("xs_system_heap_report");
				let asked = 0, line = new Serial({ format: "buffer", onReadable() { if (asked++ === 0) Timer.set(pour); } });
				function pour() { line.write(new Uint8Array(100000)); while (line.read()); trace("full\\n"); for (const until = now() + 300; now() < until; ); Timer.set(close, 100); }
				function close() { line.close(); line = undefined; Timer.set(() => collect(), 1); Timer.set(() => trace("closed\\n"), 100); }
				trace("up\\n");`,
			);
			const board = new Board({ main: "main", image, variant: "sanitize", words: ["--serial", link] });
			await board.until(({ stdout }) => stdout.includes("up\n"));
			const file = openLine(link);
			writeSync(file, "?");
			await board.until(({ stdout }) => stdout.includes("full\n"));
			closeSync(file);
			await board.until(({ stdout }) => stdout.includes("closed\n"));
			const end = await board.stop();
			assert.doesNotMatch(end.stderr, /Sanitizer/);
		},
	},
	{
		name: "what the board writes while nobody listens is lost, and blocks nothing",
		run: async () => {
			const [board, link] = await start(`import Serial from "embedded:io/serial"; import Timer from "timer";
				const line = new Serial({ format: "buffer", onReadable() { this.read(); this.write(Uint8Array.of(33)); } });
				let sent = 0; for (let n = 0; n < 100; n++) sent += line.write(new Uint8Array(4096)); trace(sent + " up\\n");`);
			assert.match(board.stdout, /^409600 up\n/);
			const file = openLine(link);
			writeSync(file, "?");
			assert.equal(await readText(file, 1), "!");
			closeSync(file);
			await board.stop();
		},
	},
	{
		name: "a full line takes part of a write, and onWritable says when there is room again",
		run: async () => {
			const [board, link] = await start(`import Serial from "embedded:io/serial";
				const bytes = new Uint8Array(100000).fill(120); let at = 0, asked = 0;
				const pour = (line) => { while (at < bytes.length) { const took = line.write(bytes.subarray(at)); if (took === 0) return; at += took; } trace("all in more than one: " + (asked > 1) + "\\n"); };
				const line = new Serial({ format: "buffer", onReadable() { this.read(); pour(this); }, onWritable() { asked++; if (at > 0) pour(this); } }); trace("up\\n");`);
			const file = openLine(link);
			writeSync(file, "go");
			let have = 0;
			while (have < 100000) have += (await readText(file, Math.min(60000, 100000 - have))).length;
			assert.equal(have, 100000);
			await board.until(({ stdout }) => stdout.endsWith("all in more than one: true\n"));
			closeSync(file);
			await board.stop();
		},
	},
	{
		name: "as numbers, bytes come one by one",
		run: async () => {
			const [board, link] = await start(`import Serial from "embedded:io/serial";
				const line = new Serial({ onReadable() { for (let byte; (byte = this.read()) !== undefined;) this.write(byte + 1); } }); trace("up\\n");`);
			const file = openLine(link);
			writeSync(file, "HAL");
			assert.equal(await readText(file, 3), "IBM");
			closeSync(file);
			await board.stop();
		},
	},
	{
		name: "a line has one owner, and a board without a line says so",
		run: async () => {
			const source = `import Serial from "embedded:io/serial";
				const reason = (run) => { try { run(); return "none"; } catch (error) { return error.message.replace(/^@\\w+: /, ""); } };
				let first; trace(reason(() => { first = new Serial({}); }), "|", reason(() => new Serial({})), "|");
				if (first) { first.close(); first.close(); trace(reason(() => first.read()), "|", reason(() => new Serial({}))); }
				trace(" up\\n");`;
			const [board] = await start(source);
			assert.equal(board.stdout, "none|serial: in use|serial: closed|none up\n");
			await board.stop();
			const bare = new Board({ main: "main", image: sourceImage("bare", source) });
			await bare.until(({ stdout }) => stdout.endsWith("up\n"));
			assert.match(bare.stdout, /^serial: this board has no line\|/);
			await bare.stop();
		},
	},
	{
		name: "a board that ends takes its link away, whose terminal another board may have next",
		run: async () => {
			for (const signal of ["SIGTERM", "SIGABRT"] as const) {
				const [board, link] = await start(ECHO);
				assert.ok(lstatSync(link).isSymbolicLink());
				await board.stop(signal);
				assert.equal(lstatSync(link, { throwIfNoEntry: false }), undefined, signal);
			}
			const rebooted = join(scratch, `serial${links++}`);
			const image = sourceImage("serial-reboot", "native('xs_system_reboot')();");
			await runBoard({ main: "main", image, words: ["--serial", rebooted] });
			assert.equal(lstatSync(rebooted, { throwIfNoEntry: false }), undefined);
		},
	},
	{
		name: "a stale link is replaced, anything else in its place is left alone and refused",
		run: async () => {
			const link = join(scratch, "stale");
			symlinkSync("/nowhere", link);
			const image = sourceImage("stale", "trace('up\\n');");
			const board = new Board({ main: "main", image, words: ["--serial", link] });
			await board.until(({ stdout }) => stdout === "up\n");
			assert.ok(lstatSync(link).isSymbolicLink());
			await board.stop();
			const file = join(scratch, "precious");
			writeFileSync(file, "x");
			const end = await runBoard({ main: "main", image, words: ["--serial", file] });
			assert.equal(end.status, 3);
			assert.ok(lstatSync(file).isFile());
		},
	},
];
