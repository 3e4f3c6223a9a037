import { sweepOnce, sweepTwice } from "./sim-sweep.ts";
import { makeScenarios } from "./scenarios.ts";
import { makeWorld } from "./world.ts";
let t = performance.now();
const lap = (): string => { const n = performance.now(); const s = ((n - t) / 1000).toFixed(1); t = n; return `${s} s`; };
const world = makeWorld(1);
console.log("world", lap());
const scenarios = makeScenarios(world, 1);
console.log("scenarios", lap());
let sum = 0;
const only = process.argv[2];
const max = Number(process.argv[3] ?? 1e9);
for (const s of scenarios) {
	if (only && !s.name.includes(only)) { console.log(s.name, s.points.length); continue; }
	const swept = sweepOnce(world, { ...s, points: s.points.filter((_, i) => i % Math.ceil(s.points.length / max) === 0) });
	sum += swept.cuts;
	console.log(s.name, swept.cuts, swept.lives, swept.wrong.length, lap());
	for (const w of swept.wrong.slice(0, 2)) console.log("   ", w);
}
console.log(sum);
const twice = sweepTwice(world, scenarios, 20, 1);
console.log("twice", twice.cuts, twice.wrong.length, lap());
for (const w of twice.wrong.slice(0, 2)) console.log("   ", w);
