/** What somebody on the way changes in a release, file by file and field by field, is refused (docs/UPDATE.md 2, 3). */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { LIMITS } from "../../modules/base/limits.ts";
import { encodeSign } from "../../modules/cose/sign.ts";
import { encodeManifest, type Manifest } from "../../modules/update/manifest.ts";
import { parseManifest } from "../../tools/update/manifest-file.ts";
import { RELEASE_FILES, type Release, readRelease } from "../../tools/update/release.ts";
import { UpdateFault } from "../../tools/update/update-fault.ts";
import { readTrust } from "../../tools/update/update-trust.ts";
import { judgeRelease, type LockState, type Verdict } from "../../tools/update/verdict.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { checkRefused, HARDWARE_CLASS, ReleaseBench } from "./support/release-bench.ts";
import { makeImage } from "./support/test-image.ts";

const DELTA = (dir: string): string => RELEASE_FILES.delta(dir, 0);

interface Whole {
	readonly bench: ReleaseBench;
	/** Of the folder "2", which a lock takes. */
	readonly release: Release;
	readonly running: Uint8Array;
	judge(release: Release): Verdict;
}

async function whole(random: { bytes(count: number): Uint8Array }): Promise<Whole> {
	const bench = await ReleaseBench.open();
	const body = random.bytes(150_000);
	const running = makeImage({ sequence: 1 }, body);
	body.set(random.bytes(300), 100_000);
	await bench.release("2", makeImage({ sequence: 2 }, body), [running]);
	const lock: LockState = {
		names: { vendor: "latchkey.example", hardwareClass: HARDWARE_CLASS, board: "linux" },
		trust: readTrust(bench.at("1.bundle")),
		unixMs: Date.now(),
		running: { sequence: 1, securityVersion: 0 },
		floors: { sequence: 1, securityVersion: 0 },
		securityFuse: 0,
		slotBytes: LIMITS.imageBytes,
		parkedSequence: undefined,
	};
	const release = readRelease(bench.at("2"));
	const judge = (changed: Release): Verdict => judgeRelease(changed, lock, [{ name: "1", bytes: running }]);
	check.equal(judge(release).reason, undefined);
	return { bench, release, running, judge };
}

/** Why this release is refused, by its reader or by the lock's rules. */
function refusal(judge: () => Verdict): string {
	try {
		return judge().reason ?? "accepted";
	} catch (error) {
		check.ok(error instanceof UpdateFault, String(error));
		return error.message;
	}
}

