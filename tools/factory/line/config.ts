/**
 * The configuration of a line (docs/FACTORY.md): what boards it makes, from what, at which stations. JSON, of one form;
 * whatever is not of it is refused with the place where it is not. Paths are relative to the file's folder. Reading one opens
 * no other file and never throws.
 */
import { resolve } from "node:path";
import { accept, type Result } from "../../../modules/base/result.ts";
import { isHardwareClass } from "../../../modules/identity/records.ts";
import { SELF_TEST_PARTS, type SelfTestPart } from "../../../modules/wire/self-test.ts";
import { parsePkcs11Uri } from "../../pki/pkcs11-uri.ts";
import { ConfigReader } from "./config-reader.ts";
import { type Fuse, flawOfPlan } from "./fuses.ts";
import { LABEL_FORMATS, type LabelFormat } from "./label-file.ts";

export interface StationConfig {
	readonly name: string;
	/** A serial device; for the virtual driver the folder of a bench's station. */
	readonly port: string;
}

export interface PrinterConfig {
	/** Gets each label on its standard input, and ends with status 0 once it is printed. */
	readonly command: readonly string[];
	readonly format: LabelFormat;
}

export type DriverConfig =
	| { readonly kind: "virtual" }
	| {
			readonly kind: "esptool";
			readonly esptool: readonly string[];
			readonly espefuse: readonly string[];
			readonly baud: number;
	  };

/** A fuse as it is configured: the digest is still in its file. */
export type FuseConfig = Extract<Fuse, { kind: "field" }> | Omit<Extract<Fuse, { kind: "digest" }>, "hex">;

export interface LineConfig {
	readonly name: string;
	readonly journal: string;
	readonly registry: string;
	readonly pki: string;
	/** Default: the newest of the PKI. */
	readonly bundle?: string;
	/** Default: the PKI's. A file or a pkcs11: URI. */
	readonly issuer?: { readonly key: string; readonly certificate?: string };
	readonly serials: { readonly prefix: string; readonly digits: number };
	readonly hardwareClass: string;
	readonly chip: { readonly kind: string; readonly flashBytes: number };
	readonly driver: DriverConfig;
	readonly images: readonly { readonly offset: number; readonly file: string }[];
	/** What a board keeps, and burns eFuses at its first start; needed with `fuses`, and only then. */
	readonly production?: {
		readonly images: readonly { readonly offset: number; readonly file: string }[];
		/** Patience for its first start, in which it encrypts its flash. */
		readonly firstStartMs: number;
	};
	/** Which chips that the journal does not know are written: `blank` ones and those that somebody confirmed, or any. */
	readonly newChips: "blank" | "any";
	/** What the board must say that it runs; absent: not looked at. */
	readonly firmware?: string;
	readonly stations: readonly StationConfig[];
	/** Parts that a board may lack. */
	readonly mayLack: readonly SelfTestPart[];
	readonly fuses: readonly FuseConfig[];
	/** Whether nothing is burned before flash encryption is on. */
	readonly demandEncryption: boolean;
	readonly labels: {
		readonly title: string;
		readonly folder?: string;
		readonly formats: readonly LabelFormat[];
		readonly printer?: PrinterConfig;
	};
	/** Patience for a board that starts. */
	readonly startMs: number;
	/** The pause before a station looks again. */
	readonly lookMs: number;
}

export interface ConfigFlaw {
	readonly ok: false;
	readonly reason: "config";
	/** "stations[2].port: must be …" */
	readonly flaw: string;
}

const BYTES_MAX = 65_536;
const STATIONS_MAX = 64;
const IMAGES_MAX = 16;
const FUSES_MAX = 32;
const FLASH_MAX = 134_217_728;
const SECTOR = 4_096;
/** ESP-IDF, Flash Encryption: "might take up to a minute for large partitions". */
const FIRST_START_MS = 180_000;

const FIELDS = Object.freeze([
	"format",
	"name",
	"journal",
	"registry",
	"pki",
	"bundle",
	"issuer",
	"serials",
	"hardwareClass",
	"chip",
	"driver",
	"images",
	"production",
	"newChips",
	"firmware",
	"stations",
	"selfTest",
	"fuses",
	"demandEncryption",
	"labels",
	"startMs",
	"lookMs",
] as const);

/** `folder`: the file's. */
export function decodeLineConfig(text: string, folder: string): Result<LineConfig, never> | ConfigFlaw {
	const parsed = parseJson(text);
	if (parsed === undefined) return { ok: false, reason: "config", flaw: "it is no JSON of at most 64 KiB" };
	const reader = new ConfigReader();
	const config = readConfig(reader, parsed.value, folder);
	const flaw = reader.flaw ?? flawOf(config);
	return flaw === undefined ? accept(config) : { ok: false, reason: "config", flaw };
}

