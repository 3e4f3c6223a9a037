/** What a relay does to those who ask too much, and that the others do not notice (T16, I8). */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { decodeToLock, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { check, type Suite } from "../harness/test.ts";
import { RelayBench } from "./support/relay-bench.ts";
import { eventually, pause } from "./support/temporary.ts";
import type { TestClient } from "./support/web-socket.ts";

const QUIET_MS = 60;

function open(app: TestClient, channel: number, serial: string): void {
	app.send(encodeEnvelope({ kind: "open", channel, serial }));
}

/** Opens a channel; the number that the lock sees, or undefined when the relay refused. */
async function tryOpen(
	app: TestClient,
	channel: number,
	lock: TestClient,
	serial: string,
): Promise<number | undefined> {
	open(app, channel, serial);
	await eventually(() => lock.messages.length > 0 || app.messages.length > 0);
	const refusal = app.messages.shift();
	if (refusal !== undefined) {
		check.bytes(refusal, encodeEnvelope({ kind: "close", channel }));
		return undefined;
	}
	const envelope = decodeToLock(lock.messages.shift() ?? check.fail("neither side heard anything"));
	return envelope.ok && envelope.value.kind === "open" ? envelope.value.channel : check.fail("no open");
}

/** Resolves to how long the connection lasted; undefined when it is still up after `withinMs`. */
async function lifetime(socket: Socket, withinMs: number): Promise<number | undefined> {
	const startedMs = performance.now();
	let ended = false;
	socket.on("error", () => undefined);
	socket.on("close", () => {
		ended = true;
	});
	socket.resume();
	await eventually(() => ended, withinMs);
	socket.destroy();
	return ended ? performance.now() - startedMs : undefined;
}

export default function suite(t: Suite): void {
	t.test("an app has so many channels and no more; closing one makes room", () =>
		RelayBench.with({ channelsPerApp: 2 }, async (bench) => {
			const lock = await bench.device("LK-MANY");
			const app = await bench.app();
			check.ok(await tryOpen(app, 1, lock, "LK-MANY"));
			check.ok(await tryOpen(app, 2, lock, "LK-MANY"));
			check.equal(await tryOpen(app, 3, lock, "LK-MANY"), undefined);
			app.send(encodeEnvelope({ kind: "close", channel: 1 }));
			check.ok(await lock.take());
			check.ok(await tryOpen(app, 3, lock, "LK-MANY"));
		}),
	);

	t.test("a lock has so many channels and no more, and one address cannot hold them all (T16)", () =>
		RelayBench.with({ channelsPerLock: 4, channelsPerLockAndAddress: 2 }, async (bench) => {
			const lock = await bench.device("LK-BUSY");
			const [first, second] = [await bench.app(), await bench.app()];
			check.ok(await tryOpen(first, 1, lock, "LK-BUSY"));
			check.ok(await tryOpen(second, 1, lock, "LK-BUSY"));
			check.equal(await tryOpen(second, 2, lock, "LK-BUSY"), undefined);
			const other = await bench.device("LK-FREE");
			check.ok(await tryOpen(second, 3, other, "LK-FREE"));
		}),
	);

	t.test("a lock's channels are bounded whoever asks", () =>
		RelayBench.with({ channelsPerLock: 2 }, async (bench) => {
			const lock = await bench.device("LK-FULL");
			const app = await bench.app();
			check.ok(await tryOpen(app, 1, lock, "LK-FULL"));
			check.ok(await tryOpen(app, 2, lock, "LK-FULL"));
			check.equal(await tryOpen(app, 3, lock, "LK-FULL"), undefined);
		}),
	);

	t.test(
		"opening is rate-limited by address: serials cannot be tried in bulk, on one connection or on many",
		() =>
			RelayBench.with({ opensBurst: 3, opensPerMinute: 20 }, async (bench) => {
				const lock = await bench.device("LK-GUESSED");
				for (let count = 0; count < 3; count++) {
					const app = await bench.app();
					open(app, 1, `LK-GUESS-${count}`);
					check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 1 }));
				}
				const app = await bench.app();
				check.equal(await tryOpen(app, 1, lock, "LK-GUESSED"), undefined);
				await pause(3_100);
				check.ok(await tryOpen(app, 1, lock, "LK-GUESSED"));
			}),
	);

	t.test("a flood is read no faster than the rate allows; its connection and the lock stay (T16)", () =>
		RelayBench.with({ appMessagesBurst: 10, appMessagesPerMinute: 600 }, async (bench) => {
			const lock = await bench.device("LK-FLOODED");
			const app = await bench.app();
			const number = await tryOpen(app, 1, lock, "LK-FLOODED");
			const frame = new Uint8Array(4_000);
			const startedMs = performance.now();
			for (let count = 0; count < 400; count++) app.send(encodeEnvelope({ kind: "data", channel: 1, frame }));
			await pause(500);
			// The burst, 10 a second, and what a read of 64 KiB had already brought in at each time.
			const most = 10 + (performance.now() - startedMs) / 100 + 40;
			check.ok(lock.messages.length >= 10 && lock.messages.length <= most, `${lock.messages.length} frames`);
			check.equal(app.closeCode, undefined);
			lock.send(encodeEnvelope({ kind: "close", channel: number! }));
			check.ok(await app.take());
		}),
	);

	t.test("a flood of pings is metered like any other message", () =>
		RelayBench.with({ appMessagesBurst: 10, appMessagesPerMinute: 600 }, async (bench) => {
			const app = await bench.app();
			let pongs = 0;
			app.socket.on("pong", () => pongs++);
			const filler = Buffer.alloc(125);
			for (let count = 0; count < 2_000; count++) app.socket.ping(filler);
			await pause(400);
			check.ok(pongs >= 1 && pongs < 1_000, `${pongs} pongs`);
		}),
	);

	t.test("an app that does not read is dropped; the lock and the other apps go on", () =>
		RelayBench.with({ sendQueueBytes: 65_536 }, async (bench) => {
			const lock = await bench.device("LK-TALKS");
			const [slow, quick] = [await bench.app(), await bench.app()];
			const toSlow = await tryOpen(slow, 1, lock, "LK-TALKS");
			const toQuick = await tryOpen(quick, 1, lock, "LK-TALKS");
			slow.socket.pause();
			const frame = new Uint8Array(4_096);
			const dropped = (): boolean =>
				bench.log.some((entry) => entry.event === "disconnected" && entry.reason === "slow");
			for (let count = 0; count < 4_000 && !dropped(); count++) {
				lock.send(encodeEnvelope({ kind: "data", channel: toSlow!, frame }));
				if (count % 20 === 0) await pause(1);
			}
			check.ok(await eventually(dropped, 20_000), "still there");
			check.ok(await eventually(() => lock.messages.length > 0));
			check.bytes(await lock.take(), encodeEnvelope({ kind: "close", channel: toSlow! }));
			lock.send(encodeEnvelope({ kind: "data", channel: toQuick!, frame: Uint8Array.of(7) }));
			check.bytes(
				await quick.take(20_000),
				encodeEnvelope({ kind: "data", channel: 1, frame: Uint8Array.of(7) }),
			);
		}),
	);

	t.test("a lock that does not read loses the channel that fills its queue, not its link (T16)", () =>
		RelayBench.with(
			{ sendQueueBytes: 65_536, appMessagesBurst: 100_000, appBytesBurst: 1e9 },
			async (bench) => {
				const lock = await bench.device("LK-SLOW");
				const app = await bench.app();
				check.ok(await tryOpen(app, 1, lock, "LK-SLOW"));
				lock.socket.pause();
				const frame = new Uint8Array(4_096);
				for (let count = 0; count < 8_000 && app.messages.length === 0; count++) {
					app.send(encodeEnvelope({ kind: "data", channel: 1, frame }));
					if (count % 20 === 0) await pause(1);
				}
				check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 1 }));
				check.deepEqual(bench.relay.serials, ["LK-SLOW"]);
				lock.socket.resume();
				check.ok(
					await eventually(() => {
						const last = lock.messages.at(-1);
						return last !== undefined && decodeToLock(last).ok && last.length < 10;
					}, 20_000),
					"the lock never heard of the close",
				);
			},
		),
	);

	t.test("notices of one lock are rate-limited", ({ random }) =>
		RelayBench.with({ noticesBurst: 2, noticesPerMinute: 1 }, async (bench) => {
			const lock = await bench.device("LK-CHATTY");
			const app = await bench.app();
			const address = random.bytes(16);
			app.send(encodeEnvelope({ kind: "listen", addresses: [address] }));
			await pause(QUIET_MS);
			for (let count = 0; count < 10; count++)
				lock.send(encodeEnvelope({ kind: "notice", address, sealed: Uint8Array.of(count) }));
			await pause(QUIET_MS);
			check.equal(app.messages.length, 2);
			check.equal(lock.closeCode, undefined);
		}),
	);

	t.test(
		"connections from one address are bounded in number and in pace, and free their place when they end",
		() =>
			RelayBench.with({ appConnectionsPerAddress: 2 }, async (bench) => {
				const first = await bench.app();
				await bench.app();
				check.equal((await bench.attempt(bench.appTarget())).kind, "failed");
				first.end();
				check.ok(await eventually(async () => (await bench.attempt(bench.appTarget())).kind === "open"));
			}).then(() =>
				RelayBench.with({ connectsBurst: 2, connectsPerMinute: 20 }, async (bench) => {
					for (let count = 0; count < 2; count++) (await bench.app()).end();
					check.equal((await bench.attempt(bench.appTarget())).kind, "failed");
					await pause(3_100);
					check.equal((await bench.attempt(bench.appTarget())).kind, "open");
				}),
			),
	);

	t.test("a peer that says nothing in TCP, in TLS or in HTTP is let go after its time (T16)", () =>
		RelayBench.with({ handshakeMs: 200, requestMs: 200 }, async (bench) => {
			const port = bench.address.appPort;
			const silent = await lifetime(connectTcp(port, "127.0.0.1"), 5_000);
			check.ok(silent !== undefined && silent >= 100, `TCP: ${silent}`);
			const tls = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: bench.pki.relayRoot });
			const mute = await lifetime(tls, 5_000);
			check.ok(mute !== undefined, "TLS without a request");
			const slow = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: bench.pki.relayRoot });
			slow.on("secureConnect", () => slow.write("GET /v1/app HTTP/1.1\r\nHost: "));
			const drip = setInterval(() => slow.writable && slow.write("x"), 20);
			const dripping = await lifetime(slow, 5_000);
			clearInterval(drip);
			check.ok(dripping !== undefined, "a request that never ends");
		}),
	);

	t.test("a peer that answers no ping is dead; one that answers lives", () =>
		RelayBench.with({ pingMs: 200, deadMs: 1_500 }, async (bench) => {
			const dead = await bench.app({ options: { autoPong: false } });
			const alive = await bench.app();
			check.ok((await dead.closed()) !== undefined);
			await pause(1_600);
			check.equal(alive.closeCode, undefined);
			check.ok(bench.log.some((entry) => entry.reason === "dead"));
		}),
	);

	t.test("a channel on which nothing passes is closed at both ends, a used one is not", () =>
		RelayBench.with({ channelIdleMs: 1_500, pingMs: 200 }, async (bench) => {
			const lock = await bench.device("LK-IDLE");
			const app = await bench.app();
			const idle = await tryOpen(app, 1, lock, "LK-IDLE");
			await tryOpen(app, 2, lock, "LK-IDLE");
			const use = setInterval(
				() => app.send(encodeEnvelope({ kind: "data", channel: 2, frame: Uint8Array.of(1) })),
				40,
			);
			check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 1 }));
			await pause(100);
			clearInterval(use);
			const close = encodeEnvelope({ kind: "close", channel: idle! });
			check.equal(lock.messages.filter((message) => Buffer.compare(message, close) === 0).length, 1);
			check.equal(app.messages.length, 0);
		}),
	);

	t.test("a relay that stops says goodbye and leaves nothing open", async () => {
		const bench = await RelayBench.open();
		const lock = await bench.device("LK-BYE");
		const app = await bench.app();
		const silent = connectTcp(bench.address.appPort, "127.0.0.1");
		const ended = lifetime(silent, 5_000);
		await pause(QUIET_MS);
		await bench.relay.close();
		check.deepEqual([await lock.closed(), await app.closed()], [1001, 1001]);
		check.ok((await ended) !== undefined);
		check.equal((await bench.attempt(bench.appTarget())).kind, "failed");
		await bench.close();
	});
}
