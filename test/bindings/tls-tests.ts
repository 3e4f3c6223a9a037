/** The TLS client on the engine against real servers and against servers that lie (T4, docs/TLS.md). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import * as der from "./der.ts";
import * as fake from "./fake-server.ts";
import {
	basicConstraints,
	type Certificate,
	extension,
	intermediateOf,
	issue,
	keyPem,
	keysOf,
	keyUsage,
	leafExtensions,
	leafOf,
	OID,
	purposes,
	rootOf,
} from "./issue.ts";
import { hasTls13, joinsRecords } from "./library.ts";
import { type ProbeCall, type ProbeEnd, probe } from "./probe.ts";
import type { BindingTest } from "./run.ts";

const ROOT = rootOf();
const CA = intermediateOf(ROOT);
const LEAF = leafOf(CA);
const CHAIN = [LEAF, CA];
const DEVICE_ROOT = rootOf({ subject: "device root" });
const DEVICE = issue({
	subject: "a device",
	signer: DEVICE_ROOT,
	extensions: [keyUsage("digitalSignature"), purposes(OID.clientAuth)],
});

/** A root in everything but its serial number, 0, which RFC 5280 4.1.2.2 does not know. */
const UNREADABLE = rootOf({ serial: der.integer(0) }).der;

type Call = Partial<Omit<ProbeCall, "port">>;

/** A real server; what it does with a connection is the test's. */
async function against(
	options: TlsOptions,
	call: Call = {},
	onConnection: (socket: TLSSocket) => void = (socket) => socket.on("data", () => socket.end("y")),
): Promise<ProbeEnd> {
	const server = createServer(
		{
			key: keyPem(LEAF),
			cert: CHAIN.map((each) => each.pem).join(""),
			maxVersion: "TLSv1.2",
			ciphers: "DEFAULT@SECLEVEL=0",
			...options,
		},
		(socket) => {
			socket.on("error", () => undefined);
			onConnection(socket);
		},
	);
	server.on("tlsClientError", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		const { port } = server.address() as { port: number };
		return await probe({ port, roots: [ROOT.der], ...call });
	} finally {
		server.close();
	}
}

async function againstFake(
	onHello: Parameters<typeof fake.fakeServer>[0],
	call: Call = {},
): Promise<ProbeEnd> {
	const server = await fake.fakeServer(onHello);
	try {
		return await probe({ port: server.port, roots: [ROOT.der], ...call });
	} finally {
		await server.close();
	}
}

function isRefused(end: ProbeEnd, reason: string): void {
	assert.deepEqual([end.ok, end.reason, end.status], [false, reason, 1], JSON.stringify(end));
}

function isAccepted(end: ProbeEnd): void {
	assert.deepEqual([end.ok, end.status], [true, 0], JSON.stringify(end));
}

function test(name: string, run: () => Promise<void>): BindingTest {
	return { name, run };
}

function accepted(name: string, options: TlsOptions, call: Call = {}): BindingTest {
	return test(name, async () => isAccepted(await against(options, call)));
}

/** What a real library presents: it needs the leaf's key. */
function legalServer(leaf: Certificate, ...rest: readonly Certificate[]): TlsOptions {
	return { key: keyPem(leaf), cert: [leaf, ...rest].map((each) => each.pem).join("") };
}

const RSA_ROOT = rootOf({ keys: keysOf("rsa2048", 10) });
const RSA_CA = intermediateOf(RSA_ROOT, { keys: keysOf("rsa2048", 11) });
const P384_ROOT = rootOf({ keys: keysOf("p384", 10), algorithm: "sha384" });

function rsaServer(): TlsOptions {
	return legalServer(leafOf(RSA_CA, { keys: keysOf("rsa2048", 12) }), RSA_CA);
}