function parseJson(text: string): { readonly value: unknown } | undefined {
	if (text.length > BYTES_MAX) return undefined;
	try {
		return { value: JSON.parse(text) as unknown };
	} catch {
		return undefined;
	}
}

function readConfig(reader: ConfigReader, value: unknown, folder: string): LineConfig {
	const root = reader.object(value, "it", FIELDS);
	if (root.format !== 1) reader.fail("format", "must be 1");
	const path = (given: unknown, place: string): string => resolve(folder, reader.text(given, place));
	const serials = reader.object(root.serials, "serials", ["prefix", "digits"]);
	const chip = reader.object(root.chip, "chip", ["kind", "flashBytes"]);
	const selfTest = reader.object(root.selfTest ?? {}, "selfTest", SELF_TEST_PARTS);
	return {
		name: reader.text(root.name, "name", /^[A-Za-z0-9._-]{1,32}$/, "1 to 32 letters, digits, dots, hyphens"),
		journal: path(root.journal, "journal"),
		registry: path(root.registry, "registry"),
		pki: path(root.pki, "pki"),
		...(root.bundle === undefined ? {} : { bundle: path(root.bundle, "bundle") }),
		...(root.issuer === undefined ? {} : { issuer: readIssuer(reader, root.issuer, path) }),
		serials: {
			prefix: reader.text(
				serials.prefix,
				"serials.prefix",
				/^[A-Z0-9-]{1,16}$/,
				"1 to 16 of A-Z, 0-9 and hyphen",
			),
			digits: reader.number(serials.digits, "serials.digits", 3, 12),
		},
		hardwareClass: reader.text(root.hardwareClass, "hardwareClass"),
		chip: {
			kind: reader.text(chip.kind, "chip.kind", /^[A-Za-z0-9-]{1,24}$/, "a chip such as ESP32-C3"),
			flashBytes: reader.number(chip.flashBytes, "chip.flashBytes", SECTOR, FLASH_MAX),
		},
		driver: readDriver(reader, root.driver),
		images: readImages(reader, root.images, "images", path),
		...(root.production === undefined ? {} : { production: readProduction(reader, root.production, path) }),
		newChips: reader.choice(root.newChips ?? "blank", "newChips", ["blank", "any"]),
		...(root.firmware === undefined ? {} : { firmware: reader.text(root.firmware, "firmware") }),
		stations: reader.list(root.stations, "stations", 1, STATIONS_MAX).map((each, index) => {
			const place = `stations[${index}]`;
			const station = reader.object(each, place, ["name", "port"]);
			return {
				name: reader.text(
					station.name,
					`${place}.name`,
					/^[A-Za-z0-9._-]{1,24}$/,
					"1 to 24 letters, digits, dots, hyphens",
				),
				port: path(station.port, `${place}.port`),
			};
		}),
		mayLack: SELF_TEST_PARTS.filter(
			(part) =>
				selfTest[part] !== undefined &&
				reader.choice(selfTest[part], `selfTest.${part}`, ["needed", "may-lack"]) === "may-lack",
		),
		fuses: reader
			.list(root.fuses ?? [], "fuses", 0, FUSES_MAX)
			.map((each, index) => readFuse(reader, each, `fuses[${index}]`, path)),
		demandEncryption:
			root.demandEncryption === undefined ? true : reader.flag(root.demandEncryption, "demandEncryption"),
		labels: readLabels(reader, root.labels, path),
		startMs: reader.number(root.startMs ?? 20_000, "startMs", 500, 120_000),
		lookMs: reader.number(root.lookMs ?? 500, "lookMs", 20, 10_000),
	};
}

type PathOf = (given: unknown, place: string) => string;

function readIssuer(reader: ConfigReader, value: unknown, path: PathOf): NonNullable<LineConfig["issuer"]> {
	const issuer = reader.object(value, "issuer", ["key", "certificate"]);
	const key = reader.text(issuer.key, "issuer.key");
	const isToken = key.startsWith("pkcs11:");
	if (isToken && !parsePkcs11Uri(key).ok) reader.fail("issuer.key", "is no pkcs11: URI of a key");
	if (isToken && issuer.certificate === undefined)
		reader.fail("issuer.certificate", "is needed with a token");
	return {
		key: isToken ? key : path(issuer.key, "issuer.key"),
		...(issuer.certificate === undefined
			? {}
			: { certificate: path(issuer.certificate, "issuer.certificate") }),
	};
}

function readImages(reader: ConfigReader, value: unknown, where: string, path: PathOf): LineConfig["images"] {
	return reader.list(value, where, 1, IMAGES_MAX).map((each, index) => {
		const place = `${where}[${index}]`;
		const image = reader.object(each, place, ["offset", "file"]);
		return {
			offset: reader.number(image.offset, `${place}.offset`, 0, FLASH_MAX),
			file: path(image.file, `${place}.file`),
		};
	});
}

