/**
 * On the engine: decodes a delta update as a board does, with the host's own decompressor, and prints what it cost: byte codes of
 * each turn in a build with the meter, time, and whether the result is right. Files: source, patch, result.
 */
import { ZLIB_INFLATE } from "../../../hosts/bindings/inflate.ts";
import { finishProbe, neededArgument, probeFile } from "../../../hosts/linux/probe-host.ts";
import { PatchDecoder } from "../../../modules/update/patch.ts";

const monotonicMs = native<() => number>("xs_monotonic_ms");
const meter = native<() => number | undefined>("xs_system_meter");

const folder = neededArgument("files");
/** Each has its buffer for itself. */
const source = probeFile(`${folder}/source`);
const patch = probeFile(`${folder}/patch`);
const expected = probeFile(`${folder}/result`);

function meterNow(): number {
	return meter() ?? 0;
}

const result = new Uint8Array(expected.length);
const startedMs = monotonicMs();
const decoder = new PatchDecoder(
	{
		sourceBytes: source.length,
		resultBytes: expected.length,
		patchBytes: patch.length,
		// As flash is read: one native call. (XS slices a typed array element by element.)
		readSource: (offset, count) => new Uint8Array(source.buffer.slice(offset, offset + count)),
		readPatch: (offset, count) => new Uint8Array(patch.buffer.slice(offset, offset + count)),
	},
	ZLIB_INFLATE,
);
let filled = 0;
let turns = 0;
let longest = 0;
let total = 0;
for (;;) {
	const before = meterNow();
	const piece = decoder.next();
	const codes = meterNow() - before;
	total += codes;
	longest = Math.max(longest, codes);
	turns++;
	if (!piece.ok) finishProbe({ ok: false, reason: piece.reason });
	if (piece.value === undefined) break;
	result.set(piece.value, filled);
	filled += piece.value.length;
}
decoder.close();
const ms = monotonicMs() - startedMs;
const right = result.every((byte, index) => byte === expected[index]);
finishProbe({ ok: right && filled === expected.length, turns, longest, total, ms });
