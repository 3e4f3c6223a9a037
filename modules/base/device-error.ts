/**
 * The one class for faults of the environment: flash that fails, memory that is out, an entropy source that is
 * silent. Never used for what a peer sent (that is a Result) or for a programmer's error (that is an assertion).
 */
import { accept, type Result, refuse } from "./result.ts";

export type DeviceErrorCode =
	| "entropy/unavailable"
	| "key/absent"
	| "key/corrupt"
	| "key/kind"
	| "key/storage"
	| "crypto/failed"
	| "memory/exhausted"
	| "pin/invalid"
	| "record/corrupt"
	| "record/full"
	| "record/io"
	| "record/newer-format"
	| "record/too-large"
	| "serial/io"
	| "slot/io"
	| "slot/no-image"
	| "tls/setup";

export class DeviceError extends Error {
	/** Defined, not assigned: on a board Error.prototype is frozen and its name cannot be assigned over. */
	override readonly name = "DeviceError";
	readonly code: DeviceErrorCode;

	constructor(code: DeviceErrorCode, detail: string) {
		super(`${code}: ${detail}`);
		this.code = code;
	}
}

/** What `act` returns, or the fault that it met: where a fault must not become a reboot. Anything else thrown goes on. */
export function attempt<Value>(act: () => Value): Result<Value, DeviceErrorCode> {
	try {
		return accept(act());
	} catch (error) {
		if (error instanceof DeviceError) return refuse(error.code);
		throw error;
	}
}
