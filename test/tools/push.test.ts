/** `latchkey update push` against a lock that a test plays: what it sends, what it waits for, how it ends. The real one is test/scenario's. */
import { type AddressInfo, createServer } from "node:net";
import { LIMITS } from "../../modules/base/limits.ts";
import type { SlotState } from "../../modules/platform/slots.ts";
import type { UpdateObject } from "../../modules/update/manifest.ts";
import type { Attestation } from "../../modules/wire/attestation.ts";
import type { ObjectPiece } from "../../modules/wire/update-offer.ts";
import type { UpdateReport, UpdateResult, UpdateState } from "../../modules/wire/update-report.ts";
import { oneLine } from "../../tools/cli/fault.ts";
import { plainJson, plainName } from "../../tools/cli/plain-text.ts";
import { Progress } from "../../tools/cli/progress.ts";
import { openLocal } from "../../tools/phone/local-transport.ts";
import type { UpdateStanding, Wanted } from "../../tools/phone/phone-update.ts";
import { Push, type PushOptions } from "../../tools/update/push.ts";
import { type UpdateWay, WayRefusal } from "../../tools/update/push-way.ts";
import type { Release } from "../../tools/update/release.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually } from "./support/temporary.ts";

const IMAGE_BYTES = LIMITS.chunkBytes + 5000;
const DIGEST = new Uint8Array(32).fill(7);

function release(): Release {
	const object: UpdateObject = { bytes: IMAGE_BYTES, digest: DIGEST, chunks: [] } as unknown as UpdateObject;
	return {
		file: {
			payload: new Uint8Array(1),
			signatures: [],
			manifest: { sequence: 5, version: "5.0.0", image: object, deltas: [] },
		},
		message: new Uint8Array(100),
		image: new Uint8Array(IMAGE_BYTES).map((_, index) => index & 0xff),
		deltas: [],
		statement: undefined,
	} as unknown as Release;
}

/** A lock as far as `push` sees one. */
class PlayedLock {
	state: UpdateState = "idle";
	sequence = 4;
	version: string | undefined;
	reverts = 0;
	/** What it attests to run; undefined: it has not read it yet. */
	digest: Uint8Array | undefined = DIGEST;
	runningState: SlotState = "valid";
	/** So often it attests nothing for now. */
	silent = 0;
	result: UpdateResult = "none";
	resultSequence: number | undefined;
	/** The next byte that it wants; undefined: nothing. */
	at: number | undefined;
	readonly pieces: ObjectPiece[] = [];
	offers = 0;
	bundles = 0;
	opens = 0;
	closes = 0;
	refusesOffer: UpdateResult | undefined;
	/** So many pieces are refused for now; so many end the way. */
	busy = 0;
	cuts = 0;
	onComplete: () => void = () => {
		this.state = "waiting";
	};
	/** Called at each look once it waits. */
	onLook: () => void = () => undefined;

	way(): UpdateWay {
		this.opens++;
		return {
			pieceBytes: 2048,
			trust: async () => ++this.bundles,
			offer: async () => {
				this.offers++;
				if (this.refusesOffer !== undefined) {
					this.result = this.refusesOffer;
					throw new WayRefusal("refused", false);
				}
				this.state = "downloading";
				this.at ??= 0;
				return this.#wanted();
			},
			piece: async (piece) => {
				if (this.busy > 0) {
					this.busy--;
					throw new WayRefusal("try-later", true);
				}
				if (this.cuts > 0 && this.pieces.length === 10) {
					this.cuts--;
					throw new Error("the way is gone");
				}
				check.equal(piece.offset, this.at, "what it asked for");
				this.pieces.push(piece);
				this.at = piece.offset + piece.bytes.length;
				if (this.at === IMAGE_BYTES) {
					this.at = undefined;
					this.onComplete();
				}
				return this.#wanted();
			},
			status: async () => {
				if (this.state !== "downloading") this.onLook();
				return this.#standing();
			},
			attest: async () => {
				if (this.silent > 0) {
					this.silent--;
					throw new WayRefusal("try-later", true);
				}
				const { digest: runningDigest, runningState } = this;
				return { runningDigest, runningState } as unknown as Attestation;
			},
			close: () => {
				this.closes++;
			},
		};
	}

	#wanted(): Wanted | undefined {
		return this.at === undefined ? undefined : { digest: DIGEST, offset: this.at };
	}

	#standing(): UpdateStanding {
		const report = {
			state: this.state,
			version: this.version ?? `${this.sequence}.0.0`,
			sequence: this.sequence,
			reverts: this.reverts,
			viaDelta: false,
			goodBytes: this.at ?? 0,
			result: this.result,
			...(this.resultSequence === undefined ? {} : { resultSequence: this.resultSequence }),
		} as unknown as UpdateReport;
		return { report, wanted: this.#wanted() };
	}
}

