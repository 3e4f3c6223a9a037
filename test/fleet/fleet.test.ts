/**
 * A staged rollout to a fleet over a real relay (docs/UPDATE.md 5 to 9): boards that lose power at random moments, a release whose
 * trial fails, and what the operator sees of it all.
 */

import { isAlarm, judgeFleet } from "../../tools/relay/fleet.ts";
import { readFleet } from "../../tools/relay/fleet-records.ts";
import { countOutcomes } from "../../tools/relay/offer-outcome.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { isChosen, ROLLOUT_DEFAULTS } from "../../tools/relay/rollout.ts";
import { UpdateTable } from "../../tools/relay/update-table.ts";
import type { Release } from "../../tools/update/release.ts";
import { check, type Suite } from "../harness/test.ts";
import { CUT_MODES } from "../sim/power.ts";
import { SIM_BOARD } from "../sim/slot-image.ts";
import { releaseDigest } from "../tools/support/releases.ts";
import { eventually } from "../tools/support/temporary.ts";
import { FLEET_CLASS, Fleet } from "./fleet.ts";
import type { FleetBoard } from "./fleet-board.ts";
import { fleetImage } from "./fleet-image.ts";

const IS_SLOW = process.argv.includes("--slow");
/** Fewer boards measure less: what was chosen is said first. */
const BOARDS = Number(process.env.LATCHKEY_FLEET_BOARDS ?? (IS_SLOW ? 400 : 200));
const CUT_SHARE = IS_SLOW ? 0.25 : 0.05;
/** Two chunks and a little. */
const IMAGE_BYTES = 2 * 65_536 + 1_000;
const SLOT_BYTES = 49 * 4_096;
/** Milliseconds of a board in a real one. */
const PACE = 8;
/** Flash operations of an update: 66 erases and writes of sectors, and the records around them. */
const CUT_WITHIN = 100;
/** A busy machine is no failure. */
const STAGE_MS = 240_000;
const REVERT_PAUSE_MS = 3_700_000;
const HALT_RATE = 25;
const HALT_MINIMUM = BOARDS < 100 ? 2 : 5;

function seconds(fromMs: number): string {
	return `${((performance.now() - fromMs) / 1_000).toFixed(1)} s`;
}

async function releaseOf(fleet: Fleet, sequence: number, broken = false): Promise<Release> {
	return await fleet.vendor.release(sequence, {
		// What the line flashed is published to be known, and is not the newest.
		freshDays: sequence === 1 ? 0 : 30,
		issuedUnixMs: Date.now() + sequence * 1_000,
		image: fleetImage(sequence, IMAGE_BYTES, broken),
		board: SIM_BOARD,
		hardwareClass: FLEET_CLASS,
	});
}

/** A board that was cut in its trial tries again after an hour of its own. */
function passPauses(boards: readonly FleetBoard[], sequence: number): void {
	for (const board of boards)
		if (board.sequence !== sequence && board.ran.includes(sequence)) board.skip(REVERT_PAUSE_MS);
}

