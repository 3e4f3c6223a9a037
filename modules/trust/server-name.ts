/**
 * What a relay's certificate can name (RFC 5280 4.2.1.6): a host name without a dot at its end, or an IP address. It takes
 * nothing that hosts/bindings/server-name.c refuses; with a name that it refuses no connection would start.
 */
import { ALPHANUMERIC, HEX_DIGITS, isMadeOf } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";

/** RFC 1034 3.5 with RFC 1123 2.1: labels of 1 to 63 letters, digits and inner hyphens, with one dot between them. */
function isLabel(text: string): boolean {
	return (
		isMadeOf(text, `${ALPHANUMERIC}-`, 1, 63) &&
		text.charAt(0) !== "-" &&
		text.charAt(text.length - 1) !== "-"
	);
}

const GROUPS = 8;

export function isServerName(name: string): boolean {
	if (name.length > LIMITS.hostBytes) return false;
	return name.includes(":") ? isIpv6(name) : name.split(".").every((label) => isLabel(label));
}

/** RFC 4291 2.2, the first two forms; an IPv4 address is a host name by its letters. */
function isIpv6(text: string): boolean {
	const halves = text.split("::");
	if (halves.length > 2) return false;
	const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
	if (!groups.every((group) => isMadeOf(group, HEX_DIGITS, 1, 4))) return false;
	return halves.length === 2 ? groups.length < GROUPS : groups.length === GROUPS;
}
