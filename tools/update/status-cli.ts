/**
 * `latchkey update status`: how the fleet stands, and what in it does not fit together. Everything signed is verified here, in this
 * process; --release, --registry and --from make it independent of the relay that is asked about. It changes no database, but for the
 * requests that --attest leaves for the running relay.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { fromHex } from "../../modules/base/bytes.ts";
import type { Manifest } from "../../modules/update/manifest.ts";
import { existingFile, existingFolder, several, wholeNumber } from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { CHALLENGE_BYTES, challengeNonce } from "../relay/challenge.ts";
import { type FleetRecord, isAlarm, judgeFleet } from "../relay/fleet.ts";
import { RegistryFault } from "../relay/registry-file.ts";
import type { UpdateTable } from "../relay/update-table.ts";
import { fleetJson, fleetTable, type RolloutView, rolloutJson, rolloutText } from "./fleet-text.ts";
import { requireRelay } from "./publish-cli.ts";
import { readRelease } from "./release.ts";
import { ALARM_STATUS, rolloutViews } from "./rollout-cli.ts";
import { runUpdate, say } from "./run-update.ts";
import { UpdateFault } from "./update-fault.ts";

const DAY_MS = 86_400_000;
const OLD_DAYS = 7;
const ATTEST_SECONDS = 10;
const POLL_MS = 100;

interface StatusArguments {
	readonly dir?: string;
	readonly from?: string;
	readonly release?: readonly string[];
	readonly registry?: string;
	readonly days: number;
	readonly attest?: true;
	readonly wait: number;
	readonly challenge?: Uint8Array;
	readonly export?: string;
	readonly json?: true;
}

export function registerUpdateStatus(update: Command): void {
	const status = update
		.command("status")
		.description(
			`Show how each lock's update stands and what does not fit; status ${ALARM_STATUS} for alarms`,
		)
		.option("--dir <dir>", "folder of the relay's registry", existingFolder)
		.option("--from <file>", "what --export wrote, instead of a relay", existingFile)
		.option(
			"--release <dir>",
			"a release that locks may run; with one or more of these the relay's own are not asked",
			several(existingFolder),
		)
		.option(
			"--registry <dir>",
			"take the locks' keys from this registry (the factory line's)",
			existingFolder,
		)
		.option("--days <n>", "flag attestations that are older", wholeNumber(1, 3_650), OLD_DAYS)
		.option("--attest", "have the running relay ask every lock that is connected first")
		.option(
			"--challenge <hex>",
			`${CHALLENGE_BYTES} random bytes of this audit: with --attest locks sign over them, and only what answers them counts`,
			challengeBytes,
		)
		.option("--wait <seconds>", "how long to wait for their answers", wholeNumber(1, 600), ATTEST_SECONDS)
		.option("--export <file>", "write what was found, with every signed attestation")
		.option("--json", "as JSON")
		.action((options: StatusArguments) => {
			if ((options.dir === undefined) === (options.from === undefined))
				status.error("error: either --dir or --from must be given");
			if (options.from !== undefined && options.attest === true)
				status.error("error: --attest asks a relay, and --from is none");
			return explaining([RegistryFault], () => runUpdate(() => run(options)));
		});
}

function challengeBytes(text: string): Uint8Array {
	const bytes = fromHex(text);
	if (bytes?.length !== CHALLENGE_BYTES)
		throw new InvalidArgumentError(`It must be ${CHALLENGE_BYTES * 2} hexadecimal digits.`);
	return bytes;
}

interface Found {
	readonly records: readonly FleetRecord[];
	readonly manifests: readonly Manifest[];
	readonly rollouts: readonly RolloutView[];
}

async function run(options: StatusArguments): Promise<void> {
	const found =
		options.dir === undefined ? await fromFile(options.from!) : await fromRelay(options.dir, options);
	const records =
		options.registry === undefined ? found.records : await rekeyed(found.records, options.registry);
	const manifests = options.release?.map((dir) => readRelease(dir).file.manifest) ?? found.manifests;
	if (options.export !== undefined) await exportTo(options.export, records);
	const rows = judgeFleet(records, {
		manifests,
		nowMs: Date.now(),
		oldMs: options.days * DAY_MS,
		challenge: options.challenge,
	});
	if (options.json) {
		say(JSON.stringify({ locks: fleetJson(rows), rollouts: found.rollouts.map(rolloutJson) }, null, "\t"));
	} else {
		say(fleetTable(rows));
		for (const view of found.rollouts) say(rolloutText(view));
	}
	const alarms = rows.filter((row) => row.flags.some(isAlarm)).length;
	const halted = found.rollouts.filter(({ rollout }) => rollout.state === "halted").length;
	if (alarms + halted === 0) return;
	if (!options.json) say(`${alarms} locks with alarms, ${halted} rollouts halted`);
	process.exitCode = ALARM_STATUS;
}

async function fromFile(path: string): Promise<Found> {
	const { decodeFleet } = await import("../relay/fleet-records.ts");
	const records = decodeFleet(readFileSync(path, "utf8"));
	if (records === undefined) throw new UpdateFault(`${path} is no export of a fleet`);
	return { records, manifests: [], rollouts: [] };
}

async function fromRelay(dir: string, options: StatusArguments): Promise<Found> {
	const { openPresentDatabase } = await import("../relay/database.ts");
	const { readFleet } = await import("../relay/fleet-records.ts");
	const { UpdateTable } = await import("../relay/update-table.ts");
	const db = await openPresentDatabase(requireRelay(dir), options.attest === true);
	const table = new UpdateTable(db);
	try {
		if (options.attest) await attest(table, options);
		const manifests = (await table.releases()).map(({ manifest }) => manifest);
		return { records: await readFleet(table.db), manifests, rollouts: await rolloutViews(table) };
	} finally {
		await table.close();
	}
}

/** Leaves requests for locks that are not there; each is asked when it comes in any case. */
async function attest(table: UpdateTable, { wait: seconds, challenge }: StatusArguments): Promise<void> {
	const { AttestationTable } = await import("../relay/attestation-table.ts");
	const { readFleet } = await import("../relay/fleet-records.ts");
	const attestations = new AttestationTable(table.db);
	const serials = (await readFleet(table.db)).filter(({ revoked }) => !revoked).map(({ serial }) => serial);
	await attestations.request(serials, challenge && ((serial) => challengeNonce(challenge, serial)));
	const deadline = performance.now() + seconds * 1_000;
	for (;;) {
		const open = (await attestations.requests()).size;
		if (open === 0) return;
		if (performance.now() > deadline) {
			process.stderr.write(`${open} of ${serials.length} locks did not answer within ${seconds} s\n`);
			return;
		}
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
}

/** Whose keys count is in another registry: a lock that it does not know has none. */
async function rekeyed(records: readonly FleetRecord[], dir: string): Promise<readonly FleetRecord[]> {
	const { openPresentDatabase } = await import("../relay/database.ts");
	const db = await openPresentDatabase(requireRelay(dir));
	try {
		const rows = await db.selectFrom("devices").select(["serial", "public_key", "status"]).execute();
		const keys = new Map(rows.map((row) => [row.serial, row.public_key]));
		const shown = new Set(records.map(({ serial }) => serial));
		const missing = rows.filter(({ serial, status }) => status === "active" && !shown.has(serial));
		return [
			...records.map((record) => ({ ...record, publicKey: keys.get(record.serial) ?? "" })),
			...missing.map(
				({ serial, public_key }): FleetRecord => ({
					serial,
					publicKey: public_key,
					revoked: false,
					report: undefined,
					attestations: [],
					missing: true,
				}),
			),
		];
	} finally {
		await db.destroy();
	}
}

async function exportTo(path: string, records: readonly FleetRecord[]): Promise<void> {
	const { encodeFleet } = await import("../relay/fleet-records.ts");
	if (existsSync(path)) throw new CliFault(`${path} is there already`, 2);
	writeFileSync(path, encodeFleet(records));
}
