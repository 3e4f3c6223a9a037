/** The downloader over a machine that fails it: whatever flash and memory refuse ends the download, never the boot (T12, T16). */
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { Inflate } from "../../../modules/platform/inflate.ts";
import type { Slots } from "../../../modules/platform/slots.ts";
import { Store } from "../../../modules/store/store.ts";
import { LINK_SENDER } from "../../../modules/update/download-step.ts";
import { Downloader } from "../../../modules/update/downloader.ts";
import type { Manifest } from "../../../modules/update/manifest.ts";
import { SlotHead } from "../../../modules/update/slot-head.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { objectOf } from "../../sim/updates.ts";

const IMAGE = new Uint8Array(2 * LIMITS.chunkBytes).fill(7);

/** What a download needs of a machine, over one slot in memory. */
class Rig {
	readonly flash = new Uint8Array(4 * LIMITS.chunkBytes).fill(0xff);
	readonly downloader: Downloader;
	isFull = false;
	isBad = false;

	constructor(crypto: TestCrypto) {
		const slots = {
			slotBytes: this.flash.length,
			running: 0,
			target: 1,
			read: (_slot: number, offset: number, count: number) => this.flash.slice(offset, offset + count),
			erase: (offset: number) => this.flash.fill(0xff, offset, offset + 4096),
			write: (offset: number, bytes: Uint8Array) => {
				if (this.isBad) throw new DeviceError("slot/io", "a bad sector");
				this.flash.set(bytes, offset);
			},
		} as unknown as Slots;
		this.downloader = new Downloader({
			crypto: {
				openHash: (algorithm) => {
					if (this.isFull) throw new DeviceError("memory/exhausted", "no handle");
					return crypto.openHash(algorithm);
				},
				equal: (a, b) => crypto.equal(a, b),
			},
			slots,
			head: new SlotHead(slots, new Store(new SimStorage())),
			inflate: {} as Inflate,
			nowMs: () => 0,
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
}
