/** Who gets to talk to a relay at all: certificates, the registry, TLS itself. */
import "reflect-metadata";
import { connect } from "node:tls";
import { Name } from "@peculiar/x509";
import { encodeEnvelope } from "../../modules/wire/envelope.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { check, type Suite } from "../harness/test.ts";
import {
	ANY_PURPOSE,
	type ClientIdentity,
	foreignPki,
	issueLeaf,
	newKeys,
	SERVER_AUTH,
} from "./support/identities.ts";
import { RelayBench } from "./support/relay-bench.ts";
import { eventually, pause } from "./support/temporary.ts";

const DAY_MS = 86_400_000;

/** Keeps the TLS session of a first connection; `upgrade` comes again on it and tells the status of the answer. */
async function resumable(
	bench: RelayBench,
	identity: ClientIdentity,
): Promise<{ upgrade(): Promise<{ readonly reused: boolean; readonly status: string }> }> {
	let session: Buffer | undefined;
	const options = { maxVersion: "TLSv1.2" as const, ...identity };
	const first = connect({
		port: bench.address.devicePort,
		host: "127.0.0.1",
		servername: "localhost",
		ca: bench.pki.relayRoot,
		...options,
	});
	first.on("session", (ticket: Buffer) => {
		session = ticket;
	});
	check.ok(await eventually(() => session !== undefined));
	first.destroy();
	const upgrade = (): Promise<{ readonly reused: boolean; readonly status: string }> =>
		new Promise((resolve, reject) => {
			const socket = connect({
				port: bench.address.devicePort,
				host: "127.0.0.1",
				servername: "localhost",
				ca: bench.pki.relayRoot,
				session: session!,
				...options,
			});
			socket.on("error", reject);
			socket.on("secureConnect", () =>
				socket.write(
					"GET /v1/device HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: latchkey.device.1\r\n\r\n",
				),
			);
			socket.on("data", (data: Buffer) => {
				resolve({ reused: socket.isSessionReused(), status: data.toString("latin1").slice(9, 12) });
				socket.destroy();
			});
		});
	return { upgrade };
}

/** An enrolled device whose certificate ends two to three seconds from now; TLS counts whole seconds. */
async function endingSoon(
	bench: RelayBench,
	serial: string,
): Promise<{ readonly identity: ClientIdentity; readonly endsMs: number }> {
	const endsMs = (Math.floor(Date.now() / 1000) + 3) * 1000;
	const identity = await issueLeaf(bench.pki.intermediates.device, serial, { notAfter: new Date(endsMs) });
	check.accepted(await bench.registry.enrol(serial, identity.publicKeyHex));
	return { identity, endsMs };
}

