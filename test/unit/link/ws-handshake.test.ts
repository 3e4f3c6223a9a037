import { acceptFor } from "../../../modules/link/ws-accept.ts";
import {
	encodeRequest,
	type WsAnswer,
	WsHandshakeReader,
	type WsRequest,
} from "../../../modules/link/ws-handshake.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ascii } from "./server-frames.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const REQUEST: WsRequest = Object.freeze({
	host: "relay.example:8443",
	resource: "/v1/device",
	subprotocols: Object.freeze(["latchkey.device.1"]),
	subprotocolRequired: true,
	key: KEY,
});
const FREE: WsRequest = Object.freeze({ ...REQUEST, subprotocolRequired: false });
const NONE: WsRequest = Object.freeze({ ...FREE, subprotocols: Object.freeze([]) });

const STATUS = "HTTP/1.1 101 Switching Protocols";
const GOOD: readonly string[] = Object.freeze([
	"Upgrade: websocket",
	"Connection: Upgrade",
	`Sec-WebSocket-Accept: ${acceptFor(KEY)}`,
	"Sec-WebSocket-Protocol: latchkey.device.1",
]);
const LIMIT = 600;

function head(lines: readonly string[], status = STATUS): string {
	return `${[status, ...lines].join("\r\n")}\r\n\r\n`;
}

/** The answer, and what was left of the text behind it. */
function answer(text: string, request = REQUEST, piece = text.length): [WsAnswer | undefined, string] {
	const reader = new WsHandshakeReader(request, LIMIT);
	for (let at = 0; at < text.length; at += piece) {
		const input = { bytes: ascii(text.slice(at, at + piece)), offset: 0 };
		const judged = reader.next(input);
		if (judged !== undefined) return [judged, text.slice(at + input.offset)];
	}
	return [undefined, ""];
}

function accepted(text: string, request = REQUEST, subprotocol: string | null = "latchkey.device.1"): void {
	for (const piece of [text.length, 1, 7]) {
		check.deepEqual(
			answer(text, request, piece)[0],
			{ kind: "accepted", subprotocol: subprotocol ?? undefined },
			`in pieces of ${piece}`,
		);
	}
}

function refused(refusal: string, text: string, request = REQUEST): void {
	for (const piece of [text.length, 1, 7]) {
		const judged = answer(text, request, piece)[0];
		check.equal(judged?.kind === "refused" ? judged.refusal : judged?.kind, refusal, JSON.stringify(text));
	}
}

/** GOOD with one header replaced, by none or by several. */
function replaced(name: string, ...by: readonly string[]): readonly string[] {
	return GOOD.flatMap((line) => (line.startsWith(name) ? by : [line]));
}

