/**
 * Holds docs/WEBSOCKET.md to RFC 6455 and to the code: the table has every demand of the RFC that binds a client, each is
 * answered by tests that exist, and the failures of the link stand there with their numbers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LINK_FAILURES } from "../../modules/link/link-failure.ts";
import { TestNames } from "../faults/test-names.ts";
import { ROOT } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { HOSTILE } from "../ws/hostile.ts";
import { TWINS } from "../ws/twins.ts";

/** The demands, by section and what the RFC says there; several of one section in its order. */
const DEMANDS: readonly (readonly [string, string])[] = [
	["3.1", "Fragment identifiers are meaningless and MUST NOT be used on these URIs"],
	["4.1.1", "There MUST be no more than one connection in a CONNECTING state"],
	["4.1.2", "if configured to use a proxy, the client SHOULD connect to that proxy"],
	["4.1.3", "If the connection could not be opened, the client MUST _Fail the WebSocket Connection_"],
	["4.1.4", "If /secure/ is true, the client MUST perform a TLS handshake; MUST use Server Name Indication"],
	["4.1.5", "the client MUST wait for a response from the server before sending any further data"],
	["4.1.6", "The handshake MUST be a valid HTTP request; the method MUST be GET, the version at least 1.1"],
	["4.1.7", "The request MUST contain a Host header field"],
	["4.1.8", "MUST contain Upgrade including websocket; MUST contain Connection including Upgrade"],
	[
		"4.1.9",
		"MUST include Sec-WebSocket-Key: a nonce, randomly selected for each connection, 16-byte, base64",
	],
	["4.1.10", "MUST include Origin if the request is coming from a browser client"],
	["4.1.11", "MUST include Sec-WebSocket-Version; the value MUST be 13"],
	["4.1.12", "Sec-WebSocket-Protocol: the elements MUST be non-empty, MUST all be unique strings"],
	["4.1.13", "MAY include Sec-WebSocket-Extensions"],
	["4.1.14", "If the status code is not 101, the client handles the response per HTTP procedures"],
	["4.1.15", "if Upgrade is missing or not websocket, the client MUST _Fail the WebSocket Connection_"],
	["4.1.16", "if Connection lacks the token Upgrade, the client MUST _Fail the WebSocket Connection_"],
	["4.1.17", "if Sec-WebSocket-Accept is missing or other, the client MUST _Fail the WebSocket Connection_"],
	[
		"4.1.18",
		"an extension that was not present in the client's handshake: MUST _Fail the WebSocket Connection_",
	],
	[
		"4.1.19",
		"a subprotocol that was not present in the client's handshake: MUST _Fail the WebSocket Connection_",
	],
	["4.1.20", "If the server's response does not conform, the client MUST _Fail the WebSocket Connection_"],
	["5.1.1", "a client MUST mask all frames that it sends to the server"],
	["5.1.2", "A client MUST close a connection if it detects a masked frame"],
	["5.2.1", "RSV1, RSV2, RSV3 MUST be 0 unless an extension is negotiated; else MUST _Fail_"],
	["5.2.2", "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_"],
	["5.2.3", "the minimal number of bytes MUST be used to encode the length"],
	["5.2.4", "64-bit unsigned integer (the most significant bit MUST be 0)"],
	[
		"5.3.1",
		"the masking key MUST be derived from a strong source of entropy; the next MUST NOT be simple to predict",
	],
	[
		"5.3.2",
		"Octet i of the transformed data is the XOR of octet i of the original with octet i modulo 4 of the key",
	],
	["5.4.1", "fragments MUST be delivered in the order sent; MUST NOT be interleaved"],
	["5.4.2", "An endpoint MUST be capable of handling control frames in the middle of a fragmented message"],
	["5.4.3", "Control frames themselves MUST NOT be fragmented"],
	["5.4.4", "Clients and servers MUST support receiving both fragmented and unfragmented messages"],
	["5.4.5", "A sender MAY create fragments of any size for non-control messages"],
	["5.5.1", "All control frames MUST have a payload length of 125 bytes or less"],
	["5.5.2", "If there is a body, the first two bytes MUST be a code; the reason is UTF-8"],
	["5.5.3", "The application MUST NOT send any more data frames after sending a Close frame"],
	["5.5.4", "an endpoint that received a Close and did not send one MUST send a Close in response"],
	["5.5.5", "After both, the endpoint MUST close the underlying TCP connection"],
	[
		"5.5.6",
		"Upon receipt of a Ping frame, an endpoint MUST send a Pong; MUST have identical application data",
	],
	["5.5.7", "A response to an unsolicited Pong frame is not expected"],
	["5.6", "the whole message MUST contain valid UTF-8"],
	["5.8", "The protocol is designed to allow for extensions"],
	["6.1", "The endpoint MUST ensure the WebSocket connection is in the OPEN state; frames MUST be masked"],
	["6.2", "it is said that a message has been received, of its type"],
	["7.1.1", "The underlying TCP connection SHOULD be closed first by the server"],
	["7.1.2", "_Start the WebSocket Closing Handshake_ with a status code"],
	["7.1.4", "closed cleanly if the closing handshake was completed"],
	["7.1.5", "_The WebSocket Connection Close Code_ is 1005 or 1006 where there was none"],
	["7.1.7", "An endpoint MUST NOT continue to attempt to process data after _Fail the WebSocket Connection_"],
	[
		"7.2.1",
		"if the underlying connection is unexpectedly lost, the client MUST _Fail the WebSocket Connection_",
	],
	[
		"7.2.3",
		"clients SHOULD use some form of backoff; the first reconnect attempt SHOULD be delayed by a random amount",
	],
	["7.4.1", "1004, 1005, 1006 and 1015 MUST NOT be set as a status code in a Close by an endpoint"],
	["7.4.2", "0-999 are not used; 3000-3999 and 4000-4999 are for others"],
	["8.1", "text that is not UTF-8: the endpoint MUST _Fail the WebSocket Connection_"],
	["9.1", "a server MUST NOT send an extension that the client did not request; the client fails"],
	["10.3", "the masking key MUST NOT be predictable to scripts"],
	["10.4", "implementations with limitations on frame size or total message size MUST protect themselves"],
	["10.7", "Incoming data MUST always be validated by both clients and servers"],
	["11.3", "header fields that MUST NOT appear more than once in an HTTP request or response"],
];