const acceptedTests: readonly BindingTest[] = [
	accepted("a P-256 chain is accepted", {}),
	accepted("an RSA chain is accepted", { ...rsaServer(), sigalgs: "RSA+SHA256" }, { roots: [RSA_ROOT.der] }),
	accepted(
		"an RSA chain is accepted of a server of both versions",
		{ ...rsaServer(), maxVersion: "TLSv1.3" },
		{
			roots: [RSA_ROOT.der],
		},
	),
	test("a server of TLS 1.2 only whose first choice is RSA-PSS (docs/TLS.md 5)", async () => {
		const end = await against(rsaServer(), { roots: [RSA_ROOT.der] });
		if (hasTls13()) isRefused(end, "protocol");
		else isAccepted(end);
	}),
	accepted(
		"a P-384 chain is accepted",
		legalServer(leafOf(P384_ROOT, { keys: keysOf("p384", 11), algorithm: "sha384" })),
		{ roots: [P384_ROOT.der] },
	),
	accepted(
		"a root that cannot be read is left out, and takes no other along (T5, I10)",
		{},
		{ roots: [UNREADABLE, ROOT.der, UNREADABLE] },
	),
	accepted("one root of several is enough", {}, { roots: [RSA_ROOT.der, DEVICE_ROOT.der, ROOT.der] }),
	accepted("a root that is sent along is accepted", legalServer(LEAF, CA, ROOT)),
	accepted(
		"an address in the certificate is accepted",
		legalServer(leafOf(CA, { extensions: leafExtensions("127.0.0.1") }), CA),
		{ name: "127.0.0.1" },
	),
	accepted(
		"a wildcard is accepted",
		legalServer(leafOf(CA, { extensions: leafExtensions("*.relay.test") }), CA),
		{
			name: "lock7.relay.test",
		},
	),
	...(
		[
			"ECDHE-ECDSA-AES128-GCM-SHA256",
			"ECDHE-ECDSA-AES256-GCM-SHA384",
			"ECDHE-ECDSA-CHACHA20-POLY1305",
		] as const
	).map((ciphers) => accepted(`${ciphers} is accepted`, { ciphers })),
	...(["X25519", "P-256", "P-384"] as const).map((ecdhCurve) =>
		accepted(`key agreement on ${ecdhCurve} is accepted`, { ecdhCurve }),
	),
	test("a server that also speaks TLS 1.3 is accepted", async () =>
		isAccepted(await against({ maxVersion: "TLSv1.3" }))),
	test("the server hears the name (SNI), and not an address", async () => {
		const heard: unknown[] = [];
		const note = (socket: TLSSocket): void => {
			heard.push((socket as TLSSocket & { servername: unknown }).servername);
			socket.end("y");
		};
		isAccepted(await against({}, {}, note));
		const addressed = legalServer(leafOf(CA, { extensions: leafExtensions("127.0.0.1") }), CA);
		isAccepted(await against(addressed, { name: "127.0.0.1" }, note));
		assert.deepEqual(heard, ["relay.test", false]);
	}),
	test("the protocol that the server picks is reported (ALPN)", async () => {
		const end = await against({ ALPNProtocols: ["b", "a"] }, { alpn: "a,b" });
		isAccepted(end);
		assert.ok(end.alpn === "a" || end.alpn === "b");
	}),
	test("a peer that closes cleanly is accepted", async () => {
		const end = await against({}, {}, (socket) => socket.end());
		isAccepted(end);
		assert.equal(end.peer, "closed");
	}),
	test("a peer that keeps silent for a second is accepted", async () => {
		const end = await against({}, {}, () => undefined);
		isAccepted(end);
		assert.equal(end.peer, "silent");
	}),
	test("the text arrives", async () => {
		const heard: string[] = [];
		isAccepted(
			await against({}, { send: "hello, relay" }, (socket) =>
				socket.on("data", (chunk) => {
					heard.push(chunk.toString());
					socket.end("y");
				}),
			),
		);
		assert.equal(heard.join(""), "hello, relay");
	}),
	...(["p256", "p384", "rsa2048"] as const).map((kind) =>
		test(`a client certificate with a ${kind} key is presented`, async () => {
			const device = issue({
				subject: "dev",
				signer: DEVICE_ROOT,
				keys: keysOf(kind, 20),
				extensions: [purposes(OID.clientAuth)],
			});
			const heard: string[] = [];
			const end = await against(
				{ requestCert: true, rejectUnauthorized: true, ca: DEVICE_ROOT.pem },
				{ chain: [device.der], key: keyPem(device) },
				(socket) => {
					heard.push(socket.getPeerCertificate().subject.CN);
					socket.end("y");
				},
			);
			isAccepted(end);
			assert.deepEqual(heard, ["dev"]);
		}),
	),
	test("the client's key may come as DER", async () => {
		const key = DEVICE.keys.privateKey.export({ type: "sec1", format: "der" });
		const options = { requestCert: true, rejectUnauthorized: true, ca: DEVICE_ROOT.pem };
		isAccepted(await against(options, { chain: [DEVICE.der], key }));
	}),
	test("a name that resolves is connected to", async () =>
		isAccepted(await against({}, { host: "localhost" }))),
];

