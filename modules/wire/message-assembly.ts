/**
 * A message that comes in pieces (PROTOCOL 10.2): one buffer for one way in, filled from the front, of the size that the
 * first piece names, which decodePiece bounds. Whoever begins owns it; another sender begins anew or is refused.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import type { Piece } from "./piece.ts";

export interface Assembly {
	/** Where the next piece begins. */
	readonly next: number;
	/** With the last piece: the whole message. */
	readonly message?: Uint8Array;
}

export class MessageAssembly {
	#buffer: Uint8Array | undefined;
	#filled = 0;
	#owner: unknown;

	/** Refused: nothing changed, but for an offset 0, which always begins anew. */
	add(owner: unknown, { total, offset, bytes }: Piece): Result<Assembly, "offset"> {
		if (offset === 0) {
			this.#buffer = new Uint8Array(total);
			this.#filled = 0;
			this.#owner = owner;
		}
		const buffer = this.#buffer;
		if (buffer === undefined || owner !== this.#owner || offset !== this.#filled) return refuse("offset");
		if (buffer.length !== total) return refuse("offset");
		buffer.set(bytes, offset);
		this.#filled = offset + bytes.length;
		if (this.#filled < total) return accept({ next: this.#filled });
		this.forget(owner);
		return accept({ next: total, message: buffer });
	}

	/** The sender is gone: its buffer goes too. */
	forget(owner: unknown): void {
		if (owner !== this.#owner) return;
		this.#buffer = undefined;
		this.#owner = undefined;
		this.#filled = 0;
	}
}