const ROW = /^\| ([0-9]+(?:\.[0-9]+)*) \| ([^|]+) \| ([^|]+) \|$/;
const ENTRY = /^- ([0-9]+(?:\.[0-9]+)*): `([^`]+)`: (.+)$/;
const FAILURE = /^\| ([0-9]+) \| `([a-z-]+)` \| [a-z, ]+ \| [^|]+ \|$/;

interface Page {
	/** Number of the clause, and how it is met. */
	readonly rows: ReadonlyMap<string, string>;
	readonly tests: readonly { readonly clause: string; readonly file: string; readonly name: string }[];
	readonly failures: readonly string[];
}

function parse(text: string): Page {
	const rows = new Map<string, string>();
	const tests: { clause: string; file: string; name: string }[] = [];
	const failures: string[] = [];
	for (const line of text.split("\n")) {
		const [row, entry, failure] = [ROW.exec(line), ENTRY.exec(line), FAILURE.exec(line)];
		if (row !== null) {
			check.ok(!rows.has(row[1]!), `two rows ${row[1]}`);
			rows.set(row[1]!, row[3]!);
		}
		if (entry !== null) tests.push({ clause: entry[1]!, file: entry[2]!, name: entry[3]! });
		if (failure !== null) failures.push(`${failure[1]} ${failure[2]}`);
	}
	return { rows, tests, failures };
}

/** What is wrong with the page. */
function faultsOf({ rows, tests }: Page, names: TestNames): string[] {
	const faults: string[] = [];
	for (const [clause] of DEMANDS) if (!rows.has(clause)) faults.push(`${clause} has no row`);
	for (const [clause, how] of rows) {
		if (!DEMANDS.some(([demand]) => demand === clause)) faults.push(`${clause} is no demand of the list`);
		// What the client never does may have a test all the same.
		if (!how.startsWith("None") && !tests.some((test) => test.clause === clause))
			faults.push(`${clause} has no test`);
	}
	for (const { clause, file, name } of tests) {
		if (!rows.has(clause)) faults.push(`a test of ${clause}, which has no row`);
		if (!names.has(file, name)) faults.push(`${clause}: ${file} has no test "${name}"`);
	}
	return faults;
}

export default function suite(t: Suite): void {
	const text = readFileSync(join(ROOT, "docs/WEBSOCKET.md"), "utf8");

	t.test("every demand of RFC 6455 on a client stands in the document, with tests that exist", () => {
		const page = parse(text);
		check.equal(page.rows.size, DEMANDS.length);
		check.ok(page.tests.length > DEMANDS.length, `${page.tests.length} tests`);
		check.deepEqual(faultsOf(page, new TestNames(ROOT)), []);
	});

	t.test("a demand without a row, a row without a test and a test that is none would be found", () => {
		const names = new TestNames(ROOT);
		const without = (line: RegExp): string => text.replace(line, "");
		check.deepEqual(faultsOf(parse(without(/^\| 5\.5\.3 .*\n/m)), names).slice(0, 1), ["5.5.3 has no row"]);
		check.deepEqual(faultsOf(parse(without(/^- 10\.7: .*\n/m)), names), ["10.7 has no test"]);
		const renamed = text.replace("without a throw (I9)", "with a throw (I9)");
		check.equal(faultsOf(parse(renamed), names).length, 1);
	});

	t.test("the document gives each failure of the link its number", () => {
		const coded = Object.entries(LINK_FAILURES).map(([reason, number]) => `${number} ${reason}`);
		check.deepEqual(parse(text).failures, coded);
	});

	t.test("there are 60 hostile servers and 60 legal twins at least, each of its own kind", () => {
		for (const [table, count] of [
			[HOSTILE, new Set(HOSTILE.map(({ what }) => what)).size],
			[TWINS, new Set(TWINS.map(({ what }) => what)).size],
		] as const) {
			check.equal(count, table.length);
			check.ok(count >= 60, String(count));
		}
	});
}
