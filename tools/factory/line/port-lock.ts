/**
 * One tool at a port: flock(2) on the device itself, held by the kernel for as long as the process lives, whatever ends it. Whoever
 * may open the device sees it, under whatever path and in whatever namespace; whoever may not, cannot take it. Programs that
 * do not ask for it (esptool does not) are not kept out.
 *
 * Node has no flock: util-linux's takes it on our own descriptor, and the lock is the descriptor's, not the program's.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { childEnvironment } from "./child-environment.ts";

/** Opening a line must neither wait for a modem nor make it ours. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK;
const FLOCK_MS = 5_000;
/** flock(1): somebody else has it. */
const HELD = 1;

export class PortLock {
	readonly #descriptor: number;
	#released = false;

	private constructor(descriptor: number) {
		this.#descriptor = descriptor;
	}

	/** Whether it is still the device behind this path: a port that appears, or another one, must be taken anew. */
	isOf(port: string): boolean {
		if (this.#released) return false;
		const own = fstatSync(this.#descriptor);
		const there = statSync(port, { throwIfNoEntry: false });
		return there !== undefined && there.dev === own.dev && there.ino === own.ino;
	}

	/** `held`: another tool has it. `absent`: there is no such device, or nobody may open it. */
	static take(port: string): PortLock | "held" | "absent" {
		let descriptor: number;
		try {
			descriptor = openSync(port, OPEN_FLAGS);
		} catch {
			return "absent";
		}
		const stdio = ["ignore", "ignore", "ignore", descriptor] as const;
		const { status, error } = spawnSync("flock", ["--exclusive", "--nonblock", "3"], {
			stdio: [...stdio],
			timeout: FLOCK_MS,
			env: childEnvironment(process.env),
		});
		if (status === 0) return new PortLock(descriptor);
		closeSync(descriptor);
		if (status === HELD) return "held";
		throw error ?? new Error(`flock ended with ${status}`);
	}

	/** Idempotent. */
	release(): void {
		if (this.#released) return;
		this.#released = true;
		closeSync(this.#descriptor);
	}
}
