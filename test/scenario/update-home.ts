/**
 * A house whose lock takes releases, as processes and as a user would: images of this firmware under other numbers, packed and signed by the
 * development holders at the command line, a phone at the lock's local network. `close` leaves nothing behind.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialFault } from "../../tools/factory/serial-port.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import { House } from "../../tools/start/house.ts";
import { standingAlone } from "../../tools/trust/bundle-file.ts";
import { ensureTrust, newestBundlePath, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { deliverBundle } from "../../tools/trust/line-delivery.ts";
import { type Numbers, numberedImage } from "../../tools/update/numbered-image.ts";
import { RELEASE_FILES } from "../../tools/update/release.ts";
import { check } from "../harness/test.ts";
import { type CommandEnd, RunningCommand, runCommand } from "../tools/support/command.ts";
import { eventually } from "../tools/support/temporary.ts";
import { scenarioBoard } from "./scenario-board.ts";

const PORT_MS = 15_000;
const PRESSES = 3;
const WINDOW_MS = 5_000;
const LINE_TRIES = 5;
const SLOT_FILE = /^slot-\d/;

/** What the lock's images are, where they are not those of the product. */
export interface HomeImages {
	/** Their program: a compiled module from the root of what was compiled, without ".js". */
	readonly main?: string;
	readonly boardWords?: readonly string[];
}

/** Of the image that such a lock leaves its factory line with. */
const FIRST: Numbers = Object.freeze({ version: "0.1.0", sequence: 1 });

export class UpdateHome {
	readonly dir: string;
	readonly house: House;
	readonly #lines: string[];
	readonly #main: string | undefined;

	private constructor(dir: string, house: House, lines: string[], main: string | undefined) {
		this.#main = main;
		this.dir = dir;
		this.house = house;
		this.#lines = lines;
	}

