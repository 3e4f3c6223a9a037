/** Bytes both ways over TLS on the engine, and resumption (DESIGN 7). */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type Server, type TlsOptions } from "node:tls";
import { LIMITS } from "../../modules/base/limits.ts";
import { type FixtureCall, newFolder, runFixture } from "./boards.ts";
import * as fake from "./fake-server.ts";
import { type Certificate, intermediateOf, issue, keyPem, leafOf, OID, purposes, rootOf } from "./issue.ts";
import { randomOf } from "./random.ts";
import type { BindingTest } from "./run.ts";

/** More than the kernel keeps of two connections that nobody reads. */
const SOCKETS_BYTES = 16_000_000;
const AT = Date.parse("2026-06-01T00:00:00Z");
const ROOT = rootOf();
const CA = intermediateOf(ROOT);
/** What a trust bundle brings after the CA was stolen. */
const NEW_ROOT = rootOf({ subject: "relay root 2" });
const LEAF = leafOf(CA, { until: "2030-01-01T00:00:00Z" });

async function withServer<Value>(
	options: TlsOptions,
	use: (port: number, server: Server) => Promise<Value>,
): Promise<Value> {
	const server = createServer(
		{ key: keyPem(LEAF), cert: LEAF.pem + CA.pem, maxVersion: "TLSv1.2", ...options },
		(socket) => {
			socket.on("error", () => undefined);
			socket.pipe(socket);
		},
	);
	server.on("tlsClientError", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		return await use((server.address() as { port: number }).port, server);
	} finally {
		server.close();
	}
}

function filesFor(own: readonly { readonly der: Uint8Array }[] = [], key?: string): string {
	const folder = newFolder();
	writeFileSync(join(folder, "root0.der"), ROOT.der);
	writeFileSync(join(folder, "root1.der"), NEW_ROOT.der);
	own.forEach((each, index) => {
		writeFileSync(join(folder, `chain${index}.der`), each.der);
	});
	if (key !== undefined) writeFileSync(join(folder, "key"), key);
	return folder;
}

async function stream(bytes: number, more: Omit<Partial<FixtureCall>, "name"> = {}): Promise<void> {
	await withServer({}, async (port) => {
		const settings = { port, now: AT, files: filesFor(), roots: 1, bytes, piece: 1000, ...more.settings };
		const end = await runFixture({ ...more, name: "stream", settings });
		assert.equal(end.status, 0, `${end.signal} ${end.lines.join("; ")} ${end.stderr}`);
		const shortWrites = bytes > LIMITS.tlsWriteQueueBytes + SOCKETS_BYTES;
		assert.deepEqual(
			end.lines,
			[`done ${bytes} ${bytes} true`, `short writes ${shortWrites}`, "after undefined 0"],
			end.stderr,
		);
	});
}

/** What each connection of the steps was: full, resumed, or why it failed. */
async function steps(
	words: string,
	options: TlsOptions = {},
	own: Parameters<typeof filesFor> = [],
): Promise<string> {
	return await withServer(options, async (port) => {
		const settings = {
			port,
			now: AT,
			files: filesFor(...own),
			roots: 1,
			chain: own[0]?.length ?? 0,
			steps: words,
			"go-on": 1,
		};
		const end = await runFixture({ name: "resume", settings });
		assert.equal(end.status, 0, `${end.signal} ${end.lines.join("; ")} ${end.stderr}`);
		return end.lines.join(" ");
	});
}

function test(name: string, run: () => Promise<void>): BindingTest {
	return { name, run };
}

function resumption(name: string, words: string, expected: string, options: TlsOptions = {}): BindingTest {
	return test(name, async () => assert.equal(await steps(words, options), expected));
}

const HOUR = 3_600_000;

function pinOf(certificate: Certificate): string {
	const spki = certificate.keys.publicKey.export({ type: "spki", format: "der" });
	return createHash("sha256").update(spki).digest("hex");
}

const DAMAGED_FLIGHTS = 150;

