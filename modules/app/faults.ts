/** What of flash could not be read at boot, in the words of the log (PROTOCOL 9, kind fault). It changes nothing. */

/** Each source names its faults, as "record-reason", or one that has none. */
export interface FaultSources {
	/** Said as they are. */
	readonly lists: readonly (readonly string[])[];
	/** One record each; undefined or absent: no fault. */
	readonly records: Readonly<Record<string, string | undefined>>;
	readonly unreadableEntries: number;
}

export function namesOfFaults({ lists, records, unreadableEntries }: FaultSources): readonly string[] {
	const faults = lists.flat();
	for (const name of Object.keys(records)) {
		const fault = records[name];
		if (fault !== undefined && fault !== "absent") faults.push(`${name}-${fault}`);
	}
	if (unreadableEntries > 0) faults.push(`log-${unreadableEntries}-unreadable`);
	return faults;
}
