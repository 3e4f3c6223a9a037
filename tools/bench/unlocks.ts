/** Unlocks on an open session: instructions on the lock besides TLS, round trips, flash that is written. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LockRig } from "../../test/sim/lock-rig.ts";
import { NobleCrypto } from "../crypto/noble.ts";
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
const TLS_FUNCTIONS = Object.freeze(["mbedtls_ssl_read", "mbedtls_ssl_write", "mbedtls_ssl_handshake"]);

/** By difference of two runs that are alike but for the number of unlocks: what one more costs. */
export async function measureUnlockInstructions(): Promise<Figure[]> {
	const few = await countRun(FEW);
	const many = await countRun(MANY);
	const commands = 2 * (MANY - FEW);
	const total = (many.total - few.total) / commands;
	const tls = (many.tls - few.tls) / commands;
	return [
		{ name: "unlock on an open session, whole board", value: total / 1e6, unit: "million instructions" },
		{ name: "of which TLS", value: tls / 1e6, unit: "million instructions" },
		{
			name: "unlock besides TLS",
			value: (total - tls) / 1e6,
			unit: "million instructions",
			goal: 0.5,
		},
	];
}

async function countRun(unlocks: number): Promise<{ total: number; tls: number }> {
	const bench = await openBenchHouse({
		binary: buildBoard(),
		wrap: ["valgrind", "--tool=callgrind", "--callgrind-out-file=$(dirname $0)/callgrind.%p"],
	});
	try {
		const phone = await bench.house.phone();
		for (let count = 0; count < unlocks; count++) {
			await phone.unlock();
			await phone.lock();
		}
		await bench.house.stopBoard();
		const name = readdirSync(bench.dir).find((file) => file.startsWith("callgrind."));
		if (name === undefined) throw new Error("callgrind wrote nothing");
		const file = join(bench.dir, name);
		return { total: totalOf(readFileSync(file, "utf8")), tls: await inclusiveOf(file, TLS_FUNCTIONS) };
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
