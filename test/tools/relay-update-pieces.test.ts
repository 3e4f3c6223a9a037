/** How a relay sends the pieces of an image (docs/UPDATE.md 6): no more than was asked for, in turns, behind nobody's frames. */
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, concatBytes, toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { RELAY_LIMITS, type RelayLimits } from "../../tools/relay/limits.ts";
import { RelayLog } from "../../tools/relay/log.ts";
import { ObjectFault, ObjectStore, objectsPath } from "../../tools/relay/object-store.ts";
import { PieceServer } from "../../tools/relay/piece-server.ts";
import { check, type Suite } from "../harness/test.ts";
import { BOARD, bodyOf } from "./support/releases.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";
import { makeImage } from "./support/test-image.ts";
import { UpdateBench } from "./support/update-bench.ts";
import { UpdateLock } from "./support/update-lock.ts";

const IMAGE = makeImage({ sequence: 2, version: "1.0.2", board: BOARD }, bodyOf(2, 150_000));
const DIGEST = new Uint8Array(createHash("sha256").update(IMAGE).digest());
const PIECE = LIMITS.objectPieceBytes;

function bytesOf(lock: UpdateLock): Uint8Array {
	return concatBytes(...lock.pieces.map(({ bytes }) => bytes));
}

interface Served {
	readonly store: ObjectStore;
	readonly pieces: PieceServer;
	readonly log: Record<string, unknown>[];
	want(lock: UpdateLock, offset: number, bytes: number, digest?: Uint8Array): void;
}

async function withPieces(
	work: (served: Served) => Promise<void>,
	limits: Partial<RelayLimits> = {},
): Promise<void> {
	const store = new ObjectStore(temporaryFolder());
	store.keep(toHex(DIGEST), IMAGE);
	const log: Record<string, unknown>[] = [];
	const pieces = new PieceServer(
		store,
		(digest) => (digest === toHex(DIGEST) ? IMAGE.length : undefined),
		{ ...RELAY_LIMITS, ...limits },
		new RelayLog((line) => log.push(JSON.parse(line) as Record<string, unknown>)),
	);
	try {
		await work({
			store,
			pieces,
			log,
			want: (lock, offset, bytes, digest = DIGEST) => pieces.want(lock, { digest, offset, bytes }),
		});
	} finally {
		pieces.close();
		await store.close();
	}
}

