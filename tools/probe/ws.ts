/**
 * `latchkey probe ws`: tries the product's own WebSocket client, on the engine, against a server. It echoes every
 * message with its type until the closing handshake is done and prints how the connection ended as one line of JSON.
 */
import { type Command, InvalidArgumentError } from "commander";
import { existingFile, wholeNumber } from "../cli/arguments.ts";
import { CliFault } from "../cli/fault.ts";
import { runProbe } from "./board.ts";
import { prepareCertificates } from "./certificates.ts";

interface WsArguments {
	readonly url: URL;
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly subprotocol?: string;
	readonly hello?: string;
	readonly maxMessage: number;
	readonly maxFrame?: number;
}

const DEFAULT_MESSAGE_BYTES = 1_048_576;
const MOST_MESSAGE_BYTES = 67_108_864;
const BASE_HEAP_KB = 8_192;
/** A message that grew by doubling, its echo on the way out, and the next one as it comes. */
const HEAP_PER_MESSAGE = 4;
/** RFC 9110 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const HELLO_BYTES_MAX = 65_536;
const RESOURCE_BYTES_MAX = 2_048;

/** RFC 6455 3: ws or wss, no fragment; no user either. */
function webSocketUrl(text: string): URL {
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new InvalidArgumentError("It must be a URL such as wss://relay.example/v1/device.");
	}
	if (url.protocol !== "ws:" && url.protocol !== "wss:")
		throw new InvalidArgumentError("It must begin with ws:// or wss://.");
	if (text.includes("#")) throw new InvalidArgumentError("It must not have a fragment.");
	if (url.username !== "" || url.password !== "") throw new InvalidArgumentError("It must not name a user.");
	if (url.hostname === "") throw new InvalidArgumentError("It must name a host.");
	if (url.port === "0") throw new InvalidArgumentError("Its port must be from 1 to 65535.");
	if (url.pathname.length + url.search.length > RESOURCE_BYTES_MAX)
		throw new InvalidArgumentError(`Its path must be at most ${RESOURCE_BYTES_MAX} bytes.`);
	return url;
}

function token(text: string): string {
	if (!TOKEN.test(text)) throw new InvalidArgumentError("It must be one HTTP token.");
	return text;
}

function helloText(text: string): string {
	if (Buffer.byteLength(text) > HELLO_BYTES_MAX)
		throw new InvalidArgumentError(`It must be at most ${HELLO_BYTES_MAX} bytes.`);
	return text;
}

export function registerWsProbe(program: Command): void {
	probeCommand(program)
		.command("ws")
		.description("Connect the product's WebSocket client and echo every message until the server closes")
		.requiredOption("--url <url>", "ws://host[:port]/path or wss://host[:port]/path", webSocketUrl)
		.option("--ca <file>", "wss: certificates to trust, PEM", existingFile)
		.option("--cert <file>", "wss: client certificate chain, leaf first, PEM", existingFile)
		.option("--key <file>", "wss: its private key, PEM or DER", existingFile)
		.option("--subprotocol <name>", "subprotocol to offer", token)
		.option("--hello <text>", "text message to send first", helloText)
		.option(
			"--max-message <bytes>",
			"largest message to accept; a board's own limit is 16384",
			wholeNumber(1, MOST_MESSAGE_BYTES),
			DEFAULT_MESSAGE_BYTES,
		)
		.option(
			"--max-frame <bytes>",
			"largest frame to accept (default: the largest message)",
			wholeNumber(1, MOST_MESSAGE_BYTES),
		)
		.action(runWsProbe);
}

/** The `probe` that the probes share, whichever of them is registered first. */
function probeCommand(program: Command): Command {
	return (
		program.commands.find((command) => command.name() === "probe") ??
		program.command("probe").description("Try the product's own TLS and WebSocket clients against a server")
	);
}

async function runWsProbe(options: WsArguments): Promise<void> {
	const { url, ca, cert, key } = options;
	const secure = url.protocol === "wss:";
	if (secure && ca === undefined) throw new CliFault("wss:// needs --ca", 2);
	if (!secure && [ca, cert, key].some((file) => file !== undefined))
		throw new CliFault("--ca, --cert and --key are for wss://", 2);
	if ((cert === undefined) !== (key === undefined)) throw new CliFault("--cert and --key go together", 2);
	process.exitCode = await runProbe({
		name: "probe-ws",
		main: "tools/probe/ws-engine",
		heapKb: BASE_HEAP_KB + Math.ceil((HEAP_PER_MESSAGE * options.maxMessage) / 1024),
		settings: {
			// Brackets belong to the URL, not to the address.
			host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
			port: url.port === "" ? (secure ? "443" : "80") : url.port,
			authority: url.host,
			resource: `${url.pathname}${url.search}`,
			secure: secure ? "1" : undefined,
			subprotocol: options.subprotocol,
			hello: options.hello,
			max: String(options.maxMessage),
			"max-frame": options.maxFrame === undefined ? undefined : String(options.maxFrame),
			now: String(Date.now()),
		},
		...(ca === undefined
			? {}
			: {
					prepare: (folder: string) =>
						prepareCertificates(folder, {
							ca,
							...(cert === undefined ? {} : { cert }),
							...(key === undefined ? {} : { key }),
						}),
				}),
	});
}
