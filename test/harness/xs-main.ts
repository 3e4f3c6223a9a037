/**
 * The program that an XS test image runs: the same suites, with the PSA provider, inside the Linux board. run-xs.ts
 * generates the module that calls it with the files, the vectors and the seed.
 */
import { PsaTestCrypto } from "../../hosts/bindings/test-crypto.ts";
import Timer from "../../hosts/linux/timer.ts";
import { runSuites } from "./runner.ts";
import type { SuiteFunction } from "./test.ts";

const exit = native<(status: number) => void>("xs_probe_exit");

export interface XsTests {
	readonly seed: number;
	readonly effort: number;
	readonly files: readonly (readonly [file: string, suite: SuiteFunction])[];
	/** A vector file's text in pieces, by its path. */
	readonly vectors: Readonly<Record<string, readonly string[]>>;
	/** Vector files that there are, but not in this image: to ask for one is a mistake of the image, not a skip. */
	readonly left: readonly string[];
}

export function runOnXs(tests: XsTests): void {
	const crypto = new PsaTestCrypto();
	const files = tests.files.map(([file, suite]) => ({ file, load: async () => suite }));
	const environment = {
		seed: tests.seed,
		effort: tests.effort,
		print: (line: string) => trace(`${line}\n`),
		crypto: () => crypto,
		readVectors(path: string): string | undefined {
			if (tests.left.includes(path)) throw new Error(`the image was built without the vectors ${path}`);
			return tests.vectors[path]?.join("");
		},
		after(delayMs: number, callback: () => void) {
			const timer = Timer.set(callback, delayMs);
			return () => Timer.clear(timer);
		},
	};
	runSuites(files, environment).then((totals) => exit(totals.failed === 0 ? 0 : 1));
}
