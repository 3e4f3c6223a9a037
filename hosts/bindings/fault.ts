/** How natives answer: a DeviceErrorCode when the environment failed, else what their comment in C says. */
import { DeviceError, type DeviceErrorCode } from "../../modules/base/device-error.ts";

export type Fault = DeviceErrorCode;

/** Throws what a native answered when it is a fault. */
export function done(answer: Fault | undefined, doing: string): void {
	if (answer !== undefined) throw new DeviceError(answer, doing);
}

/** The same for a native that otherwise answers yes or no. */
export function decided(answer: Fault | boolean, doing: string): boolean {
	if (typeof answer === "string") throw new DeviceError(answer, doing);
	return answer;
}

/** The same for a native that otherwise answers a number. */
export function counted(answer: Fault | number, doing: string): number {
	if (typeof answer === "string") throw new DeviceError(answer, doing);
	return answer;
}
