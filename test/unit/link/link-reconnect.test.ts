import { check, type Suite } from "../../harness/test.ts";
import { Rig, relayAt } from "./link-rig.ts";
import { CLOSE, closeBody } from "./server-frames.ts";

export default function suite(t: Suite): void {
	t.test(
		"reconnect closes the connection in good order, then connects anew at once, never two",
		({ random }) => {
			const rig = new Rig(random).ready();
			rig.network.delayMs = 10;
			const old = rig.relay;
			rig.link.reconnect();
			check.equal(rig.link.state, "draining");
			check.ok(!rig.link.send({ kind: "close", channel: 1 }), "nothing is sent while draining");
			check.equal(rig.network.open, 1);
			check.ok(rig.time.advanceUntil(() => rig.network.attempts.length === 2, 1000));
			check.equal(rig.network.open, 1);
			check.bytes(old.sent(CLOSE)[0]?.payload, closeBody(1001));
			check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 1000));
			check.deepEqual(rig.events, ["ready", "down", "ready"]);
			check.ok(rig.relay !== old && rig.network.open === 1);
		},
	);

	t.test("the new connection is made with what relays answers then", ({ random }) => {
		const rig = new Rig(random).ready();
		rig.network.listen("two", 8443, () => rig.serve);
		rig.relays = [relayAt("two"), relayAt("one")];
		rig.link.reconnect();
		check.ok(rig.time.advanceUntil(() => rig.readyAt.length === 2, 10000));
		check.deepEqual(
			rig.network.attempts.map(({ host }) => host),
			["one", "two"],
		);
		check.deepEqual(rig.readyAt, [0, 0]);
	});

	t.test(
		"a relay that does not answer the Close delays the new connection by its patience only",
		({ random }) => {
			const rig = new Rig(random).ready();
			rig.relay.polite = false;
			rig.link.reconnect();
			check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 6000));
			check.equal(rig.network.attempts.length, 2);
		},
	);

	t.test("reconnect ends an attempt that is under way, at every stage of it", ({ random }) => {
		for (const stage of ["resolving", "connecting", "handshaking", "upgrading"] as const) {
			const rig = new Rig(random);
			rig.upgrade = "ignore";
			if (stage === "resolving") rig.network.hold();
			if (stage === "connecting") rig.network.listen("one", 8443, () => "nowhere");
			if (stage === "handshaking") rig.network.listen("one", 8443, () => undefined);
			rig.link.start();
			rig.settle();
			check.equal(rig.link.state, stage);
			rig.upgrade = "accept";
			rig.network.release();
			rig.network.listen("one", 8443, () => rig.serve);
			rig.link.reconnect();
			check.ok(
				rig.time.advanceUntil(() => rig.link.state === "ready", 100),
				`from ${stage}`,
			);
			check.equal(rig.network.open, 1);
			check.equal(rig.told, "");
		}
	});

	t.test("reconnect ends a wait, however long the back-off has become", ({ random }) => {
		const rig = new Rig(random);
		rig.network.silence("one", 8443);
		rig.link.start();
		rig.time.advance(3600000);
		check.ok(rig.time.advanceUntil(() => rig.link.state === "waiting", 400000));
		rig.network.listen("one", 8443, () => rig.serve);
		rig.link.reconnect();
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 100));
	});

	t.test("a link that is stopped or being stopped stays so", ({ random }) => {
		const rig = new Rig(random);
		rig.link.reconnect();
		rig.time.advance(60000);
		check.equal(rig.network.attempts.length, 0);
		rig.ready();
		rig.link.stop();
		rig.link.reconnect();
		rig.time.advance(60000);
		check.equal(rig.link.state, "idle");
		check.equal(rig.network.attempts.length, 1);
	});

	t.test("reconnect and stop may be called from what the link calls", ({ random }) => {
		const rig = new Rig(random);
		let round = 0;
		rig.link.onReady(() => {
			if (++round < 3) rig.link.reconnect();
			else rig.link.stop();
		});
		rig.link.onReady(() => void rig.events.push("second"));
		rig.link.start();
		rig.time.advance(60000);
		check.equal(rig.link.state, "idle");
		check.equal(rig.network.attempts.length, 3);
		check.equal(rig.events.join(" "), Array.from({ length: 3 }, () => "ready second down").join(" "));

		const failing = new Rig(random);
		failing.network.silence("one", 8443);
		failing.onFailure = () => {
			if (failing.failures.length < 5) failing.link.reconnect();
			else failing.link.stop();
		};
		failing.link.start();
		failing.time.advance(100);
		check.equal(failing.network.attempts.length, 5);
		check.equal(failing.link.state, "idle");
	});
}
