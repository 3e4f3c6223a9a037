/** Lives a plan in a house: visits, cuts, releases, samples, one after the other. Whatever fails ends it. */
import type { Random } from "../harness/random.ts";
import { type Sample, sampleText } from "./growth.ts";
import type { SoakHouse } from "./soak-house.ts";
import { eventsOf, type SoakEvent, type SoakPlan } from "./soak-plan.ts";

const STAY_MS = 2_500;
const INSTALL_MS = 300_000;

export interface Taken {
	readonly label: string;
	readonly atMs: number;
	/** Which boot of the board it was. */
	readonly boot: number;
	readonly sample: Sample;
}

export class Soak {
	readonly #house: SoakHouse;
	readonly #random: Random;
	readonly #note: (line: string) => void;
	unlocks = 0;
	cuts = 0;
	/** Releases that were downloaded and read back whole. */
	updates = 0;
	/** Of these, the ones that were booted, tried and confirmed. */
	installed = 0;
	readonly samples: Taken[] = [];

	constructor(house: SoakHouse, random: Random, note: (line: string) => void) {
		this.#house = house;
		this.#random = random;
		this.#note = note;
	}

	async live(plan: SoakPlan): Promise<void> {
		try {
			for (const { atMs, event } of eventsOf(plan)) {
				const waitMs = atMs - this.#house.elapsedMs;
				if (waitMs > 0) await this.#house.pause(waitMs);
				await this.#meet(event, plan);
			}
			await this.#house.linked();
			if (this.#house.aborts.length > 0) throw new Error(this.#house.aborts.join(", "));
		} catch (error) {
			throw this.#house.told(error);
		}
	}

	/** Nobody comes until the release that was published last is installed. */
	async install(): Promise<void> {
		const { sequence } = this.#house;
		const isConfirmed = (): boolean => {
			const { report } = this.#house;
			return report?.sequenceFloor === sequence && report.state === "idle";
		};
		await this.#house.until(isConfirmed, `sequence ${sequence} confirmed`, INSTALL_MS).catch((error) => {
			throw this.#house.told(error);
		});
		this.installed++;
	}

	/** The last of this label. */
	taken(label: string): Taken {
		const found = this.samples.filter((each) => each.label === label).at(-1);
		if (found === undefined) throw new Error(`no sample ${label}`);
		return found;
	}

	async #meet(event: SoakEvent, plan: SoakPlan): Promise<void> {
		switch (event.kind) {
			case "visit":
				return await this.#visit();
			case "cut":
				await this.#house.linked();
				this.#house.cut(event.how);
				this.cuts++;
				return;
			case "publish":
				return await this.#publish(plan);
			case "sample":
				return await this.#sample(event.label);
		}
	}

	async #visit(): Promise<void> {
		await this.#house.ready();
		const visitor = this.#random.pick(this.#house.visitors);
		await (await visitor.come()).unlock();
		this.unlocks++;
		await this.#house.pause(STAY_MS);
		await (await visitor.stay()).lock();
		visitor.go();
	}

	/** The one before must be where the rhythm lets it come: waiting for a quiet moment that never is, or installed. */
	async #publish({ rhythm }: SoakPlan): Promise<void> {
		this.#settleUpdate(rhythm);
		await this.#house.publish();
	}

	#settleUpdate(rhythm: SoakPlan["rhythm"]): void {
		const { report, sequence } = this.#house;
		if (sequence === 1) return;
		const isWhole = rhythm === "even" ? report?.state === "waiting" : report?.sequenceFloor === sequence;
		const isIt = rhythm === "even" ? report?.offered === sequence : true;
		if (!isWhole || !isIt) throw new Error(`sequence ${sequence}: ${JSON.stringify(report)}`);
		this.updates++;
		if (rhythm === "rushes") this.installed++;
	}

	/** After the last event of a plan. */
	settle(plan: SoakPlan): void {
		this.#settleUpdate(plan.rhythm);
	}

	async #sample(label: string): Promise<void> {
		const sample = await this.#house.sample();
		const taken = { label, atMs: this.#house.elapsedMs, boot: this.#house.boots, sample };
		this.samples.push(taken);
		const hours = (taken.atMs / 3_600_000).toFixed(2);
		this.#note(
			`${label}, ${hours} h, boot ${taken.boot}: ${sampleText(sample)}; ${this.unlocks} unlocks, ${this.#house.links} links`,
		);
	}
}
