/**
 * The lock's table of grants (DESIGN 8, I7): at most LIMITS.grants, one record each, the first owner's inside the
 * claim. RAM changes only after the record did, so a refusal leaves both as they were. A full table refuses the new
 * and forgets no one; a record that cannot be read keeps its place until a reset. It decides nothing (verdict.ts).
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type RecordCodec, recordCodec, type Store } from "../store/store.ts";
import { decodeCborMap } from "../wire/cbor-decode.ts";
import { encodeCbor } from "../wire/cbor-encode.ts";
import { CLAIM_CODEC, type Claim, LOCK_ID_BYTES } from "./claim.ts";
import {
	decodeGrant,
	encodeGrant,
	GRANT_ID_MAX,
	type Grant,
	isFullOwner,
	ROLE_PERMISSIONS,
} from "./grant.ts";

export const GRANT_CODEC: RecordCodec<Grant> = recordCodec({
	row: RECORDS.grant,
	format: 1,
	encode: (grant) => ({ 1: encodeGrant(grant) }),
	decode(fields) {
		const encoded = fields.hasOnly([0, 1]) ? fields.map(1) : undefined;
		return encoded && decodeGrant(encoded);
	},
});

export const LAST_ID_CODEC: RecordCodec<number> = recordCodec({
	row: RECORDS.lastGrantId,
	format: 1,
	encode: (id) => ({ 1: id }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? fields.uint(1, GRANT_ID_MAX) : undefined),
});

/** The first owner's id after each reset. */
export const FIRST_GRANT_ID = 1;

/** What a new member brings; id and permissions are the lock's to give. */
export type NewMember = Omit<Grant, "id" | "permissions">;
export type NewOwner = Omit<NewMember, "role">;

export type ClaimReason =
	| "claimed" // another phone was first, or the claim cannot be read
	| "malformed"
	| "storage";

export type AddReason =
	| "unclaimed"
	| "malformed"
	| "table-full"
	| "duplicate" // a grant with this Noise key exists
	| "storage";

export type RemoveReason = "unknown" | "last-owner" | "storage";

type ClaimState =
	| { readonly kind: "unclaimed" }
	| { readonly kind: "claimed"; readonly claim: Claim }
	/** The record is there and cannot be read, or grants are there without it. */
	| { readonly kind: "unreadable" };

export class Grants {
	readonly #store: Store;
	/** What could not be read, as "record-reason", for the caller to log once. */
	readonly faults: readonly string[];
	#state: ClaimState;
	/** By slot; undefined is free, "unreadable" is taken. */
	readonly #slots: (Grant | "unreadable" | undefined)[];
	#lastId: number;

