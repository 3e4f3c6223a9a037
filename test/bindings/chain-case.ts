/** One chain, what is asked about it, and what a pair of them must show. */
import type { KeyObject } from "node:crypto";

export interface ChainCase {
	readonly roots: readonly Uint8Array[];
	readonly chain: readonly Uint8Array[];
	/** The leaf's private key, for servers. */
	readonly key: KeyObject;
	readonly server?: string;
	readonly at?: string;
	readonly kind?: "estimate" | "floor";
	/** Of every root. */
	readonly pins?: readonly string[];
}

/** A legal chain that must be accepted. */
export interface LegalCase extends ChainCase {
	readonly name: string;
}

/** A hostile chain beside its legal twin, which differs in one thing only. */
export interface ChainPair {
	readonly name: string;
	/** What the hostile one violates. */
	readonly clause: string;
	/** What differs, as certificate-fields.ts names it. */
	readonly fields: readonly string[];
	readonly twin: ChainCase;
	readonly hostile: ChainCase;
	/** TlsReason of the hostile one. */
	readonly reason: string;
}
