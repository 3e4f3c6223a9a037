/** How the cases of this folder are written. */
export interface LinkCase {
	readonly name: string;
	/** Takes minutes: with --slow only. */
	readonly slow?: true;
	readonly run: () => Promise<void>;
}
