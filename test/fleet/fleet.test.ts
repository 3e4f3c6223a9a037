/**
 * A staged rollout to a fleet over a real relay (docs/UPDATE.md 5 to 8): boards that lose power at random moments, a release whose
 * trial fails, and what the operator sees of it all.
 */
import { AttestationTable } from "../../tools/relay/attestation-table.ts";
import { judgeFleet } from "../../tools/relay/fleet.ts";
import { readFleet } from "../../tools/relay/fleet-records.ts";
import { countOutcomes } from "../../tools/relay/rollout.ts";
import { registryPath } from "../../tools/relay/database.ts";
import { UpdateTable } from "../../tools/relay/update-table.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";
import { SIM_BOARD } from "../sim/slot-image.ts";
import { releaseDigest } from "../tools/support/releases.ts";
import { FLEET_CLASS, Fleet } from "./fleet.ts";
import { fleetImage } from "./fleet-image.ts";

const BOARDS = Number(process.env.FLEET_BOARDS ?? (process.argv.includes("--slow") ? 400 : 200));
const IMAGE_BYTES = 3 * 65_536 + 1_000;
const SLOT_BYTES = 65 * 4_096;
const PACE = 8;
const CUT_SHARE = 0.05;

export default function suite(t: Suite): void {
	t.test("boards come to a real relay", async ({ note }) => {
		const fleet = await Fleet.open({
			boards: 10,
			slotBytes: SLOT_BYTES,
			image: fleetImage(1, IMAGE_BYTES),
			pace: PACE,
		});
		try {
			check.ok(await fleet.waitUntil(() => fleet.relay.serials.length === 10, 10_000), fleet.boards[0]!.board.logs.join("\n"));
			note(fleet.boards[0]!.board.logs.join(" | "));
		} finally {
			await fleet.close();
		}
	});
}
