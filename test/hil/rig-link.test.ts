/** The computer's end and the rig's end of the line, over bytes that a bad cable damages: every edge once and in order, every command once. */

import { Noise } from "../../tools/hil/noise.ts";
import { bootTag, KEPT_EVENTS, type RigChannel, RigCore } from "../../tools/hil/rig-core.ts";
import { encodeRigLine, RigLineReader } from "../../tools/hil/rig-line.ts";
import { type OpenByteLine, RigLink } from "../../tools/hil/rig-link.ts";
import type { RigRole } from "../../tools/hil/rig-message.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually, pause } from "../tools/support/temporary.ts";

const CHANNELS: readonly RigChannel[] = [
	{ role: "button", way: "drive" },
	{ role: "drive-throw", way: "sense" },
	{ role: "power", way: "relay" },
];
const TICK_MS = 40;

/** A rig and a line to it in memory. */
class Loop {
	readonly driven: (readonly [RigRole, boolean])[] = [];
	readonly heard: (readonly [RigRole, boolean, number])[] = [];
	readonly faults: string[] = [];
	readonly #noise: Noise;
	readonly #tick: NodeJS.Timeout;
	#toComputer: ((bytes: Uint8Array) => void) | undefined;
	core: RigCore;
	link: RigLink | undefined;
	silent = false;

	constructor(seed: number, perMille: number) {
		this.#noise = new Noise(seed, perMille);
		this.core = this.start("00000001");
		this.#tick = setInterval(() => !this.silent && this.core.tick(), TICK_MS);
	}

