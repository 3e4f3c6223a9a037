/**
 * The plan of security eFuses: which may be burned, in which order, and how far a chip is. Pure. The names are espefuse's,
 * compared with its version 4.7; a name that is not listed is refused, since a burned eFuse is burned for ever.
 *
 * Never in a plan: the count that turns flash encryption on (the boot loader does that at its first start, and encrypts what
 * is there; turned on from outside, flash reads as noise), read and write protection by mask, keys that must stay secret,
 * and what silences a chip: a chip that says nothing cannot be told from a cable that is broken.
 *
 *   - One eFuse closes the chip (secure download mode), and it is the last.
 *   - Each of the three places for a boot key has one of the plan's, or is revoked; none is both.
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
	/** Limits the download mode to what says which chip it is and how it is secured: nothing is read or burned behind it. */
	readonly closing: string;
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

/** Of the key in the place of that number. */
const REVOCATIONS: readonly string[] = Object.freeze([
	"SECURE_BOOT_KEY_REVOKE0",
	"SECURE_BOOT_KEY_REVOKE1",
	"SECURE_BOOT_KEY_REVOKE2",
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
	ENABLE_SECURITY_DOWNLOAD: 1,
});

const RISC_V: ChipFuses = Object.freeze({
	fields: RISC_V_FIELDS,
	closing: "ENABLE_SECURITY_DOWNLOAD",
	digests: KEY_BLOCKS,
	secureBoot: "SECURE_BOOT_EN",
	encryption: "SPI_BOOT_CRYPT_CNT",
});

const CHIPS: Readonly<Record<string, ChipFuses>> = Object.freeze({
	"ESP32-C3": RISC_V,
	"ESP32-C6": RISC_V,
	"ESP32-S3": Object.freeze({
		...RISC_V,
		fields: Object.freeze({ ...RISC_V_FIELDS, DIS_DOWNLOAD_DCACHE: 1 }),
	}),
});

export function fuseName(fuse: Fuse): string {
	return fuse.kind === "field" ? fuse.name : fuse.block;
}

/** Why this plan is none; undefined when it is one. */
export function flawOfPlan(chip: string, plan: readonly Fuse[]): string | undefined {
	if (plan.length === 0) return undefined;
	if (chip === "ESP32")
		return "an ESP32 has no download mode that says of itself that it is closed: a line cannot see what it burned";
	const known = CHIPS[chip];
	if (known === undefined) return `no eFuses of ${chip} are known`;
	const seen = new Set<string>();
	const purposes = new Set<string>();
	for (const fuse of plan) {
		const name = fuseName(fuse);
		if (seen.has(name)) return `${name} is there twice`;
		if (seen.has(known.closing))
			return `${name} comes before ${known.closing}, behind which nothing is burned`;
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
	}
	for (const [place, purpose] of DIGEST_PURPOSES.entries()) {
		const revocation = REVOCATIONS[place]!;
		if (purposes.has(purpose) && seen.has(revocation))
			return `${revocation} revokes the plan's own ${purpose}`;
		// Whoever writes to the chip before it is closed could put a key of theirs there.
		if (!purposes.has(purpose) && !seen.has(revocation))
			return `${purpose} is empty: ${revocation} is needed`;
	}
	for (const name of [known.secureBoot, known.closing]) {
		if (!seen.has(name)) return `${name} is not in it`;
	}
	return undefined;
}

/** Whether nothing can be read or burned any more, once this one is burned. */
export function closesTheChip(chip: string, fuse: Fuse): boolean {
	return CHIPS[chip]?.closing === fuseName(fuse);
}

/**
 * The first security eFuse of a chip that is not as it came from its maker; undefined: none is burned. What cannot be read
 * counts as burned.
 */
export function burnedFuse(chip: string, reading: FuseReading): string | undefined {
	const known = CHIPS[chip];
	if (known === undefined) return reading.size === 0 ? undefined : firstBurned(ESP32_WATCHED, reading);
	if (isEncrypted(chip, reading) !== false) return known.encryption;
	for (const needed of [known.secureBoot, known.closing]) {
		if (!reading.has(needed)) return needed;
	}
	for (const block of Object.keys(known.digests)) {
		if (!/^0*$/.test(reading.get(block) ?? "")) return block;
		const purpose = purposeName(block);
		if ((reading.get(purpose) ?? "USER") !== "USER") return purpose;
	}
	return firstBurned(Object.keys(known.fields), reading);
}

/** No plan for it is one (flawOfPlan); that nothing is burned can be seen all the same. */
const ESP32_WATCHED: readonly string[] = Object.freeze([
	"ABS_DONE_0",
	"ABS_DONE_1",
	"JTAG_DISABLE",
	"DISABLE_DL_ENCRYPT",
	"DISABLE_DL_DECRYPT",
	"DISABLE_DL_CACHE",
	"UART_DOWNLOAD_DIS",
	"FLASH_CRYPT_CNT",
] as const);

function firstBurned(names: readonly string[], reading: FuseReading): string | undefined {
	return names.find((name) => {
		const have = reading.get(name);
		return have !== undefined && have !== "0" && !have.startsWith("Disable");
	});
}

/**
 * What a closed chip still says of itself, beside the plan: the name of what is otherwise, undefined when all that it says is
 * as it must be. It does not say each eFuse; the others were read by value before.
 */
export function closedFlaw(chip: string, plan: readonly Fuse[], told: FuseReading): string | undefined {
	const known = CHIPS[chip];
	if (known === undefined) return "the chip";
	// These say it all: without them nothing was closed.
	if (told.get(known.closing) !== "1") return known.closing;
	if (told.get(known.secureBoot) !== "1") return known.secureBoot;
	for (const fuse of plan) {
		const name = fuse.kind === "field" ? fuse.name : purposeName(fuse.block);
		const wanted = fuse.kind === "field" ? String(fuse.value) : fuse.purpose;
		const have = told.get(name);
		if (have !== undefined && have !== wanted) return name;
	}
	return REVOCATIONS.find(
		(name) => told.get(name) === "1" && !plan.some((fuse) => fuse.kind === "field" && fuse.name === name),
	);
}

function purposeName(block: string): string {
	return `KEY_PURPOSE_${block.slice("BLOCK_KEY".length)}`;
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
	const purpose = reading.get(purposeName(fuse.block));
	if (have === fuse.hex) {
		if (purpose === "USER") return "no-purpose";
		return purpose === undefined || purpose === fuse.purpose ? "burned" : "differs";
	}
	return /^0+$/.test(have) && (purpose === undefined || purpose === "USER") ? "blank" : "differs";
}

/** What ends a digest's burning. */
export function purposeOf(fuse: Extract<Fuse, { kind: "digest" }>): Fuse {
	const name = purposeName(fuse.block);
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

/** Secure boot is on: nothing starts that the burned key has not signed. */
export function isSecured(chip: string, reading: FuseReading): boolean {
	return reading.get(CHIPS[chip]?.secureBoot ?? "") === "1";
}

function numberOf(text: string): number | undefined {
	return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
