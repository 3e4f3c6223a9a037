import { LIMITS } from "../../../modules/base/limits.ts";
import { EventLog } from "../../../modules/log/event-log.ts";
import { StrangerCounts } from "../../../modules/log/strangers.ts";
import { Store } from "../../../modules/store/store.ts";
import { decodeLogEntry } from "../../../modules/wire/log-entry.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

function newLog({ crypto }: TestContext): { readonly storage: SimStorage; readonly log: EventLog } {
	const storage = new SimStorage();
	const time = { secondsSinceBoot: () => 3600, unixSeconds: () => undefined };
	return { storage, log: new EventLog(new Store(storage), (data) => crypto.sha256(data), time) };
}

function events(log: EventLog): readonly unknown[] {
	return log.read(1, 16).entries.map((entry) => decodeLogEntry(entry)?.event);
}

export default function suite(t: Suite): void {
	t.test(
		"a flood of strangers writes nothing until the hour is over, then one entry a transport (T16, I7)",
		(context) => {
			const { storage, log } = newLog(context);
			const counts = new StrangerCounts();
			for (let refusal = 0; refusal < 10_000; refusal++) counts.add(refusal % 4 === 0 ? "serial" : "relay");
			check.equal(storage.mutations().length, 0);
			counts.flush(log, 0);
			check.deepEqual(events(log), [
				{ kind: "strangers", transport: "serial", count: 2500, hour: 0 },
				{ kind: "strangers", transport: "relay", count: 7500, hour: 0 },
			]);
		},
	);

	t.test("an hour without strangers writes nothing, and a count is written once", (context) => {
		const { log } = newLog(context);
		const counts = new StrangerCounts();
		counts.add("relay");
		counts.flush(log, 0);
		counts.flush(log, 1);
		check.equal(log.sequence, 1);
	});

	t.test("counts that the log refused are kept for the next hour", (context) => {
		const { storage, log } = newLog(context);
		const counts = new StrangerCounts();
		counts.add("relay");
		storage.failWrites("record/full");
		counts.flush(log, 0);
		counts.add("relay");
		storage.heal();
		counts.flush(log, 1);
		check.deepEqual(events(log), [{ kind: "strangers", transport: "relay", count: 2, hour: 1 }]);
	});

	t.test("names of transports are bounded: what does not fit is counted, not forgotten (I8)", (context) => {
		const { log } = newLog(context);
		const counts = new StrangerCounts();
		for (let name = 0; name < LIMITS.logTransports + 3; name++) counts.add(`t${name}`);
		counts.flush(log, 0);
		check.equal(log.sequence, LIMITS.logTransports);
		check.deepEqual(events(log)[LIMITS.logTransports - 1], {
			kind: "strangers",
			transport: `t${LIMITS.logTransports - 1}`,
			count: 4,
			hour: 0,
		});
	});
}
