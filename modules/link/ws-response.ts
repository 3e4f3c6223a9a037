/**
 * The head of an HTTP/1.1 response (RFC 9112 4 and 5), read strictly as it arrives: CRLF ends a line, nothing folds,
 * no space stands before a colon, no control character stands in a value. It keeps one line at a time and hands each
 * header on; the bytes of all heads of one handshake together are bounded.
 */

import { ALPHANUMERIC, DIGITS, hasOnly, isMadeOf } from "../base/characters.ts";
export type HttpFault = "http" | "header-size";

export type HttpPart =
	| { readonly kind: "status"; readonly code: number }
	/** Name in lower case; value without the spaces around it. */
	| { readonly kind: "header"; readonly name: string; readonly value: string }
	/** The empty line behind the headers. */
	| { readonly kind: "end" }
	| { readonly kind: "fault"; readonly fault: HttpFault };

/** RFC 9110 5.6.2. */
const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~" + ALPHANUMERIC;
/** RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ]. */
const STATUS_START = "HTTP/1.1 ";

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;

export class HttpHeadReader {
	readonly #maxBytes: number;
	#bytes = 0;
	readonly #line: Uint8Array;
	#lineBytes = 0;
	#carriageReturn = false;
	#inHeaders = false;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
		this.#line = new Uint8Array(maxBytes);
	}

	/** Undefined when the input is used up. After a fault the reader is not used again. */
	next(input: { readonly bytes: Uint8Array; offset: number }): HttpPart | undefined {
		for (;;) {
			const octet = input.bytes[input.offset];
			if (octet === undefined) return undefined;
			input.offset++;
			if (++this.#bytes > this.#maxBytes) return { kind: "fault", fault: "header-size" };
			if (this.#carriageReturn) {
				if (octet !== LF) return { kind: "fault", fault: "http" };
				this.#carriageReturn = false;
				const line = latin1(this.#line.subarray(0, this.#lineBytes));
				this.#lineBytes = 0;
				return this.#inHeaders ? this.#takeHeader(line) : this.#takeStatus(line);
			}
			if (octet === CR) {
				this.#carriageReturn = true;
			} else {
				if ((octet < 0x20 && octet !== HT) || octet === 0x7f) return { kind: "fault", fault: "http" };
				const at = this.#lineBytes++;
				// What speaks something else is known by its first octets, not by the line that it may never end.
				if (!this.#inHeaders && at < STATUS_START.length && octet !== STATUS_START.charCodeAt(at)) {
					return { kind: "fault", fault: "http" };
				}
				this.#line[at] = octet;
			}
		}
	}

	#takeStatus(line: string): HttpPart {
		const from = STATUS_START.length;
		const code = line.slice(from, from + 3);
		const isStatus = line.startsWith(STATUS_START) && isMadeOf(code, DIGITS, 3, 3) && code.charAt(0) !== "0";
		if (!isStatus || line.charAt(from + 3) !== " ") return { kind: "fault", fault: "http" };
		this.#inHeaders = true;
		return { kind: "status", code: Number(code) };
	}

	#takeHeader(line: string): HttpPart {
		if (line === "") {
			this.#inHeaders = false;
			return { kind: "end" };
		}
		const colon = line.indexOf(":");
		const name = line.slice(0, Math.max(colon, 0));
		// A line that begins with a space continues the one before: obs-fold, and no token.
		if (name === "" || !hasOnly(name, TOKEN_CHARACTERS)) return { kind: "fault", fault: "http" };
		return { kind: "header", name: name.toLowerCase(), value: trimSpace(line.slice(colon + 1)) };
	}
}

/** One character an octet (RFC 9110 5.5: obs-text is opaque). */
function latin1(bytes: Uint8Array): string {
	let text = "";
	for (let start = 0; start < bytes.length; start += 32) {
		text += String.fromCharCode(...bytes.subarray(start, start + 32));
	}
	return text;
}

/** Takes away optional white space (RFC 9110 5.6.3): spaces and tabs, nothing else. */
function trimSpace(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && (text[start] === " " || text[start] === "\t")) start++;
	while (end > start && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
	return text.slice(start, end);
}

/** The elements of a comma-separated list (RFC 9110 5.6.1), empty ones left out, in lower case. */
export function listTokens(value: string): readonly string[] {
	const tokens: string[] = [];
	for (const element of value.split(",")) {
		const token = trimSpace(element);
		if (token !== "") tokens.push(token.toLowerCase());
	}
	return tokens;
}