function push(
	lock: PlayedLock,
	more: Partial<PushOptions> = {},
): { readonly ended: Promise<string>; readonly said: string[] } {
	let nowMs = 0;
	const said: string[] = [];
	const ended = new Push({
		release: release(),
		bundles: [],
		open: async () => lock.way(),
		onProgress: () => undefined,
		say: (line) => said.push(line),
		wait: true,
		trialMs: 600_000,
		nowMs: () => nowMs,
		pause: async (ms) => {
			nowMs += ms;
		},
		...more,
	})
		.run()
		.catch((error: Error) => error.message);
	return { ended, said };
}

function trial(lock: PlayedLock, end: () => void): void {
	let looks = 0;
	lock.onLook = () => {
		if (lock.state === "waiting" && ++looks > 2) {
			lock.state = "trial";
			lock.sequence = 5;
		} else if (lock.state === "trial" && ++looks > 5) end();
	};
}

export default function suite(t: Suite): void {
	t.test(
		"a push sends what is asked for, in pieces that cross no chunk, and sees the trial confirmed (T10)",
		async () => {
			const lock = new PlayedLock();
			trial(lock, () => {
				lock.state = "idle";
			});
			const { ended } = push(lock, { bundles: [new Uint8Array(1), new Uint8Array(2)] });
			check.equal(await ended, "installed");
			check.equal(lock.bundles, 2);
			const sent = lock.pieces.reduce((count, { bytes }) => count + bytes.length, 0);
			check.equal(sent, IMAGE_BYTES);
			for (const { offset, bytes } of lock.pieces) {
				check.ok(bytes.length <= 2048 && (offset % LIMITS.chunkBytes) + bytes.length <= LIMITS.chunkBytes);
				check.equal(bytes[0], offset & 0xff);
			}
			check.equal(lock.opens, lock.closes, "every way is closed");
		},
	);

	t.test("it goes on where the lock stands, after a refusal for now and after a cut (T12)", async () => {
		const lock = new PlayedLock();
		lock.at = 40_000;
		lock.busy = 3;
		lock.cuts = 1;
		const { ended } = push(lock, { wait: false });
		check.equal(await ended, "delivered");
		check.equal(lock.pieces[0]!.offset, 40_000);
		check.ok(lock.opens >= 2, "a way that broke is opened anew");
	});

	t.test("a release that the lock runs is not sent (T10)", async () => {
		const lock = new PlayedLock();
		lock.sequence = 5;
		check.equal(await push(lock).ended, "present");
		check.equal(lock.offers, 0);
	});

	t.test("running is what the lock attests, not a number or a text that it says (T10, T2)", async () => {
		const foreign = new PlayedLock();
		foreign.sequence = 5;
		foreign.digest = new Uint8Array(32);
		check.ok(/runs another image under the number 5/.test(await push(foreign).ended));

		const swapped = new PlayedLock();
		trial(swapped, () => {
			swapped.state = "idle";
			swapped.digest = new Uint8Array(32);
		});
		check.ok(/runs another image under the number 5/.test(await push(swapped).ended));

		for (const runningState of ["pending", "new", "invalid", "aborted"] as const) {
			const unconfirmed = new PlayedLock();
			Object.assign(unconfirmed, { sequence: 5, runningState });
			check.ok(/did not say in time/.test(await push(unconfirmed).ended), runningState);
		}

		const slow = new PlayedLock();
		Object.assign(slow, { sequence: 5, silent: 3, digest: undefined });
		let looks = 0;
		slow.onLook = () => {
			if (++looks > 6) slow.digest = DIGEST;
		};
		check.equal(await push(slow).ended, "present");
	});

	t.test(
		"a lock that tries again what it reverted is waited for, until it reverts it once more (T10)",
		async () => {
			const reverts = { result: "trial-crashed", resultSequence: 5, reverts: 1 };
			const again = new PlayedLock();
			Object.assign(again, reverts);
			trial(again, () => Object.assign(again, { state: "idle", result: "installed", reverts: 0 }));
			check.equal(await push(again).ended, "installed");
			check.equal(again.at, undefined, "all of it was sent");

			// A refusal is what the lock reports for a moment, and the count may be another sequence's until the update begins.
			const other = new PlayedLock();
			Object.assign(other, { result: "not-fresh", resultSequence: 5, reverts: 2 });
			trial(other, () => Object.assign(other, { ...reverts, state: "downloading", sequence: 4 }));
			let looks = 0;
			const way = other.way();
			const open = async (): Promise<UpdateWay> => ({
				...way,
				status: async () => {
					if (++looks === 3) other.reverts = 0;
					return await way.status();
				},
			});
			check.ok(/reverted release 5/.test(await push(other, { open }).ended));

			const unasked = new PlayedLock();
			Object.assign(unasked, reverts);
			unasked.onComplete = () => Object.assign(unasked, { state: "parked", reverts: 3 });
			check.ok(/reverted release 5.*it is parked/.test(await push(unasked, { wait: false }).ended));
		},
	);

	t.test("no text of a lock's reaches the terminal raw (T16)", async () => {
		const lock = new PlayedLock();
		lock.version = "5\x1b[2J\u009b\n6";
		trial(lock, () => Object.assign(lock, { state: "idle" }));
		const { ended, said } = push(lock);
		check.equal(await ended, "installed");
		check.ok(said.includes("version 5\\u{1b}[2J\\u{9b}\\u{a}6 is on trial"), said.join("|"));
		check.equal(plainName("J\u00fcrg\u202e\u0085"), "J\u00fcrg\\u{202e}\\u{85}");
		check.equal(plainJson({ a: "\u009b" }), '{"a":"\\u009b"}');
		check.equal(oneLine("a\n\x1bb"), "a \\u{1b}b");
	});

	t.test("refused, given up and reverted each end with their reason (T10, T11)", async () => {
		const refusing = new PlayedLock();
		refusing.refusesOffer = "not-fresh";
		check.ok(/refuses release 5: no freshness statement/.test(await push(refusing).ended));

		const broken = new PlayedLock();
		broken.onComplete = () => {
			broken.state = "idle";
			broken.result = "slot-io";
		};
		check.ok(/gave release 5 up: the flash of the slot/.test(await push(broken).ended));

		const reverted = new PlayedLock();
		trial(reverted, () => {
			Object.assign(reverted, {
				state: "downloading",
				sequence: 4,
				result: "trial-crashed",
				resultSequence: 5,
				reverts: 1,
			});
		});
		const said = await push(reverted).ended;
		check.ok(
			/reverted release 5 and runs 4\.0\.0: on trial it ended without a word.*tries it again/.test(said),
			said,
		);
	});

	t.test(
		"a lock that stands still, asks for something else or never says how it ended is left (T16)",
		async () => {
			const still = new PlayedLock();
			still.onComplete = () => undefined;
			check.ok(/does not go on/.test(await push(still).ended));

			// Asked for over and over, nothing becomes good: the same piece, or two in turn.
			for (const places of [[0], [0, 2048]]) {
				const greedy = new PlayedLock();
				const way = greedy.way();
				let asked = 0;
				let nowMs = 0;
				const wanted = (): Wanted => ({ digest: DIGEST, offset: places[asked++ % places.length]! });
				const open = async (): Promise<UpdateWay> => ({
					...way,
					piece: async () => {
						nowMs += 50;
						check.ok(asked < 20_000, "it is left");
						return wanted();
					},
					status: async () => {
						const { report } = await way.status();
						return { report: { ...report, goodBytes: 0 }, wanted: wanted() };
					},
				});
				check.ok(/does not go on/.test(await push(greedy, { open, nowMs: () => nowMs }).ended));
			}

			const other = new PlayedLock();
			const way = other.way();
			const foreign = {
				...way,
				status: async () => ({ ...(await way.status()), wanted: { digest: new Uint8Array(32), offset: 0 } }),
			};
			const stood = await push(other, { open: async () => foreign as UpdateWay }).ended;
			check.ok(/another one was offered/.test(stood), stood);

			const silent = new PlayedLock();
			trial(silent, () => undefined);
			check.ok(/did not say in time how release 5 ended/.test(await push(silent).ended));
		},
	);

	t.test("a lock that never ends its side of a connection keeps no program alive (T16)", async () => {
		let isReset = false;
		const server = createServer({ allowHalfOpen: true }, (socket) => {
			socket.on("error", () => {
				isReset = true;
			});
			const talking = setInterval(() => socket.write("."), 50);
			socket.on("close", () => clearInterval(talking));
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		try {
			const transport = await openLocal({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
			transport.close();
			check.ok(await eventually(() => isReset, 4_000), "the connection is still open");
		} finally {
			server.close();
		}
	});

	t.test("progress is a bar on a terminal and a line for each tenth elsewhere", () => {
		const texts: string[] = [];
		let nowMs = 0;
		const lines = new Progress({ write: (text) => texts.push(text) }, () => nowMs);
		for (let done = 0; done <= 1000; done += 10) {
			nowMs += 100;
			lines.show("image", done, 1000);
		}
		lines.end();
		check.equal(texts.length, 11);
		check.ok(texts.every((text) => text.endsWith("\n") && !text.includes("\r")));
		texts.length = 0;
		const bar = new Progress({ isTTY: true, write: (text) => texts.push(text) }, () => nowMs);
		bar.show("image", 500, 1000);
		bar.say("and more");
		check.ok(
			texts[0]!.startsWith("\r") && texts[0]!.includes(`[${"#".repeat(15)}${" ".repeat(15)}]`),
			texts[0],
		);
		check.deepEqual(texts.slice(1), ["\n", "and more\n"]);
	});
}