	/** A sealed lock, claimed by the phone of `ada`; its relay is gone. */
	static async open(images: HomeImages = {}): Promise<UpdateHome> {
		return await UpdateHome.#openWith(async (home) => {
			await home.house.startRelay();
			await home.house.startBoard();
			await home.claim();
		}, images);
	}

	/** A board that the factory line has begun and given trust, and no more; `claim` does the rest. */
	static async openUnsealed(): Promise<UpdateHome> {
		return await UpdateHome.#openWith(async (home) => {
			const { dir, house } = home;
			const { devicePort } = await house.startRelay();
			await house.startBoard();
			const trust = ensureTrust(join(dir, "pki"), [
				{ host: "127.0.0.1", port: devicePort, name: "localhost" },
			]);
			const line = await home.openLine();
			try {
				check.accepted(await line.call("begin", { 0: "LK-PUSHED0001", 1: "latchkey-linux" }));
				await deliverBundle(line, standingAlone(trust.file));
			} finally {
				line.close();
			}
		});
	}

	static async #openWith(
		prepare: (home: UpdateHome) => Promise<void>,
		{ main, boardWords = [] }: HomeImages = {},
	): Promise<UpdateHome> {
		const dir = mkdtempSync(join(tmpdir(), "latchkey-update-"));
		const lines: string[] = [];
		const first = main === undefined ? undefined : makeImage(dir, FIRST, main);
		const house = await House.open({
			dir,
			local: true,
			...scenarioBoard("--pins-wait", "3000", ...(main === undefined ? [] : ["--main", main]), ...boardWords),
			...(first !== undefined && { image: first }),
			onBoardLine: (line) => void lines.push(line),
		});
		const home = new UpdateHome(dir, house, lines, main);
		try {
			await prepare(home);
		} catch (error) {
			await home.close();
			throw new Error(`${(error as Error).message}\n${home.log}`);
		}
		return home;
	}

	/** Sealed by the factory line, paired with the phone of `ada`; the relay goes. */
	async claim(): Promise<void> {
		const { house } = this;
		await house.provision();
		await house.waitForLink();
		await house.stopRelay();
		check.ok(await this.#openWindow(), this.log);
		this.succeeded(await this.phone("pair", "--label", house.labelText!));
	}

	/** Presses again where nothing came of it: a board that was off the processor meanwhile saw a bounce. */
	async #openWindow(): Promise<boolean> {
		const { mechanism } = this.house;
		for (let presses = 0; presses < PRESSES; presses++) {
			await mechanism.press("button", 300);
			if (await mechanism.waitFor(() => mechanism.output("indicator"), WINDOW_MS)) return true;
		}
		return false;
	}

	get log(): string {
		return this.#lines.join("\n");
	}

	get line(): string {
		return join(this.dir, "serial");
	}

	/** The verbs of a board that may have been switched on just now. */
	async openLine(): Promise<VerbLine> {
		check.ok(await eventually(() => existsSync(this.line), PORT_MS), this.log);
		for (let tries = 1; ; tries++) {
			const line = VerbLine.onPort(this.line);
			try {
				await line.call("identify");
				return line;
			} catch (error) {
				line.close();
				if (!(error instanceof SerialFault) || tries === LINE_TRIES) throw error;
			}
		}
	}

	/** Where the lock's local network is now. */
	async local(): Promise<readonly string[]> {
		check.ok(await eventually(() => this.house.localPort !== undefined, PORT_MS), this.log);
		return ["--local", `127.0.0.1:${this.house.localPort}`];
	}

	/** One command of `latchkey phone`, over the local network. */
	async phone(name: string, ...words: readonly string[]): Promise<CommandEnd> {
		return await runCommand("phone", name, "--dir", join(this.dir, "ada"), ...(await this.local()), ...words);
	}

	/** `latchkey phone update`, over the local network. */
	async phoneUpdate(name: string, ...words: readonly string[]): Promise<CommandEnd> {
		const way = ["--dir", join(this.dir, "ada"), ...(await this.local())];
		return await runCommand("phone", "update", name, ...way, ...words);
	}

	/** `latchkey update push`, over the local network of the port that the lock has now. */
	async pushLocally(release: string, ...words: readonly string[]): Promise<RunningCommand> {
		return this.push(release, "--dir", join(this.dir, "ada"), ...(await this.local()), ...words);
	}

	push(release: string, ...words: readonly string[]): RunningCommand {
		const command = ["update", "push", "--release", join(this.dir, release), ...words];
		return new RunningCommand(command, PUSH_MS);
	}

	/** The firmware of this checkout under other numbers. The image's path. */
	image(numbers: Numbers): string {
		return makeImage(this.dir, numbers, this.#main);
	}

	/** A release of an image; by its two holders and fresh unless it is to lack that. */
	async release(
		name: string,
		image: string,
		lacks: readonly ("signature" | "freshness")[] = [],
	): Promise<void> {
		const pki = join(this.dir, "pki");
		const trust = ["--trust", newestBundlePath(pki)!];
		const folder = join(this.dir, name);
		const done = async (...words: readonly string[]): Promise<void> => {
			this.succeeded(await runCommand("update", ...words, ...trust));
		};
		await done("pack", "--out", folder, "--hardware-class", "latchkey-linux", "--image", image);
		const holders = lacks.includes("signature") ? ["release-1"] : ["release-1", "release-2"];
		for (const holder of holders)
			await done("sign", "--manifest", folder, "--key", TRUST_FILES.key(pki, holder), "--yes");
		if (lacks.includes("freshness") || lacks.includes("signature")) return;
		await done("freshness", "--release", folder, "--key", TRUST_FILES.key(pki, "freshness"));
	}

	/** The bundle after the newest one, with a relay more. Its path; locks do not have it. */
	nextBundle(): string {
		const pki = join(this.dir, "pki");
		const relays = [1, 2].map((port) => ({ host: "127.0.0.1", port, name: "localhost" }));
		check.equal(ensureTrust(pki, relays).outcome, "next-version");
		return newestBundlePath(pki)!;
	}

	/** Of a release's image. */
	digestOf(release: string): string {
		return createHash("sha256")
			.update(readFileSync(RELEASE_FILES.image(join(this.dir, release))))
			.digest("hex");
	}

	/** Neither slot holds an image any more. The power is off. */
	wreckSlots(): void {
		const board = join(this.dir, "board");
		const slots = readdirSync(board).filter((name) => SLOT_FILE.test(name));
		check.equal(slots.length, 2, readdirSync(board).join(" "));
		for (const slot of slots) {
			const bytes = readFileSync(join(board, slot));
			bytes.fill(0x5a, 1000, 3000);
			writeFileSync(join(board, slot), bytes);
		}
	}

	succeeded(end: CommandEnd): CommandEnd {
		check.equal(end.status, 0, `${end.stdout}${end.stderr}\n${this.log}`);
		return end;
	}

	/** One line, and status 1. */
	refused(end: CommandEnd, says: RegExp): void {
		check.equal(end.status, 1, `${end.stdout}${end.stderr}\n${this.log}`);
		check.ok(says.test(end.stderr) && end.stderr.trim().split("\n").length === 1, end.stderr);
	}

	async close(): Promise<void> {
		await this.house.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}

/** A download, a quiet moment, a trial. */
const PUSH_MS = 150_000;

function makeImage(dir: string, numbers: Numbers, main: string | undefined): string {
	const path = join(dir, `image-${numbers.sequence}`);
	writeFileSync(path, numberedImage(numbers, main));
	return path;
}
