import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeFromLock, encodeEnvelope } from "../../../modules/wire/envelope.ts";
import { check, type Suite } from "../../harness/test.ts";
import { Rig, relayAt } from "./link-rig.ts";
import { ascii, BINARY, CLOSE, closeBody, frame, PING, readClientFrame, TEXT } from "./server-frames.ts";

export default function suite(t: Suite): void {
	t.test("the link upgrades on /v1/device with its subprotocol, on one connection", ({ random }) => {
		const rig = new Rig(random).ready();
		const request = rig.relay.request.split("\r\n");
		check.equal(request[0]!, "GET /v1/device HTTP/1.1");
		check.ok(
			request.includes("Host: one:8443") && request.includes("Sec-WebSocket-Protocol: latchkey.device.1"),
		);
		check.deepEqual(rig.events, ["ready"]);
		rig.time.advance(600000);
		check.equal(rig.network.attempts.length, 1);
	});

	t.test("envelopes reach the handler of their kind, and leave masked and binary", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.relay.send({ kind: "open", channel: 7 });
		rig.relay.send({ kind: "data", channel: 7, frame: ascii("x") });
		rig.relay.send({ kind: "close", channel: 7 });
		rig.settle();
		check.deepEqual(rig.events, ["ready", "open 7", "data 7", "close 7"]);
		check.ok(rig.link.send({ kind: "data", channel: 7, frame: ascii("answer") }));
		rig.settle();
		const sent = rig.relay.sent(BINARY);
		check.equal(sent.length, 1);
		const envelope = check.accepted(decodeFromLock(sent[0]!.payload));
		check.ok(envelope.kind === "data" && envelope.channel === 7);
	});

	t.test(
		"an envelope that cannot be read is dropped, counted and logged, and the link stays (I9)",
		({ random }) => {
			const rig = new Rig(random).ready();
			for (const bytes of [ascii(""), ascii("junk"), Uint8Array.of(0xa1, 0, 9)])
				rig.relay.raw(frame(BINARY, bytes));
			rig.relay.send({ kind: "open", channel: 1 });
			rig.settle();
			check.deepEqual(rig.events, ["ready", "open 1"]);
			check.equal(rig.log.filter((line) => line.includes("dropped")).length, 1);
			rig.network.dropAll();
			rig.settle();
			check.ok(rig.log.some((line) => line.includes("dropped 3 envelopes")));
			check.deepEqual(rig.link.dropped, { unsent: 0, unreadable: 3 });
		},
	);

	t.test("what breaks RFC 6455 ends the connection with its code, and the link comes back", ({ random }) => {
		for (const [bytes, code] of [
			[frame(BINARY, ascii("x"), { masked: true }), 1002],
			[frame(TEXT, ascii("x")), 1003],
			[frame(BINARY, ascii(""), { length: LIMITS.wsMessageBytes + 1 }), 1009],
		] as const) {
			const rig = new Rig(random).ready();
			rig.relay.raw(bytes);
			check.ok(rig.time.advanceUntil(() => rig.link.state === "waiting", 3000));
			check.bytes(rig.relay.sent(CLOSE)[0]?.payload, closeBody(code));
			check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 5000));
			check.deepEqual(rig.events, ["ready", "down", "ready"]);
		}
	});

	t.test("an idle link is kept alive by pings, as long as they are answered", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.time.advance(3600000);
		check.equal(rig.link.state, "ready");
		const pings = rig.relay.sent(PING).length;
		check.ok(pings >= 170 && pings <= 180, `${pings} pings in an hour`);
	});

	t.test("a half-open connection is found within 60 s, and made anew", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.time.advance(12345);
		const silentMs = rig.time.nowMs;
		rig.relay.polite = false;
		check.ok(rig.time.advanceUntil(() => rig.link.state !== "ready", 120000));
		check.ok(rig.time.nowMs - silentMs <= 60000, `${rig.time.nowMs - silentMs} ms`);
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 5000));
		check.equal(rig.network.open, 1);
	});

	t.test(
		"a relay that takes nothing any more is left within 60 s, its queue bounded (I8, T16)",
		({ random }) => {
			const rig = new Rig(random).ready();
			rig.relay.peer.takeOnly(0);
			const startMs = rig.time.nowMs;
			let taken = 0;
			while (rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) })) taken++;
			check.ok(
				taken * 4000 <= LIMITS.linkQueueBytes + LIMITS.tlsWriteQueueBytes + 4000,
				`${taken} were taken`,
			);
			check.ok(!rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) }));
			check.equal(rig.log.filter((line) => line.includes("queue")).length, 1);
			check.ok(rig.time.advanceUntil(() => rig.link.state !== "ready", 120000));
			check.ok(rig.time.nowMs - startMs <= 60000, `${rig.time.nowMs - startMs} ms`);
		},
	);

	t.test("what was dropped while the queue was full is counted once it is empty again", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.relay.peer.takeOnly(0);
		while (rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) }));
		rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) });
		rig.relay.peer.takeOnly(Number.POSITIVE_INFINITY);
		rig.time.advance(10);
		check.ok(
			rig.log.some((line) => line.includes("2 envelopes were dropped")),
			rig.log.join("\n"),
		);
		check.ok(rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) }));
		check.deepEqual(rig.link.dropped, { unsent: 2, unreadable: 0 });
	});

	t.test("what was dropped is logged and counted also when the connection ends first", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.relay.peer.takeOnly(0);
		while (rig.link.send({ kind: "data", channel: 1, frame: random.bytes(4000) }));
		for (let more = 0; more < 6; more++) rig.link.send({ kind: "close", channel: 1 });
		const unsent = rig.link.dropped.unsent;
		check.ok(unsent >= 1 && unsent <= 7, String(unsent));
		rig.network.dropAll();
		rig.settle();
		check.ok(
			rig.log.some((line) => line.includes(`${unsent} envelopes were dropped`)),
			rig.log.join("\n"),
		);
		check.equal(rig.link.dropped.unsent, unsent);
	});

	t.test("nothing is sent before the link is ready or after it is down", ({ random }) => {
		const rig = new Rig(random);
		check.ok(!rig.link.send({ kind: "close", channel: 1 }));
		rig.ready();
		check.ok(rig.link.send({ kind: "close", channel: 1 }));
		rig.network.dropAll();
		rig.settle();
		check.ok(!rig.link.send({ kind: "close", channel: 1 }));
	});

	t.test("a relay that closes in good order is answered, and tried again", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.relay.raw(frame(CLOSE, closeBody(1001)));
		rig.settle();
		check.bytes(rig.relay.sent(CLOSE)[0]?.payload, closeBody(1001));
		check.ok(!rig.link.send({ kind: "close", channel: 1 }), "nothing follows a Close");
		rig.relay.peer.end();
		rig.settle();
		check.equal(rig.events.at(-1), "down");
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 5000));
	});

	t.test(
		"a refused, silent or half-willing upgrade is a failure with its reason in the log",
		({ random }) => {
			for (const [upgrade, reason] of [
				["refuse", "unauthorised"],
				["ignore", "timeout"],
				["no-subprotocol", "subprotocol"],
			] as const) {
				const rig = new Rig(random);
				rig.upgrade = upgrade;
				rig.link.start();
				check.ok(rig.time.advanceUntil(() => rig.link.state === "waiting", 20000));
				check.ok(
					rig.log.some((line) => line.includes(reason)),
					rig.log.join("\n"),
				);
				check.deepEqual(rig.events, []);
				check.equal(rig.network.open, 0, "the connection is let go");
			}
		},
	);

	t.test("a TLS failure is logged by its reason, and followed by ever longer waits (T4)", ({ random }) => {
		const rig = new Rig(random);
		rig.network.listen("one", 8443, () => "chain-untrusted");
		rig.link.start();
		rig.time.advance(3600000);
		const attempts = rig.network.attempts.length;
		check.ok(attempts >= 12 && attempts <= 120, `${attempts} attempts in an hour`);
		check.equal(
			rig.log.filter((line) => line.startsWith("link: one: TLS chain-untrusted while handshaking")).length,
			attempts,
		);
	});

	t.test("unusable roots are a failure like another, not an end", ({ random }) => {
		const rig = new Rig(random);
		rig.relays = [{ ...relayAt("one"), roots: [] }];
		rig.link.start();
		rig.time.advance(5000);
		check.ok(rig.log.some((line) => line.includes("tls/setup")));
		rig.relays = [relayAt("one")];
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 60000));
	});

	t.test("what is left of an attempt that was stopped does not disturb the next one", ({ random }) => {
		const rig = new Rig(random);
		rig.relays = [{ ...relayAt("one"), roots: [] }];
		rig.link.start();
		rig.link.stop();
		rig.relays = [relayAt("one")];
		rig.link.start();
		rig.time.settle();
		check.equal(rig.link.state, "ready");
		check.ok(!rig.log.some((line) => line.includes("tls/setup")), rig.log.join("\n"));
	});

	t.test("several relays are tried in turn until one answers", ({ random }) => {
		const rig = new Rig(random);
		rig.relays = ["a", "b", "one"].map(relayAt);
		rig.link.start();
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 20000));
		check.deepEqual(
			rig.network.attempts.map((options) => options.host),
			["a", "b", "one"],
		);
		// A relay that held for long is the first to be tried again.
		rig.time.advance(100000);
		rig.network.dropAll();
		check.ok(rig.time.advanceUntil(() => rig.network.attempts.length === 4, 5000));
		check.equal(rig.network.attempts[3]!.host, "one");
	});

	t.test("no connection begins while the bolt drives; a poke lets it begin", ({ random }) => {
		const rig = new Rig(random);
		rig.permitted = false;
		rig.link.start();
		rig.time.advance(600000);
		check.equal(rig.network.attempts.length, 0);
		rig.link.poke();
		check.equal(rig.network.attempts.length, 0);
		rig.permitted = true;
		rig.link.poke();
		check.equal(rig.network.attempts.length, 1);
		// Nor does a connection that ends meanwhile lead to another.
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 1000));
		rig.permitted = false;
		rig.network.dropAll();
		rig.time.advance(600000);
		check.equal(rig.network.attempts.length, 1);
	});

	t.test(
		"without a relay the link waits for one, and a poke before its time does not hurry it",
		({ random }) => {
			const rig = new Rig(random);
			rig.relays = [];
			rig.link.start();
			rig.time.advance(60000);
			check.equal(rig.link.state, "blocked");
			rig.relays = [relayAt("gone")];
			rig.link.poke();
			check.equal(rig.network.attempts.length, 1);
			check.ok(rig.time.advanceUntil(() => rig.link.state === "waiting", 1000));
			for (let round = 0; round < 100; round++) rig.link.poke();
			check.ok(rig.network.attempts.length <= 2);
		},
	);

	t.test("stop closes in good order, in every state, and start begins anew", ({ random }) => {
		const idle = new Rig(random);
		idle.link.stop();
		check.equal(idle.link.state, "idle");

		const ready = new Rig(random).ready();
		ready.link.stop();
		check.deepEqual(ready.events, ["ready", "down"]);
		ready.time.advance(100);
		check.equal(ready.link.state, "idle");
		check.bytes(ready.relay.sent(CLOSE)[0]?.payload, closeBody(1001));
		ready.time.advance(600000);
		check.equal(ready.network.attempts.length, 1);
		ready.ready();

		const connecting = new Rig(random);
		connecting.link.start();
		connecting.link.stop();
		connecting.time.advance(60000);
		check.equal(connecting.link.state, "idle");
		check.equal(connecting.network.open, 0);

		const upgrading = new Rig(random);
		upgrading.upgrade = "ignore";
		upgrading.link.start();
		check.ok(upgrading.time.advanceUntil(() => upgrading.link.state === "upgrading", 1000));
		upgrading.link.stop();
		check.equal(upgrading.link.state, "idle");
		check.equal(upgrading.network.open, 0);

		const waiting = new Rig(random);
		waiting.network.silence("one", 8443);
		waiting.link.start();
		check.ok(waiting.time.advanceUntil(() => waiting.link.state === "waiting", 1000));
		waiting.link.stop();
		waiting.time.advance(600000);
		check.equal(waiting.network.attempts.length, 1);
	});

	t.test(
		"a start while the old connection still closes waits for its end: never two at once",
		({ random }) => {
			const rig = new Rig(random).ready();
			rig.relay.polite = false;
			rig.link.stop();
			rig.link.start();
			check.equal(rig.link.state, "draining");
			check.equal(rig.network.open, 1);
			check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 20000));
			check.equal(rig.network.open, 1);
			check.equal(rig.network.attempts.length, 2);
		},
	);

	t.test("frames of different connections carry different masks", ({ random }) => {
		const rig = new Rig(random).ready();
		for (let round = 0; round < 3; round++) rig.link.send({ kind: "close", channel: 1 });
		rig.settle();
		const writes = rig.relay.peer.received.slice(1).map((bytes) => bytes.subarray(2, 6).join());
		check.equal(new Set(writes).size, 3);
		check.ok(readClientFrame(rig.relay.peer.received[1]!) !== undefined);
	});

	t.test("a flood of tiny messages leaves the event loop its turns (T16)", ({ random }) => {
		const rig = new Rig(random).ready();
		const before = rig.events.length;
		let handledFirst = 0;
		const opens = Array.from({ length: 1000 }, () =>
			frame(BINARY, encodeEnvelope({ kind: "open", channel: 1 })),
		);
		rig.relay.raw(...opens);
		rig.clock.after(0, () => {
			rig.clock.after(0, () => {
				rig.clock.after(0, () => {
					handledFirst = rig.events.length - before;
				});
			});
		});
		rig.settle();
		check.equal(rig.events.length - before, 1000);
		check.ok(
			handledFirst > 0 && handledFirst < 200,
			`${handledFirst} envelopes before others had their turn`,
		);
	});
}