export default function suite(t: Suite): void {
	t.test(
		"a fleet takes a staged rollout, some of it cut at random, and none of it a release that fails (T10, T12, I3, I4)",
		async ({ note, random }) => {
			const started = performance.now();
			const image = fleetImage(1, IMAGE_BYTES);
			const fleet = await Fleet.open({ boards: BOARDS, slotBytes: SLOT_BYTES, image, pace: PACE });
			const table = await UpdateTable.open(registryPath(fleet.dir));
			try {
				if (process.env.LATCHKEY_FLEET_BOARDS !== undefined)
					note(`LATCHKEY_FLEET_BOARDS=${BOARDS}, not as many as it should be`);
				note(`${BOARDS} boards provisioned in ${seconds(started)}`);
				const all = (sequence: number): boolean => fleet.on(sequence) === BOARDS;
				check.ok(
					await fleet.waitUntil(() => fleet.relay.serials.length === BOARDS && all(1), STAGE_MS),
					"connected",
				);
				note(`connected after ${seconds(started)}`);

				// ---- a good one, stage by stage ----
				const good = await releaseOf(fleet, 2);
				await fleet.vendor.publish(fleet.dir, await releaseOf(fleet, 1), good);
				const digest = releaseDigest(good);
				const cut = new Map<FleetBoard, number>();
				while (cut.size < Math.ceil(BOARDS * CUT_SHARE)) {
					const board = fleet.boards[random.below(BOARDS)]!;
					if (cut.has(board)) continue;
					cut.set(board, 0);
					const mode = CUT_MODES[random.below(CUT_MODES.length)]!;
					board.board.power.cutAt(random.below(CUT_WITHIN), mode, random.uint32());
				}
				const limits = { ...ROLLOUT_DEFAULTS, haltRate: HALT_RATE, haltMinimum: HALT_MINIMUM };
				const plan = { percent: 5, cohort: [], ...limits };
				check.ok(await table.createRollout(digest, plan));
				for (const percent of [5, 25, 100]) {
					const stage = performance.now();
					check.ok(await table.changeRollout(digest, { percent }));
					const [rollout] = await table.rollouts();
					const chosen = fleet.boards.filter(({ serial }) => isChosen(rollout!, serial));
					const others = fleet.boards.filter((board) => !chosen.includes(board));
					const converged = await fleet.waitUntil(() => {
						passPauses(chosen, 2);
						return chosen.every((board) => board.confirmed === 2);
					}, STAGE_MS);
					const behind = chosen.filter((board) => board.confirmed !== 2);
					check.ok(
						converged,
						`${behind.length} of ${chosen.length} boards are behind: ${behind[0]?.board.logs.slice(-12).join(" | ")}`,
					);
					check.ok(
						others.every((board) => !board.ran.includes(2)),
						"nobody else",
					);
					note(`${percent} %: ${chosen.length} boards on 2 after ${seconds(stage)}`);
				}
				const lost = [...cut.keys()].filter((board) => board.board.boots > 2);
				note(
					`${cut.size} boards armed, ${lost.length} lost power, ${fleet.boards.filter((each) => each.recoveries > 0).length} were in recovery`,
				);
				check.ok(lost.length >= cut.size / 2, `${lost.length} of ${cut.size} lost power`);
				check.ok(
					fleet.boards.every((board) => !board.bricked && board.recoveries === 0),
					"bricked",
				);
				const neverBack = fleet.boards.every(({ ran }) =>
					ran.every((sequence) => sequence === 1 || sequence === 2),
				);
				check.ok(neverBack);
				check.ok(
					await eventually(
						async () => countOutcomes((await table.offersFor(digest)).values()).installed === BOARDS,
					),
					JSON.stringify(countOutcomes((await table.offersFor(digest)).values())),
				);

				// ---- one that crashes in its trial ----
				const stage = performance.now();
				const bad = await releaseOf(fleet, 3, true);
				await fleet.vendor.publish(fleet.dir, bad);
				const badDigest = releaseDigest(bad);
				check.ok(await table.createRollout(badDigest, { ...plan, percent: BOARDS < 100 ? 30 : 10 }));
				const isHalted = async (): Promise<boolean> =>
					(await table.rollouts()).some((each) => each.digest === badDigest && each.state === "halted");
				const deadline = performance.now() + STAGE_MS;
				while (!(await isHalted()) && performance.now() < deadline) await fleet.waitUntil(() => false, 100);
				check.ok(await isHalted(), "the rollout goes on although every trial fails");
				const offered = (await table.offersFor(badDigest)).size;
				check.ok(await table.changeRollout(badDigest, { percent: 100 }));
				check.ok(await fleet.waitUntil(() => all(2), STAGE_MS), `${fleet.on(2)} boards are on 2`);
				await fleet.waitUntil(() => false, 1_000);
				const failed = fleet.boards.filter((board) => board.ran.includes(3));
				check.equal((await table.offersFor(badDigest)).size, offered, "offered after the halt");
				check.ok(all(2) && failed.length <= offered && failed.length >= HALT_MINIMUM);
				check.ok(
					fleet.boards.every((board) => !board.bricked && board.recoveries === 0),
					"bricked",
				);
				note(
					`halted after ${seconds(stage)}: ${offered} boards were offered 3, ${failed.length} tried it, ${fleet.on(2)} are on 2`,
				);

				// ---- what the operator sees ----
				const manifests = (await table.releases()).map(({ manifest }) => manifest);
				const rows = async () =>
					judgeFleet(await readFleet(table.db), { manifests, nowMs: Date.now(), oldMs: 60_000_000 });
				const isAttested = async (): Promise<boolean> =>
					(await rows()).every(
						({ attestation, flags }) =>
							attestation?.sequence === 2 && attestation.sequenceFloor === 2 && !flags.some(isAlarm),
					);
				const attestedBy = performance.now() + STAGE_MS;
				while (!(await isAttested()) && performance.now() < attestedBy)
					await fleet.waitUntil(() => false, 500);
				const alarmed = (await rows()).filter(
					({ attestation, flags }) => attestation?.sequenceFloor !== 2 || flags.some(isAlarm),
				);
				check.deepEqual(
					alarmed.map(({ serial, flags }) => [serial, flags]),
					[],
				);
				note(
					`${BOARDS} attested sequence 2; all of it took ${seconds(started)}, ${Math.round(process.memoryUsage().rss / 1_048_576)} MB`,
				);
			} finally {
				await table.close();
				await fleet.close();
			}
		},
	);
}
