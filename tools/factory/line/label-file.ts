/**
 * A label as what printers take: SVG and PDF with the QR code as shapes, ZPL with the printer's own QR code. Each shows the
 * product's name, the serial, the code to scan and the same code to type. Pure; what it returns holds the setup secret.
 */
import PDFDocument from "pdfkit";
import { makeQrModules, QUIET_MODULES } from "../qr-code.ts";

export const LABEL_FORMATS = Object.freeze(["svg", "pdf", "zpl"] as const);
export type LabelFormat = (typeof LABEL_FORMATS)[number];

export interface LabelText {
	readonly title: string;
	readonly serial: string;
	/** PROTOCOL 7. */
	readonly code: string;
}

/** Millimetres of a common label. */
const WIDTH_MM = 76;
const HEIGHT_MM = 36;
const CODE_MM = 32;
const MARGIN_MM = 2;
const TEXT_MM = CODE_MM + 2 * MARGIN_MM;
const LINE_CHARACTERS = 27;
const LINE_MM = 3.4;
const CODE_SIZE_MM = 2.1;
const NAME_SIZE_MM = 3.2;
/** Of a character of a fixed width, for one of its height. */
const ASPECT = 0.6;
const POINTS_PER_MM = 72 / 25.4;
/** Of a printer with 203 dots an inch. */
const DOTS_PER_MM = 8;

/** Lines that are the code when they are typed one after the other. */
export function typedLines(code: string): readonly string[] {
	const parts = code.split(":").map((part, index, all) => (index < all.length - 1 ? `${part}:` : part));
	const lines: string[] = [parts.slice(0, 2).join("")];
	for (const part of parts.slice(2)) {
		for (let at = 0; at < part.length; at += LINE_CHARACTERS)
			lines.push(part.slice(at, at + LINE_CHARACTERS));
	}
	return lines;
}

export async function drawLabel(format: LabelFormat, label: LabelText): Promise<Uint8Array> {
	if (format === "svg") return new TextEncoder().encode(drawSvg(label));
	if (format === "zpl") return new TextEncoder().encode(drawZpl(label));
	return await drawPdf(label);
}

interface TextLine {
	readonly text: string;
	/** Of its top. */
	readonly yMm: number;
	readonly sizeMm: number;
}

/** What stands beside the QR code, each line as large as there is room for. */
function textLines({ title, serial, code }: LabelText): readonly TextLine[] {
	const room = WIDTH_MM - TEXT_MM - MARGIN_MM;
	const names = [title, serial].map((text) => ({
		text,
		sizeMm: Math.min(NAME_SIZE_MM, room / (ASPECT * [...text].length)),
	}));
	const codes = typedLines(code).map((text) => ({ text, sizeMm: CODE_SIZE_MM }));
	const gap = { text: "", sizeMm: CODE_SIZE_MM };
	return [...names, gap, ...codes].map((line, index) => ({ ...line, yMm: MARGIN_MM + index * LINE_MM }));
}

/** Dark modules in rows as runs: x, y and length in modules, the quiet zone included. */
function runsOf(code: string): { readonly size: number; readonly runs: readonly (readonly number[])[] } {
	const rows = makeQrModules(code);
	const runs = rows.flatMap((row, y) => {
		const found: number[][] = [];
		for (let x = 0; x < row.length; x++) {
			if (row[x] !== true) continue;
			const start = x;
			while (row[x + 1] === true) x++;
			found.push([start + QUIET_MODULES, y + QUIET_MODULES, x - start + 1]);
		}
		return found;
	});
	return { size: rows.length + 2 * QUIET_MODULES, runs };
}

/** Text of an element; what XML has no place for becomes a question mark. */
export function escapeXml(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
	const legal = text.replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|\p{Cs}/gu, "?");
	return legal.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function drawSvg(label: LabelText): string {
	const { size, runs } = runsOf(label.code);
	const path = runs.map(([x, y, length]) => `M${x} ${y}h${length}v1h-${length}z`).join("");
	const texts = textLines(label).map(
		({ text, yMm, sizeMm }) =>
			`<text x="${TEXT_MM}" y="${(yMm + sizeMm).toFixed(2)}" font-size="${sizeMm.toFixed(2)}">${escapeXml(text)}</text>`,
	);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_MM}mm" height="${HEIGHT_MM}mm" viewBox="0 0 ${WIDTH_MM} ${HEIGHT_MM}" font-family="monospace">`,
		`<rect width="${WIDTH_MM}" height="${HEIGHT_MM}" fill="#fff"/>`,
		`<path transform="translate(${MARGIN_MM} ${MARGIN_MM}) scale(${CODE_MM / size})" d="${path}"/>`,
		...texts,
		"</svg>",
		"",
	].join("\n");
}

/** The built-in fonts of PDF have no other characters. */
function latin(text: string): string {
	return text.replace(/[^ -~\u00a0-\u00ff]/gu, "?");
}

function drawPdf(label: LabelText): Promise<Uint8Array> {
	const points = (mm: number): number => mm * POINTS_PER_MM;
	const document = new PDFDocument({
		size: [points(WIDTH_MM), points(HEIGHT_MM)],
		margin: 0,
		info: { Title: "Label" },
	});
	const chunks: Uint8Array[] = [];
	document.on("data", (chunk: Uint8Array) => chunks.push(chunk));
	const ended = new Promise<Uint8Array>((resolve, reject) => {
		document.on("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
		document.on("error", reject);
	});
	const { size, runs } = runsOf(label.code);
	const module = points(CODE_MM) / size;
	const origin = points(MARGIN_MM);
	for (const [x, y, length] of runs)
		document.rect(origin + x! * module, origin + y! * module, length! * module, module);
	document.fill("#000");
	document.font("Courier");
	for (const { text, yMm, sizeMm } of textLines(label)) {
		document.fontSize(points(sizeMm)).text(latin(text), points(TEXT_MM), points(yMm), { lineBreak: false });
	}
	document.end();
	return ended;
}

/** ^FH: whatever could be a command, or is no printable ASCII, by its bytes in UTF-8 (^CI28). */
export function escapeZpl(text: string): string {
	return Array.from(new TextEncoder().encode(text), (byte) => {
		const character = String.fromCharCode(byte);
		const plain = /[0-9A-Za-z .:-]/.test(character);
		return plain ? character : `_${byte.toString(16).padStart(2, "0").toUpperCase()}`;
	}).join("");
}

export function drawZpl(label: LabelText): string {
	const dots = (mm: number): number => Math.round(mm * DOTS_PER_MM);
	const texts = textLines(label).map(({ text, yMm, sizeMm }) => {
		const height = dots(sizeMm);
		return `^FO${dots(TEXT_MM)},${dots(yMm)}^A0N,${height},${Math.round(height * 0.8)}^FH_^FD${escapeZpl(text)}^FS`;
	});
	return [
		"^XA",
		"^CI28",
		`^PW${dots(WIDTH_MM)}`,
		`^LL${dots(HEIGHT_MM)}`,
		// Model 2, level M, the printer chooses the mode: capitals and digits are its alphanumeric one.
		`^FO${dots(MARGIN_MM)},${dots(MARGIN_MM)}^BQN,2,5,M^FH_^FDMA,${escapeZpl(label.code)}^FS`,
		...texts,
		"^XZ",
		"",
	].join("\n");
}
