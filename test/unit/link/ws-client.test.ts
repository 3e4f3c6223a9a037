import { concatBytes, toHex } from "../../../modules/base/bytes.ts";
import { acceptFor } from "../../../modules/link/ws-accept.ts";
import { PLAIN_WS_BYTES } from "../../../modules/link/ws-bytes.ts";
import { deadlineOf, startWs, stepWs } from "../../../modules/link/ws-client.ts";
import { WsHandshakeReader } from "../../../modules/link/ws-handshake.ts";
import { WsReader } from "../../../modules/link/ws-reader.ts";
import type { WsContext, WsEffect, WsEvent, WsSettings, WsState } from "../../../modules/link/ws-state.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ascii, BINARY, CLOSE, CONTINUATION, closeBody, frame, PING, PONG, TEXT } from "./server-frames.ts";

const SETTINGS: WsSettings = Object.freeze({
	handshakeMs: 1000,
	closeMs: 500,
	failMs: 200,
	pongsMax: 2,
	keepalive: Object.freeze({ pingMs: 20000, deadMs: 50000 }),
});
const REQUEST = Object.freeze({
	host: "h",
	resource: "/",
	subprotocols: Object.freeze([]),
	subprotocolRequired: false,
	key: "dGhlIHNhbXBsZSBub25jZQ==",
});
const HEAD = `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(REQUEST.key)}\r\n\r\n`;
const KINDS = Object.freeze(["connecting", "open", "closing", "finishing", "closed"] as const);

/** One connection under the test's hand; effects as lines. `rest` is fed back as its driver does. */
class Client {
	readonly #context: WsContext;
	state: WsState;
	nowMs = 0;

	constructor(textAllowed = true) {
		const reader = new WsReader({
			maxFrameBytes: 1000,
			maxMessageBytes: 1000,
			textAllowed,
			bytes: PLAIN_WS_BYTES,
		});
		this.#context = { settings: SETTINGS, reader };
		this.state = startWs(SETTINGS, new WsHandshakeReader(REQUEST, 600), REQUEST, 0).state;
	}

