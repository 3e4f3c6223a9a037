/** The life of a lock's certificates over real processes: enrolment, renewal, theft, repair (PROTOCOL 8, T6, T8, T12). */
import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import type { RenewalEnvelope } from "../../modules/wire/envelope.ts";
import { Supervisor } from "../../tools/board/supervisor.ts";
import { provision } from "../../tools/factory/provision.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import type { DeviceService } from "../../tools/relay/device-service.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { House, type HouseOptions } from "../../tools/start/house.ts";
import { readBundleFile } from "../../tools/trust/bundle-file.ts";
import { newestBundlePath } from "../../tools/trust/development-trust.ts";
import { FairTime } from "../harness/fair-time.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "../tools/support/command.ts";
import { eventually } from "../tools/support/temporary.ts";
import { scenarioBoard } from "./scenario-board.ts";

const DAY_MS = 86_400_000;

interface Running {
	readonly house: House;
	readonly dir: string;
	readonly boardLines: string[];
	/** What the relay logged, as "event credential reason". */
	readonly events: () => readonly string[];
}

/** A provisioned lock at its relay, all in one folder. */
async function withHouse(
	options: Partial<HouseOptions>,
	work: (running: Running) => Promise<void>,
): Promise<void> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-enrolment-"));
	const relayLines: string[] = [];
	const boardLines: string[] = [];
	const house = await House.open({
		...scenarioBoard(),
		dir,
		onRelayLine: (line) => void relayLines.push(line),
		onBoardLine: (line) => void boardLines.push(line),
		...options,
	});
	const events = (): readonly string[] =>
		relayLines.map((line) => {
			const { event, credential, reason } = JSON.parse(line) as Record<string, string | undefined>;
			return [event, credential, reason].filter((word) => word !== undefined).join(" ");
		});
	try {
		await house.startRelay();
		await house.startBoard();
		await house.provision();
		await house.waitForLink();
		await work({ house, dir, boardLines, events });
	} catch (error) {
		throw new Error(`${(error as Error).message}\n${boardLines.join("\n")}\n${relayLines.join("\n")}`);
	} finally {
		await house.close();
		rmSync(dir, { recursive: true, force: true });
	}
}

function hasKey(dir: string, name: string): boolean {
	return existsSync(join(dir, "board", `keys,${name}.rec`));
}

async function pairAndUnlock({ house }: Running): Promise<void> {
	await house.mechanism.press("button", 200);
	check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2_000));
	await house.pair("Ada");
	await (await house.phone()).unlock();
}

