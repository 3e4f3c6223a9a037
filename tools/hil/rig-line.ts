/**
 * The lines between a computer and a rig (docs/RIG.md 4): text, one message a line, each under a CRC-32, so that noise is no message.
 * Neither decoder nor reader throws, whatever comes; a message has one spelling; what is damaged is dropped and counted, and the line
 * after the next "$" is read. Levels are of roles: 1 is active, whatever the wire does.
 */
import { assert, unreachable } from "../../modules/base/assert.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { crc32 } from "../../modules/wire/crc32.ts";
import {
	RIG_CODES,
	RIG_LIMITS,
	RIG_ROLES,
	RIG_TARGETS,
	RIG_WAYS,
	type RigAnswer,
	type RigCommand,
	type RigMessage,
} from "./rig-message.ts";

const START = 0x24; // $
const STAR = 0x2a; // *
const LINE_FEED = 0x0a;
const CRC_DIGITS = 8;
const LINE_BYTES = RIG_LIMITS.bodyBytes + CRC_DIGITS + 3;
const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;
const BOOT = /^[0-9a-f]{8}$/;
const NAME = new RegExp(`^[a-z0-9][a-z0-9-]{0,${RIG_LIMITS.nameBytes - 1}}$`);
const LEVELS = /^[01]{1,32}$/;

function levelText(level: boolean): string {
	return level ? "1" : "0";
}

function commandText(command: RigCommand): string {
	switch (command.verb) {
		case "hello":
			return `hello ${command.version}`;
		case "channel":
			return `channel ${command.index}`;
		case "read":
		case "untrip":
			return command.verb;
		case "set":
			return `set ${command.channel} ${levelText(command.level)}`;
		case "trip": {
			const when = `${command.when} ${levelText(command.whenLevel)} ${command.delayUs}`;
			return `trip ${when} ${command.channel} ${levelText(command.level)}`;
		}
		case "replay":
			return `replay ${command.from}`;
		default:
			return unreachable(command);
	}
}

function answerText(answer: RigAnswer): string {
	switch (answer.kind) {
		case "hello": {
			const { version, target, name, resolutionUs, driftPpm, channels, kept, last } = answer;
			return `hello ${version} ${target} ${name} ${resolutionUs} ${driftPpm} ${channels} ${kept} ${last}`;
		}
		case "channel":
			return `channel ${answer.index} ${answer.role} ${answer.way}`;
		case "levels":
			return `levels ${answer.atUs} ${answer.levels.map(levelText).join("")}`;
		case "done":
			return `done ${answer.atUs}`;
		case "no":
			return `no ${answer.code}`;
		default:
			return unreachable(answer);
	}
}

function bodyOf(message: RigMessage): string {
	switch (message.kind) {
		case "command":
			return `c ${message.id} ${commandText(message.command)}`;
		case "reply":
			return `r ${message.boot} ${message.id} ${answerText(message.answer)}`;
		case "event": {
			const { sequence, atUs, channel, level } = message.event;
			return `e ${message.boot} ${sequence} ${atUs} ${channel} ${levelText(level)}`;
		}
		case "tick":
			return `t ${message.boot} ${message.atUs} ${message.last}`;
		default:
			return unreachable(message);
	}
}

function crcText(body: string): string {
	return (crc32(encodeUtf8(body)) >>> 0).toString(16).padStart(CRC_DIGITS, "0");
}

/** The whole line, its line feed included. */
export function encodeRigLine(message: RigMessage): Uint8Array {
	const body = bodyOf(message);
	assert(body.length <= RIG_LIMITS.bodyBytes, "a line of the rig beyond the limit");
	return encodeUtf8(`$${body}*${crcText(body)}\n`);
}

/** The words of a body, each taken once and in order; what is missing or out of bounds makes the whole line malformed. */
class Words {
	readonly #words: readonly string[];
	#at = 0;
	#flawed = false;

	constructor(body: string) {
		this.#words = body.split(" ");
	}

	/** Everything was there, and nothing is left. */
	get whole(): boolean {
		return !this.#flawed && this.#at === this.#words.length;
	}

	word(): string {
		const word = this.#words[this.#at++];
		if (word === undefined) this.#flawed = true;
		return word ?? "";
	}

	matching(pattern: RegExp): string {
		const word = this.word();
		if (!pattern.test(word)) this.#flawed = true;
		return word;
	}

	number(least: number, most: number): number {
		const value = Number(this.matching(NUMBER));
		if (!(value >= least && value <= most)) this.#flawed = true;
		return value;
	}

	level(): boolean {
		return this.number(0, 1) === 1;
	}

	oneOf<Value extends string>(values: readonly Value[]): Value {
		const word = this.word();
		const found = values.find((value) => value === word);
		if (found === undefined) this.#flawed = true;
		return found ?? values[0]!;
	}

	channel(): number {
		return this.number(0, RIG_LIMITS.channels - 1);
	}
}

const VERBS = Object.freeze(["hello", "channel", "read", "set", "trip", "untrip", "replay"] as const);
const ANSWERS = Object.freeze(["hello", "channel", "levels", "done", "no"] as const);