	step(event: WsEvent): string[] {
		const lines: string[] = [];
		let next: WsEvent | undefined = event;
		while (next !== undefined) {
			const step = stepWs(this.#context, this.state, next, this.nowMs);
			this.state = step.state;
			next = undefined;
			for (const effect of step.effects) {
				if (effect.kind === "rest") next = { kind: "bytes", bytes: effect.bytes };
				else lines.push(describe(effect));
			}
		}
		return lines;
	}

	bytes(...parts: Uint8Array[]): string[] {
		return this.step({ kind: "bytes", bytes: concatBytes(...parts) });
	}

	tick(ms: number): string[] {
		this.nowMs += ms;
		return this.step({ kind: "tick" });
	}

	due(): number | undefined {
		return deadlineOf(SETTINGS, this.state, this.nowMs);
	}

	/** This client in the state of that name. */
	static in(kind: (typeof KINDS)[number]): Client {
		const client = new Client();
		if (kind === "connecting") return client;
		client.bytes(ascii(HEAD));
		if (kind === "closing") client.step({ kind: "close", code: 1000, reason: "" });
		if (kind === "finishing") client.bytes(frame(CLOSE, closeBody(1000)));
		if (kind === "closed") client.step({ kind: "abort" });
		check.equal(client.state.kind, kind);
		return client;
	}
}

function describe(effect: WsEffect): string {
	switch (effect.kind) {
		case "frame":
			return `frame ${effect.opcode} ${toHex(effect.payload)}`;
		case "message":
			return `${effect.type} ${toHex(effect.bytes)}`;
		case "closed": {
			const { clean, code, by, reason } = effect.outcome;
			return `closed ${clean ? "clean" : "unclean"} ${code} ${by} ${reason}`;
		}
		case "opened":
			return `opened ${effect.subprotocol ?? "-"}`;
		default:
			return effect.kind;
	}
}

export default function suite(t: Suite): void {
	t.test("every state answers every event, and only as its table says", () => {
		const events: readonly WsEvent[] = [
			{ kind: "bytes", bytes: frame(PONG) },
			{ kind: "end" },
			{ kind: "tick" },
			{ kind: "send", type: "binary", payload: ascii("x") },
			{ kind: "close", code: 1001, reason: "" },
			{ kind: "abort" },
			{ kind: "progress" },
			{ kind: "drained" },
		];
		const expected: Record<(typeof KINDS)[number], readonly string[]> = {
			connecting: ["closed http", "closed ended", "-", "-", "closed aborted", "closed aborted", "-", "-"],
			open: ["-", "closed ended", "-", "frame", "closing", "closed aborted", "-", "-"],
			closing: ["-", "closed ended", "-", "-", "-", "closed aborted", "-", "-"],
			finishing: ["-", "closed done", "-", "-", "-", "closed done", "-", "-"],
			closed: ["-", "-", "-", "-", "-", "-", "-", "-"],
		};
		for (const kind of KINDS) {
			events.forEach((event, index) => {
				const client = Client.in(kind);
				const lines = client.step(event);
				const { state } = client;
				const now =
					state.kind === "closed" && kind !== "closed"
						? `closed ${state.outcome.reason}`
						: state.kind !== kind
							? state.kind
							: lines.length > 0
								? "frame"
								: "-";
				check.equal(now, expected[kind][index]!, `${kind} x ${event.kind}`);
			});
		}
	});

	t.test("a good answer opens, and frames that came with it are read", () => {
		const client = new Client();
		check.deepEqual(client.bytes(ascii(HEAD), frame(TEXT, ascii("hi"))), ["opened -", "text 6869"]);
		check.equal(client.state.kind, "open");
	});

	t.test("a refused answer closes without a frame, with its reason", () => {
		check.deepEqual(new Client().bytes(ascii("HTTP/1.1 302 Found\r\n")), [
			"closed unclean 1006 none redirect",
		]);
	});

	t.test("an answer that does not come, or drips, is given up in time", () => {
		const client = new Client();
		client.bytes(ascii("HTTP/1.1 101 x\r\nX-Slow: "));
		client.nowMs = 900;
		check.deepEqual(client.bytes(ascii("a")), []);
		check.equal(client.due(), 1000);
		check.deepEqual(client.tick(99), []);
		check.deepEqual(client.tick(1), ["closed unclean 1006 none timeout"]);
	});

	t.test("messages of both types come out whole, also from fragments with a ping between", () => {
		const client = Client.in("open");
		check.deepEqual(
			client.bytes(
				frame(BINARY, Uint8Array.of(1, 2)),
				frame(TEXT, ascii("a"), { final: false }),
				frame(PING, ascii("p")),
				frame(CONTINUATION, ascii("b"), { final: false }),
				frame(CONTINUATION),
				frame(TEXT),
			),
			["binary 0102", "frame 10 70", "text 6162", "text "],
		);
	});

	t.test("every violation of framing sends Close 1002 and reads nothing more", () => {
		const wrong: readonly (readonly [string, Uint8Array])[] = [
			["reserved-bits", frame(TEXT, ascii("x"), { reserved: 4 })],
			["opcode", frame(3)],
			["masked", frame(TEXT, ascii("x"), { masked: true })],
			["length-form", frame(TEXT, ascii("x"), { lengthBytes: 2 })],
			["control-length", frame(PING, new Uint8Array(126))],
			["control-fragmented", frame(PING, ascii("x"), { final: false })],
			["continuation", frame(CONTINUATION)],
			["close-length", frame(CLOSE, ascii("x"))],
			["close-code", frame(CLOSE, closeBody(1005))],
		];
		for (const [reason, bytes] of wrong) {
			const client = Client.in("open");
			const lines = client.bytes(frame(TEXT, ascii("ok")), bytes, frame(TEXT, ascii("no")), frame(PING));
			check.deepEqual(lines, ["text 6f6b", "frame 8 03ea"], reason);
			check.deepEqual(client.bytes(frame(CLOSE, closeBody(1000))), [], reason);
			check.deepEqual(client.tick(SETTINGS.failMs), [`closed unclean 1002 us ${reason}`]);
		}
	});

	t.test("text that is not UTF-8 sends Close 1007 at its first wrong octet, over fragments too", () => {
		const client = Client.in("open");
		check.deepEqual(client.bytes(frame(TEXT, Uint8Array.of(0xce, 0xba, 0xf4), { final: false })), []);
		check.deepEqual(client.bytes(frame(CONTINUATION, Uint8Array.of(0x90), { length: 100 })), [
			"frame 8 03ef",
		]);
		check.deepEqual(client.step({ kind: "end" }), ["closed unclean 1007 us utf8"]);

		const cut = Client.in("open");
		check.deepEqual(cut.bytes(frame(TEXT, Uint8Array.of(0xe2, 0x82))), ["frame 8 03ef"]);
		const reason = Client.in("open");
		check.deepEqual(reason.bytes(frame(CLOSE, closeBody(1000, Uint8Array.of(0xff)))), ["frame 8 03ef"]);
		// The same octets are a fine binary message.
		check.deepEqual(Client.in("open").bytes(frame(BINARY, Uint8Array.of(0xe2, 0x82))), ["binary e282"]);
	});

	t.test("a message above the bound sends Close 1009 before any of it arrives", () => {
		const client = Client.in("open");
		check.deepEqual(client.bytes(frame(BINARY, ascii(""), { length: 1001 })), ["frame 8 03f1"]);
	});

	t.test("text is refused with Close 1003 where only binary is spoken", () => {
		const client = new Client(false);
		client.bytes(ascii(HEAD));
		check.deepEqual(client.bytes(frame(TEXT, ascii("x"), { final: false })), ["frame 8 03eb"]);
	});

	t.test("the peer's Close is answered with its code, and the server ends the stream", () => {
		for (const [body, answer, code] of [
			[closeBody(1000, ascii("bye")), "03e8", 1000],
			[closeBody(4321), "10e1", 4321],
			[ascii(""), "", 1005],
		] as const) {
			const client = Client.in("open");
			check.deepEqual(client.bytes(frame(CLOSE, body), frame(TEXT, ascii("late")), frame(PING)), [
				`frame 8 ${answer}`,
			]);
			client.step({ kind: "drained" });
			check.deepEqual(client.step({ kind: "end" }), [`closed clean ${code} peer done`]);
		}
	});

	t.test("a server that does not end the stream after the closing handshake is left, cleanly", () => {
		const client = Client.in("finishing");
		client.step({ kind: "drained" });
		check.deepEqual(client.tick(SETTINGS.closeMs), ["closed clean 1000 peer done"]);
	});

	t.test("a closing handshake whose answer never left is not clean", () => {
		check.deepEqual(Client.in("finishing").step({ kind: "end" }), ["closed unclean 1000 peer done"]);
	});

	t.test("a peer that reads our last frames slowly gets more time, but not for ever", () => {
		const client = Client.in("finishing");
		let waited = 0;
		while (client.state.kind !== "closed" && waited < 100) {
			client.step({ kind: "progress" });
			client.tick(SETTINGS.closeMs - 1);
			waited++;
		}
		check.ok(waited > 10 && waited < 20, String(waited));
	});

	t.test("our Close waits for the peer's; what comes before it is read and dropped", () => {
		const client = Client.in("closing");
		client.step({ kind: "drained" });
		check.deepEqual(client.bytes(frame(BINARY, ascii("x")), frame(PING), frame(TEXT, ascii("y"))), []);
		check.deepEqual(client.bytes(frame(CLOSE, closeBody(1001))), []);
		check.deepEqual(client.step({ kind: "end" }), ["closed clean 1000 us done"]);
	});

	t.test("our Close that nobody answers ends unclean in time", () => {
		check.deepEqual(Client.in("closing").tick(SETTINGS.closeMs), ["closed unclean 1000 us no-close"]);
	});

	t.test("a violation after our Close sends no second Close", () => {
		const client = Client.in("closing");
		check.deepEqual(client.bytes(frame(3)), []);
		check.deepEqual(client.step({ kind: "end" }), ["closed unclean 1000 us opcode"]);
	});

	t.test("pings are answered with their payload, each while answers leave", () => {
		const client = Client.in("open");
		for (const text of ["a", "b", "c", "d"]) {
			check.deepEqual(client.bytes(frame(PING, ascii(text))), [`frame 10 ${toHex(ascii(text))}`]);
			check.deepEqual(client.step({ kind: "drained" }), []);
		}
	});

	t.test(
		"of a flood of pings whose answers do not leave only the newest is answered (T16, RFC 6455 5.5.3)",
		() => {
			const client = Client.in("open");
			const lines: string[] = [];
			for (let round = 0; round < 500; round++)
				lines.push(...client.bytes(frame(PING, Uint8Array.of(round & 255))));
			check.deepEqual(lines, ["frame 10 00", "frame 10 01"]);
			check.deepEqual(client.step({ kind: "drained" }), ["frame 10 f3"]);
			check.deepEqual(client.step({ kind: "drained" }), []);
			check.deepEqual(client.bytes(frame(PING)), ["frame 10 "]);
		},
	);

	t.test("pongs that nobody asked for are ignored", () => {
		check.deepEqual(Client.in("open").bytes(frame(PONG, ascii("x")), frame(PONG)), []);
	});

	t.test("a silent peer is pinged, and given up within 60 s of its last byte", () => {
		const client = Client.in("open");
		check.equal(client.due(), 20000);
		check.deepEqual(client.tick(19999), []);
		check.deepEqual(client.tick(1), ["frame 9 "]);
		check.deepEqual(client.tick(20000), ["frame 9 "]);
		check.equal(client.due(), 50000);
		check.deepEqual(client.tick(9999), []);
		check.deepEqual(client.tick(1), ["closed unclean 1006 none silent"]);
	});

	t.test("any byte is a sign of life, also one of an unfinished frame", () => {
		const client = Client.in("open");
		client.tick(20000);
		client.tick(20000);
		client.bytes(Uint8Array.of(0x82));
		check.deepEqual(client.tick(19999), []);
		check.deepEqual(client.tick(1), ["frame 9 "]);
		check.equal(client.state.kind, "open");
	});

	t.test("one step has few effects, however many frames one read holds (I8)", () => {
		const reader = new WsReader({
			maxFrameBytes: 1000,
			maxMessageBytes: 1000,
			textAllowed: true,
			bytes: PLAIN_WS_BYTES,
		});
		const settings = { ...SETTINGS, pongsMax: 1000 };
		const open = Client.in("open").state;
		const flood = concatBytes(...Array.from({ length: 100 }, () => frame(PING)));
		const step = stepWs({ settings, reader }, open, { kind: "bytes", bytes: flood }, 0);
		check.equal(step.effects.length, 17);
		const rest = step.effects.at(-1);
		check.ok(rest?.kind === "rest" && rest.bytes.length === flood.length - 32);
	});
}
