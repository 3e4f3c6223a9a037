/** The outputs that move the bolt: the thin half of drive.c, which holds the deadlines. */
import { DeviceError } from "../../modules/base/device-error.ts";
import type { Drive, DriveRole } from "../../modules/platform/pins.ts";
import { done, type Fault } from "./fault.ts";

const openDrive =
	native<(throwPin: number, retractPin: number, brakePin: number) => Fault | undefined>("xs_lk_drive_open");
const energise = native<(role: number, maximumMs: number) => Fault | undefined>("xs_lk_drive_energise");
const cut = native<(role: number) => void>("xs_lk_drive_cut");

/** In the order of drive.c. */
const ROLES: readonly DriveRole[] = Object.freeze(["drive-throw", "drive-retract", "brake"]);
const MAXIMUM_MS = 10000;

export class NativeDrive implements Drive {
	/** The pins of the board by role. Once a boot; the outputs are cut. Throws DeviceError pin/invalid. */
	constructor(pins: Readonly<Record<DriveRole, number>>) {
		done(openDrive(pins["drive-throw"], pins["drive-retract"], pins.brake), "open the drive");
	}

	energise(role: DriveRole, maximumMs: number): void {
		if (!Number.isInteger(maximumMs) || maximumMs < 1 || maximumMs > MAXIMUM_MS) {
			throw new DeviceError("pin/invalid", `energise ${role} for ${maximumMs} ms`);
		}
		done(energise(ROLES.indexOf(role), maximumMs), `energise ${role}`);
	}

	cut(role: DriveRole): void {
		cut(ROLES.indexOf(role));
	}
}
