/** Images and deltas on a relay's disk (docs/UPDATE.md 6): many at once, and none hashed again for everyone who asks. */
import { createHash } from "node:crypto";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { ObjectStore } from "../../tools/relay/object-store.ts";
import { check, type Suite } from "../harness/test.ts";
import { imageOf } from "./support/releases.ts";
import { temporaryFolder } from "./support/temporary.ts";

const OBJECTS = Array.from({ length: 40 }, (_, number) => {
	const bytes = imageOf(number);
	return { bytes, digest: createHash("sha256").update(bytes).digest("hex") };
});

async function withStore(work: (store: ObjectStore, dir: string) => Promise<void>): Promise<void> {
	const dir = temporaryFolder();
	const store = new ObjectStore(dir);
	for (const { digest, bytes } of OBJECTS) store.keep(digest, bytes);
	try {
		await work(store, dir);
	} finally {
		await store.close();
	}
}

export default function suite(t: Suite): void {
	t.test("who asks for more objects than a relay keeps at hand takes nobody's pieces away (T16)", () =>
		withStore(async (store) => {
			for (let round = 0; round < 3; round++) {
				const parts = await Promise.all(OBJECTS.map(({ digest }) => store.read(digest, round * 100, 50)));
				for (const [index, part] of parts.entries()) {
					const { bytes } = OBJECTS[index]!;
					check.ok(bytesEqual(part, bytes.subarray(round * 100, round * 100 + 50)));
				}
			}
		}),
	);

	t.test("an object is hashed once, however many are asked for in turn (T16)", () =>
		withStore(async (store) => {
			for (let round = 0; round < 3; round++) {
				for (const { digest } of OBJECTS) {
					await store.read(digest, 0, 10);
					await store.read(digest, 65_536, 10);
				}
			}
			check.equal(store.verifications, OBJECTS.length);
		}),
	);

	t.test(
		"an object that is changed after it was verified is found out, and hashed once for that (T10, T16)",
		() =>
			withStore(async (store, dir) => {
				const [first, ...others] = OBJECTS;
				const path = join(dir, first!.digest);
				await store.read(first!.digest, 0, 10);
				// What is kept in memory was good and may be served; it goes when others are asked for.
				for (const { digest } of others) {
					await store.read(digest, 0, 10);
					await store.read(digest, 65_536, 10);
				}
				const changed = new Uint8Array(readFileSync(path));
				changed[5]! ^= 1;
				writeFileSync(path, changed);
				utimesSync(path, 1, 1);
				const before = store.verifications;
				for (let round = 0; round < 5; round++) {
					let reason = "";
					await store.read(first!.digest, 0, 10).catch((error: Error) => {
						reason = error.message;
					});
					check.ok(reason.endsWith("was changed on the disk"), reason);
				}
				check.equal(store.verifications, before + 1);
				writeFileSync(path, first!.bytes);
				check.ok(bytesEqual(await store.read(first!.digest, 0, 10), first!.bytes.subarray(0, 10)));
			}),
	);
}
