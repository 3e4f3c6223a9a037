/** Unlocks on an open session: instructions on the lock besides TLS, round trips, flash that is written. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LockRig } from "../../test/sim/lock-rig.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { Phone } from "../phone/phone.ts";
import { buildBoard } from "./bench-build.ts";
import { boardReport, openBenchHouse } from "./board-house.ts";
import { inclusiveOf, totalOf } from "./callgrind.ts";
import type { Figure } from "./figure.ts";

const FEW = 4;
const MANY = 24;
/** Within what one grant may log at once (docs/STORAGE.md). */
const ROUND_TRIPS = 100;
const FAILED_ATTEMPTS = 50;
const DAY_MS = 86_400_000;
/** What the Linux host puts before each record. */
const RECORD_HEADER_BYTES = 16;
const TLS_FUNCTIONS = Object.freeze(["mbedtls_ssl_read", "mbedtls_ssl_write", "verifier_handshake"]);
const COLLECTOR_FUNCTIONS = Object.freeze(["fxCollect"]);

interface Instructions {
	readonly total: number;
	readonly tls: number;
	readonly collection: number;
}

/** Commands of one round; each is counted once. */
type Round = (phone: Phone) => readonly (() => Promise<unknown>)[];

/** The way of a request through the session and back, without a motion. */
const STILL: Round = (phone) => [() => phone.unlock(), () => phone.unlock()];
/** The bolt travels each time, to and fro. */
const WHOLE: Round = (phone) => [() => phone.lock(), () => phone.unlock()];

export async function measureUnlockInstructions(): Promise<Figure[]> {
	const still = await instructionsOf(STILL);
	const whole = await instructionsOf(WHOLE);
	return [
		...figuresOf("unlock, bolt retracted already", still),
		...figuresOf("unlock, whole", whole).map((figure, index) =>
			index === 0 ? { ...figure, goal: 0.5 } : figure,
		),
	];
}

function figuresOf(name: string, { total, tls, collection }: Instructions): Figure[] {
	const unit = "million instructions";
	return [
		{ name: `${name}, besides TLS`, value: (total - tls) / 1e6, unit },
		{ name: "  of which garbage collection", value: collection / 1e6, unit },
		{ name: "  TLS beside it", value: tls / 1e6, unit },
	];
}

/** By difference of two runs that are alike but for the number of commands: what one more costs. */
async function instructionsOf(round: Round): Promise<Instructions> {
	const few = await countRun(round, FEW);
	const many = await countRun(round, MANY);
	const commands = 2 * (MANY - FEW);
	return {
		total: (many.total - few.total) / commands,
		tls: (many.tls - few.tls) / commands,
		collection: (many.collection - few.collection) / commands,
	};
}

async function countRun(round: Round, rounds: number): Promise<Instructions> {
	const bench = await openBenchHouse({
		binary: buildBoard(),
		wrap: ["valgrind", "--tool=callgrind", "--callgrind-out-file=$(dirname $0)/callgrind.%p"],
	});
	try {
		const phone = await bench.house.phone();
		await phone.unlock();
		for (let count = 0; count < rounds; count++) for (const command of round(phone)) await command();
		await bench.house.stopBoard();
		const name = readdirSync(bench.dir).find((file) => file.startsWith("callgrind."));
		if (name === undefined) throw new Error("callgrind wrote nothing");
		const file = join(bench.dir, name);
		return {
			total: totalOf(readFileSync(file, "utf8")),
			tls: await inclusiveOf(file, TLS_FUNCTIONS),
			collection: await inclusiveOf(file, COLLECTOR_FUNCTIONS),
		};
	} finally {
		await bench.close();
	}
}

/** Times of unlocks that find the bolt retracted: no travel, but the decision is on record in flash. */
export async function measureUnlockTimes(): Promise<number[]> {
	const bench = await openBenchHouse();
	try {
		const phone = await bench.house.phone();
		await phone.unlock();
		const times: number[] = [];
		for (let count = 0; count < ROUND_TRIPS; count++) times.push((await phone.unlock()).tookMs);
		return times;
	} finally {
		await bench.close();
	}
}

export async function measureFlash(): Promise<Figure[]> {
	const bench = await openBenchHouse({ boardWords: ["--report-heap"] });
	try {
		const phone = await bench.house.phone();
		await phone.unlock();
		const written = async (): Promise<number> => (await boardReport(bench, "flash")).get("written")!;
		const start = await written();
		for (let count = 0; count < ROUND_TRIPS / 2; count++) {
			await phone.lock();
			await phone.unlock();
		}
		const afterUnlocks = await written();
		for (let count = 0; count < FAILED_ATTEMPTS; count++) await bench.house.knock();
		const afterAttempts = await written();
		return [
			{ name: "flash per unlock", value: (afterUnlocks - start) / ROUND_TRIPS, unit: "bytes" },
			{
				name: "flash per failed attempt",
				value: (afterAttempts - afterUnlocks) / FAILED_ATTEMPTS,
				unit: "bytes",
			},
			{ name: "flash per idle day (simulated clock)", value: flashOfIdleDay(), unit: "bytes" },
		];
	} finally {
		await bench.close();
	}
}

function flashOfIdleDay(): number {
	const rig = new LockRig({ crypto: new NobleCrypto() });
	rig.provision();
	const before = rig.board.storage.mutations().length;
	rig.advance(DAY_MS);
	return rig.board.storage
		.mutations()
		.slice(before)
		.reduce((sum, { bytes }) => sum + bytes + RECORD_HEADER_BYTES, 0);
}
