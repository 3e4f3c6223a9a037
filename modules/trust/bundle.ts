/**
 * The trust bundle (PROTOCOL 10): what a lock trusts, as one numbered statement. Here are its fields, its one encoding
 * and the rules that hold within one bundle; who must have signed it, and what it may follow, is bundle-acceptance.ts.
 *
 * A bundle that leaves `decodeBundle` or `readBundle` keeps every rule: no key has two duties, roots are CA certificates that were
 * valid when it was signed, and each list is within its bounds. Nothing throws (I9).
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { TlsRoot } from "../platform/tls.ts";
import { decodeCborMap } from "../wire/cbor-decode.ts";
import { type CborFields, type CborInput, encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { decodeCertificate } from "./certificate.ts";
import {
	areRelayAddresses,
	areRelayRoots,
	decodeRelayAddresses,
	decodeRelayRoots,
	encodeRelayAddresses,
	encodeRelayRoots,
	type RelayAddress,
} from "./relay-entry.ts";

/** So many of these keys must sign. */
export interface Role {
	/** 1 .. LIMITS.roleThreshold, and not more than there are keys. */
	readonly threshold: number;
	/** P-256 points of 65 bytes, 1 .. LIMITS.roleKeys. */
	readonly keys: readonly Uint8Array[];
}

export interface TrustBundle {
	/** From 1. */
	readonly version: number;
	readonly signedUnixSeconds: number;
	/** From this second on the lock reports stale. */
	readonly expiresUnixSeconds: number;
	/** Who signs bundles. */
	readonly bundleRole: Role;
	/** Who signs update manifests. */
	readonly updateRole: Role;
	/** Who signs freshness statements, each alone. */
	readonly freshnessKeys: readonly Uint8Array[];
	/** Who signs time statements, each alone. */
	readonly timeKeys: readonly Uint8Array[];
	readonly relayRoots: readonly TlsRoot[];
	/** In order of preference. */
	readonly relays: readonly RelayAddress[];
	/** DER */
	readonly deviceRoots: readonly Uint8Array[];
}

/** Which rule a bundle breaks. */
export type BundleFlaw =
	| "form" // not the map of PROTOCOL 10
	| "version" // below 1
	| "role" // no key, too many keys, a threshold that they cannot meet
	| "online-keys" // no key of freshness or time, or too many
	| "key" // no P-256 point, or a key with two duties
	| "dates" // not signed before it expires
	| "relay-roots"
	| "relay-addresses"
	| "device-roots"
	| "root-dates"; // a root that is not valid when the bundle is signed

export const BUNDLE_FORMAT = 1;
const POINT_BYTES = 65;
const UNCOMPRESSED = 4;

/** The first rule that a bundle breaks; undefined when it keeps them all. */
export function bundleFlaw(bundle: TrustBundle): BundleFlaw | undefined {
	const { bundleRole, updateRole, freshnessKeys, timeKeys, relayRoots, relays, deviceRoots } = bundle;
	if (!Number.isSafeInteger(bundle.version) || bundle.version < 1) return "version";
	if (!isRole(bundleRole) || !isRole(updateRole)) return "role";
	if (!isKeyCount(freshnessKeys, LIMITS.onlineKeys) || !isKeyCount(timeKeys, LIMITS.onlineKeys)) {
		return "online-keys";
	}
	if (!isUnixSeconds(bundle.signedUnixSeconds) || !isUnixSeconds(bundle.expiresUnixSeconds)) return "dates";
	if (bundle.signedUnixSeconds >= bundle.expiresUnixSeconds) return "dates";
	if (!areRelayRoots(relayRoots, LIMITS.relayRoots, LIMITS.relayRootsBytes)) return "relay-roots";
	if (!areRelayAddresses(relays, LIMITS.relayAddresses)) return "relay-addresses";
	if (!areDeviceRoots(deviceRoots)) return "device-roots";
	const roots = [...relayRoots.map((root) => root.der), ...deviceRoots];
	if (!roots.every((root) => isValidAt(root, bundle.signedUnixSeconds * 1000))) return "root-dates";
	const keys = [...bundleRole.keys, ...updateRole.keys, ...freshnessKeys, ...timeKeys];
	if (!keys.every(isPoint)) return "key";
	for (const root of roots) {
		const key = decodeCertificate(root)?.keyP256;
		if (key !== undefined) keys.push(key);
	}
	return areDifferent(keys) ? undefined : "key";
}

function isRole({ threshold, keys }: Role): boolean {
	if (!isKeyCount(keys, LIMITS.roleKeys) || !Number.isSafeInteger(threshold)) return false;
	return threshold >= 1 && threshold <= LIMITS.roleThreshold && threshold <= keys.length;
}

function isKeyCount(keys: readonly Uint8Array[], max: number): boolean {
	return keys.length >= 1 && keys.length <= max;
}

function isUnixSeconds(seconds: number): boolean {
	return Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= LIMITS.unixSecondsMax;
}

function isPoint(key: Uint8Array): boolean {
	return key.length === POINT_BYTES && key[0] === UNCOMPRESSED;
}

/** Device certificates are of P-256 up to their root (PROTOCOL 8.1). */
function areDeviceRoots(roots: readonly Uint8Array[]): boolean {
	if (roots.length === 0 || roots.length > LIMITS.deviceRoots) return false;
	let bytes = 0;
	for (const root of roots) {
		bytes += root.length;
		const certificate = bytes <= LIMITS.deviceRootsBytes ? decodeCertificate(root) : undefined;
		if (certificate?.isCa !== true || certificate.keyP256 === undefined) return false;
	}
	return true;
}

