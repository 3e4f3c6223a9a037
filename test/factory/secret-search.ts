/** Looks for secrets in files, in every spelling that a program might write them in. */
import { readFileSync } from "node:fs";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeBase32 } from "../../modules/wire/base32.ts";

/** How much of a spelling is compared before the whole of it. */
const HEAD_BYTES = 6;

/** Raw, hexadecimal, base64 in both alphabets, and base32 as labels have it. */
export function spellingsOf(secret: Uint8Array): readonly Uint8Array[] {
	const hex = toHex(secret);
	const base64 = Buffer.from(secret).toString("base64").replaceAll("=", "");
	const base32 = encodeBase32(secret);
	const texts = [
		hex,
		hex.toUpperCase(),
		base64,
		base64.replaceAll("+", "-").replaceAll("/", "_"),
		base32,
		base32.toLowerCase(),
		Array.from(secret).join(","),
	];
	return [secret, ...texts.map((text) => new TextEncoder().encode(text))];
}

export class SecretSearch {
	readonly #byHead = new Map<number, { readonly name: string; readonly bytes: Buffer }[]>();
	#spellings = 0;
	#bytes = 0;

	get spellings(): number {
		return this.#spellings;
	}

	/** Of all files searched. */
	get bytes(): number {
		return this.#bytes;
	}

	add(name: string, secret: Uint8Array): void {
		for (const spelling of spellingsOf(secret)) {
			const bytes = Buffer.from(spelling);
			const head = bytes.readUIntBE(0, HEAD_BYTES);
			this.#byHead.set(head, [...(this.#byHead.get(head) ?? []), { name, bytes }]);
			this.#spellings++;
		}
	}

	/** Which secrets are in these bytes. */
	findIn(hay: Buffer): readonly string[] {
		this.#bytes += hay.length;
		const found = new Set<string>();
		for (let at = 0; at + HEAD_BYTES <= hay.length; at++) {
			for (const { name, bytes } of this.#byHead.get(hay.readUIntBE(at, HEAD_BYTES)) ?? []) {
				if (hay.subarray(at, at + bytes.length).equals(bytes)) found.add(name);
			}
		}
		return [...found];
	}

	/** "file: secret", of all these files. */
	findInFiles(files: readonly string[]): readonly string[] {
		return files.flatMap((file) => this.findIn(readFileSync(file)).map((name) => `${file}: ${name}`));
	}
}
