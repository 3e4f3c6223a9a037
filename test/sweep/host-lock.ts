/**
 * A lock on the Linux host as the sweep drives it: real processes of the board on one state directory, and a hand at its serial line
 * that offers a release and sends the pieces that are wanted, whatever becomes of the board meanwhile.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import { encodeOffer } from "../../modules/wire/update-offer.ts";
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import { SerialFault } from "../../tools/factory/serial-port.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { Board, type BoardEnd, readBytes, scratch, type Variant } from "../host/board.ts";
import type { Release } from "../sim/releases.ts";

export const HOST_SLOT_KB = 768;
/** A minute of the lock's is a second here. */
const HURRY = 60;
const MAIN = "test/sweep/board-main";
const BOARD_MS = 200_000;
const POLL_MS = 30;
/** How the board's process ends when the firmware starts over (docs/HOST). */
const RESTART_STATUS = 80;

export interface HostImageOptions {
	readonly securityVersion?: number;
	/** Built otherwise, so that its bytes are others all through. */
	readonly isOther?: boolean;
	/** Compiled modules that it has besides, from the root of what was compiled, without ".js". */
	readonly modules?: readonly string[];
}

/** The whole firmware under a sequence. */
export function hostImage(sequence: number, options: HostImageOptions = {}): Uint8Array {
	const { securityVersion = 0, isOther = false, modules = [] } = options;
	const list = join(scratch, `sweep-${sequence}.list`);
	const path = imagePath(sequence);
	const extra = new Map([MAIN, ...modules].map((name) => [name, join(PATHS.javascript, `${name}.js`)]));
	writeFileSync(list, imageListText(imageModules([join(PATHS.root, "hosts/linux/manifest.json")], extra)));
	const lines = isOther ? ["--lines"] : [];
	const numbers = ["--version", `${sequence}.0.0`, "--sequence", String(sequence), "--board", "linux"];
	const words = [
		...lines,
		...numbers,
		"--security-version",
		String(securityVersion),
		"--time",
		"1760000000000",
	];
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), [...words, "--list", list, "--output", path], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: 60_000,
	});
	return readBytes(path);
}

export function imagePath(sequence: number): string {
	return join(scratch, `sweep-${sequence}.image`);
}

export interface BootWords {
	/** With the recorder, whose journal goes there. */
	readonly journal?: string;
	/** Of the image, as board-main.ts has it. */
	readonly fault?: string;
	/** As board-main.ts has it. The default is 60: a minute of the lock's is a second here. */
	readonly hurry?: string;
	/** Whether it may end by itself in any way, not only to start over. */
	readonly mayBreak?: boolean;
	/** With the recorder: as LATCHKEY_FILES_FAULT has it. */
	readonly faults?: string;
	/** More words for the board. */
	readonly words?: readonly string[];
	/** The default is the board that `imagePath(1)` was flashed to. */
	readonly slotKb?: number;
	/** Which build of the host, without a journal; the default is the plain one. */
	readonly variant?: Variant;
}

/** What a hand at the line has for a board. */
export interface Service {
	readonly release: Release;
	/** Signed; goes before the release where the board's trust is older. */
	readonly trust?: { readonly version: number; readonly message: Uint8Array };
}

let lines = 0;

/** One boot of a state directory, with its line. */
export class HostBoot {
	readonly board: Board;
	/** What the boots before it said, where it was served through some. */
	earlier = "";
	readonly #line: VerbLine | undefined;

	private constructor(board: Board, line: VerbLine | undefined) {
		this.board = board;
		this.#line = line;
	}