const refusedTests: readonly BindingTest[] = [
	test("a name that does not resolve is told (resolve)", async () =>
		isRefused(await probe({ host: "no-such-host.invalid", port: 1, roots: [ROOT.der] }), "resolve")),
	test("a port that nobody listens on is told (connect)", async () => {
		const server = createTcpServer();
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const { port } = server.address() as { port: number };
		await new Promise((resolve) => server.close(resolve));
		isRefused(await probe({ port, roots: [ROOT.der] }), "connect");
	}),
	test("a server that never answers is told (timeout)", async () =>
		isRefused(await againstFake(() => undefined, { handshakeMs: 700 }), "timeout")),
	test("a server that stops in the middle is told (timeout)", async () => {
		const part = fake.handshake(fake.serverHello()).subarray(0, 20);
		isRefused(await againstFake((socket) => socket.write(part), { handshakeMs: 700 }), "timeout");
	}),
	test("a server that hangs up is told (closed)", async () =>
		isRefused(await againstFake((socket) => socket.end()), "closed")),
	test("an end without close_notify is told (closed), and a break (reset)", async () => {
		isRefused(await throughProxy((socket) => socket.end()), "closed");
		isRefused(await throughProxy((socket) => socket.resetAndDestroy()), "reset");
	}),
	test("a connection that breaks in the handshake is told (reset)", async () =>
		isRefused(await againstFake((socket) => socket.resetAndDestroy()), "reset")),
	test("a fatal alert is told (alert)", async () =>
		isRefused(await againstFake((socket) => socket.end(fake.alert(80))), "alert")),
	test("a server that wants a client certificate and gets none is told (alert-certificate)", async () =>
		isRefused(await againstStrict(40), "alert-certificate")),
	test("a server that refuses the client's certificate is told (alert-certificate)", async () => {
		const client = { chain: [DEVICE.der], key: keyPem(DEVICE) };
		// Said and hung up while the client is still sending, so that what was said must be found behind a broken pipe.
		for (const description of [42, 43, 44, 45, 46, 48, 49, 116])
			isRefused(await againstStrict(description, client), "alert-certificate");
		isRefused(await againstStrict(80, client), "alert");
	}),
	test("a genuine server's refusal of the client's certificate is told, in either version (alert-certificate)", async () => {
		const client = { chain: [DEVICE.der], key: keyPem(DEVICE) };
		for (const version of hasTls13() ? ["-tls1_2", "-tls1_3"] : ["-tls1_2"])
			for (const call of [client, {}]) isRefused(await againstOpenssl(version, call), "alert-certificate");
	}),
	test("an alert about a certificate is only told of ours (alert-certificate) once a proven relay asked for it (T4)", async () => {
		const client = { chain: [DEVICE.der], key: keyPem(DEVICE) };
		const chain = fake.certificates(CHAIN.map((each) => each.der));
		for (const description of [41, 42, 43, 44, 45, 46, 48, 49, 116]) {
			isRefused(await againstFake((socket) => socket.end(fake.alert(description)), client), "alert");
			const flight = Buffer.concat([fake.handshake(fake.serverHello(), chain), fake.alert(description)]);
			isRefused(await againstFake((socket) => socket.end(flight), client), "alert");
		}
		isRefused(await againstFake((socket) => socket.end(fake.alert(40)), client), "alert-handshake");
		for (const description of [40, 42]) {
			const unproven = fake.handshake(fake.serverHello(), chain, fake.certificateRequest());
			const flight = Buffer.concat([unproven, fake.alert(description)]);
			isRefused(await againstFake((socket) => socket.end(flight), client), "protocol");
			isRefused(await againstStrict(description, client, []), "alert");
		}
	}),
	test("a server of TLS 1.3 only is accepted where the library has it, else told (alert-version)", async () => {
		const end = await against({ minVersion: "TLSv1.3", maxVersion: "TLSv1.3" });
		if (!hasTls13()) return isRefused(end, "alert-version");
		isAccepted(end);
		assert.equal(end.version, "1.3");
	}),
	test("a server without ECDHE or AEAD is told (alert-handshake)", async () => {
		isRefused(await against({ ciphers: "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0" }), "alert-handshake");
		isRefused(
			await against({
				...legalServer(leafOf(CA, { keys: keysOf("rsa2048", 12) }), CA),
				ciphers: "AES128-GCM-SHA256",
			}),
			"alert-handshake",
		);
	}),
	test("a server that speaks plain HTTP is told from one that speaks anything else but TLS (T4)", async () => {
		isRefused(await againstFake((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")), "plain-http");
		isRefused(await againstFake((socket) => socket.end("HTTP1.1 400 Bad Request\r\n\r\n")), "protocol");
		isRefused(await againstFake((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")), "protocol");
	}),
	test("TLS 1.1 and 1.0 are refused (version)", async () => {
		for (const version of [
			[3, 2],
			[3, 1],
		] as const) {
			const hello = fake.handshake(fake.serverHello({ version }));
			isRefused(await againstFake((socket) => socket.write(hello)), "version");
		}
	}),
	test("a suite that was not offered is refused (suite)", async () => {
		for (const suite of [fake.SUITE.rsaAes128Cbc, 0xc009, 0x00a8, 0x1301, 0xffff]) {
			const hello = fake.handshake(fake.serverHello({ suite }));
			isRefused(await againstFake((socket) => socket.write(hello)), "suite");
		}
	}),
	test("a protocol that was not offered is refused (alpn)", async () => {
		const hello = fake.handshake(fake.serverHello({ alpn: "http/0.9" }));
		isRefused(await againstFake((socket) => socket.write(hello), { alpn: "latchkey" }), "alpn");
	}),
	test("a server that picks no protocol is refused (alpn)", async () =>
		isRefused(await against({}, { alpn: "latchkey" }), "alpn")),
	test("a server that refuses every protocol is told (alpn)", async () =>
		isRefused(await against({ ALPNProtocols: ["other"] }, { alpn: "latchkey" }), "alpn")),
	test("a chain that is too long for one record is told (chain-size)", async () => {
		const body = fake.certificates([LEAF.der, Buffer.alloc(20_000, 0x30)]);
		const say = Buffer.concat([
			fake.handshake(fake.serverHello()),
			fake.record(22, body.subarray(0, 16_000)),
			fake.record(22, body.subarray(16_000)),
		]);
		isRefused(await againstFake((socket) => socket.write(say)), "chain-size");
	}),
	test("a Certificate message in pieces is taken where the library joins them, else refused at once", async () => {
		const body = fake.certificates(CHAIN.map((each) => each.der));
		const pieces = [
			fake.handshake(fake.serverHello()),
			fake.record(22, body.subarray(0, 200)),
			fake.record(22, body.subarray(200)),
		];
		const end = await againstFake((socket) => socket.end(Buffer.concat(pieces)));
		isRefused(end, joinsRecords() ? "closed" : "protocol");
	}),
	test("no message in pieces makes the client wait for what it will not take", async () => {
		for (const split of [2, 11, 12]) {
			const random = Buffer.alloc(32, 5);
			const started = performance.now();
			const end = await againstFake((socket, hello) => {
				const messages = [
					fake.serverHello({ random }),
					fake.certificates(CHAIN.map((each) => each.der)),
					fake.serverKeyExchange(fake.clientRandomOf(hello), random, LEAF.keys.privateKey),
				];
				for (const each of messages) {
					const at = each[0] === split ? 20 : each.length;
					for (const part of [each.subarray(0, at), each.subarray(at)])
						if (part.length > 0) socket.write(fake.record(22, part));
				}
				socket.end();
			});
			isRefused(end, joinsRecords() ? "closed" : "protocol");
			assert.ok(performance.now() - started < 5000, "at once, not at the deadline");
		}
	}),
	test("a ServerKeyExchange is accepted with the leaf's signature only (T4)", async () => {
		const random = Buffer.alloc(32, 5);
		const flight =
			(key: Certificate, part: readonly ("key" | "done")[]) =>
			(socket: { write(bytes: Buffer): void }, hello: Buffer) =>
				socket.write(
					fake.handshake(
						fake.serverHello({ random }),
						fake.certificates(CHAIN.map((each) => each.der)),
						...(part.includes("key")
							? [fake.serverKeyExchange(fake.clientRandomOf(hello), random, key.keys.privateKey)]
							: []),
						...(part.includes("done") ? [fake.serverHelloDone()] : []),
					),
				);
		isRefused(await againstFake(flight(CA, ["key", "done"])), "protocol");
		isRefused(await againstFake(flight(LEAF, ["done"])), "protocol");
		// The genuine one brings the client to its own flight; nobody here can answer that.
		isRefused(await againstFake(flight(LEAF, ["key", "done"]), { handshakeMs: 1500 }), "timeout");
	}),
	test("a leaf of the device roots is no relay (T4)", async () => {
		const impostor = leafOf(DEVICE, { extensions: leafExtensions("relay.test") });
		isRefused(await against(legalServer(impostor, DEVICE)), "chain-untrusted");
		isRefused(await against(legalServer(impostor, DEVICE), { roots: [DEVICE_ROOT.der] }), "not-a-ca");
	}),
	test("at another time the same chain has expired, or is not valid yet", async () => {
		isRefused(await against({}, { at: "2045-01-01T00:00:01Z" }), "expired");
		isRefused(await against({}, { at: "2024-12-31T23:59:59Z" }), "not-yet-valid");
	}),
	test("a chain whose dates alone are wrong is told so only of a relay that has its key (T13)", async () => {
		const thief = { ...legalServer(LEAF, CA), key: keyWithAnother(LEAF, CA) };
		for (const maxVersion of hasTls13() ? (["TLSv1.2", "TLSv1.3"] as const) : (["TLSv1.2"] as const)) {
			for (const [at, reason] of WRONG_TIMES) {
				isRefused(await against({ maxVersion, minVersion: maxVersion }, { at }), reason);
				isRefused(await against({ ...thief, maxVersion, minVersion: maxVersion }, { at }), "protocol");
			}
			isRefused(await against({ ...thief, maxVersion, minVersion: maxVersion }), "protocol");
		}
	}),
	test("a recorded chain whose dates are wrong says nothing of them, wherever the peer stops (T13)", async () => {
		const constraints = der.sequence(der.tlv(0xa0, der.sequence(der.tlv(0x82, Buffer.from("test")))));
		const unread = intermediateOf(ROOT, {
			extensions: [basicConstraints(true), extension(OID.nameConstraints, true, constraints)],
		});
		const flight = (...chain: readonly Certificate[]): Buffer =>
			fake.handshake(fake.serverHello(), fake.certificates(chain.map((each) => each.der)));
		for (const [at] of WRONG_TIMES) {
			isRefused(await againstFake((socket) => socket.end(flight(...CHAIN)), { at }), "closed");
			const silent = { at, handshakeMs: 700 };
			isRefused(await againstFake((socket) => socket.write(flight(...CHAIN)), silent), "timeout");
			const refused = Buffer.concat([flight(...CHAIN), fake.alert(45)]);
			isRefused(await againstFake((socket) => socket.end(refused), { at }), "alert");
			// What the library cannot read ends the handshake before any proof.
			isRefused(
				await againstFake((socket) => socket.end(flight(...CHAIN, unread)), { at }),
				"name-constraints",
			);
		}
	}),
	test("a relay whose dates are wrong never sees our certificate (T13, T4)", async () => {
		const client = { chain: [DEVICE.der], key: keyPem(DEVICE) };
		for (const [at, reason] of WRONG_TIMES) {
			const heard: Buffer[] = [];
			isRefused(await againstStrict(42, { ...client, at }, undefined, heard), reason);
			assert.deepEqual(recordTypes(heard[0]!), [22, 21], "the ClientHello and an alert");
		}
		// Where the dates are right it does: the reading above would notice.
		const heard: Buffer[] = [];
		isRefused(await againstStrict(42, client, undefined, heard), "alert-certificate");
		assert.deepEqual(recordTypes(heard[0]!).slice(0, 3), [22, 22, 22]);
	}),
	test("an RSA leaf signed with SHA-1 is refused by a real server's chain", async () => {
		const leaf = leafOf(RSA_CA, { keys: keysOf("rsa2048", 12), algorithm: "sha1" });
		isRefused(await against(legalServer(leaf, RSA_CA), { roots: [RSA_ROOT.der] }), "weak-signature");
	}),
	test("a root that does not parse is told (chain-malformed)", async () =>
		isRefused(await against({}, { roots: [Buffer.from("3003020101", "hex")] }), "chain-malformed")),
	test("a root whose pieces are right but that is no certificate is told", async () => {
		const root = issue({ extensions: [basicConstraints(true)], serial: der.integer(0) });
		isRefused(await against({}, { roots: [root.der] }), "chain-malformed");
	}),
];

/** A silent server behind a proxy that does something to the client's connection once it is up. */
async function throughProxy(act: (client: Socket) => void): Promise<ProbeEnd> {
	const server = createServer({ key: keyPem(LEAF), cert: LEAF.pem + CA.pem, maxVersion: "TLSv1.2" });
	let client: Socket | undefined;
	server.on("secureConnection", (socket) => {
		socket.on("error", () => undefined);
		socket.on("data", () => act(client!));
	});
	const proxy = createTcpServer((socket) => {
		client = socket;
		const { port } = server.address() as { port: number };
		const upstream = connect(port, "127.0.0.1");
		for (const each of [socket, upstream]) each.on("error", () => undefined);
		socket.pipe(upstream).pipe(socket);
	});
	for (const each of [server, proxy])
		await new Promise<void>((resolve) => each.listen(0, "127.0.0.1", resolve));
	try {
		return await probe({ port: (proxy.address() as { port: number }).port, roots: [ROOT.der] });
	} finally {
		server.close();
		proxy.close();
	}
}

/** Before and after all of LEAF's chain. */
const WRONG_TIMES = Object.freeze([
	["2045-01-01T00:00:01Z", "expired"],
	["2024-12-31T23:59:59Z", "not-yet-valid"],
] as const);

/** A key that claims the public part of the one and signs with the other's private part (RFC 5915 3): a server library takes it. */
function keyWithAnother(claimed: Certificate, signer: Certificate): string {
	const part = (from: Certificate, name: "d" | "x" | "y"): Buffer =>
		Buffer.from(from.keys.privateKey.export({ format: "jwk" })[name]!, "base64url");
	const encoded = Buffer.concat([
		Buffer.from("30770201010420", "hex"),
		part(signer, "d"),
		Buffer.from("a00a06082a8648ce3d030107a14403420004", "hex"),
		part(claimed, "x"),
		part(claimed, "y"),
	]);
	return `-----BEGIN EC PRIVATE KEY-----\n${encoded.toString("base64")}\n-----END EC PRIVATE KEY-----\n`;
}

/** The types of the records that a client sent. */
function recordTypes(heard: Buffer): number[] {
	const types: number[] = [];
	for (let at = 0; at + 5 <= heard.length; at += 5 + heard.readUInt16BE(at + 3)) types.push(heard[at]!);
	return types;
}

/** OpenSSL's own server, which demands a certificate below a root that is not ours, in one version. */
async function againstOpenssl(version: string, call: Call): Promise<ProbeEnd> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-openssl-"));
	const files = Object.entries({
		cert: LEAF.pem,
		cert_chain: CA.pem,
		key: keyPem(LEAF),
		CAfile: ROOT.pem,
	}).flatMap(([name, text]) => {
		writeFileSync(join(folder, name), text);
		return [`-${name}`, join(folder, name)];
	});
	const words = [
		"s_server",
		"-accept",
		"127.0.0.1:0",
		"-naccept",
		"1",
		"-Verify",
		"1",
		"-verify_return_error",
	];
	const server = spawn("openssl", [...words, version, ...files], {
		stdio: ["pipe", "pipe", "ignore"],
		timeout: 60_000,
	});
	try {
		let said = "";
		for await (const chunk of server.stdout) {
			said += chunk;
			const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
			if (port !== undefined) return await probe({ port: Number(port), roots: [ROOT.der], ...call });
		}
		throw new Error(`openssl s_server ended: ${said}`);
	} finally {
		server.kill();
		rmSync(folder, { recursive: true, force: true });
	}
}

/** A server that asks for a client certificate and says what it thinks of the answer (RFC 5246 7.2.2). */
async function againstStrict(
	description: number,
	call: Call = {},
	request: readonly Buffer[] = [fake.certificateRequest()],
	heard: Buffer[] = [],
): Promise<ProbeEnd> {
	const random = Buffer.alloc(32, 5);
	const server = await fake.fakeServer(
		(socket, hello) =>
			socket.write(
				fake.handshake(
					fake.serverHello({ random }),
					fake.certificates(CHAIN.map((each) => each.der)),
					fake.serverKeyExchange(fake.clientRandomOf(hello), random, LEAF.keys.privateKey),
					...request,
					fake.serverHelloDone(),
				),
			),
		(socket) => socket.end(fake.alert(description)),
	);
	try {
		return await probe({ port: server.port, roots: [ROOT.der], ...call });
	} finally {
		heard.push(server.received());
		await server.close();
	}
}

export const tlsTests: readonly BindingTest[] = [...acceptedTests, ...refusedTests];
