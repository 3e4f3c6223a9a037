/** `latchkey update rollout`: who gets a published release, and when that stops. A running relay sees each change within a second or two. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { existingFile, existingFolder, wholeNumber } from "../cli/arguments.ts";
import { explaining } from "../cli/fault.ts";
import { RegistryFault } from "../relay/registry-file.ts";
import { type PublishedRelease, ROLLOUT_DEFAULTS, SILENT_HOURS_MAX } from "../relay/rollout.ts";
import type { RolloutPlan, UpdateTable } from "../relay/update-table.ts";
import { type RolloutView, rolloutJson, rolloutText } from "./fleet-text.ts";
import { requireRelay } from "./publish-cli.ts";
import { runUpdate, say } from "./run-update.ts";
import { UpdateFault } from "./update-fault.ts";

const SERIAL = /^[A-Z0-9-]{4,24}$/;
/** What a command that found a rollout halted, or a fleet with alarms, ends with. */
export const ALARM_STATUS = 3;

interface ReleaseArguments {
	readonly dir: string;
	readonly sequence: number;
	readonly board?: string;
	readonly hardwareClass?: string;
}

interface PlanArguments extends ReleaseArguments {
	readonly percent?: number;
	readonly cohort?: string;
	readonly haltRate?: number;
	readonly haltMin?: number;
	readonly refusalRate?: number;
	readonly silentHours?: number;
}

export function registerUpdateRollout(update: Command): void {
	const rollout = update
		.command("rollout")
		.description("Offer a published release to a part of the locks, and to more");
	addPlan(
		ofRelease(
			rollout,
			"create",
			"Begin to offer a release: to nobody, unless --percent or --cohort says whom",
		),
	).action((options: PlanArguments) => run(options, (table, release) => create(table, release, options)));
	addPlan(ofRelease(rollout, "percent", "Change whom a rollout reaches, and when it is halted")).action(
		(options: PlanArguments) =>
			run(options, async (table, { digest }) => {
				if (!(await table.changeRollout(digest, planOf(options)))) throw new UpdateFault(NO_ROLLOUT);
			}),
	);
	ofRelease(rollout, "pause", "Offer nothing more for now; who has begun goes on").action(
		(options: ReleaseArguments) => run(options, (table, release) => setState(table, release, "paused")),
	);
	ofRelease(rollout, "resume", "Go on, also after a halt; failures are counted anew").action(
		(options: ReleaseArguments) => run(options, (table, release) => setState(table, release, "running")),
	);
	ofRelease(rollout, "halt", "Stop a rollout as its failure rate would; who has begun goes on").action(
		(options: ReleaseArguments) =>
			run(options, (table, release) => setState(table, release, "halted", "by hand")),
	);
	rollout
		.command("show")
		.description(`Show every rollout and what became of it; status ${ALARM_STATUS} when one is halted`)
		.requiredOption("--dir <dir>", "folder of the relay's registry", existingFolder)
		.option("--json", "as JSON")
		.action((options: { readonly dir: string; readonly json?: true }) =>
			withTable("present", options.dir, async (table) => {
				const views = await rolloutViews(table);
				say(
					options.json
						? JSON.stringify(views.map(rolloutJson), null, "\t")
						: views.map(rolloutText).join("\n"),
				);
				if (views.some((view) => view.rollout.state === "halted")) process.exitCode = ALARM_STATUS;
			}),
		);
}

const NO_ROLLOUT = "this release has no rollout: rollout create begins one";

function ofRelease(rollout: Command, name: string, description: string): Command {
	return rollout
		.command(name)
		.description(description)
		.requiredOption("--dir <dir>", "folder of the relay's registry", existingFolder)
		.requiredOption("--sequence <n>", "the release, by its number", wholeNumber(1, LIMITS.sequenceMax))
		.option("--board <board>", "and its board, where several have that number")
		.option("--hardware-class <class>", "and its hardware class, where several have that number");
}

function addPlan(command: Command): Command {
	return command
		.option("--percent <n>", "so many of a hundred locks, always the same ones first", wholeNumber(0, 100))
		.option(
			"--cohort <file>",
			"these serials in any case, one a line; added to the former ones",
			existingFile,
		)
		.option(
			"--halt-rate <n>",
			`failures in a hundred outcomes beyond which it is halted (default: ${ROLLOUT_DEFAULTS.haltRate})`,
			wholeNumber(0, 100),
		)
		.option(
			"--halt-min <n>",
			`not before so many outcomes (default: ${ROLLOUT_DEFAULTS.haltMinimum})`,
			wholeNumber(1, 1_000_000),
		)
		.option(
			"--refusal-rate <n>",
			`refusals in a hundred answers, for what the release itself is, beyond which it is halted (default: ${ROLLOUT_DEFAULTS.refusalRate})`,
			wholeNumber(0, 100),
		)
		.option(
			"--silent-hours <n>",
			`a lock that took it and was not heard of for so long has failed (default: ${ROLLOUT_DEFAULTS.silentHours})`,
			wholeNumber(1, SILENT_HOURS_MAX),
		);
}