/** What is there to check a request with; each says yes. */
async function checkRequest(csr: Uint8Array, serial: string): Promise<void> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-csr-"));
	try {
		const file = join(dir, "request.der");
		writeFileSync(file, csr);
		const run = (program: string, ...words: readonly string[]) =>
			spawnSync(program, words, { encoding: "utf8", timeout: 20_000 });
		const openssl = run("openssl", "req", "-verify", "-inform", "DER", "-in", file, "-noout", "-subject");
		check.equal(openssl.status, 0, openssl.stderr);
		check.ok(`${openssl.stderr}${openssl.stdout}`.toLowerCase().includes("verify ok"), openssl.stderr);
		check.ok(openssl.stdout.includes(serial), openssl.stdout);
		const certtool = run("certtool", "--crq-info", "--inder", "--infile", file);
		check.equal(certtool.status, 0, certtool.stderr);
		check.ok(certtool.stdout.includes("Self signature: verified"), certtool.stdout);
		check.ok(certtool.stdout.includes(serial), certtool.stdout);
		const request = new Pkcs10CertificateRequest(new Uint8Array(csr));
		check.ok(await request.verify());
		check.ok(request.subject.includes(serial));
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

export default function suite(t: Suite): void {
	t.test("a new lock enrols itself and serves apps by its operational certificate alone (T6)", () =>
		withHouse({}, async (running) => {
			const seen = running.events().filter((event) => /^connected|^renewal/.test(event));
			check.deepEqual(seen, ["connected factory", "renewal", "connected operational"]);
			check.ok(hasKey(running.dir, "op-0") && !hasKey(running.dir, "op-1"));
			await pairAndUnlock(running);
			await running.house.cutPower();
			await running.house.startBoard();
			await running.house.waitForLink();
			check.equal(running.events().filter((event) => event === "renewal").length, 1, "once");
		}),
	);

	t.test(
		"a certificate beyond two thirds of its life is renewed with a new key while the lock serves (T12)",
		() => {
			let issued = 0;
			// The first has 10 of its 310 days left, by any clock that the lock may have.
			const validity = () => {
				const nowMs = Date.now();
				return issued++ === 0
					? { notBefore: new Date(nowMs - 300 * DAY_MS), notAfter: new Date(nowMs + 10 * DAY_MS) }
					: { notAfter: new Date(nowMs + 180 * DAY_MS) };
			};
			return withHouse({ validity }, async (running) => {
				check.ok(await eventually(() => hasKey(running.dir, "op-1") && !hasKey(running.dir, "op-0"), 10_000));
				await running.house.waitForLink();
				const seen = running.events().filter((event) => /^connected|^renewal/.test(event));
				const enrolment = ["connected factory", "renewal", "connected operational"];
				check.deepEqual(seen, [...enrolment, "renewal", "connected operational"]);
				await pairAndUnlock(running);
			});
		},
	);

	t.test(
		"a lock that is revoked is off its relay within a second and gets no certificate any more (T8)",
		({ note }) =>
			withHouse({}, async (running) => {
				const serial = running.house.label!.serial;
				const registry = await openRegistry(join(running.dir, "relay.db"));
				const time = new FairTime();
				await registry.revoke(serial);
				const gone = await eventually(
					() => running.events().includes("disconnected operational revoked"),
					5_000,
				);
				const tookMs = time.stop();
				check.ok(gone && tookMs < 1_000, `${tookMs} ms`);
				note(`disconnected ${tookMs.toFixed(0)} ms after another connection revoked it`);
				await running.house.cutPower();
				await running.house.startBoard();
				check.ok(
					await eventually(
						() => running.events().filter((e) => e === "upgrade-refused revoked").length >= 2,
						15_000,
					),
				);
				check.ok(
					!running
						.events()
						.slice(-4)
						.some((event) => event.startsWith("renewal")),
				);
				await registry.close();
			}),
	);

	t.test("after a repair the board with new keys takes the old serial, and the old one stays out (T6)", () =>
		withHouse({}, async (running) => {
			const { house, dir } = running;
			const serial = house.label!.serial;
			await house.stopBoard();
			const end = await runCommand("relay", "--dir", dir, "rekey", "--serial", serial);
			check.equal(end.status, 0, end.stderr);
			await house.startBoard();
			check.ok(await eventually(() => running.events().includes("upgrade-refused unknown-device"), 15_000));
			await house.stopBoard();
			rmSync(join(dir, "board"), { recursive: true, force: true });
			await house.startBoard();
			const pki = join(dir, "pki");
			const registry = await openRegistry(join(dir, "relay.db"));
			const line = VerbLine.onPort(join(dir, "serial"));
			const trust = readBundleFile(newestBundlePath(pki)!);
			const outcome = await provision({
				line,
				pkiDir: pki,
				registry,
				trust,
				hardwareClass: "latchkey-linux",
				serial,
				onLabel: () => undefined,
			});
			check.equal(outcome.kind, "sealed");
			line.close();
			await registry.close();
			await house.waitForLink();
			check.ok(hasKey(dir, "op-0"));
		}),
	);

	t.test(
		"requests of real boards pass OpenSSL, GnuTLS and a parser of JavaScript, for many keys and serials",
		async ({ note }) => {
			let factory = 0;
			for (const serial of ["LK-A", "LK-0001", "0000", "----", "LK-ABCDEFGHIJKLMNOPQRSTU"].map((each) =>
				each.padEnd(4, "-"),
			)) {
				const dir = mkdtempSync(join(tmpdir(), "latchkey-blank-"));
				const lines: string[] = [];
				const supervisor = new Supervisor({
					dir: join(dir, "board"),
					serialLink: join(dir, "serial"),
					pinsSocket: join(dir, "pins"),
					onLine: (text) => void lines.push(text),
				});
				try {
					supervisor.start();
					check.ok(await eventually(() => lines.some((text) => text.includes("stage blank")), 10_000));
					const line = VerbLine.onPort(join(dir, "serial"));
					const begun = check.accepted(await line.call("begin", { 0: serial, 1: "linux" }));
					await checkRequest(begun.bytes(0, { min: 1, max: 512 })!, serial);
					factory++;
					line.close();
				} finally {
					await supervisor.stop();
					rmSync(dir, { recursive: true, force: true });
				}
			}
			const requests: RenewalEnvelope[] = [];
			const recorder: DeviceService = {
				kinds: ["renewal"],
				receive: (_device, envelope) => {
					if (envelope.kind === "renewal") requests.push(envelope);
				},
			};
			let issued = 0;
			const validity = () => {
				const nowMs = Date.now();
				const isLast = ++issued >= 3;
				return {
					notBefore: new Date(nowMs - 300 * DAY_MS),
					notAfter: new Date(nowMs + (isLast ? 400 : 10) * DAY_MS),
				};
			};
			await withHouse({ services: [recorder], validity }, async ({ house }) => {
				check.ok(await eventually(() => requests.length >= 3, 10_000));
				for (const { csr } of requests) await checkRequest(csr, house.label!.serial);
			});
			check.equal(new Set(requests.map(({ csr }) => Buffer.from(csr).toString("hex"))).size, requests.length);
			note(`${factory} requests of factory keys, ${requests.length} of operational ones`);
		},
	);
}
