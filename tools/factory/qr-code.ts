/**
 * A label as a QR code in alphanumeric mode (PROTOCOL 7, ISO/IEC 18004 7.4.4): its modules, and the drawing of them with
 * half-block characters for a terminal.
 */
import QRCode from "qrcode";
import { assert } from "../../modules/base/assert.ts";

const ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]+$/;
/** Light modules around the code, of ISO/IEC 18004 5.3.8. */
export const QUIET_MODULES = 4;

/** Rows of modules, true is dark. Level M: 15 % of a scratched label can be missing. Asserts on text outside the mode's alphabet. */
export function makeQrModules(text: string): readonly (readonly boolean[])[] {
	assert(ALPHANUMERIC.test(text), "text outside a QR code's alphanumeric mode");
	const { modules } = QRCode.create([{ data: text, mode: "alphanumeric" }], { errorCorrectionLevel: "M" });
	return Array.from({ length: modules.size }, (_, row) =>
		Array.from({ length: modules.size }, (_, column) => modules.get(row, column) === 1),
	);
}

/** Light modules as full blocks, for the dark background of a terminal; each line holds two rows. */
export function drawQrCode(text: string): string {
	const modules = makeQrModules(text);
	const size = modules.length + 2 * QUIET_MODULES;
	const isDark = (row: number, column: number): boolean =>
		modules[row - QUIET_MODULES]?.[column - QUIET_MODULES] ?? false;
	const lines: string[] = [];
	for (let row = 0; row < size; row += 2) {
		let line = "";
		for (let column = 0; column < size; column++) {
			const upper = isDark(row, column);
			const lower = row + 1 >= size || isDark(row + 1, column);
			line += upper ? (lower ? " " : "▄") : lower ? "▀" : "█";
		}
		lines.push(line);
	}
	return lines.join("\n");
}