function isValidAt(root: Uint8Array, unixMs: number): boolean {
	const certificate = decodeCertificate(root);
	return certificate !== undefined && certificate.notBeforeMs <= unixMs && unixMs <= certificate.notAfterMs;
}

function areDifferent(keys: readonly Uint8Array[]): boolean {
	for (let index = 1; index < keys.length; index++) {
		for (let other = 0; other < index; other++) if (bytesEqual(keys[index]!, keys[other]!)) return false;
	}
	return true;
}

/** Every field but key 0, the format. */
export function bundleFields(bundle: TrustBundle): CborFields {
	return {
		1: bundle.version,
		2: bundle.signedUnixSeconds,
		3: bundle.expiresUnixSeconds,
		4: encodeRole(bundle.bundleRole),
		5: encodeRole(bundle.updateRole),
		6: bundle.freshnessKeys,
		7: bundle.timeKeys,
		8: encodeRelayRoots(bundle.relayRoots),
		9: encodeRelayAddresses(bundle.relays),
		10: bundle.deviceRoots,
	};
}

function encodeRole({ threshold, keys }: Role): CborInput {
	return [threshold, keys];
}

/** What holders sign. */
export function encodeBundle(bundle: TrustBundle): Uint8Array {
	return encodeCbor({ 0: BUNDLE_FORMAT, ...bundleFields(bundle) });
}

export function decodeBundle(payload: Uint8Array): Result<TrustBundle, BundleFlaw> {
	const map = decodeCborMap(payload);
	return map.ok ? readBundle(map.value) : refuse("form");
}

/** From the fields of a bundle, key 0 among them. */
export function readBundle(fields: CborMap): Result<TrustBundle, BundleFlaw> {
	const bundle = readForm(fields, LIMITS);
	if (bundle === undefined) return refuse("form");
	const flaw = bundleFlaw(bundle);
	return flaw === undefined ? accept(bundle) : refuse(flaw);
}

/** How many of each there may be. */
type Counts = Pick<
	typeof LIMITS,
	"roleThreshold" | "roleKeys" | "onlineKeys" | "relayRoots" | "relayAddresses" | "deviceRoots"
>;

/** Of format 1 in flash, for all images: no later image may lower it, whatever it admits. */
const STORED_COUNT = 16;
const STORED: Record<keyof Counts, number> = Object.freeze({
	roleThreshold: STORED_COUNT,
	roleKeys: STORED_COUNT,
	onlineKeys: STORED_COUNT,
	relayRoots: STORED_COUNT,
	relayAddresses: STORED_COUNT,
	deviceRoots: STORED_COUNT,
});

/** What an image admitted once, by its rules: the form alone. Whoever uses a part of it bears a flaw in it. */
export function readStoredBundle(fields: CborMap): TrustBundle | undefined {
	return readForm(fields, STORED);
}

function readForm(fields: CborMap, counts: Record<keyof Counts, number>): TrustBundle | undefined {
	if (fields.uint(0) !== BUNDLE_FORMAT || !fields.hasOnly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])) {
		return undefined;
	}
	const version = fields.uint(1);
	const signedUnixSeconds = fields.uint(2, LIMITS.unixSecondsMax);
	const expiresUnixSeconds = fields.uint(3, LIMITS.unixSecondsMax);
	const bundleRole = decodeRole(fields.get(4), counts);
	const updateRole = decodeRole(fields.get(5), counts);
	const freshnessKeys = decodeKeys(fields.get(6), counts.onlineKeys);
	const timeKeys = decodeKeys(fields.get(7), counts.onlineKeys);
	const relayRoots = decodeRelayRoots(fields.get(8), counts.relayRoots);
	const relays = decodeRelayAddresses(fields.get(9), counts.relayAddresses);
	const deviceRoots = decodeDeviceRoots(fields.get(10), counts.deviceRoots);
	if (version === undefined || signedUnixSeconds === undefined || expiresUnixSeconds === undefined) {
		return undefined;
	}
	if (bundleRole === undefined || updateRole === undefined) return undefined;
	if (freshnessKeys === undefined || timeKeys === undefined) return undefined;
	if (relayRoots === undefined || relays === undefined || deviceRoots === undefined) return undefined;
	return {
		version,
		signedUnixSeconds,
		expiresUnixSeconds,
		bundleRole,
		updateRole,
		freshnessKeys,
		timeKeys,
		relayRoots,
		relays,
		deviceRoots,
	};
}

function decodeRole(
	value: CborValue | undefined,
	{ roleThreshold, roleKeys }: Record<"roleThreshold" | "roleKeys", number>,
): Role | undefined {
	const parts = asArray(value, 2);
	const threshold = asUint(parts?.[0], roleThreshold);
	const keys = decodeKeys(parts?.[1], roleKeys);
	return threshold === undefined || keys === undefined ? undefined : { threshold, keys };
}

function decodeKeys(value: CborValue | undefined, max: number): readonly Uint8Array[] | undefined {
	return decodeByteStrings(value, max, POINT_BYTES);
}

function decodeDeviceRoots(value: CborValue | undefined, max: number): readonly Uint8Array[] | undefined {
	return decodeByteStrings(value, max, { min: 1, max: LIMITS.deviceRootsBytes });
}

function decodeByteStrings(
	value: CborValue | undefined,
	max: number,
	size: Parameters<typeof asBytes>[1],
): readonly Uint8Array[] | undefined {
	const items = asArray(value, { min: 1, max });
	const found: Uint8Array[] = [];
	for (const item of items ?? []) {
		const bytes = asBytes(item, size);
		if (bytes === undefined) return undefined;
		found.push(bytes);
	}
	return items && found;
}
