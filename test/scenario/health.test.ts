/** What a real board remembers of its troubles, whoever asks, and that no secret is in it (I1). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { LINK_FAILURES } from "../../modules/link/link-failure.ts";
import { decodeReport, type Report } from "../../modules/wire/report.ts";
import { Supervisor } from "../../tools/board/supervisor.ts";
import { SerialFault } from "../../tools/factory/serial-port.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import { TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { TimeRole } from "../../tools/trust/time-role.ts";
import { TimeServer } from "../../tools/trust/time-server.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "../tools/support/command.ts";
import { scenarioTestBoard } from "./scenario-board.ts";
import { buildScenarioImage, ScenarioHouse } from "./scenario-house.ts";

const WAIT_MS = 30_000;
const SAYINGS_MAX = 20;
const MAIN = "test/scenario/board-main";
/** Eight attempts with the whole back-off, twenty times as fast. */
const DOUBT_MS = 90_000;
/** In hexadecimal, as board-main reads it: what a broken firmware's errors and values are made of. */
const PLANT = toHex(encodeUtf8("PLANTED-SECRET"));

async function waitFor(
	condition: () => boolean | Promise<boolean>,
	what: string,
	limitMs = WAIT_MS,
): Promise<void> {
	const deadline = performance.now() + limitMs;
	while (!(await condition())) {
		if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** A line that has just come up may still go. */
async function reportOver(serialLink: string): Promise<Report> {
	const deadline = performance.now() + WAIT_MS;
	for (;;) {
		try {
			const line = VerbLine.onPort(serialLink);
			try {
				const answer = check.accepted(await line.call("health"));
				return check.accepted(decodeReport(answer.bytes(0, { min: 1, max: 2048 }) ?? new Uint8Array(0)));
			} finally {
				line.close();
			}
		} catch (error) {
			if (!(error instanceof SerialFault) || performance.now() > deadline) throw error;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}

/** Everything that the board's folder holds under the names of the health record and of the last fault. */
function kept(boardDir: string): Buffer {
	const names = readdirSync(boardDir).filter((name) => name.includes("health") || name.startsWith("fault"));
	return Buffer.concat(names.map((name) => readFileSync(join(boardDir, name))));
}

/** A lock in a hurry has its five seconds of freshness in a quarter of one: on a busy machine a word comes late, and is said again. */
async function said<Answer>(say: () => Promise<Answer>): Promise<Answer> {
	for (let tries = 1; ; tries++) {
		try {
			return await say();
		} catch (error) {
			if (tries === SAYINGS_MAX || !/: stale$/.test((error as Error).message)) throw error;
		}
	}
}

export default function suite(t: Suite): void {
	t.test(
		"twelve boots of a board that breaks in every way: eight resets in order, the stack of the last fault, no message and no value (I1, T12)",
		async () => {
			const dir = mkdtempSync(join(tmpdir(), "latchkey-health-"));
			const kinds = ["exception", "memory", "stack", "rejection"] as const;
			const plan = Array.from({ length: 11 }, (_, index) => kinds[index % kinds.length]!);
			const image = buildScenarioImage();
			const { binary, boardWords } = scenarioTestBoard();
			const words = [...boardWords, "--main", MAIN, "--arg", `plant=${PLANT}`, "--arg", "crash=none"];
			const seen: string[] = [];
			const lines: string[] = [];
			let boots = 0;
			const supervisor = new Supervisor({
				dir: join(dir, "board"),
				image,
				binary,
				serialLink: join(dir, "serial"),
				words,
				pauseFirstMs: 1,
				pauseMaxMs: 5,
				onLine: (line) => void lines.push(line),
				onEvent: (event) => {
					if (event.kind === "boot") {
						boots++;
						words[words.length - 1] = `crash=${plan[boots] ?? "none"}`;
					} else if (event.end.kind === "reset") seen.push(event.end.reason);
				},
			});
			try {
				words[words.length - 1] = `crash=${plan[0]}`;
				supervisor.start();
				await waitFor(
					() => boots === 12 && lines.filter((line) => line.startsWith("boot:")).length === 12,
					lines.join("\n"),
				);
				check.deepEqual(seen, plan);
				const { health } = await reportOver(join(dir, "serial"));
				check.equal(health.boots, 12);
				check.deepEqual(
					health.resets,
					plan.slice(3).map((reason, index) => ({ boot: index + 5, reason })),
				);
				check.ok(
					health.stack?.startsWith("fillHeap") === false && health.stack.includes("overflowStack"),
					health.stack,
				);
				check.ok((health.leastFreeBytes ?? 0) > 0);
				check.ok(lines.join("\n").includes(PLANT), "the message was there to be kept");
				const record = kept(join(dir, "board"));
				check.ok(record.includes("overflowStack"), "the search finds what is there");
				check.ok(!record.includes(PLANT) && !record.includes("PLANTED"));
			} finally {
				await supervisor.stop();
				rmSync(dir, { recursive: true, force: true });
			}
		},
	);

	for (const [kind, frame] of [
		["exception", "throwDeep < crashNow"],
		["rejection", "throwDeep < rejectDeep"],
		["memory", "fillHeap"],
		["stack", "overflowStack"],
	] as const) {
		t.test(`after a fault of kind ${kind} the next boot says so, and where (I1)`, async () => {
			const dir = mkdtempSync(join(tmpdir(), "latchkey-health-"));
			const image = buildScenarioImage();
			const { binary, boardWords } = scenarioTestBoard();
			const words = [...boardWords, "--main", MAIN, "--arg", `plant=${PLANT}`, "--arg", `crash=${kind}`];
			const lines: string[] = [];
			const supervisor = new Supervisor({
				onLine: (line) => void lines.push(line),
				dir: join(dir, "board"),
				image,
				binary,
				serialLink: join(dir, "serial"),
				words,
				onEvent: (event) => {
					if (event.kind === "end") words[words.length - 1] = "crash=none";
				},
			});
			try {
				supervisor.start();
				await waitFor(() => words.at(-1) === "crash=none", kind);
				const { health } = await reportOver(join(dir, "serial"));
				check.equal(health.resets.at(-1)?.reason, kind);
				check.ok(health.stack?.includes(frame), health.stack);
				check.ok(/^[ -~]{1,512}$/.test(health.stack ?? ""));
				check.ok(!kept(join(dir, "board")).includes(PLANT));
			} catch (error) {
				throw new Error(`${(error as Error).message}\n${supervisor.refusedStatus}\n${lines.join("\n")}`);
			} finally {
				await supervisor.stop();
				rmSync(dir, { recursive: true, force: true });
			}
		});
	}

	t.test(
		"a killed and a crashed board report over relay, session and line; no key, code or name is in it (I1, T13)",
		async () => {
			const dir = mkdtempSync(join(tmpdir(), "latchkey-scenario-"));
			const server = new TimeServer({
				answer: (nonce) => TimeRole.fromFile(TRUST_FILES.key(join(dir, "pki"), "time")).answer(nonce),
			});
			const url = `http://127.0.0.1:${await server.listen("127.0.0.1", 0)}/`;
			const scenario = await ScenarioHouse.open({ dir, relayWords: ["--time-server", url] });
			try {
				const { house } = scenario;
				await scenario.pair("Ada Lovelace");
				const boots = (): number => scenario.boardLog.split("boot: ").length - 1;
				for (const signal of ["SIGKILL", "SIGSEGV"] as const) {
					const before = boots();
					process.kill(house.boardPid!, signal);
					await waitFor(() => boots() > before, signal);
				}
				await waitFor(async () => {
					const phone = await house.phone().catch(() => undefined);
					return (await phone?.time().catch(() => undefined))?.source === "time-role";
				}, "the time");
				const phone = await house.phone();
				const bySession = await phone.health();
				const report = check.accepted(decodeReport(bySession));
				check.deepEqual(
					report.health.resets.map(({ reason }) => reason),
					["power-on", "unknown", "unknown"],
				);
				check.equal(report.health.stack, "SIGSEGV");
				check.equal(report.timeSource, "time-role");
				check.equal(report.trustVersion, 1);
				const { time } = { time: await phone.time() };
				check.ok(Math.abs(Date.now() - time.unixMs!) < 5000);
				const overLine = await reportOver(join(dir, "serial"));
				check.deepEqual(overLine.health.resets, report.health.resets);
				const serial = house.label!.serial;
				const shown = await runCommand("relay", "--dir", dir, "health", "--serial", serial, "--json");
				const byRelay = JSON.parse(shown.stdout) as { health: { resets: unknown; stack: string } };
				check.deepEqual(byRelay.health.resets, report.health.resets);
				check.equal(byRelay.health.stack, "SIGSEGV");
				const byFactory = await runCommand("factory", "health", "--serial-line", join(dir, "serial"));
				check.ok(byFactory.stdout.includes("last fault\tSIGSEGV"), byFactory.stdout + byFactory.stderr);

				const wallet = JSON.parse(readFileSync(join(dir, "phone.json"), "utf8")) as Record<string, unknown>;
				const secrets = new Map<string, Uint8Array>(scenario.privateKeys);
				secrets.set("setup", house.label!.setupSecret);
				secrets.set("lock key", house.label!.noisePublicKey);
				for (const [name, text] of Object.entries(wallet)) {
					if (typeof text === "string" && /^[0-9a-f]{32,}$/.test(text))
						secrets.set(name, Uint8Array.from(Buffer.from(text, "hex")));
				}
				for (const text of ["Ada Lovelace", serial, "localhost", "127.0.0.1"])
					secrets.set(text, encodeUtf8(text));
				const haystack = Buffer.concat([
					bySession,
					kept(join(dir, "board")),
					Buffer.from(shown.stdout + byFactory.stdout),
				]);
				check.ok(secrets.size >= 10, [...secrets.keys()].join());
				for (const [name, secret] of secrets) {
					check.ok(!haystack.includes(Buffer.from(secret)), name);
					check.ok(
						!haystack.includes(toHex(secret)) && !haystack.includes(Buffer.from(secret).toString("base64")),
						name,
					);
				}
				const planted = Buffer.concat([haystack, secrets.get("setup")!]);
				check.ok(
					planted.includes(Buffer.from(secrets.get("setup")!)) && haystack.includes("SIGSEGV"),
					"the search finds",
				);
			} catch (error) {
				throw new Error(`${(error as Error).message}\n${scenario.boardLog}\n${scenario.relay.logText}`);
			} finally {
				await scenario.close();
				await server.close();
			}
		},
	);

	t.test(
		"a year 2100 from the owner's phone, against real TLS: the lock doubts it and reaches its relay again (T13, T4)",
		async () => {
			const scenario = await ScenarioHouse.open({ args: ["hurry=20"] });
			try {
				const { house } = scenario;
				await house.mechanism.press("button", 60);
				check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2000));
				await house.pair("Ada");
				const first = await house.phone();
				await said(() => first.setTime(Date.UTC(2100, 0, 1)));
				await scenario.relay.close();
				await house.startRelay();
				await waitFor(() => scenario.boardLog.includes("time: given up"), "doubt", DOUBT_MS);
				await waitFor(() => scenario.relay.reachable.includes(house.label!.serial), "the link");
				check.ok(/TLS expired/.test(scenario.boardLog), scenario.boardLog);
				const phone = await house.phone();
				check.equal((await said(() => phone.time())).unixMs, undefined);
				const report = check.accepted(decodeReport(await said(() => phone.health())));
				check.equal(report.health.linkFailures.get(LINK_FAILURES.expired), 8);
				check.equal(report.timeSource, "none");
				check.equal(report.health.lastTimeSource, "owner");
				await said(() => phone.setTime(Date.now()));
				check.ok(Math.abs((await said(() => phone.time())).unixMs! - Date.now()) < 60_000);
			} catch (error) {
				throw new Error(`${(error as Error).message}\n${scenario.boardLog}\n${scenario.relay.logText}`);
			} finally {
				await scenario.close();
			}
		},
	);
}
