/**
 * A whole line under mishaps: two tools with one journal, four stations, boards of the real firmware. Tools are killed, power is
 * cut, cables are pulled; afterwards every board is looked at.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Journal } from "../../tools/factory/line/journal.ts";
import type { LineReport } from "../../tools/factory/line/report.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "../tools/support/command.ts";
import { eventually, temporaryFolder } from "../tools/support/temporary.ts";
import { auditWorld } from "./line-audit.ts";
import { BURNING, LineWorld, PREFIX } from "./line-world.ts";
import { Tool } from "./tool.ts";

const SLOW = process.argv.includes("--slow");
const WHOLE = SLOW ? { boards: 1_000, cuts: 500 } : { boards: 50, cuts: 40 };
const BOARD_MS = 15_000;

export default function suite(t: Suite): void {
	t.test(
		"whatever is killed, cut or pulled, each board ends with one serial, one certificate, one label, or set aside; no secret is anywhere else (T6, T12, I1)",
		async ({ random, note }) => {
			const { boards, cuts } = WHOLE;
			const world = await LineWorld.open({
				random,
				boards,
				stations: 4,
				tools: 2,
				config: BURNING,
			});
			try {
				world.words = ["--burn"];
				// One in twenty-five has a broken wire, and one in twenty-five loses its flash after it has its keys.
				const broken = new Set<number>();
				const erased = new Set<number>();
				for (let number = 10; number <= boards; number += 25) {
					world.replace(number, { broken: random.pick(["brake", "drive-throw", "indicator"]) });
					broken.add(number);
					erased.add(number + 5);
				}
				world.onStep = (board, step, station) => {
					const { number } = board.options;
					if (step !== "trust" || !erased.delete(number)) return;
					void world.pull(station, (inside) => {
						if (inside === board) board.eraseRecords();
						else erased.add(number);
					});
				};
				// One is slower than a station's first look.
				world.replace(3, { slowMs: 2_000 });
				const lost = new Set<number>();
				world.onSetAside = async (board, failure) => {
					const { number } = board.options;
					// With burned eFuses a board that lost its keys is nothing any more.
					const isLost = failure === "key-differs";
					if (!isLost && (failure !== "self-test-pins" || !broken.delete(number))) return true;
					if (isLost) lost.add(number);
					// Of the others the next one is scrapped, the one after that mended.
					if (!isLost && broken.size % 2 === 1) {
						world.replaceBoard(number);
						return true;
					}
					const end = await runCommand(
						"factory",
						"scrap",
						"--config",
						world.configPath(0),
						"--chip",
						board.identity.mac,
					);
					check.equal(end.status, 0, end.stderr);
					return false;
				};
				const startedMs = performance.now();
				await world.run(cuts, boards * BOARD_MS);
				const seconds = (performance.now() - startedMs) / 1_000;
				await world.stop();
				const kinds = ["tool-killed", "power-cut", "cable-pulled"].map(
					(kind) => `${world.cuts.filter((cut) => cut.kind === kind).length} ${kind}`,
				);
				note(`${boards} boards, ${world.cuts.length} cuts (${kinds.join(", ")}) in ${seconds.toFixed(1)} s`);
				note(
					`behind ${new Set(world.cuts.map(({ step }) => step)).size} different steps; failures ${[...world.failures].map(([name, count]) => `${name} ${count}`).join(", ")}`,
				);
				note(`median ms: ${world.medians()}`);
				check.equal(world.cuts.length, cuts);
				const figures = await auditWorld(world);
				note(
					`${figures.proven} boards proven, ${world.setAside.size} set aside, ${figures.scrapped} lives scrapped; ${figures.spellings} spellings searched for in ${figures.bytes} bytes of ${figures.files} files`,
				);
				check.equal(figures.proven, world.done.length);
				check.ok(
					[...world.setAside].every(
						([number, failure]) => failure === (lost.has(number) ? "key-differs" : "self-test-pins"),
					),
					[...world.setAside].join(),
				);
				check.ok(lost.size > 0 && figures.scrapped >= lost.size, "keys that were lost were retired");
				const audited = await runCommand("factory", "audit", "--config", world.configPath(0));
				check.equal(audited.status, 0, audited.stdout);
			} finally {
				await world.close();
			}
		},
	);

	t.test(
		"a board with an empty slot passes every part of its self-test; a second tool finds the port in use; the report says what was done",
		async ({ random }) => {
			const world = await LineWorld.open({
				random,
				boards: 1,
				stations: 1,
				tools: 1,
				config: { selfTest: {} },
			});
			try {
				world.replace(1, { slotKb: 1_536 });
				const report = world.at("report.json");
				world.words = ["--report", report];
				const finished = world.run(0, 60_000);
				await world.heard("begun");
				const kinds: string[] = [];
				const second = new Tool({
					config: world.configPath(0),
					words: [],
					log: world.at("tools.log"),
					tmp: world.at("tmp"),
					onNews: ({ kind }) => kinds.push(kind),
				});
				await finished;
				check.ok(await eventually(() => kinds.includes("port-in-use"), 20_000));
				check.equal(await second.stop(), 0);
				check.deepEqual(kinds, ["port-in-use", "report"]);
				check.deepEqual(await world.stop(), [0]);
				const {
					boards,
					yield: share,
					serials,
					burn,
				} = JSON.parse(readFileSync(report, "utf8")) as LineReport;
				check.deepEqual(boards, { done: 1, failed: 0, unfinished: 0 });
				check.deepEqual([share, serials, burn], [1, [`${PREFIX}000001`], false]);
				const journal = Journal.open(world.at("line.db"));
				check.equal(journal.boards()[0]?.selfTest, "random passed, flash passed, pins passed, radio passed");
				journal.close();
				await auditWorld(world);
			} finally {
				await world.close();
			}
		},
	);

	t.test(
		"a scrap that never ends is told and shown, and the line makes its boards all the same, slow ones too (T6)",
		async ({ random }) => {
			const world = await LineWorld.open({ random, boards: 2, stations: 1, tools: 1 });
			try {
				world.replace(2, { slowMs: 2_000 });
				const journal = Journal.open(world.at("line.db"));
				const stuck = journal.admit({ chip: "ESP32-C3", mac: "02:00:00:00:00:77", flashBytes: 4_194_304 })!;
				const lease = journal.take(stuck.id, "test");
				const serial = journal.number(lease, PREFIX, 6);
				journal.finish(lease, "keys", { publicKeyHex: "04".padEnd(130, "a") });
				journal.scrap(stuck.id, "test", false);
				const registry = await openRegistry(world.at("relay.db"));
				check.accepted(await registry.enrol(serial, "04".padEnd(130, "b")));
				await registry.close();
				const report = world.at("report.json");
				world.words = ["--report", report];
				await world.run(0, 90_000);
				check.deepEqual(world.done, [1, 2]);
				check.deepEqual(await world.stop(), [0]);
				check.ok(world.log.includes(`trouble: ${serial}`), world.log.slice(0, 500));
				check.deepEqual((JSON.parse(readFileSync(report, "utf8")) as LineReport).unrevoked, [serial]);
				check.equal(journal.find(stuck.id).state, "unrevoked");
				journal.close();
				// Development boards: nothing was burned.
				check.ok(world.boards.every((board) => Object.keys(board.burned).length === 0));
			} finally {
				await world.close();
			}
		},
	);

	t.test(
		"without a configuration, or with a flaw in it, the line is one line of error and status 2",
		async () => {
			const folder = temporaryFolder();
			const path = join(folder, "line.json");
			writeFileSync(path, JSON.stringify({ format: 1 }));
			const flawed = await runCommand("factory", "line", "--config", path);
			check.deepEqual([flawed.status, flawed.stderr.split("\n").length], [2, 2], flawed.stderr);
			const absent = await runCommand("factory", "line", "--config", join(folder, "none.json"));
			check.equal(absent.status, 2);
		},
	);
}
