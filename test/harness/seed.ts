/** The seed of a run of tests, which it prints: the one that was given, by --seed before LATCHKEY_SEED; else a random one. */
export function seedOf(word: string | undefined): number {
	const given = word ?? process.env.LATCHKEY_SEED;
	return given === undefined ? Math.floor(Math.random() * 4294967296) : Number(given) >>> 0;
}