	constructor(store: Store) {
		this.#store = store;
		const faults: string[] = [];
		this.#slots = new Array<undefined>(LIMITS.grants).fill(undefined);
		let taken = 0;
		let lastId = 0;
		const slots = store.indexes(RECORDS.grant);
		if (!slots.ok) {
			faults.push(`grants-${slots.reason}`);
			this.#slots.fill("unreadable");
			taken = LIMITS.grants;
		}
		for (const slot of slots.ok ? slots.value : []) {
			const grant = store.read(GRANT_CODEC, slot);
			this.#slots[slot] = grant.ok ? grant.value : "unreadable";
			if (grant.ok) lastId = Math.max(lastId, grant.value.id);
			else faults.push(`grant-${slot}-${grant.reason}`);
			taken++;
		}
		const claim = store.read(CLAIM_CODEC);
		if (claim.ok) this.#state = { kind: "claimed", claim: claim.value };
		else if (claim.reason === "absent" && taken === 0) this.#state = { kind: "unclaimed" };
		else this.#state = { kind: "unreadable" };
		if (this.#state.kind === "unreadable" && !claim.ok) faults.push(`claim-${claim.reason}`);
		const stored = store.read(LAST_ID_CODEC);
		if (stored.ok) lastId = Math.max(lastId, stored.value);
		else if (stored.reason !== "absent") faults.push(`last-grant-id-${stored.reason}`);
		this.#lastId = Math.max(lastId, FIRST_GRANT_ID);
		this.faults = faults;
	}

	/** Whether the label is consumed. */
	get claimed(): boolean {
		return this.#state.kind !== "unclaimed";
	}

	/** 16 bytes; undefined before a claim, or when the claim cannot be read. */
	get lockId(): Uint8Array | undefined {
		return this.#state.kind === "claimed" ? this.#state.claim.lockId : undefined;
	}

	/**
	 * How many ids were given since the reset that no grant has any more. The record that removes a member changes it, and nothing
	 * brings it back to what it was: what phones may know until one of them is removed is made for one such number.
	 */
	get departed(): number {
		return (this.#lastId - this.#taken()) >>> 0;
	}

	/** Every grant that can be read, the first owner first. */
	list(): readonly Grant[] {
		const owner = this.#claimOwner();
		const others = this.#slots.filter((slot): slot is Grant => slot !== undefined && slot !== "unreadable");
		return owner === undefined ? others : [owner, ...others];
	}

	get(id: number): Grant | undefined {
		const owner = this.#claimOwner();
		if (owner?.id === id) return owner;
		for (let slot = 0; slot < this.#slots.length; slot++) {
			const grant = this.#slots[slot];
			if (grant !== undefined && grant !== "unreadable" && grant.id === id) return grant;
		}
		return undefined;
	}

	/** By the phone's Noise key. */
	lookup(key25519: Uint8Array): Grant | undefined {
		return this.list().find((grant) => bytesEqual(grant.key25519, key25519));
	}

	/** The claim (PROTOCOL 5.6): one record, once. `random` gives that many bytes of the CSPRNG. */
	claim(owner: NewOwner, random: (bytes: number) => Uint8Array): Result<Grant, ClaimReason> {
		if (this.#state.kind !== "unclaimed") return refuse("claimed");
		const grant = makeGrant({ ...owner, role: "owner" }, FIRST_GRANT_ID);
		if (grant === undefined) return refuse("malformed");
		const claim = { lockId: random(LOCK_ID_BYTES), owner: grant };
		if (!this.#store.write(CLAIM_CODEC, claim).ok) return refuse("storage");
		this.#state = { kind: "claimed", claim };
		return accept(grant);
	}

	/** Two records: the id first, so that a power cut in between costs an id and gives none twice. */
	add(member: NewMember): Result<Grant, AddReason> {
		if (this.#state.kind === "unclaimed") return refuse("unclaimed");
		if (this.lookup(member.key25519) !== undefined) return refuse("duplicate");
		const slot = this.#slots.indexOf(undefined);
		if (slot < 0 || this.#taken() >= LIMITS.grants || this.#lastId >= GRANT_ID_MAX)
			return refuse("table-full");
		const id = this.#lastId + 1;
		const grant = makeGrant(member, id);
		if (grant === undefined) return refuse("malformed");
		if (!this.#store.write(LAST_ID_CODEC, id).ok) return refuse("storage");
		this.#lastId = id;
		if (!this.#store.write(GRANT_CODEC, grant, slot).ok) return refuse("storage");
		this.#slots[slot] = grant;
		return accept(grant);
	}

	/** The last owner whom nothing limits stays. */
	remove(id: number): Result<Grant, RemoveReason> {
		const grant = this.get(id);
		if (grant === undefined) return refuse("unknown");
		const others = this.list().filter((other) => other.id !== id);
		if (isFullOwner(grant) && !others.some(isFullOwner)) return refuse("last-owner");
		return this.#replace(grant, undefined) ? accept(grant) : refuse("storage");
	}

	/** Commits one use before the act. Refused: not committed, so the act does not happen. */
	spendUse(id: number): Result<void, "unknown" | "used-up" | "storage"> {
		const grant = this.get(id);
		if (grant === undefined) return refuse("unknown");
		if (grant.usesLeft === undefined) return accept(undefined);
		if (grant.usesLeft === 0) return refuse("used-up");
		return this.#replace(grant, { ...grant, usesLeft: grant.usesLeft - 1 })
			? accept(undefined)
			: refuse("storage");
	}

	#claimOwner(): Grant | undefined {
		return this.#state.kind === "claimed" ? this.#state.claim.owner : undefined;
	}

	#taken(): number {
		const inClaim = this.#claimOwner() === undefined ? 0 : 1;
		return inClaim + this.#slots.filter((slot) => slot !== undefined).length;
	}

	/** Changes the record first, then RAM. False: neither changed. */
	#replace(grant: Grant, next: Grant | undefined): boolean {
		if (this.#state.kind === "claimed" && this.#state.claim.owner?.id === grant.id) {
			const { lockId } = this.#state.claim;
			const claim: Claim = next === undefined ? { lockId } : { lockId, owner: next };
			if (!this.#store.write(CLAIM_CODEC, claim).ok) return false;
			this.#state = { kind: "claimed", claim };
			return true;
		}
		const slot = this.#slots.indexOf(grant);
		const changed =
			next === undefined
				? this.#store.erase(RECORDS.grant, slot)
				: this.#store.write(GRANT_CODEC, next, slot);
		if (!changed.ok) return false;
		this.#slots[slot] = next;
		return true;
	}
}

/** Undefined when the record could not be read back. */
function makeGrant(member: NewMember, id: number): Grant | undefined {
	const encoded = decodeCborMap(
		encodeCbor(encodeGrant({ ...member, id, permissions: ROLE_PERMISSIONS[member.role] })),
	);
	return encoded.ok ? decodeGrant(encoded.value) : undefined;
}
