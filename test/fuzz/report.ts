/** How a run of a target is told, and what to do with what it found. */
import { relative } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import type { FuzzEnd } from "./libfuzzer.ts";

export function summaryOf(name: string, seed: number, end: FuzzEnd): string {
	return (
		`${name}: seed ${seed}, ${end.runs} runs, ${end.edges} edges, ${end.features} features, ` +
		`corpus of ${end.corpus}, ${end.seconds.toFixed(1)} s`
	);
}

export function findingOf(name: string, end: FuzzEnd): readonly string[] {
	const artifact = end.artifact === undefined ? undefined : relative(PATHS.root, end.artifact);
	const reproduce =
		artifact === undefined
			? []
			: [
					`input: ${artifact}`,
					`again: build/fuzz/${name} ${artifact}`,
					`once mended, keep it: cp ${artifact} test/fuzz/regressions/${name}/`,
				];
	return [...(end.finding ?? []), ...reproduce];
}