	/** Throws SerialFault where the board ended before it had one. */
	get line(): VerbLine {
		if (this.#line === undefined) throw new SerialFault("closed", "the board ended");
		return this.#line;
	}

	static async start(state: string, words: BootWords = {}): Promise<HostBoot> {
		const serial = join(scratch, `line-${lines++}`);
		const args = [
			"--slot-kb",
			String(words.slotKb ?? HOST_SLOT_KB),
			"--serial",
			serial,
			"--main",
			MAIN,
			"--arg",
			`hurry=${words.hurry ?? HURRY}`,
			...(words.fault === undefined ? [] : ["--arg", `fault=${words.fault}`]),
			...(words.words ?? []),
		];
		const board = new Board({
			state,
			...(words.slotKb === undefined && { image: imagePath(1) }),
			words: args,
			limitMs: BOARD_MS,
			...(words.variant !== undefined && { variant: words.variant }),
			...(words.journal !== undefined && {
				variant: "recorder" as const,
				environment: { LATCHKEY_JOURNAL: words.journal, LATCHKEY_FILES_FAULT: words.faults ?? "" },
			}),
		});
		try {
			await board.until(({ stderr }) => /^boot: [a-z-]+, firmware /m.test(stderr) && existsSync(serial));
			const line = VerbLine.onPort(serial);
			// The terminal of a board that ended meanwhile may be another board's by now.
			if (runs(board)) return new HostBoot(board, line);
			line.close();
			throw new SerialFault("closed", "the board ended");
		} catch (error) {
			// It may start over before anybody is at its line.
			for (let waited = 0; error instanceof SerialFault && waited < 100 && !hasEnded(board); waited++) {
				await new Promise((resolve) => setTimeout(resolve, POLL_MS));
			}
			const isOver = words.mayBreak ? hasEnded(board) : board.child.exitCode === RESTART_STATUS;
			await board.stop("SIGKILL");
			if (isOver) return new HostBoot(board, undefined);
			throw error;
		}
	}

	get log(): string {
		return this.board.stderr;
	}

	get hasEnded(): boolean {
		return hasEnded(this.board);
	}

	/** The power goes. */
	async cut(): Promise<void> {
		this.#line?.close();
		await this.board.stop("SIGKILL");
	}

	/** Lets the board come to its end, as before a restart. */
	async ended(): Promise<BoardEnd> {
		this.#line?.close();
		return await this.board.end();
	}

	async report(): Promise<{
		readonly report: UpdateReport;
		readonly digest?: Uint8Array;
		readonly offset?: number;
	}> {
		const answer = await this.line.call("update-status");
		if (!answer.ok) throw new Error(`update-status: ${answer.reason}`);
		const report = decodeUpdateReport(answer.value.bytes(0, { min: 1, max: 512 }) ?? new Uint8Array(0));
		if (!report.ok) throw new Error("the board reports what is no report");
		const digest = answer.value.bytes(1, 32);
		const offset = answer.value.uint(2);
		return { report: report.value, ...(digest && { digest }), ...(offset !== undefined && { offset }) };
	}

	async offer({ message, statement }: Release): Promise<void> {
		for (const piece of encodePieces(encodeOffer({ manifest: message, freshness: statement }))) {
			const answer = await this.line.call("update-offer", piece);
			// Too soon, or the bolt drives: whoever serves it offers again.
			if (!answer.ok && answer.reason === "later") return;
			if (!answer.ok && answer.reason !== "refused") throw new Error(`update-offer: ${answer.reason}`);
		}
	}

	async bring(bundle: Uint8Array): Promise<void> {
		for (const piece of encodePieces(bundle)) {
			const answer = await this.line.call("trust", piece);
			if (!answer.ok) throw new Error(`trust: ${answer.reason}`);
		}
	}

	async send(release: Release, digest: Uint8Array, offset: number): Promise<void> {
		const object = release.objects.get(toHex(digest));
		if (object === undefined) throw new Error("the board wants what nobody has");
		const chunkEnd = offset - (offset % LIMITS.chunkBytes) + LIMITS.chunkBytes;
		const end = Math.min(offset + LIMITS.objectPieceBytes, chunkEnd, object.length);
		await this.line.call("update-piece", { 0: digest, 1: offset, 2: object.slice(offset, end) });
	}
}

/**
 * Serves the release through as many boots as it takes, until `isDone` says so of a report. The last boot, running; rejects when it
 * is not there in time. `onBoot` gives the words of the nth boot, `onEnd` is told of each that ended by itself.
 */
export async function serveUntil(
	state: string,
	{ release, trust }: Service,
	isDone: (report: UpdateReport, boot: HostBoot) => boolean,
	limitMs: number,
	onBoot: (number: number) => BootWords = () => ({}),
	onEnd: (boot: HostBoot, end: BoardEnd) => void = () => undefined,
): Promise<HostBoot> {
	const endMs = performance.now() + limitMs;
	let log = "";
	for (let number = 0; performance.now() < endMs; number++) {
		const boot = await HostBoot.start(state, onBoot(number));
		boot.earlier = log;
		try {
			while (performance.now() < endMs) {
				const { report, digest, offset } = await boot.report();
				if (isDone(report, boot)) return boot;
				if (trust !== undefined && report.trustVersion < trust.version) await boot.bring(trust.message);
				else if (digest !== undefined && offset !== undefined) await boot.send(release, digest, offset);
				else {
					if (report.state === "idle" || report.state === "parked") await boot.offer(release);
					await new Promise((resolve) => setTimeout(resolve, POLL_MS));
				}
			}
		} catch (error) {
			// It restarts in the middle of whatever was asked of it.
			if (!(error instanceof SerialFault) || !(await endsSoon(boot))) throw error;
		}
		log += boot.log;
		onEnd(boot, await boot.ended());
	}
	throw new Error(`not in time:\n${log}`);
}

async function endsSoon(boot: HostBoot): Promise<boolean> {
	for (let waited = 0; waited < 100 && !boot.hasEnded; waited++) {
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	return boot.hasEnded;
}

/** By the kernel, which knows it before Node does. */
function runs({ child }: Board): boolean {
	try {
		return !/\) [ZX] /.test(readFileSync(`/proc/${child.pid}/stat`, "latin1"));
	} catch {
		return false;
	}
}

function hasEnded({ child }: Board): boolean {
	return child.exitCode !== null || child.signalCode !== null;
}

export function removeState(state: string): void {
	rmSync(state, { recursive: true, force: true });
}
