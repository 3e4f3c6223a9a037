/** The downloader over a machine that fails it: whatever flash and memory refuse ends the download, never the boot (T12, T16). */
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Hash, TestCrypto } from "../../../modules/platform/crypto.ts";
import type { Inflate } from "../../../modules/platform/inflate.ts";
import type { Slots } from "../../../modules/platform/slots.ts";
import { Store } from "../../../modules/store/store.ts";
import { wantOf } from "../../../modules/update/download-chunks.ts";
import { stepDownload } from "../../../modules/update/download-state.ts";
import { LINE_SENDER, LINK_SENDER } from "../../../modules/update/download-step.ts";
import { Downloader } from "../../../modules/update/downloader.ts";
import type { Manifest } from "../../../modules/update/manifest.ts";
import { SlotHead } from "../../../modules/update/slot-head.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { objectOf } from "../../sim/updates.ts";

const IMAGE = new Uint8Array(2 * LIMITS.chunkBytes).map((_, index) => index % 251);
const ROUNDS = 12;

/** What a download needs of a machine, over one slot in memory. */
class Rig {
	readonly flash = new Uint8Array(4 * LIMITS.chunkBytes).fill(0xff);
	readonly downloader: Downloader;
	readonly head: SlotHead;
	nowMs = 0;
	isFull = false;
	isBad = false;

	constructor(crypto: TestCrypto) {
		const slots = {
			slotBytes: this.flash.length,
			running: 0,
			target: 1,
			read: (_slot: number, offset: number, count: number) => this.flash.slice(offset, offset + count),
			hash: (_slot: number, offset: number, count: number, into: Hash) =>
				into.update(this.flash.slice(offset, offset + count)),
			erase: (offset: number) => this.flash.fill(0xff, offset, offset + 4096),
			write: (offset: number, bytes: Uint8Array) => {
				if (this.isBad) throw new DeviceError("slot/io", "a bad sector");
				this.flash.set(bytes, offset);
			},
			append: (offset: number, bytes: Uint8Array, into: Hash) => {
				into.update(bytes);
				slots.write(offset, bytes);
			},
		} as unknown as Slots;
		this.head = new SlotHead(slots, new Store(new SimStorage()));
		this.downloader = new Downloader({
			crypto: {
				openHash: (algorithm) => {
					if (this.isFull) throw new DeviceError("memory/exhausted", "no handle");
					return crypto.openHash(algorithm);
				},
				equal: (a, b) => crypto.equal(a, b),
			},
			slots,
			head: this.head,
			inflate: {} as Inflate,
			nowMs: () => this.nowMs,
			hasRetry: () => true,
			takeRetry: () => true,
			onBadChunk: () => undefined,
			onDeltaFailed: () => undefined,
			onChanged: () => undefined,
		});
		this.begin = () => this.downloader.begin({ image: objectOf(crypto, IMAGE) } as Manifest, undefined);
	}

	readonly begin: () => void;

	survey(): void {
		while (this.downloader.isWorking) this.downloader.turn();
	}

	put(): boolean {
		const want = this.downloader.ask(LINK_SENDER);
		if (want === undefined) return false;
		const bytes = IMAGE.slice(want.offset, want.offset + 4096);
		return this.downloader.put(LINK_SENDER, { ...want, bytes }).ok;
	}
}

export default function suite(t: Suite): void {
	t.test("a piece that flash did not take is refused, and the download has failed (T12)", ({ crypto }) => {
		const rig = new Rig(crypto);
		rig.begin();
		rig.survey();
		check.ok(rig.put());
		rig.isBad = true;
		check.ok(!rig.put());
		check.equal(rig.downloader.state.kind, "failed");
	});

	t.test("no memory for a hash ends the download, at each place that opens one (T16)", ({ crypto }) => {
		const first = new Rig(crypto);
		first.isFull = true;
		first.begin();
		check.equal(first.downloader.state.kind, "failed");
		const second = new Rig(crypto);
		second.begin();
		second.isFull = true;
		second.survey();
		check.equal(second.downloader.state.kind, "failed");
		const third = new Rig(crypto);
		third.begin();
		third.survey();
		third.isFull = true;
		check.ok(!third.put());
		check.equal(third.downloader.state.kind, "failed");
		// With memory again it begins again.
		third.isFull = false;
		third.begin();
		third.survey();
		check.ok(third.put());
	});

	t.test(
		"whatever mixture of pieces, asks, losses and time comes, it ends as a machine that hears of each (T10, T16)",
		({ crypto, random }) => {
			const IMAGE_BYTES = 2 * LIMITS.chunkBytes;
			for (let round = 0; round < ROUNDS; round++) {
				const rig = new Rig(crypto);
				rig.begin();
				rig.survey();
				let state = rig.downloader.state;
				let stuck = 0;
				while (rig.downloader.state.kind === "fetching" && stuck < 200) {
					const sender = [LINK_SENDER, LINE_SENDER][random.below(2)]!;
					const what = random.below(20);
					rig.nowMs += random.below(100);
					if (what === 0) {
						rig.downloader.lost(sender);
						state = stepDownload(state, { kind: "lost", sender }, rig.nowMs).state;
					} else if (what === 1) {
						rig.nowMs += random.below(LIMITS.updateStallMs);
						rig.downloader.tick();
						state = stepDownload(state, { kind: "tick" }, rig.nowMs).state;
					} else if (what === 2) {
						rig.downloader.heard(sender);
						state = stepDownload(state, { kind: "heard", sender }, rig.nowMs).state;
					} else {
						const want = rig.downloader.ask(sender);
						state = stepDownload(state, { kind: "ask", sender, mayRetry: true }, rig.nowMs).state;
						check.equal(want?.offset, wantOf(state, sender)?.offset);
						stuck = want === undefined ? stuck + 1 : 0;
						if (want === undefined) continue;
						for (let at = want.offset; at < want.offset + want.bytes; ) {
							const count = Math.min(
								[16, 4080, 4096, 4096, 4096, 4096][random.below(6)]!,
								want.offset + want.bytes - at,
							);
							const offset = random.below(30) === 0 ? at + 16 : at;
							const piece = { digest: want.digest, offset, bytes: IMAGE.slice(offset, offset + count) };
							const { ok } = rig.downloader.put(sender, piece);
							const event = { kind: "piece", sender, via: "image", offset, count } as const;
							const step = stepDownload(state, event, rig.nowMs);
							state = step.state;
							const write = step.effects.at(-1);
							check.equal(ok, write?.kind === "write");
							if (write?.kind === "write" && write.again)
								state = stepDownload(state, { kind: "paid", chunk: write.chunk }, rig.nowMs).state;
							if (!ok) break;
							at += count;
							if (at % LIMITS.chunkBytes !== 0 && at !== IMAGE_BYTES) continue;
							const chunk = { kind: "chunk", sender, isGood: true, mayRetry: true } as const;
							state = stepDownload(state, chunk, rig.nowMs).state;
							break;
						}
					}
					check.deepEqual(rig.downloader.state, state);
				}
				rig.survey();
				check.equal(rig.downloader.state.kind, "complete");
				rig.head.place();
				check.ok(IMAGE.every((byte, index) => rig.flash[index] === byte));
			}
		},
	);
}
