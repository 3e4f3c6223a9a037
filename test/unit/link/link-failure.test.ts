import { LIMITS } from "../../../modules/base/limits.ts";
import {
	isPortalSign,
	isRefusal,
	LINK_FAILURES,
	type LinkFailureReason,
	type LinkStage,
	reasonOfOutcome,
	reasonOfTls,
} from "../../../modules/link/link-failure.ts";
import type { TlsReason } from "../../../modules/platform/tls.ts";
import type { Random } from "../../harness/random.ts";
import { check, type Suite } from "../../harness/test.ts";
import { Rig, relayAt } from "./link-rig.ts";
import { ascii, BINARY, CLOSE, closeBody, frame, TEXT } from "./server-frames.ts";
import type { Upgrade } from "./sim-relay.ts";

/** As they were first given out. A number that changes here changes what is counted in the field: never edit, only add. */
const NUMBERS =
	"resolve 1, connect 2, timeout 3, closed 4, reset 5, alert 6, alert-certificate 7, alert-version 8, alert-handshake 9, " +
	"protocol 10, version 11, suite 12, alpn 13, memory 14, chain-depth 15, chain-size 16, chain-malformed 17, " +
	"chain-untrusted 18, certificate-version 19, critical-extension 20, name-constraints 21, policy 22, weak-signature 23, " +
	"weak-key 24, not-a-ca 25, path-length 26, leaf-is-ca 27, key-usage 28, purpose 29, name-missing 30, name-mismatch 31, " +
	"expired 32, not-yet-valid 33, setup 34, captive-portal 35, upgrade-refused 36, upgrade-malformed 37, dead 38, " +
	"websocket 39, too-big 40, closed-by-relay 41, pin-mismatch 42, unavailable 43";

const FAILING: Readonly<Record<Exclude<TlsReason, "plain-http">, true>> = {
	resolve: true,
	connect: true,
	timeout: true,
	closed: true,
	reset: true,
	alert: true,
	"alert-certificate": true,
	"alert-version": true,
	"alert-handshake": true,
	protocol: true,
	version: true,
	suite: true,
	alpn: true,
	"chain-malformed": true,
	"chain-untrusted": true,
	"chain-depth": true,
	"chain-size": true,
	"path-length": true,
	"not-a-ca": true,
	"key-usage": true,
	"leaf-is-ca": true,
	purpose: true,
	"certificate-version": true,
	"weak-key": true,
	"weak-signature": true,
	"name-missing": true,
	"name-mismatch": true,
	expired: true,
	"not-yet-valid": true,
	"name-constraints": true,
	policy: true,
	"critical-extension": true,
	memory: true,
	"pin-mismatch": true,
};

/** A link whose only relay answers so, after its first failure. */
function failed(random: Random, prepare: (rig: Rig) => void, forMs = 20000): Rig {
	const rig = new Rig(random);
	prepare(rig);
	rig.link.start();
	check.ok(
		rig.time.advanceUntil(() => rig.failures.length > 0, forMs),
		rig.log.join("\n"),
	);
	check.equal(rig.link.state, "waiting");
	check.equal(rig.failures[0]!.nowMs, rig.clock.monotonicMs());
	return rig;
}

