/** The log of updates as an owner's phone reads it (docs/UPDATE.md 12, PROTOCOL 9, STORAGE 4): each step, in order, and nothing more. */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { decodeCbor } from "../../../modules/wire/cbor-decode.ts";
import { asArray } from "../../../modules/wire/cbor-map.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import type { Release, ReleaseParts } from "../../sim/releases.ts";
import type { Behaviour, UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR, later, UpdateLocks, updateEntriesOf } from "./update-locks.ts";

/** PROTOCOL 9 */
const KIND_UPDATE = 14;
const FIELDS = 7;

/** "2 began", as the owner reads them. */
function stepsOf(lock: UpdatingLock): readonly string[] {
	if (lock.owner.closed) lock.owner.connect();
	const steps = updateEntriesOf(lock).map(({ sequence, step }) => `${sequence} ${step}`);
	lock.owner.disconnect();
	return steps;
}

function publish(lock: UpdatingLock, parts: ReleaseParts): Release {
	const release = lock.release(parts);
	lock.publish(release);
	return release;
}

function installed(lock: UpdatingLock, parts: ReleaseParts): Release {
	const release = publish(lock, parts);
	check.ok(
		lock.drive(() => lock.isInstalled(release), HOUR),
		lock.rig.log,
	);
	return release;
}

/** Release 3 behaves so, every other image well. */
function behaves(lock: UpdatingLock, behaviour: () => Behaviour): void {
	lock.behaviour = ({ sequence }) => (sequence === 3 ? behaviour() : "good");
}

function isReverted(lock: UpdatingLock, reverts: number): boolean {
	return lock.running?.sequence === 2 && lock.status().reverts === reverts;
}

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();
	/** Runs release 2, which is in its log. */
	const updated = (crypto: TestCrypto): { readonly lock: UpdatingLock; readonly second: Release } => {
		const lock = locks.open(crypto);
		check.deepEqual(stepsOf(lock), []);
		const second = installed(lock, { sequence: 2 });
		check.deepEqual(stepsOf(lock), ["2 began", "2 chosen", "2 confirmed"]);
		return { lock, second };
	};

	t.test(
		"an accepted update is three entries of the form of PROTOCOL 9: begun and chosen in one boot, confirmed in the next (T10)",
		({ crypto }) => {
			const { lock } = updated(crypto);
			lock.owner.connect();
			const entries = updateEntriesOf(lock);
			const [began, chosen, confirmed] = entries;
			check.equal(began!.boot, chosen!.boot);
			check.equal(confirmed!.boot, chosen!.boot + 1);
			check.ok(began!.number < chosen!.number && chosen!.number < confirmed!.number);
			const page = lock.owner.ask("log.read", { 0: began!.number, 1: 1 })?.result;
			const bytes = page?.array(0, { min: 1, max: 1 })?.[0] as Uint8Array;
			const raw = asArray(check.accepted(decodeCbor(bytes)), FIELDS);
			check.deepEqual(
				[raw?.[0], raw?.[1], raw?.[4], raw?.[5], raw?.[6]],
				[began!.number, began!.boot, KIND_UPDATE, 2, "began"],
			);
		},
	);

	t.test(
		"a refused offer writes no entry: its reason is in the report and in the lock's own log (T10, T16)",
		({ crypto }) => {
			const { lock, second } = updated(crypto);
			for (const [parts, reason] of [
				[{ sequence: 3, holders: [holder(99)] }, "untrusted"],
				[{ sequence: 1, freshness: later(second) }, "rollback-sequence"],
				[{ sequence: 3, manifest: { board: "other" }, freshness: later(second, 200000) }, "foreign"],
			] as const) {
				const from = lock.rig.log.length;
				publish(lock, parts);
				check.equal(lock.status().result, reason);
				check.ok(lock.rig.log.slice(from).includes(reason), lock.rig.log.slice(from));
				lock.rig.advance(HOUR);
			}
			check.deepEqual(stepsOf(lock), ["2 began", "2 chosen", "2 confirmed"]);
		},
	);

	t.test(
		"each revert is an entry, and so are that it was parked and that an owner had it tried again (T10, T12)",
		({ crypto }) => {
			const { lock, second } = updated(crypto);
			let behaviour: Behaviour = "crash";
			behaves(lock, () => behaviour);
			const third = publish(lock, { sequence: 3, freshness: later(second) });
			const before = ["2 began", "2 chosen", "2 confirmed", "3 began"];
			const steps: string[] = [...before];
			for (let reverts = 1; reverts <= LIMITS.revertsMax; reverts++) {
				check.ok(
					lock.drive(() => isReverted(lock, reverts), 3 * HOUR),
					lock.rig.log,
				);
				steps.push("3 chosen", "3 reverted");
				if (reverts === LIMITS.revertsMax) steps.push("3 parked");
				check.deepEqual(stepsOf(lock), steps, `revert ${reverts}`);
			}
			behaviour = "good";
			lock.owner.connect();
			check.equal(lock.owner.ask("update.retry")?.status, "done");
			lock.owner.disconnect();
			check.ok(
				lock.drive(() => lock.isInstalled(third), 2 * HOUR),
				lock.rig.log,
			);
			const after = stepsOf(lock).slice(steps.length);
			check.equal(after[0], "3 retried");
			check.deepEqual(after.slice(-2), ["3 chosen", "3 confirmed"]);
		},
	);

	t.test(
		"a plan that a newer release replaced, or that trust stands for no more, is an entry (T5, T10)",
		({ crypto }) => {
			const { lock, second } = updated(crypto);
			lock.serve = () => undefined;
			publish(lock, { sequence: 3, freshness: later(second) });
			publish(lock, { sequence: 4, freshness: later(second, 200000) });
			const message = lock.bundle(2, { updateRole: { threshold: 1, keys: publicKeys(holder(21)) } });
			lock.relay?.send({ kind: "trust", message });
			lock.rig.advance(1000);
			check.deepEqual(stepsOf(lock).slice(3), ["3 began", "3 dropped", "4 began", "4 dropped"]);
		},
	);
}
