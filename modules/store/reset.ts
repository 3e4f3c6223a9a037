/**
 * The factory reset (DESIGN 8.1): erases exactly the records that RECORDS says do not survive it, and nothing else:
 * device keys, certificates, trust, the seal and every floor stay. It decides nothing (the button does) and moves no
 * bolt.
 *
 *   begin: `reset-pending` is written      a cut before it: nothing has happened
 *   finish: the rows, in table order       a cut in between: boot calls finish, which starts over
 *           then the last step (a log entry), then `reset-pending` is erased
 *
 * Until finish is accepted the lock serves nobody but its buttons.
 */
import { attempt } from "../base/device-error.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORD_ROWS, RECORDS, type RecordRow } from "./records.ts";
import { recordCodec, type Store, type WriteReason } from "./store.ts";

export const RESET_PENDING = recordCodec<true>({
	row: RECORDS.resetPending,
	format: 1,
	encode: () => ({}),
	decode: () => true,
});

export class FactoryReset {
	readonly #store: Store;
	readonly #forgetNetwork: () => void;

	/**
	 * `forgetNetwork` erases what of the bindings' records does not survive, the owner's Wi-Fi, whether or not anything can join it
	 * now. Where it cannot it throws DeviceError, and the reset is not finished.
	 */
	constructor(store: Store, forgetNetwork: () => void) {
		this.#store = store;
		this.#forgetNetwork = forgetNetwork;
	}

	/**
	 * True from an accepted begin to an accepted finish, across power cuts; what the record holds does not matter.
	 * Refused: nobody knows, so nothing is erased and the lock serves its buttons only.
	 */
	pending(): Result<boolean, "io"> {
		return this.#store.has(RECORDS.resetPending);
	}

	/**
	 * The point of no return. A full disk must not keep a lock with its former owner: the log then makes room.
	 * Refused: nothing but log entries is gone.
	 */
	begin(): Result<void, WriteReason> {
		const written = this.#store.write(RESET_PENDING, true);
		if (written.ok || written.reason !== "full") return written;
		const erased = this.#eraseRow(RECORDS.logEntry);
		if (!erased.ok) return erased;
		return this.#store.write(RESET_PENDING, true);
	}

	/**
	 * Where a reset is pending: erases, runs `lastStep` on the empty records (again, when a cut came before the end),
	 * and ends the reset. Where none is, or nobody knows, it erases nothing. Refused: the same call may be repeated.
	 */
	finish(lastStep: () => void): Result<void, WriteReason> {
		const pending = this.pending();
		if (!pending.ok) return pending;
		if (!pending.value) return accept(undefined);
		for (const row of RECORD_ROWS) {
			if (row.survivesReset || row === RECORDS.resetPending) continue;
			const erased = row === RECORDS.wifi ? this.#eraseNetwork() : this.#eraseRow(row);
			if (!erased.ok) return erased;
		}
		lastStep();
		return this.#store.erase(RECORDS.resetPending);
	}

	/** The store cannot open it. */
	#eraseNetwork(): Result<void, WriteReason> {
		return attempt(this.#forgetNetwork).ok ? accept(undefined) : refuse("io");
	}

	#eraseRow(row: RecordRow): Result<void, WriteReason> {
		if (row.count === undefined) return this.#store.erase(row);
		const indexes = this.#store.indexes(row);
		if (!indexes.ok) return indexes;
		for (const index of indexes.value) {
			const erased = this.#store.erase(row, index);
			if (!erased.ok) return erased;
		}
		return accept(undefined);
	}
}
