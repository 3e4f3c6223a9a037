/**
 * A computer's end of the line to a rig (docs/RIG.md 4): greets it, reads its pin map, gives commands, hears edges. Every command is
 * repeated until it is answered, and has an end; an event that was lost is asked for again; a rig that started over, is silent, or has
 * lost events for good is a fault that stays, since what was seen meanwhile proves nothing.
 */
import { SerialFault, SerialPort } from "../factory/serial-port.ts";
import { HilFault } from "./hil-fault.ts";
import { encodeRigLine, RigLineReader } from "./rig-line.ts";
import {
	RIG_LIMITS,
	RIG_VERSION,
	type RigAnswer,
	type RigCommand,
	type RigEvent,
	type RigIdentity,
	type RigMessage,
	type RigRole,
	type RigWay,
} from "./rig-message.ts";

export interface RigPin {
	readonly channel: number;
	readonly role: RigRole;
	readonly way: RigWay;
}

export interface RigLinkHandlers {
	/** In the order in which they were, each once. */
	onEdge(role: RigRole, level: boolean, atUs: number): void;
	/** Once. */
	onFault(text: string): void;
}

export interface RigCounts {
	readonly lines: number;
	readonly dropped: number;
	readonly noise: number;
	readonly repeated: number;
	readonly replays: number;
}

/** What bytes come and go by: a port, or what a test puts in its place. */
export interface ByteLine {
	send(bytes: Uint8Array): Promise<void>;
	close(): void;
}
export type OpenByteLine = (handlers: { onBytes(bytes: Uint8Array): void; onClosed(): void }) => ByteLine;

const ANSWER_MS = 250;
const ATTEMPTS = 24;
const SILENCE_MS = 5_000;
const LOOK_MS = 50;
const SETTLED_MS = 10_000;
const AHEAD_MAX = 1_024;

interface Waiting {
	readonly id: number;
	readonly settle: (answer: RigAnswer | undefined) => void;
}

export class RigLink {
	readonly #line: ByteLine;
	readonly #handlers: RigLinkHandlers;
	readonly #reader = new RigLineReader();
	readonly #pins: RigPin[] = [];
	#boot: string | undefined;
	#identity: RigIdentity | undefined;
	#queue: Promise<unknown> = Promise.resolve();
	#waiting: Waiting | undefined;
	#id = 0;
	#last = 0;
	/** Events whose turn has not come. */
	readonly #ahead = new Map<number, RigEvent>();
	/** An event is missing. */
	#hasGap = false;
	#isReplaying = false;
	#heardMs = performance.now();
	#fault: string | undefined;
	#closed = false;
	#look: NodeJS.Timeout | undefined;
	#repeated = 0;
	#replays = 0;

