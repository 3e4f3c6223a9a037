/** What the fixtures say: a line each, and the end. */
import { DeviceError } from "../../../modules/base/device-error.ts";

const exit = native<(status: number) => never>("xs_probe_exit");

export function say(...words: readonly unknown[]): void {
	trace(`${words.map(String).join(" ")}\n`);
}

export function end(): never {
	return exit(0);
}

/** The code of the DeviceError, or the class of what else is thrown, or "none". */
export function faultOf(run: () => unknown): string {
	try {
		run();
		return "none";
	} catch (error) {
		return error instanceof DeviceError ? error.code : (error as Error).name;
	}
}
