/**
 * The plan of security eFuses: which may be burned, in which order, and how far a chip is. Pure. The names are espefuse's,
 * compared with its version 4.7; a name that is not listed is refused, since a burned eFuse is burned for ever.
 *
 * Never in a plan: the count that turns flash encryption on (the boot loader does that at its first start, and encrypts what
 * is there; turned on from outside, flash reads as noise), read and write protection by mask, keys that must stay secret.
 */

export type Fuse =
	| { readonly kind: "field"; readonly name: string; readonly value: number }
	/** The digest of a public key: 32 bytes, in hexadecimal. */
	| {
			readonly kind: "digest";
			readonly block: string;
			readonly purpose: string;
			readonly file: string;
			readonly hex: string;
	  };

/** Values as text: numbers in decimal, blocks of bytes in hexadecimal, words as they are. */
export type FuseReading = ReadonlyMap<string, string>;

export type FuseStanding =
	| "burned"
	| "blank"
	| "no-purpose" // a digest whose purpose is not: power went in between
	| "differs" // burned with what the plan does not say
	| "unknown"; // no such eFuse, or it cannot be read

interface ChipFuses {
	/** May be burned, to at most the value. */
	readonly fields: Readonly<Record<string, number>>;
	/** They end or limit the download mode: nothing can be read or burned behind them. */
	readonly last: readonly string[];
	readonly digests: Readonly<Record<string, readonly string[]>>;
	/** What turns secure boot on needs a digest first. */
	readonly secureBoot: string;
	readonly encryption: string;
}

const DIGEST_PURPOSES: readonly string[] = Object.freeze([
	"SECURE_BOOT_DIGEST0",
	"SECURE_BOOT_DIGEST1",
	"SECURE_BOOT_DIGEST2",
] as const);

const KEY_BLOCKS = Object.freeze(
	Object.fromEntries([0, 1, 2, 3, 4, 5].map((block) => [`BLOCK_KEY${block}`, DIGEST_PURPOSES])),
);

const RISC_V_FIELDS = Object.freeze({
	SECURE_BOOT_EN: 1,
	SECURE_BOOT_AGGRESSIVE_REVOKE: 1,
	SECURE_BOOT_KEY_REVOKE0: 1,
	SECURE_BOOT_KEY_REVOKE1: 1,
	SECURE_BOOT_KEY_REVOKE2: 1,
	SOFT_DIS_JTAG: 7,
	DIS_PAD_JTAG: 1,
	DIS_USB_JTAG: 1,
	DIS_DIRECT_BOOT: 1,
	DIS_DOWNLOAD_ICACHE: 1,
	DIS_DOWNLOAD_MANUAL_ENCRYPT: 1,
	DIS_FORCE_DOWNLOAD: 1,
	DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE: 1,
	ENABLE_SECURITY_DOWNLOAD: 1,
	DIS_DOWNLOAD_MODE: 1,
});

const RISC_V: ChipFuses = Object.freeze({
	fields: RISC_V_FIELDS,
	last: Object.freeze(["DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE", "ENABLE_SECURITY_DOWNLOAD", "DIS_DOWNLOAD_MODE"]),
	digests: KEY_BLOCKS,
	secureBoot: "SECURE_BOOT_EN",
	encryption: "SPI_BOOT_CRYPT_CNT",
});

const CHIPS: Readonly<Record<string, ChipFuses>> = Object.freeze({
	"ESP32-C3": RISC_V,
	"ESP32-C6": RISC_V,
	"ESP32-S3": Object.freeze({
		...RISC_V,
		fields: Object.freeze({ ...RISC_V_FIELDS, DIS_DOWNLOAD_DCACHE: 1, DIS_USB_OTG_DOWNLOAD_MODE: 1 }),
		last: Object.freeze([...RISC_V.last, "DIS_USB_OTG_DOWNLOAD_MODE"]),
	}),
	ESP32: Object.freeze({
		fields: Object.freeze({
			ABS_DONE_1: 1,
			JTAG_DISABLE: 1,
			DISABLE_DL_ENCRYPT: 1,
			DISABLE_DL_DECRYPT: 1,
			DISABLE_DL_CACHE: 1,
			UART_DOWNLOAD_DIS: 1,
		}),
		last: Object.freeze(["UART_DOWNLOAD_DIS"]),
		digests: Object.freeze({ BLOCK2: Object.freeze(["secure_boot_v2"]) }),
		secureBoot: "ABS_DONE_1",
		encryption: "FLASH_CRYPT_CNT",
	}),
});

