/** Grants and members for the tests of access. */
import type { Grant } from "../../../modules/access/grant.ts";
import { ROLE_PERMISSIONS } from "../../../modules/access/grant.ts";
import type { NewMember, NewOwner } from "../../../modules/access/grants.ts";

/** 65 bytes that begin as an uncompressed point does. */
export function keyP256Of(seed: number): Uint8Array {
	const key = new Uint8Array(65).fill(seed);
	key[0] = 4;
	return key;
}

export function key25519Of(seed: number): Uint8Array {
	return new Uint8Array(32).fill(seed);
}

export function newOwner(seed: number): NewOwner {
	return { name: `Owner ${seed}`, key25519: key25519Of(seed), keyP256: keyP256Of(seed) };
}

export function newMember(seed: number, limits: Partial<NewMember> = {}): NewMember {
	return {
		name: `Member ${seed}`,
		role: "member",
		key25519: key25519Of(seed),
		keyP256: keyP256Of(seed),
		...limits,
	};
}

export function grantOf(id: number, limits: Partial<Grant> = {}): Grant {
	const role = limits.role ?? "member";
	return { ...newMember(id), role, id, permissions: ROLE_PERMISSIONS[role], ...limits };
}
