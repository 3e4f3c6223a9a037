/**
 * The lives that the sweep of the Linux host cuts: real boards with the recorder, every boot its own journal. Each is driven to its end
 * once without a cut; what a cut in it is worth is host-tests.ts's to say.
 */
import { join } from "node:path";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { makeDelta } from "../../tools/update/delta.ts";
import { newFolder, readBytes, scratch } from "../host/board.ts";
import { type Operation, parseJournal, writeState } from "../host/cut.ts";
import { holder, publicKeys, RELAY, signBundle, trustBundle } from "../sim/bundles.ts";
import { makeRelease, type ReleaseParts } from "../sim/releases.ts";
import type { FastCrypto } from "./fast-crypto.ts";
import { type Files, readState } from "./host-files.ts";
import { HostBoot, hostImage, type Service, serveUntil } from "./host-lock.ts";
import { type RecordHistory, recordHistories } from "./journal-view.ts";

/** After a revert the lock waits an hour, which is a minute here. */
export const LIFE_MS = 180_000;
export const OLD = 1;
const NEW = 2;
const NEXT = 3;
/** Signs releases under the second bundle. */
const NEXT_HOLDER = 21;
/** What the release of the delta has besides: as much as a change of a few modules. */
const NEW_MODULES = Object.freeze(["test/harness/random", "test/harness/cbor-values", "test/host/cut"]);

export type LifeName = "update" | "revert" | "delta" | "trust";

export interface HostLife {
	readonly name: LifeName;
	readonly service: Service;
	readonly journals: readonly Journal[];
}

/** One boot that was recorded. */
export interface Journal {
	readonly name: string;
	readonly operations: readonly Operation[];
	readonly records: ReadonlyMap<string, RecordHistory>;
}

/** Builds the images; what each life is about. */
export function hostServices(crypto: FastCrypto): Readonly<Record<LifeName, Service>> {
	const old = hostImage(OLD);
	const full = hostImage(NEW, { securityVersion: 1, isOther: true });
	const similar = hostImage(NEXT, { securityVersion: 1, modules: NEW_MODULES });
	const names = { manifest: { board: "linux" }, freshness: { board: "linux" } } satisfies ReleaseParts;
	const update = {
		release: makeRelease(crypto, { sequence: NEW, securityVersion: 1, image: full, ...names }),
	};
	const byDelta = {
		sequence: NEXT,
		securityVersion: 1,
		image: similar,
		deltaFrom: old,
		delta: makeDelta(old, similar),
	} satisfies ReleaseParts;
	const bundle = trustBundle({
		version: 2,
		relays: [RELAY],
		updateRole: { threshold: 1, keys: publicKeys(holder(NEXT_HOLDER)) },
	});
	const retrusted = makeRelease(crypto, {
		...byDelta,
		holders: [holder(NEXT_HOLDER)],
		manifest: { board: "linux", trustVersion: 2 },
		freshness: { board: "linux" },
	});
	const delta = makeRelease(crypto, { ...byDelta, ...names });
	const trust = { version: 2, message: signBundle(crypto, bundle) };
	return { update, revert: update, delta: { release: delta }, trust: { release: retrusted, trust } };
}

/** A board with trust that was never updated. */
export async function factoryState(crypto: FastCrypto): Promise<Files> {
	const state = newFolder();
	const boot = await HostBoot.start(state);
	const begun = await boot.line.call("begin", { 0: "LK-TEST-0001", 1: "sim" });
	if (!begun.ok) throw new Error(`begin: ${begun.reason}`);
	await boot.bring(signBundle(crypto, trustBundle({ relays: [RELAY] })));
	await boot.cut();
	return readState(state);
}

/** Whether the report says that the release is installed and confirmed. */
export function hasInstalled(
	{ sequence, sequenceFloor, result }: UpdateReport,
	{ release }: Service,
): boolean {
	const { manifest } = release;
	return sequence === manifest.sequence && sequenceFloor === manifest.sequence && result === "installed";
}

/** "revert": the image on trial gives itself up; what came before the trial is the update's life, and left out. */
export async function recordLife(
	factory: Files,
	name: LifeName,
	service: Service,
	faults = "",
): Promise<HostLife> {
	const state = newFolder();
	writeState(state, factory);
	const names: string[] = [];
	let viaDelta = false;
	const isDone = (now: UpdateReport, boot: HostBoot): boolean => {
		viaDelta ||= now.viaDelta;
		if (name === "revert") return now.sequence === OLD && now.reverts === 1;
		return hasInstalled(now, service) && boot.log.includes("is confirmed");
	};
	const end = await serveUntil(state, service, isDone, LIFE_MS, (number) => {
		const journal = `${faults}${name} boot ${number + 1}`;
		names.push(journal);
		return { journal: journalPath(journal), faults, ...(name === "revert" && { fault: `${NEW}:lies` }) };
	});
	await end.cut();
	if (viaDelta !== (name === "delta" || name === "trust"))
		throw new Error(`${name}: ${viaDelta ? "" : "not "}by a delta`);
	return { name, service, journals: (name === "revert" ? names.slice(1) : names).map(journalOf) };
}

function journalPath(name: string): string {
	return join(scratch, `${name.replaceAll(" ", "-")}.journal`);
}

function journalOf(name: string): Journal {
	const operations = parseJournal(readBytes(journalPath(name)));
	return { name, operations, records: recordHistories(operations) };
}