export default function suite(t: Suite): void {
	t.test("each reason has the number that it was first given, and no two have the same", () => {
		const entries = Object.entries(LINK_FAILURES);
		check.equal(entries.map(([reason, number]) => `${reason} ${number}`).join(", "), NUMBERS);
		check.equal(new Set(Object.values(LINK_FAILURES)).size, entries.length);
		check.ok(Object.isFrozen(LINK_FAILURES));
	});

	t.test("a failure before the stream is up is told with its stage (T4)", ({ random }) => {
		for (const reason of Object.keys(FAILING) as Exclude<TlsReason, "plain-http">[]) {
			const rig = failed(random, (each) => each.network.listen("one", 8443, () => reason));
			const stage = reason === "resolve" ? "resolving" : reason === "connect" ? "connecting" : "handshaking";
			check.equal(rig.told, `${stage}/${reason}/0`);
			check.equal(rig.failures[0]!.relay, rig.relays[0]);
		}
		const unknown = failed(random, (rig) => {
			rig.relays = [relayAt("unknown")];
		});
		check.equal(unknown.told, "resolving/resolve/0");
		const nowhere = failed(random, (rig) => rig.network.listen("one", 8443, () => "nowhere"));
		check.equal(nowhere.told, "connecting/timeout/0");
		const mute = failed(random, (rig) => rig.network.listen("one", 8443, () => undefined));
		check.equal(mute.told, "handshaking/timeout/0");
		const roots = failed(random, (rig) => {
			rig.relays = [{ ...relayAt("one"), roots: [] }];
		});
		check.equal(roots.told, "resolving/setup/0");
	});

	t.test("a failed upgrade is told as refused, malformed, late or a captive portal's (T4)", ({ random }) => {
		const answers: readonly (readonly [Upgrade, string])[] = [
			[{ answer: "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n" }, "captive-portal"],
			[{ answer: "HTTP/1.1 307 x\r\n\r\n" }, "captive-portal"],
			[{ answer: "HTTP/1.1 200 OK\r\n\r\n<html>" }, "captive-portal"],
			[{ answer: "HTTP/1.1 511 Network Authentication Required\r\n\r\n" }, "captive-portal"],
			[{ answer: "HTTP/1.1 401 x\r\n\r\n" }, "upgrade-refused"],
			["refuse", "upgrade-refused"],
			...[404, 407, 429, 500, 502, 503, 504].map(
				(status) => [{ answer: `HTTP/1.1 ${status} x\r\n\r\n` }, "unavailable"] as const,
			),
			[{ answer: "SSH-2.0-x\r\n" }, "upgrade-malformed"],
			[{ answer: "HTTP/1.1 101 x\r\n\r\n" }, "upgrade-malformed"],
			[{ answer: `HTTP/1.1 101 x\r\nX: ${"y".repeat(LIMITS.wsHeaderBytes)}` }, "upgrade-malformed"],
			["no-subprotocol", "upgrade-malformed"],
			["ignore", "timeout"],
		];
		for (const [upgrade, reason] of answers) {
			const rig = failed(random, (each) => {
				each.upgrade = upgrade;
			});
			check.equal(rig.told, `upgrading/${reason}/0`);
		}
	});

	t.test("the end of a ready connection is told by its reason", ({ random }) => {
		const ends: readonly (readonly [(rig: Rig) => void, string])[] = [
			[(rig) => rig.network.dropAll("reset"), "reset"],
			[(rig) => rig.network.dropAll("protocol"), "protocol"],
			[(rig) => rig.network.dropAll("alert"), "alert"],
			[(rig) => rig.relay.peer.end(), "closed"],
			[(rig) => rig.relay.raw(frame(BINARY, ascii("x"), { masked: true })), "websocket"],
			[(rig) => rig.relay.raw(frame(TEXT, ascii("x"))), "websocket"],
			[(rig) => rig.relay.raw(frame(CLOSE, ascii("x"))), "websocket"],
			[(rig) => rig.relay.raw(frame(BINARY, ascii(""), { length: LIMITS.wsMessageBytes + 1 })), "too-big"],
			[
				(rig) => {
					rig.relay.raw(frame(CLOSE, closeBody(1001)));
					rig.settle();
					rig.relay.peer.end();
				},
				"closed-by-relay",
			],
			[
				(rig) => {
					rig.relay.polite = false;
				},
				"dead",
			],
		];
		for (const [end, reason] of ends) {
			const rig = new Rig(random).ready();
			end(rig);
			check.ok(rig.time.advanceUntil(() => rig.failures.length > 0, 61000));
			check.equal(rig.told, `ready/${reason}/0`);
		}
	});

	t.test("an end that we wished for is no failure", ({ random }) => {
		for (const polite of [true, false]) {
			const rig = new Rig(random).ready();
			rig.relay.polite = polite;
			rig.link.stop();
			rig.time.advance(60000);
			rig.ready();
			rig.relay.polite = polite;
			rig.link.reconnect();
			rig.time.advance(60000);
			check.equal(rig.link.state, "ready");
			check.equal(rig.told, "");
		}
	});

	t.test(
		"the owner hears which candidate failed and which became ready, and adapts the list",
		({ random }) => {
			const as = (name: string, octet: number): Rig["relays"][number] => ({
				...relayAt("one"),
				clientCertificate: { chain: [Uint8Array.of(octet)], key: { encoded: ascii(name) } },
			});
			const [pending, current, factory] = [as("pending", 1), as("current", 2), as("factory", 3)];
			const rig = new Rig(random);
			rig.network.listen("one", 8443, (options) => {
				if (options.clientCertificate?.chain[0]?.[0] !== 3) return "alert-certificate";
				return rig.serve;
			});
			rig.relays = [pending, current, factory];
			rig.onFailure = ({ relay }) => {
				rig.relays = rig.relays.filter((each) => each !== relay);
			};
			rig.link.start();
			check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 20000));
			// Each time the first of what was left, not the next of what had been.
			check.equal(rig.told, "handshaking/alert-certificate/0 handshaking/alert-certificate/0");
			check.equal(rig.failures[0]!.relay, pending);
			check.equal(rig.failures[1]!.relay, current);
			check.deepEqual(rig.readyAt, [0]);
			check.equal(rig.relays[0], factory);
		},
	);

	t.test("a poke in between does not make the link forget that the list has changed", ({ random }) => {
		const rig = new Rig(random);
		rig.relays = [relayAt("a"), relayAt("b"), relayAt("c")];
		rig.onFailure = () => {
			if (rig.failures.length > 1) return;
			rig.relays = [relayAt("one"), relayAt("b"), relayAt("c")];
			rig.link.poke();
			rig.link.poke();
		};
		rig.link.start();
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 20000));
		check.equal(rig.told, "resolving/resolve/0");
	});

	t.test("a list that is made anew but names the same candidates goes on in turn", ({ random }) => {
		const rig = new Rig(random);
		const names = ["a", "b", "one"];
		rig.onFailure = () => {
			rig.relays = names.map(relayAt);
		};
		rig.relays = names.map(relayAt);
		rig.link.start();
		check.ok(rig.time.advanceUntil(() => rig.link.state === "ready", 20000));
		check.equal(rig.told, "resolving/resolve/0 resolving/resolve/1");
		check.deepEqual(rig.readyAt, [2]);
	});

	t.test("a certificate is refused by nothing but what a relay says under its own keys (T4, T12)", () => {
		const stages: readonly LinkStage[] = ["resolving", "connecting", "handshaking", "upgrading", "ready"];
		const refusals = stages.flatMap((stage) =>
			(Object.keys(LINK_FAILURES) as LinkFailureReason[])
				.filter((reason) => reason !== "upgrade-refused" && isRefusal(stage, reason))
				.map((reason) => `${stage} ${reason}`),
		);
		check.deepEqual(refusals, ["upgrading alert-certificate", "ready alert-certificate"]);
		check.ok(isRefusal("upgrading", "upgrade-refused"));
	});

	t.test("of all that can happen only what a captive portal does is called so", () => {
		const stages: readonly LinkStage[] = ["resolving", "connecting", "handshaking", "upgrading", "ready"];
		const signs = stages.flatMap((stage) =>
			(Object.keys(LINK_FAILURES) as LinkFailureReason[])
				.filter((reason) => isPortalSign(stage, reason))
				.map((reason) => `${stage} ${reason}`),
		);
		const always = ["captive-portal", "chain-untrusted", "name-mismatch", "name-missing"];
		const expected = stages.flatMap((stage) => always.map((reason) => `${stage} ${reason}`));
		check.deepEqual([...signs].sort(), [...expected, "connecting timeout"].sort());
		check.equal(reasonOfTls("plain-http"), "captive-portal");
		check.equal(reasonOfTls(undefined), "closed");
	});

	t.test("the log names a captive portal, and nothing else so", ({ random }) => {
		const portal = failed(random, (rig) => rig.network.listen("one", 8443, () => "plain-http"));
		check.ok(portal.log.some((line) => line.includes("captive portal")));
		check.equal(portal.told, "handshaking/captive-portal/0");
		const other = failed(random, (rig) => rig.network.listen("one", 8443, () => "expired"));
		check.ok(!other.log.some((line) => line.includes("captive portal")));
	});

	t.test("an outcome of our own making has no reason", () => {
		const ours = { clean: true, code: 1001, by: "us" } as const;
		for (const reason of ["done", "aborted", "no-close", "ended"] as const)
			check.equal(reasonOfOutcome({ ...ours, reason }, undefined), undefined);
		check.equal(reasonOfOutcome({ ...ours, by: "none", reason: "ended" }, "reset"), "reset");
	});
}
