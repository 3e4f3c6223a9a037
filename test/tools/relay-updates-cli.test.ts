/** `latchkey update publish`, `rollout` and `status` as an operator uses them, beside a running relay. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeToLock, encodeEnvelope, LINK_PATH, LINK_SUBPROTOCOL } from "../../modules/wire/envelope.ts";
import { encodeUpdateReport } from "../../modules/wire/update-report.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { Relay } from "../../tools/relay/relay.ts";
import { UpdateService } from "../../tools/relay/update-service.ts";
import { type Release, writeRelease, writeStatement } from "../../tools/update/release.ts";
import { objectOf } from "../../tools/update/update-object.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, runCommand } from "./support/command.ts";
import { issueLeaf, sharedPki } from "./support/identities.ts";
import { BOARD, imageOf, TestVendor } from "./support/releases.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";
import { POLL_MS, sharedVendor, UpdateBench } from "./support/update-bench.ts";
import { UpdateLock } from "./support/update-lock.ts";
import { attempt } from "./support/web-socket.ts";

function folderOf(release: Release): string {
	const dir = join(temporaryFolder(), "release");
	writeRelease(dir, release);
	if (release.statement !== undefined) writeStatement(dir, release.statement);
	return dir;
}

function fileOf(bytes: Uint8Array | string): string {
	const path = join(temporaryFolder(), "file");
	writeFileSync(path, bytes);
	return path;
}

async function update(...words: readonly string[]): Promise<CommandEnd> {
	return await runCommand("update", ...words);
}

export default function suite(t: Suite): void {
	t.test("publish takes what locks would take, and says of everything else why not (T10, T11)", () =>
		UpdateBench.with(async ({ dir, vendor }) => {
			const good = await vendor.release(5, { freshDays: 0 });
			const early = await update("publish", "--dir", dir, "--release", folderOf(good));
			check.equal(early.status, 1);
			check.ok(early.stderr.includes("has no trust bundle"), early.stderr);
			await vendor.publish(dir);
			const published = await update("publish", "--dir", dir, "--release", folderOf(good));
			check.deepEqual(
				[published.status, published.stdout.split("\n")[0]],
				[0, `sequence 5 (1.0.5) for ${BOARD}: published`],
				published.stderr,
			);
			check.ok(published.stdout.includes("no freshness statement"));
			const foreign = await TestVendor.make();
			const other = await vendor.release(6);
			const cases: readonly (readonly [string, string[]])[] = [
				[
					"threshold",
					["--release", folderOf(await vendor.release(7, { signers: ["release-1"], freshDays: 0 }))],
				],
				["unknown-key", ["--release", folderOf(await foreign.release(7))]],
				[
					"trust version 9",
					["--release", folderOf(await vendor.release(7, { trustVersion: 9, freshDays: 0 }))],
				],
				[
					"another release of sequence 5",
					["--release", folderOf(await vendor.release(5, { image: imageOf(5, 9) }))],
				],
				["about another manifest", ["--release", folderOf({ ...good, statement: other.statement })]],
				["not published here", ["--freshness", fileOf(other.statement!)]],
				["no freshness statement", ["--freshness", fileOf("garbage")]],
				[
					"has expired",
					["--freshness", fileOf(await vendor.statement(good.file, 1, Date.now() - 2 * 86_400_000))],
				],
			];
			for (const [reason, words] of cases) {
				const end = await update("publish", "--dir", dir, ...words);
				check.equal(end.status, 1, reason);
				check.ok(end.stderr.includes(reason), `${reason}: ${end.stderr}`);
			}
			const behind = await update("publish", "--dir", dir, "--release", folderOf(await vendor.release(4)));
			check.ok(behind.stdout.includes("sequence 5 is newer: locks that get this statement"), behind.stdout);
			const newer = fileOf(await vendor.statement(good.file, 30, Date.now()));
			const renewed = await update("publish", "--dir", dir, "--freshness", newer);
			check.deepEqual(
				[renewed.status, renewed.stdout],
				[0, `sequence 5 (1.0.5) for ${BOARD}: renewed\n`],
				renewed.stderr,
			);
			const older = fileOf(await vendor.statement(good.file, 30, Date.now() - 60_000));
			check.equal((await update("publish", "--dir", dir, "--freshness", older)).status, 1);
			check.equal((await update("publish", "--dir", dir)).status, 2);
			const again = await update("publish", "--dir", dir, "--release", folderOf(good));
			check.equal(again.stdout.split("\n")[0], `sequence 5 (1.0.5) for ${BOARD}: published before`);
		}),
	);

	t.test("rollout creates, widens, pauses, resumes and halts, and show ends with 3 while one is halted", () =>
		UpdateBench.with(async (bench) => {
			const { dir, vendor } = bench;
			await vendor.publish(dir, await vendor.release(2));
			const [lock, outside] = await bench.locks("LK-COHORT", "LK-OUTSIDE");
			for (const each of [lock!, outside!]) each.connect(bench.service);
			const words = ["--dir", dir, "--sequence", "2"];
			check.equal((await update("rollout", "percent", ...words, "--percent", "5")).status, 1, "none yet");
			const cohort = fileOf("# ours\nLK-COHORT\n\n");
			const created = await update(
				"rollout",
				"create",
				...words,
				"--cohort",
				cohort,
				"--halt-rate",
				"30",
				"--halt-min",
				"2",
			);
			check.equal(created.status, 0, created.stderr);
			check.ok(
				created.stdout.includes("to 0 % and 1 by serial; halts beyond 30 % failures, from 2 outcomes on"),
				created.stdout,
			);
			check.ok(created.stdout.includes("beyond 50 % refusals of what it is; silent for 24 h is failed"));
			const bounds = ["--refusal-rate", "20", "--silent-hours", "720"];
			const changed = await update("rollout", "percent", ...words, ...bounds);
			check.ok(
				changed.stdout.includes("beyond 20 % refusals of what it is; silent for 720 h"),
				changed.stdout,
			);
			for (const hours of ["0", "721"])
				check.equal((await update("rollout", "percent", ...words, "--silent-hours", hours)).status, 2);
			check.ok(await lock!.isOffered());
			check.equal((await update("rollout", "create", ...words)).status, 1, "twice");
			check.equal((await update("rollout", "pause", ...words)).status, 0);
			check.equal((await update("rollout", "percent", ...words, "--percent", "100")).status, 0);
			await bench.looks(8);
			check.equal(outside!.offered.length, 0, "paused");
			check.equal((await update("rollout", "resume", ...words)).status, 0);
			check.ok(await outside!.isOffered());
			for (const each of [lock!, outside!]) each.say({ result: "trial-crashed", resultSequence: 2 });
			await bench.looks();
			const halted = await update("rollout", "show", "--dir", dir);
			check.equal(halted.status, 3);
			check.ok(halted.stdout.includes("halted: 2 of 2 locks failed, more than 30 %"), halted.stdout);
			check.equal((await update("status", "--dir", dir)).status, 3);
			check.equal((await update("rollout", "pause", ...words)).status, 1, "a halt stands");
			check.equal((await update("rollout", "resume", ...words)).status, 0);
			const shown = await update("rollout", "show", "--dir", dir, "--json");
			const [rollout] = JSON.parse(shown.stdout) as { state: string; counts: object }[];
			check.equal(shown.status, 0);
			check.equal(rollout!.state, "running");
			check.deepEqual(rollout!.counts, {
				...{ installed: 0, failed: 2, offered: 0 },
				refused: { all: 0, unfit: 0 },
			});
			const byHand = await update("rollout", "halt", ...words);
			check.ok(byHand.stdout.includes("halted: by hand"), byHand.stdout);
			for (const bad of [
				["create", ...words, "--cohort", fileOf("no serial")],
				["create", "--dir", dir, "--sequence", "9"],
				["show", "--dir", temporaryFolder()],
			])
				check.ok((await update("rollout", ...bad)).status !== 0, bad.join(" "));
			check.equal((await update("rollout", "percent", ...words, "--percent", "101")).status, 2);
		}),
	);

	t.test(
		"status has a running relay ask, shows what does not fit, and its export tells the same elsewhere",
		() =>
			UpdateBench.with(async (bench) => {
				const { dir } = bench;
				const vendor = await sharedVendor();
				const [image, next] = [imageOf(1), imageOf(1, 2)];
				const release = await vendor.release(1, { image, freshDays: 0 });
				await vendor.publish(dir, release);
				const [good, liar] = await bench.locks("LK-GOOD", "LK-LIAR");
				good!.attests = { runningDigest: objectOf(image).digest };
				liar!.attests = { runningDigest: objectOf(next).digest };
				for (const lock of [good!, liar!]) {
					lock.report = { ...lock.report, stale: false };
					lock.connect(bench.service);
					check.ok(await eventually(() => lock.statements.length === 1));
				}
				const away = await bench.lock("LK-AWAY");
				const asked = await update("status", "--dir", dir, "--attest", "--wait", "1");
				check.equal(asked.status, 3);
				check.ok(asked.stderr.includes("1 of 3 locks did not answer"), asked.stderr);
				check.deepEqual([good!.nonces.length, liar!.nonces.length, away.nonces.length], [2, 2, 0]);
				const lines = asked.stdout.split("\n");
				check.ok(/^SERIAL +VERSION +SEQUENCE +FLOOR +STATE/.test(lines[0]!), lines[0]);
				const line = (serial: string): string => lines.find((each) => each.startsWith(serial)) ?? "";
				check.ok(line("LK-GOOD").endsWith("  SPLIT"), line("LK-GOOD"));
				check.ok(line("LK-LIAR").endsWith("  UNKNOWN-IMAGE, SPLIT"), line("LK-LIAR"));
				check.ok(line("LK-AWAY").endsWith("never-attested"));

				// The relay's own table is not the reference when the operator brings one, nor are its keys.
				const own = folderOf(await vendor.release(1, { image: next, freshDays: 0, version: "1.0.1" }));
				const judged = await update("status", "--dir", dir, "--release", own, "--json");
				const flagsOf = (end: CommandEnd, serial: string): readonly string[] =>
					(JSON.parse(end.stdout) as { locks: { serial: string; flags: string[] }[] }).locks.find(
						(lock) => lock.serial === serial,
					)!.flags;
				check.ok(flagsOf(judged, "LK-GOOD").includes("unknown-image"));
				check.ok(!flagsOf(judged, "LK-LIAR").includes("unknown-image"));

				const file = join(temporaryFolder(), "fleet.json");
				check.equal((await update("status", "--dir", dir, "--export", file)).status, 3);
				check.equal((await update("status", "--dir", dir, "--export", file)).status, 2, "never over a file");
				const offline = await update("status", "--from", file, "--release", folderOf(release), "--json");
				check.equal(offline.status, 3);
				check.deepEqual(flagsOf(offline, "LK-GOOD"), ["split"]);
				const factory = temporaryFolder();
				const registry = await openRegistry(registryPath(factory));
				check.accepted(await registry.enrol("LK-GOOD", good!.publicKeyHex));
				check.accepted(await registry.enrol("LK-LIAR", new UpdateLock("LK-LIAR").publicKeyHex));
				await registry.close();
				const words = ["--from", file, "--release", folderOf(release), "--registry", factory, "--json"];
				const rekeyed = await update("status", ...words);
				check.deepEqual(flagsOf(rekeyed, "LK-GOOD"), []);
				check.deepEqual(flagsOf(rekeyed, "LK-LIAR"), ["bad-attestation", "never-attested"]);
				check.equal((await update("status", "--from", fileOf("{}"))).status, 1);
				check.equal((await update("status")).status, 2);
				check.ok(existsSync(file) && readFileSync(file, "utf8").includes("statement"));
			}),
	);

	t.test("no lock moves a terminal's cursor by what it calls its version, in table or JSON (T6)", () =>
		UpdateBench.with(async (bench) => {
			const { dir, vendor } = bench;
			await vendor.publish(dir);
			const [lock, other] = await bench.locks("LK-ESCAPES", "LK-OTHER");
			lock!.report = { ...lock!.report, version: "1\u001b[2J\nLK-OTHER  2\u009b0m\u202e" };
			for (const each of [lock!, other!]) {
				each.connect(bench.service);
				check.ok(await eventually(() => each.statements.length === 1));
			}
			await bench.looks();
			for (const words of [[], ["--json"]]) {
				const { stdout } = await update("status", "--dir", dir, ...words);
				check.ok(/^[ -~\n\t]+$/.test(stdout), stdout);
				check.ok(stdout.includes(words.length === 0 ? "\\u{9b}0m" : "\\u009b0m"), stdout);
				if (words.length === 0)
					check.equal(stdout.split("\n").filter((line) => line.startsWith("LK-OTHER")).length, 1);
				else JSON.parse(stdout);
			}
		}),
	);

	t.test(
		"a relay that serves different manifests to different boards is seen at the command line (T10, T11)",
		() =>
			UpdateBench.with(async (bench) => {
				const { dir } = bench;
				const [first, second] = await bench.locks("LK-SERVED-A", "LK-SERVED-B");
				// Both are signed, and the relay knows of one: it gave the other away without publishing it.
				const vendor = await sharedVendor();
				const served = await Promise.all(
					[2, 3].map((image) => vendor.release(2, { image: imageOf(2, image) })),
				);
				await vendor.publish(dir, served[0]!);
				const asked = async (): Promise<CommandEnd> => await update("status", "--dir", dir);
				for (const [index, lock] of [first!, second!].entries()) {
					lock.attests = { runningDigest: served[index]!.file.manifest.image.digest };
					lock.report = { ...lock.report, sequence: 2, version: "1.0.2", sequenceFloor: 2, stale: false };
					lock.connect(bench.service);
					check.ok(await eventually(() => lock.statements.length === 1));
					await bench.looks();
					const end = await asked();
					check.equal(end.status, index === 0 ? 0 : 3, end.stdout);
					check.equal(end.stdout.includes("SPLIT"), index === 1, end.stdout);
				}
				const lines = (await asked()).stdout.split("\n");
				const flags = ["LK-SERVED-A", "LK-SERVED-B"].map((serial) =>
					lines
						.find((line) => line.startsWith(serial))!
						.split("  ")
						.at(-1),
				);
				check.deepEqual(flags, ["SPLIT", "UNKNOWN-IMAGE, SPLIT"]);
				check.ok(lines.includes("2 locks with alarms, 0 rollouts halted"));
			}),
	);

	t.test(
		"an old word for a new one, a lock left out and a date that cannot be do not pass an audit (T2, T6)",
		() =>
			UpdateBench.with(
				async (bench) => {
					const { dir, vendor } = bench;
					const release = await vendor.release(1, { image: imageOf(1), freshDays: 0 });
					await vendor.publish(dir, release);
					const [lock, late] = await bench.locks("LK-AUDITED", "LK-COMES-LATE");
					for (const each of [lock!, late!]) {
						each.attests = { runningDigest: release.file.manifest.image.digest };
						each.report = { ...each.report, stale: false };
					}
					lock!.connect(bench.service);
					check.ok(await eventually(() => lock!.statements.length === 1));
					await bench.looks();
					const audit = async (path: string, challenge: string): Promise<CommandEnd> =>
						await update(
							...["status", "--from", path, "--registry", dir, "--release", folderOf(release)],
							...["--challenge", challenge, "--json"],
						);
					const flags = (end: CommandEnd): unknown =>
						(JSON.parse(end.stdout) as { locks: { flags: string[] }[] }).locks.map((each) => each.flags);
					const [before, after] = ["before.json", "after.json"].map((name) => join(temporaryFolder(), name));
					const [challenge, other] = ["5a".repeat(32), "a5".repeat(32)];
					await update("status", "--dir", dir, "--export", before!);
					const replayed = await audit(before!, challenge);
					check.deepEqual([replayed.status, flags(replayed)], [3, [["unanswered"], ["unanswered"]]]);
					const words = ["--dir", dir, "--attest", "--wait", "1", "--challenge", challenge];
					check.equal((await update("status", ...words)).status, 3, "one is away");
					late!.connect(bench.service);
					check.ok(await eventually(() => late!.statements.length === 1));
					await bench.looks();
					// What it says afterwards to the relay's own questions takes nothing of the answer away.
					lock!.say({ sequenceFloor: 0 });
					check.ok(await eventually(() => lock!.statements.length === 3));
					lock!.say({ sequenceFloor: 1 });
					check.ok(await eventually(() => lock!.statements.length === 4));
					await bench.looks();
					await update("status", "--dir", dir, "--export", after!);
					const passed = await audit(after!, challenge);
					check.deepEqual([passed.status, flags(passed)], [0, [[], []]], passed.stderr);
					const again = await audit(after!, other);
					check.deepEqual([again.status, flags(again)], [3, [["unanswered"], ["unanswered"]]]);
					const text = readFileSync(after!, "utf8");
					const fleet = JSON.parse(text) as { locks: object[] };
					const less = await audit(
						fileOf(JSON.stringify({ ...fleet, locks: fleet.locks.slice(0, 1) })),
						challenge,
					);
					check.deepEqual([less.status, flags(less)], [3, [[], ["missing"]]]);
					const future = text.replace(/("receivedAt": ")\d{4}/g, "$19999");
					check.deepEqual(flags(await audit(fileOf(future), challenge)), [["bad-date"], ["bad-date"]]);
					check.equal((await audit(after!, "5a")).status, 2);
				},
				{ attestationPauseMs: 40 },
			),
	);

	t.test("a real relay offers a published release over the link and sends its pieces (T10)", async () => {
		const [pki, vendor, dir] = [await sharedPki(), await sharedVendor(), temporaryFolder()];
		const registry = await openRegistry(registryPath(dir));
		const service = await UpdateService.open(dir, () => undefined, { pollMs: POLL_MS });
		const relay = new Relay({ registry, ...pki.credentials, log: () => undefined, services: [service] });
		try {
			const { devicePort } = await relay.listen("127.0.0.1", 0, 0);
			const identity = await issueLeaf(pki.intermediates.device, "LK-LINK");
			check.accepted(await registry.enrol("LK-LINK", identity.publicKeyHex));
			const target = { port: devicePort, path: LINK_PATH, subprotocol: LINK_SUBPROTOCOL, ca: pki.relayRoot };
			const reached = await attempt({ ...target, cert: identity.cert, key: identity.key });
			if (reached.kind !== "open") return check.fail(JSON.stringify(reached));
			const { report } = new UpdateLock("LK-LINK");
			reached.client.send(encodeEnvelope({ kind: "update-report", report: encodeUpdateReport(report) }));
			const asked = check.accepted(decodeToLock((await reached.client.take()) ?? check.fail("nothing came")));
			check.equal(asked.kind, "attest-request");
			const release = await vendor.release(2);
			await vendor.publish(dir, release);
			const { digest } = release.file.manifest.image;
			const { looks } = service;
			check.ok(await eventually(() => service.looks > looks + 1), "it knows the release's objects");
			reached.client.send(
				encodeEnvelope({ kind: "object-want", want: { digest, offset: 65_536, bytes: 4_096 } }),
			);
			const piece = check.accepted(decodeToLock((await reached.client.take()) ?? check.fail("no piece")));
			check.ok(piece.kind === "object-piece" && piece.piece.offset === 65_536);
			check.bytes(
				piece.kind === "object-piece" ? piece.piece.bytes : undefined,
				release.image.subarray(65_536, 69_632),
			);
			reached.client.end();
		} finally {
			await relay.close();
			await service.close();
			await registry.close();
		}
	});
}
