/** The time role as programs run it: its key, its server, the relay's service, the line; and what each refuses. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { verifyTimeStatement } from "../../modules/time/time-statement.ts";
import type { ToLock } from "../../modules/wire/envelope.ts";
import { askTimeServer } from "../../tools/cli/time-client.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import type { DeviceService } from "../../tools/relay/device-service.ts";
import { TimeService } from "../../tools/relay/time-service.ts";
import { TimeRole } from "../../tools/trust/time-role.ts";
import { TimeServer } from "../../tools/trust/time-server.ts";
import { check, type Suite } from "../harness/test.ts";
import { RunningCommand, runCommand } from "./support/command.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

const crypto = new NobleCrypto();

function newPem(namedCurve = "P-256"): string {
	const { privateKey } = generateKeyPairSync("ec", { namedCurve });
	return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

async function withServer(work: (role: TimeRole, url: URL, port: number) => Promise<void>): Promise<void> {
	const role = new TimeRole(newPem());
	const server = new TimeServer(role);
	const port = await server.listen("127.0.0.1", 0);
	try {
		await work(role, new URL(`http://127.0.0.1:${port}/`), port);
	} finally {
		await server.close();
	}
}

interface Asked {
	readonly path?: string;
	readonly method?: string;
	readonly type?: string;
	readonly body: Uint8Array;
	readonly localAddress?: string;
}

function status(
	port: number,
	{ path = "/v1/time", method = "POST", type, body, localAddress }: Asked,
): Promise<number> {
	return new Promise((resolve, reject) => {
		const headers = { "content-type": type ?? "application/octet-stream", "content-length": body.length };
		const asked = request({ port, path, method, headers, host: "127.0.0.1", localAddress }, (response) => {
			response.resume();
			resolve(response.statusCode ?? 0);
		});
		asked.on("error", reject);
		asked.end(body);
	});
}

/** A lock as the relay's service sees it. */
function fakeDevice(serial = "LK-TIME") {
	const sent: ToLock[] = [];
	const device = {
		serial,
		credential: "operational" as const,
		waitingBytes: 0,
		send: (envelope: ToLock) => {
			sent.push(envelope);
			return true;
		},
	};
	return { device, sent };
}