export const FUSE_CHIPS: readonly string[] = Object.freeze(Object.keys(CHIPS));

export function fuseName(fuse: Fuse): string {
	return fuse.kind === "field" ? fuse.name : fuse.block;
}

/** Why this plan is none; undefined when it is one. */
export function flawOfPlan(chip: string, plan: readonly Fuse[]): string | undefined {
	const known = CHIPS[chip];
	if (known === undefined) return plan.length === 0 ? undefined : `no eFuses of ${chip} are known`;
	const seen = new Set<string>();
	const purposes = new Set<string>();
	let closing: string | undefined;
	for (const fuse of plan) {
		const name = fuseName(fuse);
		if (seen.has(name)) return `${name} is there twice`;
		seen.add(name);
		if (fuse.kind === "digest") {
			if (!Object.hasOwn(known.digests, name)) return `${name} is no block for a digest`;
			if (known.digests[name]?.includes(fuse.purpose) !== true || purposes.has(fuse.purpose))
				return `${fuse.purpose} is no purpose for ${name}, or is there twice`;
			purposes.add(fuse.purpose);
		} else {
			const most = Object.hasOwn(known.fields, name) ? known.fields[name] : undefined;
			if (most === undefined) return `${name} may not be burned by a line`;
			if (fuse.value > most) return `${name} is ${most} at most`;
			if (name === known.secureBoot && purposes.size === 0) return `${name} comes after a digest`;
		}
		const closes = known.last.includes(name);
		if (closing !== undefined && !closes)
			return `${name} comes before ${closing}, behind which nothing is burned`;
		if (closes) closing = name;
	}
	return undefined;
}

/** Whether nothing can be asked of the chip any more, once this one is burned. */
export function closesTheChip(chip: string, fuse: Fuse): boolean {
	return CHIPS[chip]?.last.includes(fuseName(fuse)) ?? false;
}

export function standingOf(fuse: Fuse, reading: FuseReading): FuseStanding {
	const have = reading.get(fuseName(fuse));
	if (have === undefined) return "unknown";
	if (fuse.kind === "field") {
		const value = numberOf(have);
		if (value === undefined) return "unknown";
		if (value === fuse.value) return "burned";
		// Bits only rise.
		return (value & ~fuse.value) === 0 ? "blank" : "differs";
	}
	if (!/^[0-9a-f]{64}$/.test(have)) return "unknown";
	const purpose = reading.get(`KEY_PURPOSE_${fuse.block.slice("BLOCK_KEY".length)}`);
	if (have === fuse.hex) {
		if (purpose === "USER") return "no-purpose";
		return purpose === undefined || purpose === fuse.purpose ? "burned" : "differs";
	}
	return /^0+$/.test(have) && (purpose === undefined || purpose === "USER") ? "blank" : "differs";
}

/** What ends a digest's burning. */
export function purposeOf(fuse: Extract<Fuse, { kind: "digest" }>): Fuse {
	const name = `KEY_PURPOSE_${fuse.block.slice("BLOCK_KEY".length)}`;
	const first = 9;
	return { kind: "field", name, value: first + DIGEST_PURPOSES.indexOf(fuse.purpose) };
}

/** Flash encryption is on when the count has an odd number of bits; undefined when it cannot be read. */
export function isEncrypted(chip: string, reading: FuseReading): boolean | undefined {
	const have = reading.get(CHIPS[chip]?.encryption ?? "");
	if (have === undefined) return undefined;
	if (have.startsWith("Enable")) return true;
	if (have.startsWith("Disable")) return false;
	const count = numberOf(have);
	if (count === undefined) return undefined;
	return [...count.toString(2)].filter((bit) => bit === "1").length % 2 === 1;
}

function numberOf(text: string): number | undefined {
	return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