/** One process under the sanitizers meets many servers whose first flight has one byte wrong, or ends too soon. */
async function damagedFlights(): Promise<void> {
	const seed = Number(process.env.LATCHKEY_SEED ?? Date.now() % 1_000_000);
	process.stdout.write(`# seed ${seed}\n`);
	const random = randomOf(seed);
	const serverRandom = Buffer.alloc(32, 5);
	const server = await fake.fakeServer((socket, hello) => {
		const flight = fake.handshake(
			fake.serverHello({ random: serverRandom }),
			fake.certificates([LEAF.der, CA.der]),
			fake.serverKeyExchange(fake.clientRandomOf(hello), serverRandom, LEAF.keys.privateKey),
			fake.certificateRequest(),
			fake.serverHelloDone(),
		);
		flight[random(flight.length)]! ^= 1 << random(8);
		socket.end(random(4) === 0 ? flight.subarray(0, random(flight.length)) : flight);
	});
	try {
		const words = Array.from({ length: DAMAGED_FLIGHTS }, () => "connect").join(",");
		const settings = { port: server.port, now: AT, files: filesFor(), roots: 1, steps: words, "go-on": 1 };
		const end = await runFixture({ name: "resume", settings, variant: "sanitize-testkeys" });
		assert.equal(end.status, 0, `seed ${seed}: ${end.signal} ${end.stderr}`);
		assert.equal(end.lines.length, DAMAGED_FLIGHTS);
		// A flight whose end is missing, or whose damage lies in what nobody reads, ends with the connection.
		for (const line of end.lines) assert.match(line, /^[a-z-]+$/);
		assert.ok(!end.lines.includes("full") && !end.lines.includes("resumed"));
	} finally {
		await server.close();
	}
}

