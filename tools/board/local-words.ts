/** The local network and the radio of a simulated board: the words that open them, and what the board says of them. */
import type { Endpoint } from "../cli/arguments.ts";

const ON_THE_AIR = /^radio: on the air at port (\d+)$/;
const LISTENING = /^local: listening at port (\d+)$/;

/** For the host binary. The host is an address in digits. */
export function localWords({ host, port }: Endpoint): readonly string[] {
	return ["--arg", `local=${host}:${port}`];
}

/** The same for the socket that stands for the air around it. */
export function radioWords({ host, port }: Endpoint): readonly string[] {
	return ["--arg", `radio=${host}:${port}`];
}

/** The port of the air, from a line of the board's log; undefined: the line is about something else. */
export function radioPort(line: string): number | undefined {
	const match = ON_THE_AIR.exec(line);
	return match === null ? undefined : Number(match[1]);
}

/** The port, from a line of the board's log; undefined: the line is about something else. */
export function localPort(line: string): number | undefined {
	const match = LISTENING.exec(line);
	return match === null ? undefined : Number(match[1]);
}

/** For a board with a stand-in for Wi-Fi. */
export const WIFI_WORDS: readonly string[] = Object.freeze(["--arg", "wifi=yes"]);