export default function suite(t: Suite): void {
	t.test(
		"a lock gets what it asks for, in order and in pieces that keep to their chunk, and no more (T10)",
		() =>
			withPieces(async ({ pieces, want }) => {
				const lock = new UpdateLock("LK-ONE");
				const from = LIMITS.chunkBytes - 5_000;
				want(lock, from, LIMITS.objectWindowBytes);
				check.ok(await eventually(() => pieces.waiting === 0));
				await pause(20);
				check.ok(bytesEqual(bytesOf(lock), IMAGE.subarray(from, from + LIMITS.objectWindowBytes)));
				let next = from;
				for (const { digest, offset, bytes } of lock.pieces) {
					check.ok(bytesEqual(digest, DIGEST) && offset === next && bytes.length <= PIECE);
					const chunk = Math.floor(offset / LIMITS.chunkBytes);
					check.equal(Math.floor((offset + bytes.length - 1) / LIMITS.chunkBytes), chunk, "within its chunk");
					next += bytes.length;
				}
				want(lock, IMAGE.length - 10, LIMITS.objectWindowBytes);
				check.ok(await eventually(() => pieces.waiting === 0));
				check.ok(bytesEqual(lock.pieces.at(-1)!.bytes, IMAGE.subarray(-10)), "nothing behind the end");
			}),
	);

	t.test("a question beyond the end, or for what was never published, is answered by nothing (T10)", () =>
		withPieces(async ({ pieces, want, log }) => {
			const lock = new UpdateLock("LK-LOST");
			want(lock, IMAGE.length, 1);
			want(lock, LIMITS.imageBytes, PIECE);
			want(lock, 0, PIECE, new Uint8Array(32).fill(9));
			await pause(30);
			check.equal(lock.pieces.length + pieces.waiting, 0);
			check.deepEqual(
				log.map(({ event, reason }) => [event, reason]),
				[
					["update-want-refused", "beyond"],
					["update-want-refused", "beyond"],
					["update-want-refused", "unknown"],
				],
			);
		}),
	);

	t.test("a newer question takes the place of the former one, and a lock that left gets nothing more", () =>
		withPieces(async ({ pieces, want }) => {
			const lock = new UpdateLock("LK-NEWER");
			lock.full = true;
			want(lock, 0, LIMITS.objectWindowBytes);
			await pause(30);
			want(lock, 65_536, PIECE);
			check.equal(pieces.waiting, 1);
			lock.full = false;
			check.ok(await eventually(() => pieces.waiting === 0));
			check.deepEqual(
				lock.pieces.map(({ offset }) => offset),
				[65_536],
			);
			want(lock, 0, LIMITS.objectWindowBytes);
			pieces.forget(lock);
			await pause(30);
			check.equal(lock.pieces.length, 1);
		}),
	);

	t.test("no piece goes out while something waits for the lock: phones' frames come first (T16)", () =>
		withPieces(async ({ pieces, want }) => {
			const [busy, idle] = [new UpdateLock("LK-BUSY"), new UpdateLock("LK-IDLE")];
			busy.waitingBytes = RELAY_LIMITS.pieceBehindBytes + 1;
			want(busy, 0, LIMITS.objectWindowBytes);
			want(idle, 0, LIMITS.objectWindowBytes);
			check.ok(await eventually(() => idle.pieces.length === 4));
			await pause(60);
			check.equal(busy.pieces.length, 0);
			busy.waitingBytes = 0;
			check.ok(await eventually(() => busy.pieces.length === 4 && pieces.waiting === 0));
		}),
	);

	t.test("a connection that takes nothing is tried again, and loses no byte (T10)", () =>
		withPieces(async ({ want }) => {
			const lock = new UpdateLock("LK-SLOW");
			lock.room = 1;
			want(lock, 0, LIMITS.objectWindowBytes);
			check.ok(await eventually(() => lock.pieces.length === 1));
			await pause(60);
			check.equal(lock.pieces.length, 1);
			lock.room = 9;
			check.ok(await eventually(() => lock.pieces.length >= 4));
			check.ok(bytesEqual(bytesOf(lock), IMAGE.subarray(0, LIMITS.objectWindowBytes)));
		}),
	);

	t.test("locks take turns: one that asks endlessly does not keep another waiting (T16)", () =>
		withPieces(
			async ({ want }) => {
				const [greedy, modest] = [new UpdateLock("LK-GREEDY"), new UpdateLock("LK-MODEST")];
				for (let round = 0; round < 200; round++) want(greedy, 0, LIMITS.objectWindowBytes);
				want(modest, 0, 2 * PIECE);
				check.ok(await eventually(() => modest.pieces.length === 2));
				check.ok(greedy.pieces.length <= 4, `${greedy.pieces.length} pieces went before`);
			},
			{ pieceReads: 1 },
		),
	);

	t.test(
		"what one lock may have is bounded, over all its connections, and so is what all may have (T16)",
		() =>
			withPieces(
				async ({ want, pieces }) => {
					for (let connection = 0; connection < 5; connection++) {
						const lock = new UpdateLock("LK-ENDLESS");
						// A byte costs what a piece costs.
						for (let round = 0; round < 30; round++) {
							want(lock, round, 1);
							await eventually(() => pieces.waiting === 0, 2);
						}
						pieces.forget(lock);
						if (connection > 0)
							check.equal(lock.pieces.length, 0, "a new connection brings no new allowance");
						else check.ok(lock.pieces.length > 0 && lock.pieces.length <= 8, `${lock.pieces.length} pieces`);
					}
					const others = [1, 2, 3, 4].map((number) => new UpdateLock(`LK-OTHER-${number}`));
					for (const lock of others) want(lock, 0, LIMITS.objectWindowBytes);
					await pause(60);
					const sent = others.reduce((sum, lock) => sum + lock.pieces.length, 0);
					check.equal(sent, 2, "8 of 10 are gone, sent or not");
				},
				{
					pieceBytesBurst: 8 * PIECE,
					pieceBytesPerMinute: 1,
					allPieceBytesBurst: 10 * PIECE,
					allPieceBytesPerMinute: 1,
				},
			),
	);

	t.test("an object that was changed on the disk reaches no lock, and the log says so (T10)", () =>
		UpdateBench.with(async (bench) => {
			const release = await bench.vendor.release(2, { image: IMAGE });
			await bench.rollOut(release);
			const path = join(objectsPath(bench.dir), toHex(DIGEST));
			const lock = await bench.lock("LK-DISK");
			lock.connect(bench.service);
			check.ok(await lock.isOffered());
			writeFileSync(path, bodyOf(3, IMAGE.length));
			lock.want(DIGEST, 0, PIECE);
			check.ok(await eventually(() => bench.events("update-object").length === 1));
			rmSync(path);
			lock.want(DIGEST, 0, PIECE);
			check.ok(await eventually(() => bench.events("update-object").length === 2));
			check.equal(lock.pieces.length, 0);
			writeFileSync(path, IMAGE);
			lock.want(DIGEST, 0, PIECE);
			check.ok(await eventually(() => lock.pieces.length === 1));
			check.ok(bytesEqual(lock.pieces[0]!.bytes, IMAGE.subarray(0, PIECE)));
		}),
	);

	t.test("nothing is stored under a digest that is not its own, nor what no lock would take", async () => {
		const store = new ObjectStore(temporaryFolder());
		const refuse = (digest: string, bytes: Uint8Array): void => {
			let fault: unknown;
			try {
				store.keep(digest, bytes);
			} catch (error) {
				fault = error;
			}
			check.ok(fault instanceof ObjectFault);
		};
		refuse(toHex(DIGEST), bodyOf(9));
		refuse(toHex(DIGEST), new Uint8Array(0));
		refuse(`../${toHex(DIGEST)}`, IMAGE);
		const large = new Uint8Array(LIMITS.imageBytes + 1);
		refuse(createHash("sha256").update(large).digest("hex"), large);
		check.ok(!store.has(toHex(DIGEST)));
		store.keep(toHex(DIGEST), IMAGE);
		check.ok(bytesEqual(await store.read(toHex(DIGEST), 100, 50), IMAGE.subarray(100, 150)));
		await store.close();
	});
}