export default function suite(t: Suite): void {
	t.test("an enrolled device with its own certificate is admitted", () =>
		RelayBench.with({}, async (bench) => {
			await bench.device("LK-GOOD");
			check.deepEqual(bench.relay.serials, ["LK-GOOD"]);
		}),
	);

	t.test("a device that the registry does not know is refused (T6)", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await issueLeaf(bench.pki.intermediates.device, "LK-UNKNOWN");
			check.deepEqual(await bench.attempt(bench.deviceTarget(identity)), { kind: "http", status: 403 });
			check.deepEqual(bench.refusals, ["unknown-device"]);
			check.equal(bench.relay.serials.length, 0);
		}),
	);

	t.test("a revoked device is refused (T8)", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await bench.enrolled("LK-REVOKED");
			check.ok(await bench.registry.revoke("LK-REVOKED"));
			check.deepEqual(await bench.attempt(bench.deviceTarget(identity)), { kind: "http", status: 403 });
			check.deepEqual(bench.refusals, ["revoked"]);
		}),
	);

	t.test("a device that another process revokes while it is connected is disconnected (T8)", () =>
		RelayBench.with({}, async (bench) => {
			const revoked = await bench.device("LK-REVOKED-LATER");
			const other = await bench.device("LK-STAYS");
			const elsewhere = await openRegistry(bench.registryFile);
			check.ok(await elsewhere.revoke("LK-REVOKED-LATER"));
			await elsewhere.close();
			check.equal(await revoked.closed(), 1008);
			check.equal(other.closeCode, undefined);
			check.deepEqual(bench.relay.serials, ["LK-STAYS"]);
		}),
	);

	t.test("an enrolled serial with another key is refused (T6)", () =>
		RelayBench.with({}, async (bench) => {
			await bench.enrolled("LK-STOLEN-NAME");
			const impostor = await issueLeaf(bench.pki.intermediates.device, "LK-STOLEN-NAME");
			check.deepEqual(await bench.attempt(bench.deviceTarget(impostor)), { kind: "http", status: 403 });
			check.deepEqual(bench.refusals, ["key-mismatch"]);
		}),
	);

	t.test("a certificate of somebody else's device root is refused in TLS, whatever it says (T6)", () =>
		RelayBench.with({}, async (bench) => {
			const keys = await newKeys();
			const genuine = await issueLeaf(bench.pki.intermediates.device, "LK-FOREIGN", { keys });
			check.accepted(await bench.registry.enrol("LK-FOREIGN", genuine.publicKeyHex));
			const foreign = await issueLeaf((await foreignPki()).intermediates.device, "LK-FOREIGN", { keys });
			check.equal((await bench.attempt(bench.deviceTarget(foreign))).kind, "failed");
			check.equal((await bench.attempt(bench.deviceTarget(genuine))).kind, "open");
		}),
	);

	for (const purpose of ["relay", "update"] as const) {
		t.test(`a certificate of the ${purpose} root is refused: roots are separate (T4, T6)`, () =>
			RelayBench.with({}, async (bench) => {
				const crossed = await issueLeaf(bench.pki.intermediates[purpose], "LK-CROSSED");
				check.accepted(await bench.registry.enrol("LK-CROSSED", crossed.publicKeyHex));
				check.equal((await bench.attempt(bench.deviceTarget(crossed))).kind, "failed");
			}),
		);
	}

	t.test("a connection without a client certificate is refused in TLS", () =>
		RelayBench.with({}, async (bench) => {
			check.equal((await bench.attempt(bench.deviceTarget({}))).kind, "failed");
		}),
	);

	for (const [name, purposes] of [
		["without an extended key usage", []],
		["for servers", [SERVER_AUTH]],
		["for any purpose but not by name for clients", [ANY_PURPOSE]],
	] as const) {
		t.test(`a device certificate ${name} is refused (T6)`, () =>
			RelayBench.with({}, async (bench) => {
				const identity = await issueLeaf(bench.pki.intermediates.device, "LK-PURPOSE", { purposes });
				check.accepted(await bench.registry.enrol("LK-PURPOSE", identity.publicKeyHex));
				check.notEqual((await bench.attempt(bench.deviceTarget(identity))).kind, "open");
				check.equal(bench.relay.serials.length, 0);
			}),
		);
	}

	t.test("an authority's certificate, an expired one and one of the future are refused", () =>
		RelayBench.with({}, async (bench) => {
			const wrong = [
				{ isCa: true },
				{ notAfter: new Date(Date.now() - DAY_MS / 2) },
				{ notBefore: new Date(Date.now() + DAY_MS) },
			];
			for (const [index, options] of wrong.entries()) {
				const serial = `LK-WRONG-${index}`;
				const identity = await issueLeaf(bench.pki.intermediates.device, serial, options);
				check.accepted(await bench.registry.enrol(serial, identity.publicKeyHex));
				check.notEqual(
					(await bench.attempt(bench.deviceTarget(identity))).kind,
					"open",
					JSON.stringify(options),
				);
			}
			check.equal(bench.relay.serials.length, 0);
		}),
	);

	t.test("a subject whose two serials differ, repeat or are malformed is refused", () =>
		RelayBench.with({}, async (bench) => {
			const subjects = [
				[{ CN: ["LK-A-1"] }, { "2.5.4.5": ["LK-B-1"] }],
				[{ CN: ["LK-A-1"] }],
				[{ "2.5.4.5": ["LK-A-1"] }],
				[{ CN: ["LK-A-1"] }, { "2.5.4.5": ["LK-A-1"] }, { "2.5.4.5": ["LK-A-1"] }],
				[{ CN: ["lk-a-1"] }, { "2.5.4.5": ["lk-a-1"] }],
			];
			for (const subject of subjects) {
				const identity = await issueLeaf(bench.pki.intermediates.device, "", { subject: new Name(subject) });
				check.deepEqual(await bench.attempt(bench.deviceTarget(identity)), { kind: "http", status: 403 });
			}
			check.deepEqual(
				bench.refusals,
				subjects.map(() => "certificate-serial"),
			);
		}),
	);

	t.test("a key that is not on P-256 is refused", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await issueLeaf(bench.pki.intermediates.device, "LK-P384", { curve: "P-384" });
			check.notEqual((await bench.attempt(bench.deviceTarget(identity))).kind, "open");
		}),
	);

	t.test(
		"a resumed TLS session still proves who the device is, and a revoked one is refused on it (T8)",
		() =>
			RelayBench.with({}, async (bench) => {
				const identity = await bench.enrolled("LK-RESUMES");
				const { upgrade } = await resumable(bench, identity);
				check.deepEqual(await upgrade(), { reused: true, status: "101" });
				await bench.registry.revoke("LK-RESUMES");
				check.deepEqual(await upgrade(), { reused: true, status: "403" });
			}),
	);

	t.test("a certificate that has ended is refused on a resumed TLS session too (T6)", () =>
		RelayBench.with({}, async (bench) => {
			const { identity, endsMs } = await endingSoon(bench, "LK-ENDS");
			const { upgrade } = await resumable(bench, identity);
			check.deepEqual(await upgrade(), { reused: true, status: "101" });
			await pause(endsMs - Date.now() + 100);
			check.deepEqual(await upgrade(), { reused: true, status: "403" });
			check.deepEqual(bench.refusals, ["certificate-expired"]);
		}),
	);

	t.test("the connection of a device ends with its certificate, and no other does (T6)", () =>
		RelayBench.with({}, async (bench) => {
			const other = await bench.device("LK-LASTS");
			const { identity, endsMs } = await endingSoon(bench, "LK-ENDS-UP");
			const client = await bench.connect(bench.deviceTarget(identity));
			await pause(endsMs - Date.now() - 300);
			check.equal(client.closeCode, undefined, "not before its time");
			check.equal(await client.closed(3_000), 1008);
			check.ok(Date.now() >= endsMs);
			check.ok(
				await eventually(() =>
					bench.log.some(({ event, reason }) => event === "disconnected" && reason === "certificate-expired"),
				),
			);
			check.equal(other.closeCode, undefined);
			check.deepEqual(bench.relay.serials, ["LK-LASTS"]);
		}),
	);

	t.test(
		"a registry that fails once answers 503, which refuses no device, and the next attempt succeeds (T18)",
		() =>
			RelayBench.with({}, async (bench) => {
				const identity = await bench.enrolled("LK-FAULT");
				const { admit } = bench.registry;
				bench.registry.admit = () => {
					bench.registry.admit = admit;
					return Promise.reject(new Error("SQLITE_BUSY"));
				};
				check.deepEqual(await bench.attempt(bench.deviceTarget(identity)), { kind: "http", status: 503 });
				check.deepEqual(bench.refusals, ["fault: SQLITE_BUSY"]);
				check.equal((await bench.attempt(bench.deviceTarget(identity))).kind, "open");
			}),
	);

	t.test("a revocation that could not be read at first ends the device's connection all the same (T8)", () =>
		RelayBench.with({}, async (bench) => {
			const revoked = await bench.device("LK-REVOKED-BUSY");
			const other = await bench.device("LK-STAYS-BUSY");
			const { unwelcome } = bench.registry;
			await pause(50);
			let failed = 0;
			bench.registry.unwelcome = () => {
				bench.registry.unwelcome = unwelcome;
				failed++;
				return Promise.reject(new Error("SQLITE_BUSY"));
			};
			const elsewhere = await openRegistry(bench.registryFile);
			check.ok(await elsewhere.revoke("LK-REVOKED-BUSY"));
			await elsewhere.close();
			check.equal(await revoked.closed(3_000), 1008);
			check.equal(failed, 1);
			check.ok(bench.log.some(({ event, reason }) => event === "registry" && reason === "SQLITE_BUSY"));
			check.equal(other.closeCode, undefined);
		}),
	);

	t.test("a device that came while the registry failed is looked at again (T8)", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await bench.enrolled("LK-CAME-BUSY");
			const { admit, unwelcome } = bench.registry;
			bench.registry.admit = async (device) => {
				const admitted = await admit.call(bench.registry, device);
				await bench.registry.revoke("LK-CAME-BUSY");
				// The relay hears of that before the device is there.
				await pause(50);
				return admitted;
			};
			bench.registry.unwelcome = () => {
				bench.registry.unwelcome = unwelcome;
				return Promise.reject(new Error("SQLITE_BUSY"));
			};
			const client = await bench.connect(bench.deviceTarget(identity));
			check.equal(await client.closed(3_000), 1008);
		}),
	);

	t.test("versions below TLS 1.2 and suites without forward secrecy or AEAD are refused", () =>
		RelayBench.with({}, async (bench) => {
			const shake = (options: object): Promise<string> =>
				new Promise((resolve) => {
					const socket = connect({
						port: bench.address.appPort,
						host: "127.0.0.1",
						servername: "localhost",
						ca: bench.pki.relayRoot,
						...options,
					});
					socket.on("secureConnect", () => {
						resolve(socket.getCipher().name);
						socket.destroy();
					});
					socket.on("error", () => resolve("refused"));
				});
			check.equal(
				await shake({ maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
				"refused",
			);
			check.equal(await shake({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }), "refused");
			check.equal(await shake({ maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" }), "refused");
			check.equal(
				await shake({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }),
				"ECDHE-ECDSA-AES128-GCM-SHA256",
			);
			check.ok((await shake({ minVersion: "TLSv1.3" })).startsWith("TLS_"));
		}),
	);

	t.test("another path, another subprotocol and plain HTTP are refused on both listeners", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await bench.enrolled("LK-PATHS");
			const device = bench.deviceTarget(identity);
			const app = bench.appTarget();
			const wrong = [
				{ ...device, path: "/v1/app" },
				{ ...device, subprotocol: "latchkey.app.1" },
				{ ...app, path: "/v1/app/x" },
				{ ...app, subprotocol: "latchkey.app.2" },
			];
			const statuses = [404, 400, 404, 400];
			for (const [index, target] of wrong.entries())
				check.deepEqual(await bench.attempt(target), { kind: "http", status: statuses[index] });
			const { ca } = device;
			const answer = await new Promise<string>((resolve) => {
				const socket = connect({
					port: bench.address.appPort,
					host: "127.0.0.1",
					servername: "localhost",
					ca,
				});
				socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
				socket.on("data", (data: Buffer) => resolve(data.toString("latin1").slice(0, 12)));
			});
			check.equal(answer, "HTTP/1.1 404");
		}),
	);

	t.test("a second connection of a device replaces the first", () =>
		RelayBench.with({}, async (bench) => {
			const identity = await bench.enrolled("LK-TWICE");
			const first = await bench.connect(bench.deviceTarget(identity));
			const app = await bench.app();
			app.send(encodeEnvelope({ kind: "open", channel: 1, serial: "LK-TWICE" }));
			check.ok(await first.take());
			const second = await bench.connect(bench.deviceTarget(identity));
			check.equal(await first.closed(), 1008);
			check.bytes(await app.take(), encodeEnvelope({ kind: "close", channel: 1 }));
			app.send(encodeEnvelope({ kind: "open", channel: 2, serial: "LK-TWICE" }));
			check.bytes(await second.take(), encodeEnvelope({ kind: "open", channel: 1 }));
			check.deepEqual(bench.relay.serials, ["LK-TWICE"]);
		}),
	);

	t.test("an app listener needs no client certificate, and is a server of the relay root", async () => {
		const foreign = await foreignPki();
		await RelayBench.with({}, async (bench) => {
			check.equal((await bench.attempt(bench.appTarget())).kind, "open");
			check.equal((await bench.attempt(bench.appTarget({ ca: foreign.relayRoot }))).kind, "failed");
		});
	});
}