async function create(
	table: UpdateTable,
	{ digest }: PublishedRelease,
	options: PlanArguments,
): Promise<void> {
	const plan = { percent: 0, cohort: [], ...ROLLOUT_DEFAULTS, ...planOf(options) };
	if (!(await table.createRollout(digest, plan)))
		throw new UpdateFault("this release has a rollout already: rollout percent changes it");
}

async function setState(
	table: UpdateTable,
	{ digest }: PublishedRelease,
	state: "running" | "paused" | "halted",
	reason?: string,
): Promise<void> {
	if (await table.setRolloutState(digest, state, reason)) return;
	const isThere = (await table.rollouts()).some((each) => each.digest === digest);
	throw new UpdateFault(isThere ? "it is halted already" : NO_ROLLOUT);
}

function planOf(options: PlanArguments): Partial<RolloutPlan> {
	const { percent, cohort, haltRate, haltMin, refusalRate, silentHours } = options;
	return {
		...(percent === undefined ? {} : { percent }),
		...(cohort === undefined ? {} : { cohort: readCohort(cohort) }),
		...(haltRate === undefined ? {} : { haltRate }),
		...(haltMin === undefined ? {} : { haltMinimum: haltMin }),
		...(refusalRate === undefined ? {} : { refusalRate }),
		...(silentHours === undefined ? {} : { silentHours }),
	};
}

function readCohort(path: string): readonly string[] {
	const lines = readFileSync(path, "utf8")
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "" && !line.startsWith("#"));
	const wrong = lines.find((line) => !SERIAL.test(line));
	if (wrong !== undefined) throw new UpdateFault(`${path}: ${wrong.slice(0, 40)} is no serial number`);
	return [...new Set(lines)];
}

/** Rollouts whose release can be read. */
export async function rolloutViews(table: UpdateTable): Promise<readonly RolloutView[]> {
	const releases = new Map((await table.releases()).map((release) => [release.digest, release]));
	const views: RolloutView[] = [];
	for (const rollout of await table.rollouts()) {
		const release = releases.get(rollout.digest);
		if (release !== undefined)
			views.push({ rollout, release, offers: await table.offersFor(rollout.digest) });
	}
	return views;
}

/** Does something with a release's rollout, and says how it stands then. */
async function run(
	options: ReleaseArguments,
	work: (table: UpdateTable, release: PublishedRelease) => Promise<void>,
): Promise<void> {
	await withTable("any", options.dir, async (table) => {
		const release = findRelease(await table.releases(), options);
		await work(table, release);
		const view = (await rolloutViews(table)).find((each) => each.rollout.digest === release.digest);
		if (view !== undefined) say(rolloutText(view));
	});
}

function findRelease(
	releases: readonly PublishedRelease[],
	{ sequence, board, hardwareClass }: ReleaseArguments,
): PublishedRelease {
	const found = releases.filter(
		({ manifest }) =>
			manifest.sequence === sequence &&
			(board === undefined || manifest.board === board) &&
			(hardwareClass === undefined || manifest.hardwareClass === hardwareClass),
	);
	const [release] = found;
	if (release === undefined) throw new UpdateFault(`no release of sequence ${sequence} was published here`);
	if (found.length > 1)
		throw new UpdateFault(
			`several releases have sequence ${sequence}: --board and --hardware-class say which (${found
				.map(({ manifest }) => `${manifest.hardwareClass} ${manifest.board}`)
				.join(", ")})`,
		);
	return release;
}

/** present: read as it is, and never brought up to date. */
async function withTable(
	which: "present" | "any",
	dir: string,
	work: (table: UpdateTable) => Promise<void>,
): Promise<void> {
	await explaining([RegistryFault], () =>
		runUpdate(async () => {
			const { UpdateTable } = await import("../relay/update-table.ts");
			const { openDatabase, openPresentDatabase } = await import("../relay/database.ts");
			const open = which === "present" ? openPresentDatabase : openDatabase;
			const table = new UpdateTable(await open(requireRelay(dir)));
			try {
				await work(table);
			} finally {
				await table.close();
			}
		}),
	);
}
