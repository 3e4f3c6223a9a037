/** What the simulated board's command line says to the firmware (system.c). */
const argument = native<(key: string) => string | undefined>("xs_system_argument");

/** The value of the board's `--arg key=value`. */
export function boardArgument(key: string): string | undefined {
	return argument(key);
}
