/**
 * Keeps secrets out of what is written: each text of a report goes through here, and every spelling of a known secret becomes a mark.
 * Long numbers of a key may stand in a text as other encodings write them; the tests search for all of them.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { encodeBase32 } from "../../modules/wire/base32.ts";

const MARK = "[secret]";
/** Shorter ones would stand in every text. */
const LEAST_CHARACTERS = 6;

export class Redactor {
	readonly #spellings: readonly string[];

	constructor(secrets: Iterable<Uint8Array | string>) {
		const spellings = [...secrets].flatMap(spellingsOf).filter((text) => text.length >= LEAST_CHARACTERS);
		// The longest first: one may be part of another.
		this.#spellings = [...new Set(spellings)].sort((a, b) => b.length - a.length);
	}

	clean(text: string): string {
		let cleaned = text;
		for (const spelling of this.#spellings) cleaned = cleaned.replaceAll(spelling, MARK);
		return cleaned;
	}

	/** The beginning of a text; `wholeUpTo`: a text of this length was cut off there already, perhaps in the middle of a secret. */
	short(text: string, characters: number, wholeUpTo = Number.POSITIVE_INFINITY): string {
		const cleaned = this.clean(text);
		const sure = text.length < wholeUpTo ? cleaned.length : Math.max(0, cleaned.length - this.#longest);
		return cleaned.slice(0, Math.min(characters, sure));
	}

	get #longest(): number {
		return this.#spellings[0]?.length ?? 0;
	}
}

/** How a secret may stand in a text. */
function spellingsOf(secret: Uint8Array | string): readonly string[] {
	if (typeof secret === "string") {
		const quoted = JSON.stringify(secret).slice(1, -1);
		return [secret, quoted, encodeURIComponent(secret), ...spellingsOf(new Uint8Array(Buffer.from(secret)))];
	}
	const hex = toHex(secret);
	const base32 = encodeBase32(secret);
	const base64 = Buffer.from(secret).toString("base64");
	const plain64 = base64.replaceAll("=", "");
	const url64 = plain64.replaceAll("+", "-").replaceAll("/", "_");
	const numbers = [",", ", "].map((between) => Array.from(secret).join(between));
	return [hex, hex.toUpperCase(), base32, base32.toLowerCase(), base64, plain64, url64, ...numbers];
}
