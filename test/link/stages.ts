/** Servers on real sockets that fail a link at one stage each, and what the link must call it. */
import { spawn } from "node:child_process";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { encodeEnvelope, LINK_SUBPROTOCOL } from "../../modules/wire/envelope.ts";
import {
	alert,
	certificateRequest,
	certificates,
	clientRandomOf,
	fakeServer,
	handshake,
	serverHello,
	serverHelloDone,
	serverKeyExchange,
} from "../bindings/fake-server.ts";
import {
	type Certificate,
	intermediateOf,
	issue,
	keyPem,
	keyUsage,
	leafExtensions,
	leafOf,
	OID,
	purposes,
	rootOf,
} from "../bindings/issue.ts";
import { BINARY, CLOSE, closeBody, frame, PING, PONG } from "../unit/link/server-frames.ts";
import { goodHead, RawPeer } from "../ws/raw-server.ts";

export const ROOT = rootOf();
const CA = intermediateOf(ROOT);
const LEAF = leafOf(CA);
const CHAIN = [LEAF, CA];
const DEVICE_ROOT = rootOf({ subject: "device root" });
export const DEVICE = issue({
	subject: "a device",
	signer: DEVICE_ROOT,
	extensions: [keyUsage("digitalSignature"), purposes(OID.clientAuth)],
});

/** One candidate of the link. */
export interface Stage {
	readonly name: string;
	/** What the link says: stage/reason. */
	readonly expected: RegExp;
	/** It takes up all the patience of the TLS client, which a test makes short. */
	readonly brief?: true;
	readonly host?: string;
	/** Starts the server; returns its port. */
	readonly start: (servers: StageServers) => Promise<number>;
}

type Talk = (peer: RawPeer, raw: Socket) => Promise<void>;

function contextOf(leaf: Certificate, chain: readonly Certificate[]): SecureContext {
	return createSecureContext({
		key: keyPem(leaf),
		cert: chain.map((each) => each.pem).join(""),
		maxVersion: "TLSv1.2",
		// A server that asks for certificates resumes no session without.
		sessionIdContext: "stages",
	});
}

export class StageServers {
	readonly #closers: (() => void)[] = [];
	/** Connections that were accepted, by the port. */
	readonly accepted = new Map<number, number>();

	close(): void {
		for (const close of this.#closers.splice(0)) close();
	}

	onClose(close: () => void): void {
		this.#closers.push(close);
	}

	/** A server of bare TCP. */
	async tcp(talk: (socket: Socket) => void): Promise<number> {
		const sockets = new Set<Socket>();
		const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
			sockets.add(socket);
			socket.setNoDelay(true);
			socket.on("error", () => undefined);
			socket.on("close", () => sockets.delete(socket));
			socket.on("end", () => setTimeout(() => socket.destroy(), 20));
			this.accepted.set(port, (this.accepted.get(port) ?? 0) + 1);
			talk(socket);
		});
		this.onClose(() => {
			for (const socket of sockets) socket.destroy();
			server.close();
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const { port } = server.address() as AddressInfo;
		return port;
	}

	/** A server of TLS that asks for a client certificate and takes any. */
	tls(talk: Talk, context = contextOf(LEAF, CHAIN)): Promise<number> {
		return this.tcp((raw) => {
			const secure = new TLSSocket(raw, {
				isServer: true,
				secureContext: context,
				requestCert: true,
				rejectUnauthorized: false,
			});
			secure.on("error", () => undefined);
			const peer = new RawPeer(secure);
			secure.once("secure", () => {
				// A script that the link left in the middle is over, not wrong.
				talk(peer, raw).catch(() => secure.destroy());
			});
		});
	}

	/** A port whose connections are never accepted nor refused: its queue is full, so the kernel drops what comes. */
	async blackHole(): Promise<number> {
		const program =
			"const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>{" +
			"require('fs').writeSync(1,s.address().port+'\\n');Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0)})";
		const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
		this.onClose(() => void child.kill("SIGKILL"));
		const port = await new Promise<number>((resolve) => {
			child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(Number(text)));
		});
		for (let filler = 0; filler < 4; filler++) {
			const socket = connect(port, "127.0.0.1");
			socket.on("error", () => undefined);
			this.onClose(() => socket.destroy());
		}
		await new Promise((resolve) => setTimeout(resolve, 200));
		return port;
	}
}