	private constructor(open: OpenByteLine, handlers: RigLinkHandlers) {
		this.#handlers = handlers;
		this.#line = open({
			onBytes: (bytes) => this.#reader.push(bytes, (message) => this.#receive(message)),
			onClosed: () => this.#fail("the rig's line went away"),
		});
	}

	/** Rejects with HilFault when there is no rig, or one that speaks another version. */
	static async open(open: string | OpenByteLine, handlers: RigLinkHandlers): Promise<RigLink> {
		const link = new RigLink(typeof open === "string" ? portOf(open) : open, handlers);
		try {
			await link.#greet();
		} catch (error) {
			link.close();
			throw error;
		}
		return link;
	}

	get identity(): RigIdentity {
		if (this.#identity === undefined) throw new HilFault("the rig was not greeted");
		return this.#identity;
	}

	get pins(): readonly RigPin[] {
		return this.#pins;
	}

	/** Why nothing that was seen since counts. */
	get fault(): string | undefined {
		return this.#fault;
	}

	get counts(): RigCounts {
		return { ...this.#reader.counts, repeated: this.#repeated, replays: this.#replays };
	}

	has(role: RigRole, way: RigWay): boolean {
		return this.#pins.some((pin) => pin.role === role && pin.way === way);
	}

	/** When the rig did it, by its clock. Rejects with HilFault. */
	async set(role: RigRole, level: boolean): Promise<number> {
		return await this.#do({ verb: "set", channel: this.#channelOf(role), level });
	}

	/** `delayMs` after `when` goes high the rig itself switches `role` off. One trip at a time. */
	async trip(when: RigRole, delayMs: number, role: RigRole): Promise<void> {
		const delayUs = Math.round(delayMs * 1_000);
		const [watched, channel] = [this.#channelOf(when), this.#channelOf(role)];
		await this.#do({ verb: "trip", when: watched, whenLevel: true, delayUs, channel, level: false });
	}

	async untrip(): Promise<void> {
		await this.#do({ verb: "untrip" });
	}

	/** Every event up to now is heard. Rejects with HilFault. */
	async settled(): Promise<void> {
		const hello = await this.#ask({ verb: "hello", version: RIG_VERSION });
		if (hello.kind !== "hello") throw new HilFault("the rig does not say what its last event was");
		const deadline = performance.now() + SETTLED_MS;
		while (this.#last < hello.last) {
			if (this.#fault !== undefined) throw new HilFault(this.#fault);
			if (performance.now() > deadline) throw new HilFault("the rig does not repeat its events");
			this.#hasGap = true;
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
	}

	/** Idempotent. */
	close(): void {
		this.#closed = true;
		clearInterval(this.#look);
		this.#waiting?.settle(undefined);
		this.#line.close();
	}

	async #greet(): Promise<void> {
		const hello = await this.#ask({ verb: "hello", version: RIG_VERSION });
		if (hello.kind === "no") throw new HilFault(`the rig does not speak version ${RIG_VERSION}`);
		if (hello.kind !== "hello" || hello.version !== RIG_VERSION) throw new HilFault("what answers is no rig");
		const { target, name, resolutionUs, driftPpm } = hello;
		this.#identity = { target, name, resolutionUs, driftPpm };
		for (let index = 0; index < hello.channels; index++) {
			const answer = await this.#ask({ verb: "channel", index });
			if (answer.kind !== "channel" || answer.index !== index)
				throw new HilFault(`the rig does not say what its channel ${index} is`);
			if (this.#pins.some(({ role }) => role === answer.role))
				throw new HilFault(`the rig has two channels for ${answer.role}`);
			this.#pins.push({ channel: index, role: answer.role, way: answer.way });
		}
		await this.#readLevels();
		this.#heardMs = performance.now();
		this.#look = setInterval(() => this.#lookAfterIt(), LOOK_MS);
	}

	/** Events before it are of nobody's run; those after it are all heard. */
	async #readLevels(): Promise<void> {
		for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
			const before = await this.#ask({ verb: "hello", version: RIG_VERSION });
			const read = await this.#ask({ verb: "read" });
			const after = await this.#ask({ verb: "hello", version: RIG_VERSION });
			if (before.kind !== "hello" || read.kind !== "levels" || after.kind !== "hello") break;
			if (before.last !== after.last) continue;
			if (read.levels.length !== this.#pins.length) break;
			this.#last = after.last;
			for (const { channel, role } of this.#pins)
				this.#handlers.onEdge(role, read.levels[channel]!, read.atUs);
			return;
		}
		throw new HilFault("the rig does not read its wires");
	}

	#channelOf(role: RigRole): number {
		const pin = this.#pins.find((each) => each.role === role);
		if (pin === undefined) throw new HilFault(`the rig has no channel for ${role}`);
		return pin.channel;
	}

	async #do(command: RigCommand): Promise<number> {
		const answer = await this.#ask(command);
		if (answer.kind === "done") return answer.atUs;
		const why = answer.kind === "no" ? answer.code : answer.kind;
		throw new HilFault(`the rig refuses ${command.verb}: ${why}`);
	}

	/** One at a time. */
	#ask(command: RigCommand): Promise<RigAnswer> {
		const asked = this.#queue.then(() => this.#exchange(command));
		this.#queue = asked.catch(() => undefined);
		return asked;
	}

	async #exchange(command: RigCommand): Promise<RigAnswer> {
		this.#id = (this.#id + 1) % (RIG_LIMITS.id + 1);
		const id = this.#id;
		const line = encodeRigLine({ kind: "command", id, command });
		for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
			if (this.#fault !== undefined) throw new HilFault(this.#fault);
			if (this.#closed) throw new HilFault("the rig's line is closed");
			if (attempt > 0) this.#repeated++;
			const answer = await this.#once(id, line);
			if (answer !== undefined) return answer;
		}
		throw new HilFault(`no rig answers ${command.verb}`);
	}

	#once(id: number, line: Uint8Array): Promise<RigAnswer | undefined> {
		return new Promise((resolve) => {
			const settle = (answer: RigAnswer | undefined): void => {
				clearTimeout(late);
				this.#waiting = undefined;
				resolve(answer);
			};
			const late = setTimeout(() => settle(undefined), ANSWER_MS);
			this.#waiting = { id, settle };
			this.#line.send(line).catch(() => undefined);
		});
	}

	#receive(message: RigMessage): void {
		// What the computer said itself comes back where a line echoes.
		if (message.kind === "command" || this.#closed) return;
		this.#heardMs = performance.now();
		if (message.kind === "reply" && this.#waiting?.id === message.id) this.#boot ??= message.boot;
		if (this.#boot === undefined) return;
		if (message.boot !== this.#boot) return this.#fail("the rig started over");
		if (message.kind === "reply") {
			if (this.#waiting?.id === message.id) this.#waiting.settle(message.answer);
		} else if (this.#look === undefined) return;
		else if (message.kind === "event") this.#hear(message.event);
		else if (message.last > this.#last) this.#hasGap = true;
	}

	/** What comes before its turn waits for it, as far as there is room; the replay brings the rest. */
	#hear(event: RigEvent): void {
		if (event.sequence <= this.#last) return;
		if (this.#ahead.size < AHEAD_MAX || event.sequence === this.#last + 1)
			this.#ahead.set(event.sequence, event);
		for (let next = this.#ahead.get(this.#last + 1); next; next = this.#ahead.get(this.#last + 1)) {
			this.#last = next.sequence;
			this.#ahead.delete(next.sequence);
			const pin = this.#pins[next.channel];
			if (pin !== undefined) this.#handlers.onEdge(pin.role, next.level, next.atUs);
		}
		this.#hasGap = this.#ahead.size > 0;
	}

	#lookAfterIt(): void {
		const nowMs = performance.now();
		if (nowMs - this.#heardMs > SILENCE_MS) return this.#fail("the rig is silent");
		if (!this.#hasGap || this.#isReplaying || this.#fault !== undefined) return;
		this.#hasGap = false;
		this.#replays++;
		this.#isReplaying = true;
		this.#ask({ verb: "replay", from: this.#last + 1 }).then(
			(answer) => {
				this.#isReplaying = false;
				if (answer.kind === "no") this.#fail("the rig lost events");
			},
			() => this.#fail("the rig does not repeat its events"),
		);
	}

	#fail(text: string): void {
		if (this.#fault !== undefined || this.#closed) return;
		this.#fault = text;
		this.#waiting?.settle(undefined);
		this.#handlers.onFault(text);
	}
}

function portOf(path: string): OpenByteLine {
	return (handlers) => {
		try {
			return SerialPort.open(path, handlers);
		} catch (error) {
			if (error instanceof SerialFault) throw new HilFault(`rig: ${error.message}`);
			throw error;
		}
	};
}
