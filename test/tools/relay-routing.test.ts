/** What a relay does with frames: which go where, which go nowhere, and that it keeps none of them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { decodeToLock, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { check, type Suite } from "../harness/test.ts";
import { RelayBench } from "./support/relay-bench.ts";
import { eventually, pause } from "./support/temporary.ts";
import type { TestClient } from "./support/web-socket.ts";

const QUIET_MS = 60;

function open(app: TestClient, channel: number, serial: string): void {
	app.send(encodeEnvelope({ kind: "open", channel, serial }));
}

function data(client: TestClient, channel: number, frame: Uint8Array): void {
	client.send(encodeEnvelope({ kind: "data", channel, frame }));
}

/** Opens a channel of an app and returns the number that the lock sees. */
async function opened(app: TestClient, channel: number, lock: TestClient, serial: string): Promise<number> {
	open(app, channel, serial);
	const envelope = decodeToLock((await lock.take()) ?? check.fail("the lock heard nothing"));
	if (!envelope.ok || envelope.value.kind !== "open") check.fail("the lock did not hear an open");
	return envelope.value.channel;
}

export default function suite(t: Suite): void {
	t.test("frames pass both ways under each side's own channel number, byte for byte", ({ random }) =>
		RelayBench.with({}, async (bench) => {
			const lock = await bench.device("LK-ONE");
			const app = await bench.app();
			const number = await opened(app, 77, lock, "LK-ONE");
			check.equal(number, 1);
			for (const size of [1, 100, 4096]) {
				const there = random.bytes(size);
				data(app, 77, there);
				check.bytes(await lock.take(), encodeEnvelope({ kind: "data", channel: number, frame: there }));
				const back = random.bytes(size);
				data(lock, number, back);
				check.bytes(await app.take(), encodeEnvelope({ kind: "data", channel: 77, frame: back }));
			}
		}),
	);

	t.test("two apps with the same number reach one lock on two channels, and hear only their own", () =>
		RelayBench.with({}, async (bench) => {
			const lock = await bench.device("LK-SHARED");
			const [alice, bob] = [await bench.app(), await bench.app()];
			const first = await opened(alice, 5, lock, "LK-SHARED");
			const second = await opened(bob, 5, lock, "LK-SHARED");
			check.notEqual(first, second);
			data(lock, second, Uint8Array.of(2));
			check.bytes(await bob.take(), encodeEnvelope({ kind: "data", channel: 5, frame: Uint8Array.of(2) }));
			await pause(QUIET_MS);
			check.equal(alice.messages.length, 0);
		}),
	);

	t.test("a close by either side, and the end of either connection, close the channel at the other", () =>
		RelayBench.with({}, async (bench) => {
			const lock = await bench.device("LK-CLOSES");
			const app = await bench.app();
			const byApp = await opened(app, 1, lock, "LK-CLOSES");
			app.send(encodeEnvelope({ kind: "close", channel: 1 }));
			check.bytes(await lock.take(), encodeEnvelope({ kind: "close", channel: byApp }));
			const byLock = await opened(app, 2, lock, "LK-CLOSES");
			lock.send(encodeEnvelope({ kind: "close", channel: byLock }));
			check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 2 }));
			const leaving = await bench.app();
			const left = await opened(leaving, 3, lock, "LK-CLOSES");
			leaving.end();
			check.bytes(await lock.take(), encodeEnvelope({ kind: "close", channel: left }));
			await opened(app, 4, lock, "LK-CLOSES");
			lock.end();
			check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 4 }));
			check.equal(app.closeCode, undefined);
		}),
	);

	t.test("unknown, offline and revoked locks look the same to an app that tries serials: one close", () =>
		RelayBench.with({}, async (bench) => {
			await bench.enrolled("LK-OFFLINE");
			await bench.enrolled("LK-REVOKED");
			await bench.registry.revoke("LK-REVOKED");
			const app = await bench.app();
			for (const serial of ["LK-OFFLINE", "LK-REVOKED", "LK-NOBODY"]) {
				open(app, 9, serial);
				check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 9 }));
			}
			check.equal(app.closeCode, undefined);
			check.ok(bench.logLines.every((line) => !line.includes("LK-NOBODY")));
		}),
	);

	t.test("a channel number that is not open carries nothing, in either direction", () =>
		RelayBench.with({}, async (bench) => {
			const lock = await bench.device("LK-DROPS");
			const app = await bench.app();
			const number = await opened(app, 1, lock, "LK-DROPS");
			data(app, 2, Uint8Array.of(1));
			data(lock, number + 1, Uint8Array.of(1));
			lock.send(encodeEnvelope({ kind: "close", channel: number + 1 }));
			data(app, 1, Uint8Array.of(3));
			check.bytes(
				await lock.take(),
				encodeEnvelope({ kind: "data", channel: number, frame: Uint8Array.of(3) }),
			);
			data(lock, number, Uint8Array.of(4));
			check.bytes(await app.take(), encodeEnvelope({ kind: "data", channel: 1, frame: Uint8Array.of(4) }));
		}),
	);

	t.test(
		"opening an open channel closes it at both ends, and numbers towards a lock are never used again",
		() =>
			RelayBench.with({}, async (bench) => {
				const lock = await bench.device("LK-AGAIN");
				const app = await bench.app();
				const number = await opened(app, 1, lock, "LK-AGAIN");
				open(app, 1, "LK-AGAIN");
				check.bytes(await lock.take(), encodeEnvelope({ kind: "close", channel: number }));
				check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 1 }));
				check.equal(await opened(app, 1, lock, "LK-AGAIN"), number + 1);
			}),
	);

	t.test(
		"an app's envelope that cannot be read closes its WebSocket with 1008, and nobody else's (T15)",
		({ random }) =>
			RelayBench.with({}, async (bench) => {
				const lock = await bench.device("LK-CALM");
				const bystander = await bench.app();
				const number = await opened(bystander, 1, lock, "LK-CALM");
				const unreadable = [
					new Uint8Array(0),
					random.bytes(40),
					encodeCbor({ 0: 9 }),
					encodeCbor({ 0: 1, 1: 1 }),
					encodeCbor({ 0: 1, 1: 1, 3: "lk-calm" }),
					encodeCbor({ 0: 1, 1: 1, 2: true, 3: "LK-CALM" }),
					encodeCbor({ 0: 2, 1: 1, 2: new Uint8Array(0) }),
					encodeCbor({ 0: 2, 1: 1, 2: new Uint8Array(4097) }),
					encodeCbor({ 0: 2, 1: 4294967296, 2: Uint8Array.of(1) }),
					encodeCbor({ 0: 6, 1: [new Uint8Array(15)] }),
					encodeCbor({ 0: 6, 1: Array.from({ length: 17 }, () => new Uint8Array(16)) }),
					encodeCbor({ 0: 7, 1: new Uint8Array(16), 2: Uint8Array.of(1) }),
				];
				for (const message of unreadable) {
					const app = await bench.app();
					app.send(message);
					check.equal(await app.closed(), 1008, Buffer.from(message).toString("hex").slice(0, 40));
				}
				const texting = await bench.app();
				texting.socket.send("hello");
				check.equal(await texting.closed(), 1008);
				data(bystander, 1, Uint8Array.of(1));
				check.bytes(
					await lock.take(),
					encodeEnvelope({ kind: "data", channel: number, frame: Uint8Array.of(1) }),
				);
			}),
	);

	t.test("a message above 16 KiB closes the connection of whoever sent it", () =>
		RelayBench.with({}, async (bench) => {
			const app = await bench.app();
			app.send(new Uint8Array(16_385));
			check.equal(await app.closed(), 1009);
			const lock = await bench.device("LK-LARGE");
			lock.send(new Uint8Array(16_385));
			check.equal(await lock.closed(), 1009);
			check.ok(bench.log.some((entry) => entry.reason === "oversized"));
		}),
	);

	t.test("a lock's unreadable envelopes are dropped and its link stands, until there are too many", () =>
		RelayBench.with({ unreadableEnvelopes: 3 }, async (bench) => {
			const lock = await bench.device("LK-GARBLED");
			const app = await bench.app();
			const number = await opened(app, 1, lock, "LK-GARBLED");
			for (let count = 0; count < 3; count++) lock.send(encodeCbor({ 0: 4, 1: count }));
			data(lock, number, Uint8Array.of(1));
			check.bytes(await app.take(), encodeEnvelope({ kind: "data", channel: 1, frame: Uint8Array.of(1) }));
			lock.send(Uint8Array.of(0xff));
			check.equal(await lock.closed(), 1008);
		}),
	);

	t.test("a notice goes to the apps that listen at its address now, and to no other", ({ random }) =>
		RelayBench.with({}, async (bench) => {
			const lock = await bench.device("LK-TELLS");
			const [owner, other] = [await bench.app(), await bench.app()];
			const [here, elsewhere] = [random.bytes(16), random.bytes(16)];
			owner.send(encodeEnvelope({ kind: "listen", addresses: [here, here, elsewhere] }));
			other.send(encodeEnvelope({ kind: "listen", addresses: [elsewhere] }));
			await pause(QUIET_MS);
			const notice = encodeEnvelope({ kind: "notice", address: here, sealed: random.bytes(512) });
			lock.send(notice);
			check.bytes(await owner.take(), notice);
			owner.send(encodeEnvelope({ kind: "listen", addresses: [] }));
			await pause(QUIET_MS);
			lock.send(notice);
			await pause(QUIET_MS);
			check.deepEqual([owner.messages.length, other.messages.length], [0, 0]);
		}),
	);

	t.test("no frame, notice or key reaches the log or the database, in any spelling (I6)", ({ random }) =>
		RelayBench.with({}, async (bench) => {
			const identity = await bench.enrolled("LK-SECRET");
			const lock = await bench.connect(bench.deviceTarget(identity));
			const app = await bench.app();
			const canary = random.bytes(24);
			const number = await opened(app, 1, lock, "LK-SECRET");
			data(app, 1, canary);
			data(lock, number, canary);
			app.send(encodeEnvelope({ kind: "listen", addresses: [canary.slice(0, 16)] }));
			lock.send(encodeEnvelope({ kind: "notice", address: canary.slice(0, 16), sealed: canary }));
			app.send(canary);
			check.equal(await app.closed(), 1008);
			check.ok(
				await eventually(() =>
					bench.log.some((entry) => entry.reason === "unreadable" || entry.code === 1008),
				),
			);
			const folder = dirname(bench.registryFile);
			const stored = readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
			const written = [...stored, ...bench.logLines].join("\n");
			const bytes = Buffer.from(canary.slice(0, 16));
			for (const spelling of ["latin1", "hex", "base64", "base64url"] as const) {
				check.ok(!written.includes(bytes.toString(spelling).slice(0, 20)), spelling);
			}
			// The search itself finds what is there.
			check.ok(written.includes("LK-SECRET") && written.includes(identity.publicKeyHex));
			check.ok(!bench.logLines.join("\n").includes(identity.publicKeyHex.slice(2, 20)));
		}),
	);
}