function tcpStage(name: string, expected: RegExp, talk: (socket: Socket) => void, brief?: true): Stage {
	return {
		name,
		expected,
		...(brief === undefined ? {} : { brief }),
		start: (servers) => servers.tcp(talk),
	};
}

/** What the server says to a ClientHello. */
function onHello(socket: Socket, say: (socket: Socket) => void): void {
	socket.once("data", () => say(socket));
}

function certificateStage(name: string, expected: RegExp, leaf: Certificate, signer: Certificate): Stage {
	return {
		name,
		expected,
		start: (servers) => servers.tls(async () => undefined, contextOf(leaf, [leaf, signer])),
	};
}

/** After a good TLS handshake: the answer to the upgrade. */
function upgradeStage(name: string, expected: RegExp, talk: Talk): Stage {
	return { name, expected, start: (servers) => servers.tls(talk) };
}

function answerStage(name: string, expected: RegExp, answer: string): Stage {
	return upgradeStage(name, expected, async (peer) => {
		await peer.request();
		peer.write(answer);
		await peer.end();
	});
}

/** A relay as it should be, until it has heard what the link says at once. */
export async function welcome(peer: RawPeer): Promise<void> {
	await peer.upgrade(`Sec-WebSocket-Protocol: ${LINK_SUBPROTOCOL}`);
	peer.write(frame(BINARY, encodeEnvelope({ kind: "open", channel: 7 })));
	await peer.frame();
	await peer.frame();
}

/** Answers pings and a Close until the link is gone. */
export async function behave(peer: RawPeer): Promise<void> {
	for (;;) {
		const next = await peer.frame();
		if (next === undefined) return;
		if (next.opcode === PING) peer.write(frame(PONG, next.payload));
		if (next.opcode !== CLOSE) continue;
		peer.write(frame(CLOSE, next.payload));
		peer.socket.end();
		return;
	}
}

function readyStage(name: string, expected: RegExp, talk: Talk): Stage {
	return upgradeStage(name, expected, async (peer, raw) => {
		await welcome(peer);
		await talk(peer, raw);
	});
}

/** Breaks RFC 6455, reads the Close that answers it, and ends as a server should. */
function violationStage(name: string, expected: RegExp, bytes: Uint8Array): Stage {
	return readyStage(name, expected, async (peer) => {
		peer.write(bytes);
		await peer.frame();
		peer.socket.end();
	});
}

const strict: Stage = {
	name: "client-certificate-refused",
	expected: /^handshaking\/alert-certificate$/,
	start: async (servers) => {
		const random = Buffer.alloc(32, 5);
		const server = await fakeServer(
			(socket, hello) =>
				socket.write(
					handshake(
						serverHello({ random }),
						certificates(CHAIN.map((each) => each.der)),
						serverKeyExchange(clientRandomOf(hello), random, LEAF.keys.privateKey),
						certificateRequest(),
						serverHelloDone(),
					),
				),
			(socket) => socket.end(alert(42)),
		);
		servers.onClose(() => void server.close());
		return server.port;
	},
};