export default function suite(t: Suite): void {
	t.test("the request is that of RFC 6455 4.1, and offers no extension", () => {
		check.equal(
			encodeRequest(REQUEST),
			"GET /v1/device HTTP/1.1\r\nHost: relay.example:8443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				`Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: latchkey.device.1\r\n\r\n`,
		);
		check.ok(!encodeRequest(NONE).includes("Protocol"));
	});

	t.test("an acceptance is accepted, in any pieces, and leaves what follows it alone", () => {
		accepted(head(GOOD));
		check.deepEqual(answer(`${head(GOOD)}\x81\x00`)[1], "\x81\x00");
	});

	t.test("header names, the upgrade token and the connection token are compared without case", () => {
		accepted(
			head([
				"UPGRADE: WebSocket",
				"connection: keep-alive, uPGRADE",
				`sec-websocket-ACCEPT:\t ${acceptFor(KEY)} \t`,
				"Sec-WebSocket-Protocol:latchkey.device.1",
				"Server: x",
				"X-Empty:",
				"X-Text: \xe4\xff:,;",
			]),
		);
		accepted(head([...replaced("Connection"), "Connection: close", "Connection: Upgrade"]));
	});

	t.test(
		"a status line may have an empty reason, and interim responses may come before (RFC 9110 15.2)",
		() => {
			accepted(head(GOOD, "HTTP/1.1 101 "));
			accepted(
				head([], "HTTP/1.1 100 Continue") + head(["Link: </x>"], "HTTP/1.1 103 Early Hints") + head(GOOD),
			);
		},
	);

	t.test("what an interim response says is not the answer's", () => {
		refused("upgrade", head(GOOD, "HTTP/1.1 103 Early Hints") + head([]));
	});

	t.test("an endless series of interim responses ends at the bound on header bytes", () => {
		refused("header-size", head([], "HTTP/1.1 100 Continue").repeat(100));
	});

	t.test("redirects, authentication and every other status are refused by name", () => {
		for (const code of [300, 301, 302, 307, 308])
			refused("redirect", head(["Location: /x"], `HTTP/1.1 ${code} X`));
		for (const code of [401, 403, 407]) refused("unauthorised", head([], `HTTP/1.1 ${code} X`));
		for (const code of [200, 204, 400, 404, 426, 500, 503, 600])
			refused("status", head(GOOD, `HTTP/1.1 ${code} X`));
		check.deepEqual(answer("HTTP/1.1 404 Not Found\r\n")[0], {
			kind: "refused",
			refusal: "status",
			status: 404,
		});
	});

	t.test("a status line of another shape is refused", () => {
		for (const status of [
			"HTTP/1.0 101 Switching Protocols",
			"HTTP/1.2 101 Switching Protocols",
			"HTTP/2 101 x",
			"http/1.1 101 x",
			"HTTP/1.1  101 x",
			"HTTP/1.1 1O1 x",
			"HTTP/1.1 0101 x",
			"HTTP/1.1 1010 x",
			"HTTP/1.1 101",
			"HTTP/1.1\t101 x",
			" HTTP/1.1 101 x",
			"",
		]) {
			refused("http", head(GOOD, status));
		}
	});

	t.test("a page of a captive portal, or another protocol's greeting, is refused at its first octets", () => {
		check.equal(answer("<")[0]?.kind, "refused");
		check.equal(answer("SS")[0]?.kind, "refused");
		check.equal(answer("HTTP/1.1 ")[0], undefined);
		refused("redirect", head(["Location: http://portal/"], "HTTP/1.1 302 Found"));
		refused("status", head(["Content-Type: text/html"], "HTTP/1.1 200 OK"));
	});

	t.test("an Upgrade that is missing, twice, or something else is refused", () => {
		refused("upgrade", head(replaced("Upgrade")));
		refused("upgrade", head(replaced("Upgrade", "Upgrade:")));
		refused("upgrade", head(replaced("Upgrade", "Upgrade: h2c")));
		refused("upgrade", head(replaced("Upgrade", "Upgrade: websocket/13")));
		refused("upgrade", head(replaced("Upgrade", "Upgrade: websocket", "Upgrade: websocket")));
	});

	t.test("a Connection without the token is refused", () => {
		refused("connection", head(replaced("Connection")));
		refused("connection", head(replaced("Connection", "Connection: close")));
		refused("connection", head(replaced("Connection", "Connection: Upgraded")));
		refused("connection", head(replaced("Connection", "Connection: up, grade")));
	});

	t.test("an accept value that is missing, wrong, of another case or given twice is refused (T4)", () => {
		const right = acceptFor(KEY);
		refused("accept", head(replaced("Sec-WebSocket-Accept")));
		for (const wrong of [
			"",
			KEY,
			acceptFor("AAAAAAAAAAAAAAAAAAAAAA=="),
			right.toLowerCase(),
			`${right}=`,
			right.slice(1),
		]) {
			refused("accept", head(replaced("Sec-WebSocket-Accept", `Sec-WebSocket-Accept: ${wrong}`)));
		}
		const line = `Sec-WebSocket-Accept: ${right}`;
		refused("accept", head(replaced("Sec-WebSocket-Accept", line, line)));
	});

	t.test("an extension that was not offered is refused, whatever it is", () => {
		for (const value of ["permessage-deflate", "x; y=1", ""]) {
			refused("extension", head([...GOOD, `Sec-WebSocket-Extensions: ${value}`]));
		}
	});

	t.test("only the subprotocol that was offered is accepted (RFC 6455 4.1)", () => {
		for (const value of ["latchkey.device.2", "LATCHKEY.DEVICE.1", "latchkey.device.1, x", "", "x"]) {
			refused(
				"subprotocol",
				head(replaced("Sec-WebSocket-Protocol", `Sec-WebSocket-Protocol: ${value}`)),
				FREE,
			);
			refused(
				"subprotocol",
				head(replaced("Sec-WebSocket-Protocol", `Sec-WebSocket-Protocol: ${value}`)),
				NONE,
			);
		}
		const line = "Sec-WebSocket-Protocol: latchkey.device.1";
		refused("subprotocol", head(replaced("Sec-WebSocket-Protocol", line, line)));
		refused("subprotocol", head(GOOD), NONE);
	});

	t.test("no subprotocol in the answer is legal, and refused only where one is required", () => {
		accepted(head(replaced("Sec-WebSocket-Protocol")), FREE, null);
		accepted(head(replaced("Sec-WebSocket-Protocol")), NONE, null);
		refused("subprotocol", head(replaced("Sec-WebSocket-Protocol")), REQUEST);
	});

	t.test(
		"a header that folds, has a space before its colon, no name or a control character is refused",
		() => {
			for (const line of [
				" folded",
				"\tfolded",
				"X: a\r\n b",
				"X : a",
				": a",
				"no colon",
				"X\0: a",
				"X: a\0",
				"X: a\x1b",
				"X: \x7f",
				"(X): a",
				"X\xe4: a",
			]) {
				refused("http", head([line, ...GOOD]));
			}
		},
	);

	t.test("a bare LF or a bare CR is no line end", () => {
		refused("http", head(GOOD).replaceAll("\r\n", "\n"));
		refused("http", head(GOOD).replaceAll("\r\n", "\r"));
		refused("http", head(["X: a\nY: b", ...GOOD]));
		refused("http", head(["X: a\rY: b", ...GOOD]));
	});

	t.test("more header bytes than the bound are refused, exactly the bound is not", () => {
		const room = LIMIT - head([...GOOD, "X: "]).length;
		accepted(head([...GOOD, `X: ${"x".repeat(room)}`]));
		refused("header-size", head([...GOOD, `X: ${"x".repeat(room + 1)}`]));
		refused("header-size", `${STATUS}\r\nX: ${"x".repeat(LIMIT)}`);
	});
}
