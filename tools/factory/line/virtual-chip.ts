/**
 * The driver for simulated boards: the chip of a bench's station (bench.ts), over the socket in the station's folder. One request
 * and one answer a connection, each one line of JSON.
 */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { accept, type Result, refuse } from "../../../modules/base/result.ts";
import {
	type ChipAnswer,
	type ChipDriver,
	ChipFault,
	type ChipFaultCode,
	type ChipIdentity,
	type ImageFile,
	type WriteManner,
} from "./chip-driver.ts";
import type { Fuse } from "./fuses.ts";
import type { ProvenChip } from "./proven-chip.ts";

export const BENCH_CHIP = "chip";
export const BENCH_SERIAL = "serial";

export type ChipRequest =
	| { readonly do: "look" | "run" | "blank" }
	| { readonly do: "write"; readonly images: readonly ImageFile[]; readonly manner: WriteManner }
	| { readonly do: "burn"; readonly name: string; readonly value: string; readonly purpose?: string };

export type ChipReply =
	| {
			readonly ok: true;
			/** Absent: the chip is closed, and `fuses` are what it then still tells. */
			readonly chip?: ChipIdentity;
			readonly fuses?: Readonly<Record<string, string>>;
			readonly blank?: boolean;
	  }
	| { readonly ok: false; readonly code: ChipFaultCode };

const ANSWER_MS = 20_000;
export const CHIP_LINE_MAX = 65_536;
const CODES: readonly ChipFaultCode[] = Object.freeze([
	"lost",
	"late",
	"secured",
	"output",
	"failed",
	"missing",
]);
const WORD = /^[\w .:-]{1,128}$/;

/** Never throws. */
export function decodeChipReply(text: string): Result<ChipReply, "output"> {
	const value = parse(text);
	if (!isObject(value)) return refuse("output");
	if (value.ok === false) {
		const code = CODES.find((each) => each === value.code);
		return code === undefined ? refuse("output") : accept({ ok: false, code });
	}
	if (value.ok !== true) return refuse("output");
	const chip = value.chip === undefined ? undefined : chipOf(value.chip);
	if (value.chip !== undefined && chip === undefined) return refuse("output");
	const fuses = value.fuses === undefined ? undefined : fusesOf(value.fuses);
	if (value.fuses !== undefined && fuses === undefined) return refuse("output");
	const { blank } = value;
	if (blank !== undefined && typeof blank !== "boolean") return refuse("output");
	return accept({
		ok: true,
		...(blank === undefined ? {} : { blank }),
		...(chip === undefined ? {} : { chip }),
		...(fuses === undefined ? {} : { fuses }),
	});
}

function parse(text: string): unknown {
	if (text.length > CHIP_LINE_MAX) return undefined;
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function chipOf(value: unknown): ChipIdentity | undefined {
	if (!isObject(value)) return undefined;
	const { chip, mac, flashBytes } = value;
	if (typeof chip !== "string" || !WORD.test(chip)) return undefined;
	if (typeof mac !== "string" || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) return undefined;
	if (typeof flashBytes !== "number" || !Number.isSafeInteger(flashBytes) || flashBytes < 1) return undefined;
	return { chip, mac, flashBytes };
}

function fusesOf(value: unknown): Readonly<Record<string, string>> | undefined {
	if (!isObject(value)) return undefined;
	const entries = Object.entries(value);
	const isPlain = entries.every(
		([name, word]) => WORD.test(name) && typeof word === "string" && WORD.test(word),
	);
	return isPlain && entries.length <= 64
		? (Object.fromEntries(entries) as Record<string, string>)
		: undefined;
}

export class VirtualChip implements ChipDriver {
	readonly #folder: string;

	/** The folder of a bench's station. */
	constructor(folder: string) {
		this.#folder = folder;
	}

	serialLine(): string | undefined {
		const path = join(this.#folder, BENCH_SERIAL);
		return existsSync(path) ? path : undefined;
	}

	async look(): Promise<ChipAnswer> {
		const reply = await this.#ask({ do: "look" }).catch((error: unknown) => {
			if (error instanceof ChipFault && error.code === "lost") return undefined;
			throw error;
		});
		if (reply === undefined) return { kind: "silent" };
		const { chip, fuses } = reply;
		if (fuses === undefined) throw new ChipFault("output", "the bench does not say what is burned");
		const reading = new Map(Object.entries(fuses));
		return chip === undefined
			? { kind: "secured", told: reading }
			: { kind: "open", identity: chip, fuses: reading };
	}

	async isBlank(): Promise<boolean> {
		return (await this.#ask({ do: "blank" })).blank === true;
	}

	async write(chip: ProvenChip, images: readonly ImageFile[], manner: WriteManner): Promise<void> {
		chip.spend();
		await this.#ask({ do: "write", images, manner });
	}

	async run(): Promise<void> {
		await this.#ask({ do: "run" });
	}

	async burn(chip: ProvenChip, fuse: Fuse): Promise<void> {
		chip.spend();
		if (fuse.kind === "field") await this.#ask({ do: "burn", name: fuse.name, value: String(fuse.value) });
		else await this.#ask({ do: "burn", name: fuse.block, value: fuse.hex, purpose: fuse.purpose });
	}

	#ask(request: ChipRequest): Promise<Extract<ChipReply, { ok: true }>> {
		return new Promise((resolve, reject) => {
			const socket = connect(join(this.#folder, BENCH_CHIP));
			let text = "";
			const fail = (code: ChipFaultCode, detail: string): void => {
				clearTimeout(deadline);
				socket.destroy();
				reject(new ChipFault(code, detail));
			};
			const deadline = setTimeout(() => fail("late", "the bench does not answer"), ANSWER_MS);
			socket.setEncoding("utf8");
			socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
			socket.on("error", () => fail("lost", "there is no bench"));
			socket.on("close", () => fail("lost", "the bench went away"));
			socket.on("data", (chunk: string) => {
				text += chunk;
				if (text.length > CHIP_LINE_MAX) return fail("output", "the bench says too much");
				if (!text.includes("\n")) return;
				const answer = decodeChipReply(text.slice(0, text.indexOf("\n")));
				if (!answer.ok) return fail("output", "the bench says what is no answer");
				if (!answer.value.ok) return fail(answer.value.code, `the chip: ${answer.value.code}`);
				clearTimeout(deadline);
				socket.destroy();
				resolve(answer.value);
			});
		});
	}
}
