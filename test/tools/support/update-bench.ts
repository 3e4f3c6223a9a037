/** An update service over a relay's folder, with a vendor, locks that are enrolled, and short pauses. */

import { type RelayClock, SYSTEM_CLOCK } from "../../../tools/relay/clock.ts";
import type { RelayLimits } from "../../../tools/relay/limits.ts";
import { openRegistry } from "../../../tools/relay/registry.ts";
import { registryPath } from "../../../tools/relay/registry-file.ts";
import { ROLLOUT_DEFAULTS } from "../../../tools/relay/rollout.ts";
import { UpdateService } from "../../../tools/relay/update-service.ts";
import { type RolloutPlan, UpdateTable } from "../../../tools/relay/update-table.ts";
import type { Release } from "../../../tools/update/release.ts";
import { check } from "../../harness/test.ts";
import { releaseDigest, TestVendor } from "./releases.ts";
import { eventually, temporaryFolder } from "./temporary.ts";
import { UpdateLock } from "./update-lock.ts";

export const POLL_MS = 20;

const made: { vendor?: Promise<TestVendor> } = {};

/** The vendor of this test run; a test that changes trust makes its own. */
export function sharedVendor(): Promise<TestVendor> {
	made.vendor ??= TestVendor.make();
	return made.vendor;
}

/** The system's, and what a test puts before it. */
export class TestClock implements RelayClock {
	#aheadMs = 0;
	#setMs = 0;

	/** Time goes by. */
	advance(ms: number): void {
		this.#aheadMs += ms;
	}

	/** Somebody sets the clock forward, or back: no time goes by. */
	set(ms: number): void {
		this.#setMs += ms;
	}

	unixMs(): number {
		return SYSTEM_CLOCK.unixMs() + this.#aheadMs + this.#setMs;
	}

	monotonicMs(): number {
		return SYSTEM_CLOCK.monotonicMs() + this.#aheadMs;
	}
}

export class UpdateBench {
	readonly clock: TestClock;
	readonly dir: string;
	readonly vendor: TestVendor;
	readonly table: UpdateTable;
	readonly lines: string[] = [];
	service: UpdateService;
	readonly #limits: Partial<RelayLimits>;

	private constructor(
		dir: string,
		vendor: TestVendor,
		table: UpdateTable,
		service: UpdateService,
		limits: Partial<RelayLimits>,
		lines: string[],
		clock: TestClock,
	) {
		this.clock = clock;
		this.dir = dir;
		this.vendor = vendor;
		this.table = table;
		this.service = service;
		this.#limits = limits;
		this.lines = lines;
	}

	static async with(
		work: (bench: UpdateBench) => Promise<void>,
		limits: Partial<RelayLimits> = {},
		vendor?: TestVendor,
	): Promise<void> {
		const dir = temporaryFolder();
		const table = await UpdateTable.open(registryPath(dir));
		const lines: string[] = [];
		const clock = new TestClock();
		const service = await openService(dir, lines, limits, clock);
		const maker = vendor ?? (await sharedVendor());
		const bench = new UpdateBench(dir, maker, table, service, limits, lines, clock);
		try {
			await work(bench);
		} finally {
			await bench.service.close();
			await table.close();
		}
	}

	/** The relay starts over. */
	async restart(): Promise<void> {
		await this.service.close();
		this.service = await openService(this.dir, this.lines, this.#limits, this.clock);
	}

	get log(): readonly Record<string, unknown>[] {
		return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
	}

	events(name: string): readonly Record<string, unknown>[] {
		return this.log.filter(({ event }) => event === name);
	}

	/** Locks that are enrolled; they come when a test says so. */
	async locks(...serials: readonly string[]): Promise<readonly UpdateLock[]> {
		const registry = await openRegistry(registryPath(this.dir));
		const locks = serials.map((serial) => new UpdateLock(serial));
		for (const lock of locks) check.accepted(await registry.enrol(lock.serial, lock.publicKeyHex));
		await registry.close();
		return locks;
	}

	async lock(serial: string): Promise<UpdateLock> {
		return (await this.locks(serial))[0]!;
	}

	/** Publishes a release and rolls it out. */
	async rollOut(release: Release, plan: Partial<RolloutPlan> = {}): Promise<string> {
		await this.vendor.publish(this.dir, release);
		const digest = releaseDigest(release);
		const whole = { percent: 100, cohort: [], ...ROLLOUT_DEFAULTS, ...plan };
		check.ok(await this.table.createRollout(digest, whole));
		return digest;
	}

	/** Until the service has looked so often, from its beginning to its end. */
	async looks(count = 4): Promise<void> {
		const { looks } = this.service;
		check.ok(await eventually(() => this.service.looks > looks + count), `${count} looks`);
		await this.service.settled();
	}
}

async function openService(
	dir: string,
	lines: string[],
	limits: Partial<RelayLimits>,
	clock: TestClock,
): Promise<UpdateService> {
	return await UpdateService.open(dir, (line) => lines.push(line), {
		pollMs: POLL_MS,
		clock,
		limits: { updateWriteMs: 5, ...limits },
	});
}