export const streamTests: readonly BindingTest[] = [
	test("30 kB go out and come back whole", () => stream(30_000)),
	test("so they do when read a byte at a time", () => stream(20_000, { settings: { piece: 1 } })),
	test("24 MB go through a bounded queue when nobody reads for a while (I8)", () =>
		stream(24_000_000, { settings: { pause: 1, piece: 16_384 } })),
	test("so they do with a collection at every allocation", () => stream(5000, { words: ["--stress"] })),
	test("so they do without a memory error", () =>
		stream(20_000_000, { settings: { pause: 1 }, variant: "sanitize-testkeys" })),
	test("a reader that was not called finds a connection that ended well to have ended well", async () => {
		const server = createServer({ key: keyPem(LEAF), cert: LEAF.pem + CA.pem, maxVersion: "TLSv1.2" });
		server.on("tlsClientError", () => undefined);
		server.on("secureConnection", (socket) => {
			socket.on("error", () => undefined);
			socket.write("some");
			setTimeout(() => socket.end("more"), 30);
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		try {
			const { port } = server.address() as { port: number };
			const settings = { port, now: AT, files: filesFor(), roots: 1, times: 10 };
			const end = await runFixture({ name: "poll", settings });
			assert.deepEqual(end.lines, Array(10).fill("8 clean"), end.stderr);
		} finally {
			server.close();
		}
	}),
	test("each phase is told once and in order, and closing from inside one is the end of it (I9)", () =>
		withServer({}, async (port) => {
			const settings = { port, now: AT, files: filesFor(), roots: 1 };
			for (const words of [[], ["--stress"]]) {
				const end = await runFixture({ name: "phases", settings, variant: "sanitize-testkeys", words });
				assert.equal(end.status, 0, `${end.signal} ${end.stderr}`);
				const whole = "connecting handshaking ready 20";
				const expected = [whole, "connecting 20", "connecting handshaking 20", whole, "connecting 20"];
				assert.deepEqual(end.lines, expected, end.stderr);
			}
		})),
	test("servers whose first flight is damaged are refused, without a memory error (I9, T15)", damagedFlights),
	resumption("a session is resumed by ticket", "connect,connect,connect", "full resumed resumed"),
	test("a session is resumed by its id where there are no tickets", async () => {
		const { constants } = await import("node:crypto");
		const sessions = new Map<string, Buffer>();
		const options: TlsOptions = { secureOptions: constants.SSL_OP_NO_TICKET };
		const lines = await withServer(options, async (port, server) => {
			server.on("newSession", (id: Buffer, data: Buffer, done: () => void) => {
				sessions.set(id.toString("hex"), data);
				done();
			});
			server.on("resumeSession", (id: Buffer, done: (error: null, data: Buffer | null) => void) =>
				done(null, sessions.get(id.toString("hex")) ?? null),
			);
			const settings = { port, now: AT, files: filesFor(), roots: 1, steps: "connect,connect" };
			return (await runFixture({ name: "resume", settings })).lines;
		});
		assert.deepEqual(lines, ["full", "resumed"]);
	}),
	resumption("sessions that were dropped are not resumed", "connect,drop,connect", "full full"),
	resumption(
		"a session is not resumed beyond its life, which resuming does not extend",
		"life=600,connect,wait=250,connect,wait=450,connect",
		"full resumed full",
	),
	resumption(
		"a third connection at once finds no memory, and a later one does (I8)",
		"crowd,drop,connect",
		"memory up up full",
	),
	resumption(
		"another trust scope drops what was kept",
		"connect,scope=trust 2,connect,scope=trust 1,connect",
		"full full full",
	),
	resumption(
		"steal the CA, resume, replace the bundle: no session survives it, and the old chain is refused (T5)",
		"connect,connect,scope=trust 2,root=1,connect,scope=trust 1,root=0,connect,connect",
		"full resumed chain-untrusted full resumed",
	),
	resumption(
		"other roots end a session though the scope is the same (T5)",
		"connect,root=1,connect,root=0,connect",
		"full chain-untrusted full",
	),
	resumption(
		"other pins end a session though the scope is the same (T5)",
		`connect,connect,pins=${"00".repeat(32)},connect,pins=${pinOf(CA)},connect,connect`,
		"full resumed pin-mismatch full resumed",
	),
	resumption("without a scope nothing is kept", "scope=,connect,connect", "full full"),
	resumption(
		"another server name is a full handshake, and is refused where the certificate does not carry it",
		"connect,name=relay2.test,connect",
		"full name-mismatch",
	),
	resumption(
		"a kept leaf that has expired is not resumed, and the full handshake refuses it (T4)",
		`connect,now=${Date.parse("2030-01-01T00:00:01Z")},connect`,
		"full expired",
	),
	resumption(
		"a kept leaf that is not valid yet is not resumed (T13)",
		`connect,now=${Date.parse("2024-12-31T00:00:00Z")},connect,now=${AT + HOUR},connect`,
		"full not-yet-valid full",
	),
	resumption(
		"at the floor a leaf that is not valid yet is accepted and resumed, an expired one is neither (T13)",
		`kind=floor,now=${Date.parse("2024-12-31T00:00:00Z")},connect,connect,` +
			`now=${Date.parse("2030-01-01T00:00:01Z")},connect,now=${AT},connect`,
		"full resumed expired full",
	),
	test("another client certificate is a full handshake", async () => {
		const device = issue({ subject: "dev", extensions: [purposes(OID.clientAuth)] });
		const renewed = issue({ subject: "dev", keys: device.keys, extensions: [purposes(OID.clientAuth)] });
		const options = { requestCert: true, rejectUnauthorized: false, sessionIdContext: "x" };
		const lines = await steps("own=0,connect,connect,own=1,connect,connect", options, [
			[device, renewed],
			keyPem(device),
		]);
		assert.equal(lines, "full resumed full resumed");
	}),
	test("a server that has lost its ticket keys gets a full handshake", async () => {
		const lines = await withServer({}, async (port, server) => {
			const settings = { port, now: AT, files: filesFor(), roots: 1, steps: "connect,connect,connect" };
			const rekey = (line: string): void => {
				if (line === "full") server.setTicketKeys(Buffer.from(crypto.getRandomValues(new Uint8Array(48))));
			};
			return (await runFixture({ name: "resume", settings, onLine: rekey })).lines;
		});
		assert.equal(lines[0], "full");
		assert.equal(lines.length, 3);
		assert.ok(lines.every((line) => line === "full" || line === "resumed"));
	}),
];
