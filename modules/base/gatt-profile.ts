/**
 * The GATT profile of a lock (docs/BLE.md 1): one service, one characteristic each way. The numbers are this project's own,
 * the same for every lock, and say no more than that there is one.
 */
export const GATT_PROFILE = Object.freeze({
	service: "6c61cb00-1f5e-4b2a-9d3c-7e8a52f0c41d",
	/** The phone writes, with response. */
	toLock: "6c61cb01-1f5e-4b2a-9d3c-7e8a52f0c41d",
	/** The lock notifies. */
	toPhone: "6c61cb02-1f5e-4b2a-9d3c-7e8a52f0c41d",
} as const);

/** Of an attribute's value: ATT's own header takes three bytes of each MTU (Bluetooth Core 3.F 3.4). */
export const ATT_HEADER_BYTES = 3;
export const ATT_MTU_MIN = 23;
export const ATT_MTU_MAX = 517;

/** As the air has it: 16 bytes, the least significant first. */
export function uuidBytes(uuid: string): Uint8Array {
	const digits = uuid.replaceAll("-", "");
	const bytes = new Uint8Array(digits.length / 2);
	for (let index = 0; index < bytes.length; index++) {
		bytes[bytes.length - 1 - index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
	}
	return bytes;
}
