/**
 * The two things that say where a relay is and how it is known (PROTOCOL 10): relay roots and relay addresses, as a trust
 * bundle and an owner write them. Everything is checked when it is admitted, by rules that are at least as strict as those
 * of the connection (hosts/bindings), so that none meets a root or a name that it cannot use; nothing here verifies a
 * peer (docs/TLS.md).
 */

import { bytesEqual } from "../base/bytes.ts";
import { ALPHANUMERIC, isMadeOf } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import type { TlsRoot } from "../platform/tls.ts";
import type { CborInput } from "../wire/cbor-encode.ts";
import { asArray, asBytes, asText, asUint, type CborValue } from "../wire/cbor-map.ts";
import { decodeCertificate } from "./certificate.ts";
import { isServerName } from "./server-name.ts";

export interface RelayAddress {
	/** A DNS name or an IP address. */
	readonly host: string;
	readonly port: number;
	/** What the relay's certificate must name. */
	readonly serverName: string;
}

const HOST_CHARACTERS = `${ALPHANUMERIC}._:-`;
const PIN_BYTES = 32;

function isHost(host: string): boolean {
	return isMadeOf(host, HOST_CHARACTERS, 1, LIMITS.hostBytes);
}

/** 1 to `max` addresses, none twice. */
export function areRelayAddresses(addresses: readonly RelayAddress[], max: number): boolean {
	if (addresses.length === 0 || addresses.length > max) return false;
	const seen = new Set<string>();
	for (const { host, port, serverName } of addresses) {
		if (!isHost(host) || !isServerName(serverName)) return false;
		if (!Number.isSafeInteger(port) || port < 1 || port > 65535) return false;
		seen.add(`${host} ${port} ${serverName}`);
	}
	return seen.size === addresses.length;
}

/** Whether a path can end at this certificate (docs/TLS.md 3, what is true of a root whatever is below it). */
export function isRelayRoot(der: Uint8Array): boolean {
	const root = decodeCertificate(der);
	if (root?.isCa !== true || root.limitedOtherwise || !root.strongKey) return false;
	return root.servers && (root.keyCertSign || !root.hasUsage);
}

/** 1 to so many relay roots within their bytes, none twice; pins are absent or 1 to LIMITS.tlsPins different digests. */
export function areRelayRoots(roots: readonly TlsRoot[], max: number, bytesMax: number): boolean {
	if (roots.length === 0 || roots.length > max) return false;
	let bytes = 0;
	for (let index = 0; index < roots.length; index++) {
		const { der, pins } = roots[index]!;
		bytes += der.length;
		if (bytes > bytesMax || !isRelayRoot(der)) return false;
		if (roots.slice(0, index).some((other) => bytesEqual(other.der, der))) return false;
		if (pins !== undefined && !arePins(pins)) return false;
	}
	return true;
}

function arePins(pins: readonly Uint8Array[]): boolean {
	if (pins.length === 0 || pins.length > LIMITS.tlsPins) return false;
	return pins.every(
		(pin, index) => pin.length === PIN_BYTES && !pins.slice(0, index).some((other) => bytesEqual(other, pin)),
	);
}

export function encodeRelayRoots(roots: readonly TlsRoot[]): CborInput {
	return roots.map(({ der, pins }) => [der, pins ?? []]);
}

export function encodeRelayAddresses(addresses: readonly RelayAddress[]): CborInput {
	return addresses.map(({ host, port, serverName }) => [host, port, serverName]);
}

/** `[* relay-root]`; areRelayRoots has the last word. Undefined for another shape. */
export function decodeRelayRoots(value: CborValue | undefined, max: number): readonly TlsRoot[] | undefined {
	const items = asArray(value, { min: 0, max });
	const roots: TlsRoot[] = [];
	for (const item of items ?? []) {
		const fields = asArray(item, 2);
		const der = asBytes(fields?.[0], { min: 1, max: LIMITS.relayRootsBytes });
		const pinned = asArray(fields?.[1], { min: 0, max: LIMITS.tlsPins });
		if (der === undefined || pinned === undefined) return undefined;
		const pins: Uint8Array[] = [];
		for (const each of pinned) {
			const pin = asBytes(each, PIN_BYTES);
			if (pin === undefined) return undefined;
			pins.push(pin);
		}
		roots.push(pins.length === 0 ? { der } : { der, pins });
	}
	return items && roots;
}

/** `[* [host, port, name]]`; areRelayAddresses has the last word. Undefined for another shape. */
export function decodeRelayAddresses(
	value: CborValue | undefined,
	max: number,
): readonly RelayAddress[] | undefined {
	const items = asArray(value, { min: 0, max });
	const addresses: RelayAddress[] = [];
	for (const item of items ?? []) {
		const fields = asArray(item, 3);
		const host = asText(fields?.[0], LIMITS.hostBytes);
		const port = asUint(fields?.[1], 65535);
		const serverName = asText(fields?.[2], LIMITS.hostBytes);
		if (host === undefined || port === undefined || serverName === undefined) return undefined;
		addresses.push({ host, port, serverName });
	}
	return items && addresses;
}
