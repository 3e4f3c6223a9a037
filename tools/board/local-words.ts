/** The local network of a simulated board: the words that open it, and what the board says of it. */
import type { Endpoint } from "../cli/arguments.ts";

const LISTENING = /^local: listening at port (\d+)$/;

/** For the host binary. The host is an address in digits. */
export function localWords({ host, port }: Endpoint): readonly string[] {
	return ["--arg", `local=${host}:${port}`];
}

/** The port, from a line of the board's log; undefined: the line is about something else. */
export function localPort(line: string): number | undefined {
	const match = LISTENING.exec(line);
	return match === null ? undefined : Number(match[1]);
}