	start(boot: string, version = 1): RigCore {
		const started = performance.now();
		return new RigCore({
			identity: { target: "virtual", name: "loop", resolutionUs: 10, driftPpm: 50 },
			boot: version === 1 ? boot : bootTag(Uint8Array.of(9, 9, 9, 9)),
			channels: CHANNELS,
			kept: KEPT_EVENTS,
			nowUs: () => Math.round((performance.now() - started) * 1_000),
			after: (delayUs, callback) => {
				const timer = setTimeout(callback, delayUs / 1_000);
				return () => clearTimeout(timer);
			},
			send: (line) => {
				if (!this.silent) setImmediate(() => this.#toComputer?.(this.#noise.damage(line)));
			},
			drive: (channel, level) => this.driven.push([CHANNELS[channel]!.role, level]),
		});
	}

	get open(): OpenByteLine {
		return (handlers) => {
			this.#toComputer = (bytes) => handlers.onBytes(bytes);
			return {
				send: async (bytes) => {
					if (!this.silent) setImmediate(() => this.core.receive(this.#noise.damage(bytes)));
				},
				close: () => undefined,
			};
		};
	}

	async connect(): Promise<RigLink> {
		this.link = await RigLink.open(this.open, {
			onEdge: (role, level, atUs) => this.heard.push([role, level, atUs]),
			onFault: (text) => this.faults.push(text),
		});
		return this.link;
	}

	close(): void {
		clearInterval(this.#tick);
		this.link?.close();
	}
}

async function withLoop(
	seed: number,
	perMille: number,
	work: (loop: Loop, link: RigLink) => Promise<void>,
): Promise<void> {
	const loop = new Loop(seed, perMille);
	try {
		await work(loop, await loop.connect());
	} finally {
		loop.close();
	}
}

export default function suite(t: Suite): void {
	t.test(
		"over a line that damages one byte in a hundred, every edge is heard once and in order, and every command is done once (T15, T19)",
		({ random, note }) =>
			withLoop(random.below(1_000_000), 10, async (loop, link) => {
				const made: number[] = [];
				const before = loop.heard.length;
				let high = false;
				for (let count = 0; count < 150; count++) {
					high = !high;
					made.push(1_000_000 + count);
					loop.core.edge(1, high, 1_000_000 + count);
					if (count % 10 === 0) await link.set("button", count % 20 === 0);
					await pause(random.below(4));
				}
				await link.settled();
				const edges = loop.heard.slice(before).filter(([role]) => role === "drive-throw");
				check.deepEqual(
					edges.map(([, , atUs]) => atUs),
					made,
				);
				check.deepEqual(
					edges.map(([, level]) => level),
					made.map((_, index) => index % 2 === 0),
				);
				check.deepEqual(
					loop.driven.map(([, level]) => level),
					Array.from({ length: 15 }, (_, index) => index % 2 === 0),
				);
				check.equal(link.fault, undefined);
				note(JSON.stringify(link.counts));
				check.ok(link.counts.dropped > 10 && link.counts.replays > 0, "the line was not noisy");
			}),
	);

	t.test(
		"the pin map, the clock and what the rig says of itself are read, and a role without a channel is refused",
		() =>
			withLoop(1, 0, async (_loop, link) => {
				check.deepEqual(link.identity, { target: "virtual", name: "loop", resolutionUs: 10, driftPpm: 50 });
				check.deepEqual(
					link.pins.map(({ role, way }) => `${role} ${way}`),
					["button drive", "drive-throw sense", "power relay"],
				);
				check.ok(link.has("power", "relay") && !link.has("power", "drive"));
				await check.rejects(link.set("brake", true), "no channel for brake");
				await check.rejects(link.set("drive-throw", true), "way");
			}),
	);

	t.test("a trip takes the power so long after the edge, by the rig itself, and once (T12)", () =>
		withLoop(2, 0, async (loop, link) => {
			await link.set("power", true);
			await link.trip("drive-throw", 30, "power");
			await check.rejects(link.trip("drive-throw", 30, "power"), "busy");
			const started = performance.now();
			loop.core.edge(1, true, 5);
			const isOff = (): boolean => loop.driven.at(-1)?.[1] === false;
			check.ok(await eventually(isOff, 5_000));
			check.ok(performance.now() - started >= 28);
			await link.set("power", true);
			loop.core.edge(1, false, 6);
			loop.core.edge(1, true, 7);
			await pause(80);
			check.deepEqual(loop.driven.at(-1), ["power", true], "it tripped twice");
		}),
	);

	t.test("a rig that starts over is a fault that stays, and no command is given to it any more (T19)", () =>
		withLoop(3, 0, async (loop, link) => {
			loop.core = loop.start("00000002");
			check.ok(await eventually(() => link.fault !== undefined, 5_000));
			check.deepEqual(loop.faults, ["the rig started over"]);
			const { length } = loop.driven;
			await check.rejects(link.set("button", true), "started over");
			check.equal(loop.driven.length, length);
		}),
	);

	t.test("events that the rig keeps no more, and a rig that falls silent, are faults (T19)", async () => {
		await withLoop(4, 0, async (loop, link) => {
			// More than it keeps, while the line is dead.
			loop.silent = true;
			for (let count = 0; count < 2 * KEPT_EVENTS; count++) loop.core.edge(1, count % 2 === 0, count);
			loop.silent = false;
			check.ok(await eventually(() => link.fault !== undefined, 10_000));
			check.equal(link.fault, "the rig lost events");
		});
		await withLoop(5, 0, async (loop, link) => {
			loop.silent = true;
			check.ok(await eventually(() => link.fault !== undefined, 15_000));
			check.equal(link.fault, "the rig is silent");
		});
	});

	t.test("what answers nothing, or is no rig of this version, is no rig", async () => {
		const mute: OpenByteLine = () => ({ send: async () => undefined, close: () => undefined });
		const handlers = { onEdge: () => undefined, onFault: () => undefined };
		await check.rejects(RigLink.open(mute, handlers), "no rig answers hello");
		const other: OpenByteLine = (hear) => {
			const reader = new RigLineReader();
			return {
				close: () => undefined,
				send: async (bytes) =>
					reader.push(bytes, (message) => {
						if (message.kind !== "command") return;
						const answer = { kind: "no", code: "version" } as const;
						const line = encodeRigLine({ kind: "reply", boot: "0a0a0a0a", id: message.id, answer });
						setImmediate(() => hear.onBytes(line));
					}),
			};
		};
		await check.rejects(RigLink.open(other, handlers), "does not speak version 1");
		await check.rejects(RigLink.open("/nonexistent/rig", handlers), "rig:");
	});
}
