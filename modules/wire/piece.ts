/**
 * A message in pieces (PROTOCOL 10.2), as `trust.put` and the verb `trust` carry it: `{0: total, 1: offset, 2: bytes}`, in
 * order, none above LIMITS.bundlePieceBytes, and all together no more than LIMITS.bundleBytes. Who puts them together
 * again is wire/message-assembly.
 */
import { LIMITS } from "../base/limits.ts";
import type { CborMap } from "./cbor-map.ts";

export interface Piece {
	readonly total: number;
	readonly offset: number;
	readonly bytes: Uint8Array;
}

/** A piece as the arguments of a command or a verb. */
export type PieceFields = {
	readonly 0: number;
	readonly 1: number;
	readonly 2: Uint8Array;
};

/** Undefined for anything else, and for a piece that leaves its message. */
export function decodePiece(args: CborMap): Piece | undefined {
	const total = args.uint(0, LIMITS.bundleBytes);
	const offset = args.uint(1, LIMITS.bundleBytes);
	const bytes = args.bytes(2, { min: 1, max: LIMITS.bundlePieceBytes });
	if (!args.hasOnly([0, 1, 2]) || total === undefined || offset === undefined || bytes === undefined) {
		return undefined;
	}
	return offset + bytes.length <= total ? { total, offset, bytes } : undefined;
}

/** Every piece of a message, in order; none of an empty one. */
export function encodePieces(
	message: Uint8Array,
	pieceBytes: number = LIMITS.bundlePieceBytes,
): readonly PieceFields[] {
	const pieces: PieceFields[] = [];
	for (let offset = 0; offset < message.length; offset += pieceBytes) {
		pieces.push({ 0: message.length, 1: offset, 2: message.slice(offset, offset + pieceBytes) });
	}
	return pieces;
}
