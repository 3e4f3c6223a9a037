/** What a computer and a rig say to each other (docs/RIG.md 4), as values; how that stands on the line is rig-line.ts's. */
export const RIG_VERSION = 1;

export const RIG_LIMITS = Object.freeze({
	/** Between "$" and "*". */
	bodyBytes: 96,
	channels: 32,
	/** Of its name. */
	nameBytes: 24,
	id: 65_535,
	/** Of an event; a rig that has counted so far starts over. */
	sequence: 4_294_967_295,
	/** 285 years. */
	timeUs: Number.MAX_SAFE_INTEGER,
	resolutionUs: 1_000_000,
	driftPpm: 10_000,
	delayUs: 60_000_000,
	/** Events that a rig keeps for a replay, at least and at most. */
	keptMin: 64,
	keptMax: 65_535,
});

export const RIG_TARGETS = Object.freeze(["hardware", "virtual"] as const);
/** What a rig says of itself. */
export type RigTarget = (typeof RIG_TARGETS)[number];

/** What a rig is, and how exact its clock. */
export interface RigIdentity {
	readonly target: RigTarget;
	readonly name: string;
	/** No event is stamped farther than this from when it was. */
	readonly resolutionUs: number;
	/** By how much its clock may be wrong. */
	readonly driftPpm: number;
}

export const RIG_WAYS = Object.freeze(["sense", "drive", "relay"] as const);
/** sense: an output of the lock, which the rig reads. drive: an input of the lock. relay: what switches a supply. */
export type RigWay = (typeof RIG_WAYS)[number];

export const RIG_ROLES = Object.freeze([
	"button",
	"exit",
	"thrown",
	"retracted",
	"door",
	"tamper",
	"inhibit",
	"drive-throw",
	"drive-retract",
	"brake",
	"indicator",
	"power",
	"access-point",
] as const);
export type RigRole = (typeof RIG_ROLES)[number];

export const RIG_CODES = Object.freeze(["version", "channel", "way", "busy", "gone"] as const);
export type RigCode = (typeof RIG_CODES)[number];

export type RigCommand =
	| { readonly verb: "hello"; readonly version: number }
	| { readonly verb: "channel"; readonly index: number }
	| { readonly verb: "read" }
	| { readonly verb: "set"; readonly channel: number; readonly level: boolean }
	/** Once `when` is at `whenLevel` and `delayUs` later, the rig itself sets `channel`. */
	| {
			readonly verb: "trip";
			readonly when: number;
			readonly whenLevel: boolean;
			readonly delayUs: number;
			readonly channel: number;
			readonly level: boolean;
	  }
	| { readonly verb: "untrip" }
	/** Sends every event from this one on once more. */
	| { readonly verb: "replay"; readonly from: number };

export type RigAnswer =
	| (RigIdentity & {
			readonly kind: "hello";
			readonly version: number;
			readonly channels: number;
			readonly kept: number;
			/** The last event so far; 0: none. */
			readonly last: number;
	  })
	| { readonly kind: "channel"; readonly index: number; readonly role: RigRole; readonly way: RigWay }
	| { readonly kind: "levels"; readonly atUs: number; readonly levels: readonly boolean[] }
	| { readonly kind: "done"; readonly atUs: number }
	| { readonly kind: "no"; readonly code: RigCode };

export interface RigEvent {
	readonly sequence: number;
	readonly atUs: number;
	readonly channel: number;
	readonly level: boolean;
}

/** `boot`: eight hexadecimal digits that a rig chooses anew whenever it starts. */
export type RigMessage =
	| { readonly kind: "command"; readonly id: number; readonly command: RigCommand }
	| { readonly kind: "reply"; readonly boot: string; readonly id: number; readonly answer: RigAnswer }
	| { readonly kind: "event"; readonly boot: string; readonly event: RigEvent }
	| { readonly kind: "tick"; readonly boot: string; readonly atUs: number; readonly last: number };