export default function suite(t: Suite): void {
	t.test(
		"each file of a release that is changed, cut, padded or gone is refused (T10)",
		async ({ random }) => {
			const { bench, judge } = await whole(random);
			const flip = (path: string, at: number): void => {
				const bytes = new Uint8Array(readFileSync(path));
				bytes[at < 0 ? bytes.length + at : at]! ^= 1;
				writeFileSync(path, bytes);
			};
			const swapChunks = (path: string): void => {
				const bytes = new Uint8Array(readFileSync(path));
				const first = bytes.slice(0, LIMITS.chunkBytes);
				bytes.copyWithin(0, LIMITS.chunkBytes, 2 * LIMITS.chunkBytes);
				bytes.set(first, LIMITS.chunkBytes);
				writeFileSync(path, bytes);
			};
			const cut = (path: string): void => truncateSync(path, readFileSync(path).length - 1);
			const pad = (path: string): void =>
				writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.of(0)]));
			const cases: readonly (readonly [string, (dir: string) => void])[] = [
				["image.bin: chunk 0", (dir) => flip(RELEASE_FILES.image(dir), 0)],
				["image.bin: chunk 2", (dir) => flip(RELEASE_FILES.image(dir), -1)],
				["image.bin: chunk 0", (dir) => swapChunks(RELEASE_FILES.image(dir))],
				["the manifest says 150104", (dir) => cut(RELEASE_FILES.image(dir))],
				["the manifest says 150104", (dir) => pad(RELEASE_FILES.image(dir))],
				["image.bin is missing", (dir) => rmSync(RELEASE_FILES.image(dir))],
				["delta-1.bin: chunk 0", (dir) => flip(DELTA(dir), 0)],
				["delta-1.bin: chunk 0", (dir) => flip(DELTA(dir), -1)],
				["delta-1.bin: it has", (dir) => cut(DELTA(dir))],
				["delta-1.bin: it has", (dir) => pad(DELTA(dir))],
				["delta-1.bin is missing", (dir) => rmSync(DELTA(dir))],
				["is no manifest", (dir) => flip(RELEASE_FILES.manifest(dir), 0)],
				["untrusted", (dir) => flip(RELEASE_FILES.manifest(dir), -1)],
				["is no manifest", (dir) => cut(RELEASE_FILES.manifest(dir))],
				["is no manifest", (dir) => pad(RELEASE_FILES.manifest(dir))],
				["manifest.cbor is missing", (dir) => rmSync(RELEASE_FILES.manifest(dir))],
				["not-fresh", (dir) => flip(RELEASE_FILES.freshness(dir), 0)],
				["not-fresh", (dir) => flip(RELEASE_FILES.freshness(dir), -1)],
				["not-fresh", (dir) => cut(RELEASE_FILES.freshness(dir))],
				["not-fresh", (dir) => pad(RELEASE_FILES.freshness(dir))],
				["not-fresh", (dir) => rmSync(RELEASE_FILES.freshness(dir))],
				["no freshness statement", (dir) => writeFileSync(RELEASE_FILES.freshness(dir), new Uint8Array(513))],
			];
			for (const [index, [what, change]] of cases.entries()) {
				cpSync(bench.at("2"), bench.at(`t${index}`), { recursive: true });
				change(bench.at(`t${index}`));
				const found = refusal(() => judge(readRelease(bench.at(`t${index}`))));
				check.ok(found.includes(what), `${index}: ${found}`);
				// The command line says the same, by its status too.
				if (index % 5 === 0) checkRefused(await runCommand(...bench.verifyWords(`t${index}`)), what);
			}
		},
	);

	t.test("each field of a manifest is under its signatures (T10)", async ({ random }) => {
		const { release, judge } = await whole(random);
		const { manifest } = release.file;
		const image = manifest.image;
		const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
		const [delta] = manifest.deltas;
		const changes: readonly Partial<Manifest>[] = [
			{ vendor: "thief.example" },
			{ hardwareClass: "latch-2" },
			{ board: "esp32" },
			{ sequence: 3 },
			{ securityVersion: 1 },
			{ version: "0.0.3" },
			{ signedUnixSeconds: manifest.signedUnixSeconds + 1 },
			{ trustVersion: 0 },
			{ image: { ...image, bytes: image.bytes - 1 } },
			{ image: { ...image, digest: flipped(image.digest) } },
			{ image: { ...image, chunkDigests: flipped(image.chunkDigests) } },
			{ deltas: [] },
			{ deltas: [{ ...delta!, sourceBytes: delta!.sourceBytes + 1 }] },
			{ deltas: [{ ...delta!, sourceDigest: flipped(delta!.sourceDigest) }] },
			{ deltas: [{ ...delta!, object: { ...delta!.object, bytes: delta!.object.bytes + 1 } }] },
			{ deltas: [{ ...delta!, object: { ...delta!.object, digest: flipped(delta!.object.digest) } }] },
			{
				deltas: [
					{ ...delta!, object: { ...delta!.object, chunkDigests: flipped(delta!.object.chunkDigests) } },
				],
			},
		];
		const fields = new Set(changes.flatMap((change) => Object.keys(change)));
		check.deepEqual([...fields].sort(), Object.keys(manifest).sort());
		for (const change of changes) {
			const payload = encodeManifest({ ...manifest, ...change });
			const message = encodeSign({ payload, signatures: release.file.signatures });
			const file = parseManifest(message, "changed");
			check.equal(judge({ ...release, file, message }).reason, "untrusted", Object.keys(change).join());
		}
	});

	t.test(
		"no byte of a signed manifest or a statement can be another (T10, T11)",
		async ({ random, note }) => {
			const { release, judge } = await whole(random);
			const changed = (bytes: Uint8Array, at: number): Uint8Array => {
				const copy = new Uint8Array(bytes);
				copy[at]! ^= 1 << random.between(0, 7);
				return copy;
			};
			// Every byte of the statement, and of the manifest each 7th: a signature is verified for many of them.
			let count = 0;
			for (let at = 0; at < release.message.length; at += 7, count++) {
				const message = changed(release.message, at);
				const { reason } = judge({ ...release, message });
				check.ok(reason === "malformed" || reason === "untrusted", `byte ${at}: ${reason}`);
			}
			for (let at = 0; at < release.statement!.length; at++, count++) {
				const { reason } = judge({ ...release, statement: changed(release.statement!, at) });
				check.equal(reason, "not-fresh", `byte ${at}`);
			}
			note(`${count} changed bytes`);
		},
	);

	t.test(
		"an image or a delta that is not what holders meant is found, though its digest is signed (T10)",
		async ({ random }) => {
			const { bench, release, running, judge } = await whole(random);
			// Holders signed a manifest that says otherwise than its image: a lock would revert it after a reboot.
			for (const [says, what] of [
				[{ sequence: 3 }, "it says sequence 3, and the manifest 2"],
				[{ sequence: 2, securityVersion: 1 }, "it says securityVersion 1"],
				[{ sequence: 2, version: "9" }, "it says version 9"],
				[{ sequence: 2, board: "esp32" }, "it says board esp32"],
			] as const) {
				const { reason } = judge({ ...release, image: makeImage(says, random.bytes(900)) });
				check.ok(reason?.startsWith(`image: ${what}`), reason);
			}
			const other = judge({ ...release, deltas: [release.deltas[0]!.slice(1)] });
			check.ok(other.reason?.startsWith("delta-1: it cannot be decoded"), other.reason);
			const fromItself = judge({ ...release, image: makeImage({ sequence: 2 }, random.bytes(150_000)) });
			check.equal(fromItself.reason, "delta-1: it makes another image");
			check.equal(running.length, release.image.length);
			check.ok(readRelease(bench.at("2")).image.length === release.image.length);
		},
	);
}