export default function suite(t: Suite): void {
	t.test("what the server answers, a lock takes; for its nonce alone (T13)", ({ random }) =>
		withServer(async (role, url) => {
			const nonce = random.bytes(16);
			const before = Date.now();
			const statement = await askTimeServer(url, nonce);
			const told = check.accepted(verifyTimeStatement(crypto, [role.publicKey], nonce, statement));
			check.ok(told.unixMs >= before && told.unixMs <= Date.now(), `${told.unixMs}`);
			check.refused(verifyTimeStatement(crypto, [role.publicKey], random.bytes(16), statement), "nonce");
		}),
	);

	t.test("the server refuses every other request, and goes on (T15)", ({ random }) =>
		withServer(async (_role, url, port) => {
			const nonce = random.bytes(16);
			check.equal(await status(port, { body: nonce }), 200);
			check.equal(await status(port, { path: "/", body: nonce }), 404);
			check.equal(await status(port, { path: "/v1/time?x", body: nonce }), 404);
			check.equal(await status(port, { method: "PUT", body: nonce }), 405);
			check.equal(await status(port, { type: "text/plain", body: nonce }), 415);
			check.equal(await status(port, { body: random.bytes(15) }), 400);
			check.equal(await status(port, { body: random.bytes(17) }), 400);
			const raw = connect(port, "127.0.0.1");
			raw.on("error", () => undefined);
			raw.write(random.bytes(5000));
			check.ok(await eventually(() => raw.destroyed || raw.readableEnded || raw.closed));
			raw.destroy();
			check.ok((await askTimeServer(url, nonce)).length > 0);
		}),
	);

	t.test("the server has a rate (T16)", async ({ random }) => {
		const server = new TimeServer(new TimeRole(newPem()), { burst: 3, perMinute: 1 });
		const port = await server.listen("127.0.0.1", 0);
		try {
			const statuses: number[] = [];
			for (let asked = 0; asked < 5; asked++) statuses.push(await status(port, { body: random.bytes(16) }));
			check.deepEqual(statuses, [200, 200, 200, 429, 429]);
		} finally {
			await server.close();
		}
	});

	t.test(
		"an address that asks or connects too much is refused, and others are not (T16)",
		async ({ random }) => {
			const limits = { connectsBurst: 8, connectsPerMinute: 1, opensBurst: 3, opensPerMinute: 1 };
			const server = new TimeServer(new TimeRole(newPem()), undefined, {
				...limits,
				connectionsPerAddress: 2,
				addressesRemembered: 10,
			});
			const port = await server.listen("127.0.0.1", 0);
			const ask = (localAddress?: string): Promise<number | string> =>
				status(port, {
					body: random.bytes(16),
					...(localAddress === undefined ? {} : { localAddress }),
				}).catch((error: NodeJS.ErrnoException) => error.code ?? "?");
			try {
				const statuses: (number | string)[] = [];
				for (let asked = 0; asked < 5; asked++) statuses.push(await ask());
				check.deepEqual(statuses, [200, 200, 200, 429, 429]);
				check.equal(await ask("127.0.0.2"), 200, "another address has its own rate");
				const held = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
				for (const socket of held) await new Promise((resolve) => socket.once("connect", resolve));
				check.equal(await ask(), "ECONNRESET", "a third connection at once");
				check.equal(await ask("127.0.0.2"), 200);
				for (const socket of held) socket.destroy();
				const knock = async (): Promise<boolean> => {
					const socket = connect(port, "127.0.0.1");
					socket.on("error", () => undefined);
					await eventually(() => socket.destroyed, 100);
					const refused = socket.destroyed;
					socket.destroy();
					return refused;
				};
				const knocks: boolean[] = [];
				for (let knocked = 0; knocked < 10; knocked++) knocks.push(await knock());
				check.deepEqual(knocks.slice(-3), [true, true, true], "more connections than a minute has");
				check.equal(await ask("127.0.0.3"), 200);
			} finally {
				await server.close();
			}
		},
	);

	t.test("a key of another curve, and what is no key, serve no time role", () => {
		check.throws(() => new TimeRole(newPem("P-384")), "P-256");
		check.throws(() => new TimeRole("nonsense"), "no PEM");
		const { privateKey } = generateKeyPairSync("ed25519");
		check.throws(() => new TimeRole(privateKey.export({ type: "pkcs8", format: "pem" }) as string), "P-256");
	});

	t.test(
		"the relay's service passes a question on and the answer back, and keeps neither",
		async ({ random }) => {
			const role = new TimeRole(newPem());
			const asked: Uint8Array[] = [];
			const service = new TimeService({
				ask: async (nonce) => {
					asked.push(nonce);
					return role.answer(nonce);
				},
			});
			const { device, sent } = fakeDevice();
			const nonce = random.bytes(16);
			service.receive(device, { kind: "time-request", nonce });
			service.receive(device, { kind: "time-request", nonce });
			check.ok(await eventually(() => sent.length === 2));
			check.equal(asked.length, 2, "it asks each time");
			for (const envelope of sent) {
				if (envelope.kind !== "time-answer") check.fail(envelope.kind);
				check.accepted(verifyTimeStatement(crypto, [role.publicKey], nonce, envelope.statement));
			}
		},
	);

	t.test(
		"a lock that asks without end gets an allowance, which no new connection fills again; a failure is said (T16)",
		async ({ random }) => {
			const failed: string[] = [];
			let asked = 0;
			const service = new TimeService({
				ask: async () => {
					asked++;
					throw new Error("no time here");
				},
				onFailed: (serial, reason) => void failed.push(`${serial} ${reason}`),
			});
			const { device, sent } = fakeDevice();
			const question = { kind: "time-request", nonce: random.bytes(16) } as const;
			for (let index = 0; index < 100; index++) service.receive(device, question);
			check.ok(await eventually(() => failed.includes("LK-TIME no time here")));
			check.equal(asked, 6);
			check.equal(sent.length, 0);
			const relay: DeviceService = service;
			const next = fakeDevice().device;
			relay.detached?.(device);
			relay.attached?.(next);
			service.receive(next, question);
			check.equal(asked, 6);
			service.receive(fakeDevice("LK-OTHER").device, question);
			check.equal(asked, 7);
		},
	);

	t.test("asking a server that is not there, or answers nonsense, fails in one line", async ({ random }) => {
		const nonce = random.bytes(16);
		await check.rejects(askTimeServer(new URL("http://127.0.0.1:1/"), nonce), "no answer");
		await withServer(async (_role, url) => {
			await check.rejects(askTimeServer(new URL("elsewhere", url), nonce), "404");
		});
	});

	t.test("latchkey trust time serves until it is told to stop", async ({ random }) => {
		const key = join(temporaryFolder(), "time.pem");
		const pem = newPem();
		writeFileSync(key, pem);
		const command = new RunningCommand(["trust", "time", "--key", key, "--listen", "127.0.0.1:0"]);
		check.ok(
			await eventually(() => /time role at http/.test(command.stdout), 10_000),
			command.stdout + command.stderr,
		);
		const url = new URL(/time role at (\S+)/.exec(command.stdout)![1]!);
		const nonce = random.bytes(16);
		const statement = await askTimeServer(url, nonce);
		check.accepted(verifyTimeStatement(crypto, [new TimeRole(pem).publicKey], nonce, statement));
		command.child.kill("SIGTERM");
		const end = await command.ended;
		check.deepEqual([end.status, end.stderr], [0, ""]);
	});

	t.test("latchkey trust time says in one line what is wrong with its key", async () => {
		const key = join(temporaryFolder(), "time.pem");
		writeFileSync(key, newPem("P-384"));
		const end = await runCommand("trust", "time", "--key", key);
		check.equal(end.status, 1);
		check.ok(/^latchkey: time: [^\n]*P-256[^\n]*\n$/.test(end.stderr), end.stderr);
	});
}
