/** Rows for decoders of tools/hil: the line to a rig, and reports of runs, which anybody may have written. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { DRIVER_NAMES } from "../../../tools/hil/driver.ts";
import { decodeRigLine, encodeRigLine, RigLineReader } from "../../../tools/hil/rig-line.ts";
import {
	RIG_CODES,
	RIG_LIMITS,
	RIG_ROLES,
	RIG_TARGETS,
	RIG_WAYS,
	type RigAnswer,
	type RigCommand,
	type RigMessage,
} from "../../../tools/hil/rig-message.ts";
import {
	decodeRunReport,
	encodeRunReport,
	OUTCOMES,
	PROOFS,
	type RunReport,
} from "../../../tools/hil/run-report.ts";
import type { Random } from "../../harness/random.ts";
import { accepted, again, type Decoder } from "./decoder.ts";

const LIMITS = RIG_LIMITS;

function randomCommand(random: Random): RigCommand {
	const channel = (): number => random.below(LIMITS.channels);
	switch (random.below(7)) {
		case 0:
			return { verb: "hello", version: random.below(3) };
		case 1:
			return { verb: "channel", index: channel() };
		case 2:
			return { verb: "read" };
		case 3:
			return { verb: "set", channel: channel(), level: random.boolean() };
		case 4:
			return {
				verb: "trip",
				when: channel(),
				whenLevel: random.boolean(),
				delayUs: random.pick([0, 150_000, LIMITS.delayUs]),
				channel: channel(),
				level: random.boolean(),
			};
		case 5:
			return { verb: "untrip" };
		default:
			return { verb: "replay", from: random.pick([1, 77, LIMITS.sequence]) };
	}
}

function randomAnswer(random: Random): RigAnswer {
	const atUs = random.pick([0, 1_234_567, LIMITS.timeUs]);
	switch (random.below(5)) {
		case 0:
			return {
				kind: "hello",
				version: 1,
				target: random.pick(RIG_TARGETS),
				name: random.pick(["a", "pico-2040", "x".repeat(LIMITS.nameBytes)]),
				resolutionUs: random.pick([1, 10, LIMITS.resolutionUs]),
				driftPpm: random.pick([0, 50, LIMITS.driftPpm]),
				channels: random.between(1, LIMITS.channels),
				kept: random.pick([LIMITS.keptMin, LIMITS.keptMax]),
				last: random.pick([0, 9, LIMITS.sequence]),
			};
		case 1: {
			const index = random.below(LIMITS.channels);
			return { kind: "channel", index, role: random.pick(RIG_ROLES), way: random.pick(RIG_WAYS) };
		}
		case 2: {
			const levels = Array.from({ length: random.between(1, LIMITS.channels) }, () => random.boolean());
			return { kind: "levels", atUs, levels };
		}
		case 3:
			return { kind: "done", atUs };
		default:
			return { kind: "no", code: random.pick(RIG_CODES) };
	}
}

function randomMessage(random: Random): RigMessage {
	const boot = random.pick(["00000000", "deadbeef", "0123abcd"]);
	const id = random.pick([0, 1, LIMITS.id]);
	const atUs = random.pick([0, 42, LIMITS.timeUs]);
	switch (random.below(4)) {
		case 0:
			return { kind: "command", id, command: randomCommand(random) };
		case 1:
			return { kind: "reply", boot, id, answer: randomAnswer(random) };
		case 2: {
			const sequence = random.pick([1, 5, LIMITS.sequence]);
			const channel = random.below(LIMITS.channels);
			return { kind: "event", boot, event: { sequence, atUs, channel, level: random.boolean() } };
		}
		default:
			return { kind: "tick", boot, atUs, last: random.pick([0, 3, LIMITS.sequence]) };
	}
}

function randomReport(random: Random): RunReport {
	const edges = Array.from({ length: random.below(4) }, () => ({
		role: random.pick(RIG_ROLES),
		level: random.boolean(),
		atUs: random.below(1_000_000),
	}));
	const scenario = {
		name: random.text(8),
		shows: random.text(8),
		outcome: random.pick(OUTCOMES),
		reason: random.text(8),
		tookMs: random.below(1_000),
		steps: [{ text: random.text(8), ms: random.below(1_000) }],
		edges,
		edgesCut: random.boolean(),
		log: [random.text(8)],
	};
	const widths = { minUs: 1, medianUs: 2, maxUs: 3, toleranceUs: 4 };
	return {
		format: 1,
		driver: random.pick(DRIVER_NAMES),
		proof: random.pick(PROOFS),
		proven: random.boolean(),
		board: random.text(8),
		firmware: random.text(8),
		instrument: random.text(8),
		resolutionUs: random.below(1_000),
		driftPpm: random.below(1_000),
		startedUnixMs: random.below(1_000_000),
		notes: [random.text(8)],
		scenarios: random.boolean() ? [scenario] : [],
		pulses: [
			{
				name: random.text(8),
				rule: "at most",
				...(random.boolean() ? { expectedMs: 100 } : {}),
				count: 1,
				...widths,
				ok: random.boolean(),
			},
		],
	};
}

const PIECE_BYTES = 7;

export const TOOL_ROWS: readonly Decoder[] = Object.freeze([
	{
		file: "tools/hil/rig-line.ts",
		name: "decodeRigLine",
		valid: (random) => encodeRigLine(randomMessage(random)),
		decode: (bytes) => again(accepted(decodeRigLine(bytes)), encodeRigLine),
	},
	{
		file: "tools/hil/rig-line.ts",
		name: "RigLineReader",
		valid: (random) => encodeRigLine(randomMessage(random)),
		decode(bytes) {
			const reader = new RigLineReader();
			const messages: RigMessage[] = [];
			for (let at = 0; at < bytes.length; at += PIECE_BYTES)
				reader.push(bytes.subarray(at, at + PIECE_BYTES), (message) => messages.push(message));
			return messages.length === 0 ? undefined : () => concatBytes(...messages.map(encodeRigLine));
		},
		loose: "what is no line is passed over",
	},
	{
		file: "tools/hil/run-report.ts",
		name: "decodeRunReport",
		valid: (random) => encodeUtf8(encodeRunReport(randomReport(random))),
		decode: (bytes) => again(accepted(decodeRunReport(bytes)), (value) => encodeUtf8(encodeRunReport(value))),
		loose: "JSON writes the same in many ways, and keys that nobody knows are ignored",
	},
] satisfies readonly Decoder[]);