function readCommand(words: Words): RigCommand {
	const verb = words.oneOf(VERBS);
	switch (verb) {
		case "hello":
			return { verb, version: words.number(0, RIG_LIMITS.id) };
		case "channel":
			return { verb, index: words.channel() };
		case "read":
		case "untrip":
			return { verb };
		case "set":
			return { verb, channel: words.channel(), level: words.level() };
		case "trip": {
			const [when, whenLevel] = [words.channel(), words.level()];
			const delayUs = words.number(0, RIG_LIMITS.delayUs);
			return { verb, when, whenLevel, delayUs, channel: words.channel(), level: words.level() };
		}
		case "replay":
			return { verb, from: words.number(1, RIG_LIMITS.sequence) };
		default:
			return unreachable(verb);
	}
}

function readAnswer(words: Words): RigAnswer {
	const kind = words.oneOf(ANSWERS);
	switch (kind) {
		case "hello":
			return {
				kind,
				version: words.number(0, RIG_LIMITS.id),
				target: words.oneOf(RIG_TARGETS),
				name: words.matching(NAME),
				resolutionUs: words.number(1, RIG_LIMITS.resolutionUs),
				driftPpm: words.number(0, RIG_LIMITS.driftPpm),
				channels: words.number(1, RIG_LIMITS.channels),
				kept: words.number(RIG_LIMITS.keptMin, RIG_LIMITS.keptMax),
				last: words.number(0, RIG_LIMITS.sequence),
			};
		case "channel":
			return { kind, index: words.channel(), role: words.oneOf(RIG_ROLES), way: words.oneOf(RIG_WAYS) };
		case "levels": {
			const atUs = words.number(0, RIG_LIMITS.timeUs);
			return { kind, atUs, levels: [...words.matching(LEVELS)].map((digit) => digit === "1") };
		}
		case "done":
			return { kind, atUs: words.number(0, RIG_LIMITS.timeUs) };
		case "no":
			return { kind, code: words.oneOf(RIG_CODES) };
		default:
			return unreachable(kind);
	}
}

function readMessage(words: Words): RigMessage {
	const kind = words.oneOf(["c", "r", "e", "t"] as const);
	if (kind === "c")
		return { kind: "command", id: words.number(0, RIG_LIMITS.id), command: readCommand(words) };
	const boot = words.matching(BOOT);
	switch (kind) {
		case "r":
			return { kind: "reply", boot, id: words.number(0, RIG_LIMITS.id), answer: readAnswer(words) };
		case "e": {
			const sequence = words.number(1, RIG_LIMITS.sequence);
			const atUs = words.number(0, RIG_LIMITS.timeUs);
			return {
				kind: "event",
				boot,
				event: { sequence, atUs, channel: words.channel(), level: words.level() },
			};
		}
		case "t": {
			const atUs = words.number(0, RIG_LIMITS.timeUs);
			return { kind: "tick", boot, atUs, last: words.number(0, RIG_LIMITS.sequence) };
		}
		default:
			return unreachable(kind);
	}
}

function textOf(bytes: Uint8Array): string {
	return String.fromCharCode(...bytes);
}

/** One whole line, from "$" to its line feed. */
export function decodeRigLine(line: Uint8Array): Result<RigMessage, "malformed"> {
	const star = line.length - CRC_DIGITS - 2;
	if (star < 2 || line.length > LINE_BYTES || line[0] !== START) return refuse("malformed");
	if (line[star] !== STAR || line[line.length - 1] !== LINE_FEED) return refuse("malformed");
	const inside = line.subarray(1, star);
	if (inside.some((byte) => byte < 0x20 || byte > 0x7e || byte === START || byte === STAR))
		return refuse("malformed");
	const body = textOf(inside);
	if (textOf(line.subarray(star + 1, -1)) !== crcText(body)) return refuse("malformed");
	const words = new Words(body);
	const message = readMessage(words);
	return words.whole ? accept(message) : refuse("malformed");
}

/** What a line has seen. */
export interface RigLineCounts {
	lines: number;
	/** Lines that were begun and were none. */
	dropped: number;
	/** Bytes outside lines. */
	noise: number;
}

export class RigLineReader {
	readonly counts: RigLineCounts = { lines: 0, dropped: 0, noise: 0 };
	readonly #line = new Uint8Array(LINE_BYTES);
	/** 0: between lines. */
	#length = 0;

	/** Calls deliver, in order, with each message that bytes complete. They may come in pieces of any size. */
	push(bytes: Uint8Array, deliver: (message: RigMessage) => void): void {
		for (const byte of bytes) {
			if (byte === START) {
				if (this.#length > 0) this.counts.dropped++;
				this.#line[0] = START;
				this.#length = 1;
			} else if (this.#length === 0) this.counts.noise++;
			else if (this.#length === LINE_BYTES) this.#drop();
			else {
				this.#line[this.#length++] = byte;
				if (byte === LINE_FEED) this.#end(deliver);
			}
		}
	}

	#drop(): void {
		this.counts.dropped++;
		this.#length = 0;
	}

	#end(deliver: (message: RigMessage) => void): void {
		const message = decodeRigLine(this.#line.subarray(0, this.#length));
		if (!message.ok) return this.#drop();
		this.counts.lines++;
		this.#length = 0;
		deliver(message.value);
	}
}