function readProduction(
	reader: ConfigReader,
	value: unknown,
	path: PathOf,
): NonNullable<LineConfig["production"]> {
	const production = reader.object(value, "production", ["images", "firstStartMs"]);
	return {
		images: readImages(reader, production.images, "production.images", path),
		firstStartMs: reader.number(
			production.firstStartMs ?? FIRST_START_MS,
			"production.firstStartMs",
			500,
			1_800_000,
		),
	};
}

function readDriver(reader: ConfigReader, value: unknown): DriverConfig {
	const driver = reader.object(value, "driver", ["kind", "esptool", "espefuse", "baud"]);
	if (reader.choice(driver.kind, "driver.kind", ["virtual", "esptool"]) === "virtual") {
		if (Object.keys(driver).length > 1) reader.fail("driver", "the virtual one has its kind alone");
		return { kind: "virtual" };
	}
	return {
		kind: "esptool",
		esptool: reader.command(driver.esptool ?? ["esptool"], "driver.esptool"),
		espefuse: reader.command(driver.espefuse ?? ["espefuse"], "driver.espefuse"),
		baud: reader.number(driver.baud ?? 460_800, "driver.baud", 9_600, 4_000_000),
	};
}

function readFuse(reader: ConfigReader, value: unknown, place: string, path: PathOf): FuseConfig {
	const fuse = reader.object(value, place, ["field", "value", "block", "purpose", "digest"]);
	const name = (given: unknown, field: string): string =>
		reader.text(given, `${place}.${field}`, /^[A-Za-z0-9_]{1,48}$/, "a name of espefuse's");
	if (fuse.field !== undefined) {
		if (Object.keys(fuse).some((key) => key !== "field" && key !== "value"))
			reader.fail(place, "is a field with its value, or a block with its digest and purpose");
		return {
			kind: "field",
			name: name(fuse.field, "field"),
			value: reader.number(fuse.value, `${place}.value`, 1, 65_535),
		};
	}
	if (fuse.value !== undefined) reader.fail(place, "has a value and no field");
	return {
		kind: "digest",
		block: name(fuse.block, "block"),
		purpose: name(fuse.purpose, "purpose"),
		file: path(fuse.digest, `${place}.digest`),
	};
}

function readLabels(reader: ConfigReader, value: unknown, path: PathOf): LineConfig["labels"] {
	const labels = reader.object(value, "labels", ["title", "folder", "formats", "printer"]);
	const title = reader.text(labels.title, "labels.title");
	if (title.length > 40) reader.fail("labels.title", "must be 40 characters at most");
	const formats =
		labels.folder === undefined
			? []
			: reader
					.list(labels.formats, "labels.formats", 1, LABEL_FORMATS.length)
					.map((each, index) => reader.choice(each, `labels.formats[${index}]`, LABEL_FORMATS));
	if (labels.folder === undefined && labels.formats !== undefined)
		reader.fail("labels.formats", "needs a folder");
	const printer =
		labels.printer === undefined
			? undefined
			: reader.object(labels.printer, "labels.printer", ["command", "format"]);
	if (labels.folder === undefined && printer === undefined)
		reader.fail("labels", "needs a folder, a printer or both");
	return {
		title,
		formats,
		...(labels.folder === undefined ? {} : { folder: path(labels.folder, "labels.folder") }),
		...(printer === undefined
			? {}
			: {
					printer: {
						command: reader.command(printer.command, "labels.printer.command"),
						format: reader.choice(printer.format, "labels.printer.format", LABEL_FORMATS),
					},
				}),
	};
}

/** What only the whole can show. */
function flawOf(config: LineConfig): string | undefined {
	const { serials, stations, images, production, chip, fuses } = config;
	if (!isHardwareClass(config.hardwareClass))
		return "hardwareClass: must be 1 to 24 letters, digits, dots, hyphens or underscores";
	const length = serials.prefix.length + serials.digits;
	if (length < 4 || length > 24) return "serials: a serial has 4 to 24 characters";
	if (new Set(stations.map(({ name }) => name)).size < stations.length)
		return "stations: a name is there twice";
	if (new Set(stations.map(({ port }) => port)).size < stations.length)
		return "stations: a port is there twice";
	for (const [place, set] of [
		["images", images],
		["production.images", production?.images ?? []],
	] as const) {
		if (new Set(set.map(({ offset }) => offset)).size < set.length)
			return `${place}: an offset is there twice`;
		if (set.some(({ offset }) => offset >= chip.flashBytes || offset % SECTOR !== 0))
			return `${place}: an offset is a multiple of 4096 inside the flash`;
	}
	if ((production !== undefined) !== fuses.length > 0)
		return "production: it and fuses go together: what is burned, and what starts behind it";
	const flaw = flawOfPlan(
		chip.kind,
		fuses.map((fuse) => (fuse.kind === "digest" ? { ...fuse, hex: "" } : fuse)),
	);
	return flaw === undefined ? undefined : `fuses: ${flaw}`;
}
