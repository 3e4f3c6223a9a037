/** The board's pins by role. Which pin number serves a role is the board's business. */

export type InputRole =
	| "button" // the pairing and reset button on the inside
	| "exit" // the request-to-exit button on the inside
	| "thrown" // position: the bolt is fully thrown
	| "retracted" // position: the bolt is fully retracted
	| "door" // door contact: true means closed
	| "tamper"
	| "inhibit"; // local input that forbids motion

export type OutputRole =
	| "drive-throw" // energised: the bolt moves out
	| "drive-retract" // energised: the bolt moves in
	| "brake"
	| "indicator";

export interface Pins {
	/** The present level, true is active (polarity is the board's business). */
	read(role: InputRole): boolean;
	/** Calls back after each change, from the event loop. One watcher a role. */
	watch(role: InputRole, onChange: (active: boolean) => void): void;
	/** The indicator only; what drives the bolt is reached through Drive. */
	setIndicator(active: boolean): void;
}

export type DriveRole = "drive-throw" | "drive-retract" | "brake";

/** Outputs that move the bolt. The cut does not depend on JavaScript (DESIGN 10). */
export interface Drive {
	/** Energises for at most `maximumMs` (1 .. 10000); a native timer off the engine's thread cuts it. Throws DeviceError pin/invalid. */
	energise(role: DriveRole, maximumMs: number): void;
	/** Cuts at once; idempotent. */
	cut(role: DriveRole): void;
}
