/** The first bytes of the slot, over flash whose writes only clear bits: what becomes of a unit that does not stay (docs/UPDATE.md 6). */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Hash, TestCrypto } from "../../../modules/platform/crypto.ts";
import type { Inflate } from "../../../modules/platform/inflate.ts";
import type { Slots } from "../../../modules/platform/slots.ts";
import { Store } from "../../../modules/store/store.ts";
import { LINK_SENDER } from "../../../modules/update/download-step.ts";
import { Downloader } from "../../../modules/update/downloader.ts";
import type { Manifest } from "../../../modules/update/manifest.ts";
import { CODEC, SlotHead } from "../../../modules/update/slot-head.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { objectOf } from "../../sim/updates.ts";

const SECTOR = 4096;
const UNIT = LIMITS.flashUnitBytes;
const IMAGE = new Uint8Array(2 * LIMITS.chunkBytes).map((_, index) => (index % 251) & 0xfe);

class Rig {
	readonly flash = new Uint8Array(4 * LIMITS.chunkBytes).fill(0xff);
	readonly storage = new SimStorage();
	/** How many more writes of the first unit leave a bit set. */
	weakWrites = 0;
	erased = 0;
	readonly head: SlotHead;
	readonly downloader: Downloader;
	readonly begin: () => void;

	constructor(crypto: TestCrypto, kept?: Uint8Array) {
		if (kept !== undefined) this.storage.write("update", "head", kept);
		const slots = {
			slotBytes: this.flash.length,
			running: 0,
			target: 1,
			read: (_slot: number, offset: number, count: number) => this.flash.slice(offset, offset + count),
			hash: (_slot: number, offset: number, count: number, into: Hash) =>
				into.update(this.flash.slice(offset, offset + count)),
			erase: (offset: number) => {
				if (offset === 0) this.erased++;
				this.flash.fill(0xff, offset, offset + SECTOR);
			},
			write: (offset: number, bytes: Uint8Array) => {
				for (let index = 0; index < bytes.length; index++) this.flash[offset + index]! &= bytes[index]!;
				if (offset !== 0 || this.weakWrites === 0) return;
				this.weakWrites--;
				this.flash[3]! |= 1;
			},
			append: (offset: number, bytes: Uint8Array, into: Hash) => {
				into.update(bytes);
				if (offset % SECTOR === 0) slots.erase(offset);
				slots.write(offset, bytes);
			},
		} as unknown as Slots;
		this.head = new SlotHead(slots, new Store(this.storage));
		this.downloader = new Downloader({
			crypto,
			slots,
			head: this.head,
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

	/** Until nothing is wanted; the offsets that were. */
	download(): readonly number[] {
		const { downloader } = this;
		const offsets: number[] = [];
		this.begin();
		while (downloader.isWorking) downloader.turn();
		for (let want = downloader.ask(LINK_SENDER); want !== undefined; want = downloader.ask(LINK_SENDER)) {
			const { digest, offset } = want;
			offsets.push(offset);
			check.ok(
				downloader.put(LINK_SENDER, { digest, offset, bytes: IMAGE.slice(offset, offset + SECTOR) }).ok,
			);
		}
		while (downloader.isWorking) downloader.turn();
		check.equal(downloader.state.kind, "complete");
		return offsets;
	}

	holdsImage(): boolean {
		return IMAGE.every((byte, index) => this.flash[index] === byte);
	}
}

export default function suite(t: Suite): void {
	t.test(
		"a first unit that did not stay is written anew once, with its sector, and the update goes on (T12)",
		({ crypto }) => {
			const rig = new Rig(crypto);
			rig.download();
			rig.weakWrites = 1;
			const before = rig.erased;
			rig.head.place();
			check.equal(rig.erased, before + 1);
			check.ok(rig.holdsImage());
			// Once more: it is there, and nothing is written.
			rig.head.place();
			check.equal(rig.erased, before + 1);
		},
	);

	t.test(
		"one that does not stay then either fails the update, for one erase, until flash holds it again (T12)",
		({ crypto }) => {
			const rig = new Rig(crypto);
			rig.download();
			for (let times = 0; times < 2; times++) {
				rig.weakWrites = 2;
				const before = rig.erased;
				check.throws(() => rig.head.place(), "slot/io");
				check.equal(rig.erased, before + 1);
				rig.downloader.fail();
				rig.download();
			}
			rig.head.place();
			check.ok(rig.holdsImage());
		},
	);

	t.test(
		"a bit that fell in the first unit after the image was verified is no success, and its chunk is fetched again (T12)",
		({ crypto }) => {
			const rig = new Rig(crypto);
			rig.download();
			rig.flash[UNIT - 1]! &= ~IMAGE[UNIT - 1]!;
			check.throws(() => rig.head.place(), "slot/io");
			rig.downloader.fail();
			check.deepEqual(rig.download().length, LIMITS.chunkBytes / SECTOR);
			rig.head.place();
			check.ok(rig.holdsImage());
		},
	);

	t.test("an image that was verified as it lies in flash needs no head", ({ crypto }) => {
		const rig = new Rig(crypto);
		rig.flash.set(IMAGE);
		check.deepEqual(rig.download(), []);
		rig.head.place();
		check.ok(rig.holdsImage());
		check.equal(rig.erased, 0);
	});

	t.test("a record of a newer image is left alone, and a corrupt one is written over (T12)", ({ crypto }) => {
		const newer = new Rig(crypto, Uint8Array.of(0xa1, 0x00, 0x18, 0x63));
		const before = newer.storage.peek("update", "head");
		newer.download();
		check.equal(newer.head.fault, "newer-format");
		check.deepEqual(newer.storage.peek("update", "head"), before);
		newer.head.place();
		check.ok(newer.holdsImage());
		const corrupt = new Rig(crypto, Uint8Array.of(0xff));
		corrupt.download();
		check.equal(corrupt.head.fault, "corrupt");
		const kept = new Store(corrupt.storage).read(CODEC);
		check.ok(kept.ok && kept.value.every((byte, index) => byte === IMAGE[index]));
	});
}
