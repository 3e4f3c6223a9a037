/** Images of a fleet: as long as a test wants them, all different, one kind of which is marked: its firmware crashes. */

import { IMAGE_HEADER_BYTES } from "../../tools/update/image-header.ts";
import { SIM_BOARD, slotImage } from "../sim/slot-image.ts";

const BROKEN = 0xee;
const WHOLE = 0x11;

export function fleetImage(sequence: number, bytes: number, broken = false): Uint8Array {
	const body = new Uint8Array(bytes - IMAGE_HEADER_BYTES);
	for (let index = 0; index < body.length; index++)
		body[index] = (index * 31 + (index >> 9) + sequence) & 0xff;
	body[0] = broken ? BROKEN : WHOLE;
	return slotImage({ sequence, version: `1.0.${sequence}`, board: SIM_BOARD, body });
}

/** Of a slot's bytes. */
export function isBroken(slot: Uint8Array): boolean {
	return slot[IMAGE_HEADER_BYTES] === BROKEN;
}
