/**
 * A label as a QR code in alphanumeric mode (PROTOCOL 7, ISO/IEC 18004 7.4.4), drawn with half-block characters. The
 * package at hand encodes bytes only; the mode's segment is added here, which makes the code a size smaller.
 */
import QRCode from "qrcode-terminal/vendor/QRCode/index.js";
import { assert } from "../../modules/base/assert.ts";

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const MODE_ALPHANUMERIC = 2;
/** Level M of ISO/IEC 18004: 15 % of a scratched label can be missing. */
const CORRECTION_M = 0;
const QUIET_MODULES = 4;

/** Rows of modules, true is dark. Asserts on text outside the mode's alphabet. */
export function makeQrModules(text: string): readonly (readonly boolean[])[] {
	const values = [...text].map((character) => ALPHANUMERIC.indexOf(character));
	assert(!values.includes(-1), "text outside a QR code's alphanumeric mode");
	const code = new QRCode(-1, CORRECTION_M);
	code.dataList.push({
		mode: MODE_ALPHANUMERIC,
		getLength: () => values.length,
		write(buffer) {
			for (let index = 0; index + 1 < values.length; index += 2)
				buffer.put(45 * values[index]! + values[index + 1]!, 11);
			if (values.length % 2 === 1) buffer.put(values.at(-1)!, 6);
		},
	});
	code.make();
	return code.modules.map((row) => row.map((module) => module === true));
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