const FOREIGN_ROOT = rootOf({ subject: "hotel root" });
const PORTAL = "<html><title>Log in</title></html>";
const PAGE = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PORTAL.length}\r\n\r\n${PORTAL}`;

/** What captive portals do; each must be called so in the log, whatever its reason. */
export const PORTAL_STAGES: readonly Stage[] = [
	{
		name: "connect-goes-nowhere",
		expected: /^connecting\/timeout$/,
		brief: true,
		start: (servers) => servers.blackHole(),
	},
	tcpStage("plain-http", /^handshaking\/captive-portal$/, (socket) =>
		onHello(socket, () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
	),
	tcpStage("plain-http-page", /^handshaking\/captive-portal$/, (socket) => socket.end(PAGE)),
	certificateStage("foreign-root", /^handshaking\/chain-untrusted$/, leafOf(FOREIGN_ROOT), FOREIGN_ROOT),
	certificateStage(
		"another-name",
		/^handshaking\/name-mismatch$/,
		leafOf(CA, { extensions: leafExtensions("portal.test") }),
		CA,
	),
	answerStage(
		"redirect",
		/^upgrading\/captive-portal$/,
		"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n",
	),
	answerStage("login-page", /^upgrading\/captive-portal$/, PAGE),
	answerStage("511", /^upgrading\/captive-portal$/, "HTTP/1.1 511 Network Authentication Required\r\n\r\n"),
];

/** Every other way in which a relay fails. */
export const OTHER_STAGES: readonly Stage[] = [
	{ name: "no-such-name", expected: /^resolving\/resolve$/, host: "nobody.invalid", start: async () => 1 },
	{
		name: "connect-refused",
		expected: /^connecting\/connect$/,
		start: async () => {
			const gone = new StageServers();
			const port = await gone.tcp(() => undefined);
			gone.close();
			return port;
		},
	},
	tcpStage("closed-in-handshake", /^handshaking\/(closed|reset)$/, (socket) =>
		onHello(socket, () => socket.end()),
	),
	tcpStage("reset-in-handshake", /^handshaking\/reset$/, (socket) =>
		onHello(socket, () => socket.resetAndDestroy()),
	),
	tcpStage("garbage-instead-of-tls", /^handshaking\/protocol$/, (socket) =>
		onHello(socket, () => socket.end(Buffer.alloc(64, 0x5a))),
	),
	tcpStage("alert", /^handshaking\/alert$/, (socket) => onHello(socket, () => socket.end(alert(80)))),
	tcpStage("mute-in-handshake", /^handshaking\/timeout$/, () => undefined, true),
	certificateStage(
		"expired",
		/^handshaking\/expired$/,
		leafOf(CA, { from: "2025-01-01T00:00:00Z", until: "2025-02-01T00:00:00Z" }),
		CA,
	),
	strict,
	answerStage("forbidden", /^upgrading\/upgrade-refused$/, "HTTP/1.1 403 Forbidden\r\n\r\n"),
	answerStage("garbage-instead-of-http", /^upgrading\/upgrade-malformed$/, "SSH-2.0-OpenSSH_9.2\r\n"),
	upgradeStage("wrong-accept", /^upgrading\/upgrade-malformed$/, async (peer) => {
		const request = await peer.request();
		peer.write(goodHead(request).replace(/Accept: .*/, "Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
		await peer.end();
	}),
	upgradeStage("upgrade-never-answered", /^upgrading\/timeout$/, async (peer) => void (await peer.end())),
	upgradeStage("closed-in-upgrade", /^upgrading\/closed$/, async (peer) => {
		await peer.request();
		peer.socket.end();
	}),
	upgradeStage("reset-in-upgrade", /^upgrading\/reset$/, async (peer, raw) => {
		await peer.request();
		raw.resetAndDestroy();
	}),
	readyStage("ready-then-close", /^ready\/closed-by-relay$/, async (peer) => {
		peer.write(frame(CLOSE, closeBody(1001)));
		await peer.frame();
		peer.socket.end();
	}),
	readyStage("ready-then-reset", /^ready\/reset$/, async (_peer, raw) => void raw.resetAndDestroy()),
	readyStage("ready-then-close-notify", /^ready\/closed$/, async (peer) => void peer.socket.end()),
	readyStage("ready-then-cut", /^ready\/(closed|reset)$/, async (_peer, raw) => void raw.destroy()),
	violationStage("ready-then-masked", /^ready\/websocket$/, frame(PING, Buffer.from("x"), { masked: true })),
	violationStage("ready-then-too-big", /^ready\/too-big$/, frame(BINARY, undefined, { length: 1 << 20 })),
	readyStage("ready-then-broken-record", /^ready\/protocol$/, async (_peer, raw) => {
		raw.write(Buffer.from(`1703030020${"5a".repeat(32)}`, "hex"));
	}),
	readyStage("ready-then-silent", /^ready\/dead$/, async (peer) => void (await peer.end())),
];

export const STAGES: readonly Stage[] = [...OTHER_STAGES, ...PORTAL_STAGES];
