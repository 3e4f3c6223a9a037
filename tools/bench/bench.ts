/**
 * `npm run bench`: every figure from one run. Instructions are callgrind's; times are beside a floor that was taken in
 * the same run. Exit status 1 when a goal is missed. Arguments: names of groups to run (default: all); behind `delta`, pairs of
 * commits; behind `throttle`, how many pairs; behind `cutoff`, how many pulses.
 */
import { measureCutoff } from "./cutoff.ts";
import { measureDelta } from "./delta.ts";
import { measureEchoTimes } from "./echo.ts";
import { type Figure, figureText } from "./figure.ts";
import { measureNoiseHandshake, measureTlsHandshake } from "./handshakes.ts";
import { measureMemory } from "./memory.ts";
import { measureTlsMessages } from "./messages.ts";
import { percentile } from "./percentile.ts";
import { measureThrottle } from "./throttle.ts";
import { measureFlash, measureUnlockInstructions, measureUnlockTimes } from "./unlocks.ts";
import { measureUpdate } from "./update.ts";

const GROUPS: Readonly<Record<string, () => Promise<readonly Figure[]>>> = Object.freeze({
	tls: measureTls,
	noise: measureNoiseHandshake,
	unlock: measureUnlockInstructions,
	times: measureTimes,
	memory: measureMemory,
	flash: measureFlash,
	delta: () => measureDelta([]),
	update: measureUpdate,
	throttle: () => measureThrottle(),
	cutoff: () => measureCutoff(),
});

async function measureTls(): Promise<readonly Figure[]> {
	return [...(await measureTlsHandshake()), ...(await measureTlsMessages())];
}

async function measureTimes(): Promise<readonly Figure[]> {
	const unlocks = await measureUnlockTimes();
	const echoes = await measureEchoTimes(unlocks.length);
	return [
		{ name: "unlock through the relay, p50", value: percentile(unlocks, 50), unit: "ms" },
		{ name: "raw ws echo through TLS, p50", value: percentile(echoes, 50), unit: "ms" },
		{ name: "unlock through the relay, p99", value: percentile(unlocks, 99), unit: "ms" },
		{ name: "raw ws echo through TLS, p99", value: percentile(echoes, 99), unit: "ms" },
	];
}

async function main(words: readonly string[]): Promise<number> {
	const commits = words[0] === "delta" ? words.slice(1) : [];
	const count = /^[1-9]\d{0,4}$/.test(words[1] ?? "") ? Number(words[1]) : undefined;
	const pairs = words[0] === "throttle" ? count : undefined;
	const pulses = words[0] === "cutoff" ? count : undefined;
	const groups: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
		...GROUPS,
		...(commits.length > 0 ? { delta: () => measureDelta(commits) } : {}),
		...(pairs === undefined ? {} : { throttle: () => measureThrottle(pairs) }),
		...(pulses === undefined ? {} : { cutoff: () => measureCutoff(pulses) }),
	};
	const isAlone = commits.length > 0 || pairs !== undefined || pulses !== undefined;
	const names = isAlone ? words.slice(0, 1) : words.length === 0 ? Object.keys(GROUPS) : words;
	let missed = 0;
	for (const name of names) {
		const measure = Object.hasOwn(groups, name) ? groups[name] : undefined;
		if (measure === undefined) {
			process.stderr.write(`no bench ${name}; there are ${Object.keys(GROUPS).join(", ")}\n`);
			return 2;
		}
		for (const figure of await measure()) {
			process.stdout.write(`${figureText(figure)}\n`);
			// No figure at all is a goal missed.
			if (figure.goal !== undefined && !(figure.value <= figure.goal)) missed++;
		}
	}
	return missed === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
