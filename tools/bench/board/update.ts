/**
 * On the engine: downloads an image as a board does, but for the rests between the pieces: the firmware's own downloader over the
 * host's slots, asked once a window as the link asks it. Counted from the first piece until the image is read back.
 */
import { PsaCrypto } from "../../../hosts/bindings/crypto.ts";
import { ZLIB_INFLATE } from "../../../hosts/bindings/inflate.ts";
import { NativeSlots } from "../../../hosts/bindings/slots.ts";
import { KeyValueRecords } from "../../../hosts/ecma419/records.ts";
import { finishProbe, neededArgument, probeFile } from "../../../hosts/linux/probe-host.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { Downloader } from "../../../modules/update/downloader.ts";
import { SlotHead } from "../../../modules/update/slot-head.ts";

const toggle = native<() => void>("xs_bench_toggle");
const cpuMs = native<() => number>("xs_bench_cpu_ms");
const monotonicMs = native<() => number>("xs_monotonic_ms");
const SENDER = 0;
/** A look into LIMITS goes through all of it on the engine. */
const CHUNK_BYTES = LIMITS.chunkBytes;
const PIECE_BYTES = LIMITS.objectPieceBytes;
/** By how much the bytes of each piece are moved along the base (tools/bench/update.ts). */
const STEP_BYTES = 832;

const folder = neededArgument("files");
const base = probeFile(`${folder}/base`);
const image = {
	bytes: LIMITS.imageBytes,
	digest: probeFile(`${folder}/digest`),
	chunkDigests: probeFile(`${folder}/chunks`),
};
const slots = new NativeSlots();
const downloader = new Downloader({
	crypto: new PsaCrypto(),
	slots,
	head: new SlotHead(slots, new Store(new KeyValueRecords())),
	inflate: ZLIB_INFLATE,
	nowMs: monotonicMs,
	hasRetry: () => false,
	takeRetry: () => false,
	onBadChunk: () => finishProbe({ ok: false, reason: "chunk" }),
	onDeltaFailed: (reason) => finishProbe({ ok: false, reason }),
	onChanged: () => undefined,
});

/** As they come decoded out of the network: to cut them is no part of what is measured. */
const cut: Uint8Array[] = [];
for (let at = 0; at + PIECE_BYTES <= base.length; at += STEP_BYTES)
	cut.push(base.subarray(at, at + PIECE_BYTES));

/** Of the piece at an offset, in `cut`; the pieces after it in the same chunk follow there. */
function indexOf(offset: number): number {
	return Math.floor(offset / CHUNK_BYTES) + (offset % CHUNK_BYTES) / PIECE_BYTES;
}

downloader.begin(
	{
		vendor: "latchkey.example",
		hardwareClass: "latchkey-linux",
		board: slots.board,
		sequence: 2,
		securityVersion: 0,
		version: "bench",
		signedUnixSeconds: 0,
		trustVersion: 1,
		image,
		deltas: [],
	},
	undefined,
);
// What the slot held before is looked at, and is nothing of this image.
while (downloader.isWorking) downloader.turn();
if (downloader.progress.goodBytes !== 0) finishProbe({ ok: false, reason: "the image was there" });

let pieces = 0;
toggle();
const startedMs = cpuMs();
let isWanted = true;
while (isWanted) {
	const want = downloader.ask(SENDER);
	if (want === undefined) break;
	const { digest, bytes } = want;
	let { offset } = want;
	const end = offset + bytes;
	for (let index = indexOf(offset); isWanted && offset < end; index++) {
		isWanted = downloader.put(SENDER, { digest, offset, bytes: cut[index]! }).ok;
		offset += PIECE_BYTES;
		pieces++;
	}
}
const writtenMs = cpuMs();
while (downloader.isWorking) downloader.turn();
const readMs = cpuMs();
toggle();
finishProbe({
	ok: downloader.state.kind === "complete",
	state: downloader.state.kind,
	pieces,
	ms: readMs - startedMs,
	readBackMs: readMs - writtenMs,
});
