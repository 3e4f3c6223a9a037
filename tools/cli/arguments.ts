/**
 * Readers of command-line values. Each refuses what is malformed with commander's InvalidArgumentError, whose message
 * ends the one line that the user sees.
 */
import { type Stats, statSync } from "node:fs";
import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { parsePkcs11Uri } from "../pki/pkcs11-uri.ts";

export interface Endpoint {
	readonly host: string;
	readonly port: number;
}

export interface NamedEndpoint extends Endpoint {
	readonly name: string;
}

const HOST_NAME =
	/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
const SERIAL = /^[A-Z0-9-]{4,24}$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/;

/** A reader of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
	return (text) => {
		const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
		if (!(value >= least && value <= most))
			throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
		return value;
	};
}

/** A TCP port to connect to. */
export const port: (text: string) => number = wholeNumber(1, 65535);

/** A TCP port to listen on; 0 lets the system choose. */
export const listenPort: (text: string) => number = wholeNumber(0, 65535);

/** A DNS name or an IP address. */
export function hostName(text: string): string {
	if (isIP(text) === 0 && !HOST_NAME.test(text))
		throw new InvalidArgumentError("It must be a host name or an IP address.");
	return text;
}

function splitEndpoint(text: string): [string, string] {
	const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
	if (bracketed !== null) return [bracketed[1]!, bracketed[2] ?? ""];
	const colon = text.indexOf(":");
	return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** HOST:PORT; an IPv6 address stands in brackets. */
export function endpoint(text: string): Endpoint {
	const [host, rest] = splitEndpoint(text);
	return { host: hostName(host), port: port(rest) };
}

/** HOST:PORT to listen at; port 0 lets the system choose. */
export function listenEndpoint(text: string): Endpoint {
	const [host, rest] = splitEndpoint(text);
	return { host: hostName(host), port: listenPort(rest) };
}

/** An http or https URL. */
export function webUrl(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
	if (url === undefined || !isWeb || url.username !== "" || url.search !== "" || url.hash !== "")
		throw new InvalidArgumentError("It must be an address such as http://127.0.0.1:7445/.");
	return url;
}

/** HOST:PORT:NAME, where NAME is what the certificate must name; without it the host is the name. */
export function namedEndpoint(text: string): NamedEndpoint {
	const [host, rest] = splitEndpoint(text);
	const colon = rest.indexOf(":");
	const portText = colon < 0 ? rest : rest.slice(0, colon);
	const name = colon < 0 ? host : rest.slice(colon + 1);
	return { host: hostName(host), port: port(portText), name: hostName(name) };
}

/** PROTOCOL 1: serial. */
export function serialNumber(text: string): string {
	if (!SERIAL.test(text)) throw new InvalidArgumentError("It must be 4 to 24 of A-Z, 0-9 and hyphen.");
	return text;
}

/** ISO 8601 with a zone, as milliseconds since 1970 UTC. */
export function isoTime(text: string): number {
	const milliseconds = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(milliseconds))
		throw new InvalidArgumentError("It must be a time such as 2026-07-01T12:00:00Z.");
	return milliseconds;
}

function statusOf(path: string): Stats | undefined {
	return statSync(path, { throwIfNoEntry: false });
}

/** A file that is there. */
export function existingFile(path: string): string {
	if (!statusOf(path)?.isFile()) throw new InvalidArgumentError("There is no such file.");
	return path;
}

/** A folder that is there. */
export function existingFolder(path: string): string {
	if (!statusOf(path)?.isDirectory()) throw new InvalidArgumentError("There is no such folder.");
	return path;
}

/** A file or a folder that is not there yet. */
export function newPath(path: string): string {
	if (path === "" || statusOf(path) !== undefined)
		throw new InvalidArgumentError("It must be something that is not there yet.");
	return path;
}

/** A folder that is there or can be made. */
export function folder(path: string): string {
	const status = statusOf(path);
	if (path === "" || (status !== undefined && !status.isDirectory()))
		throw new InvalidArgumentError("It must be a folder.");
	return path;
}

/** A character device, such as the serial line of a board. */
export function serialLine(path: string): string {
	if (!statusOf(path)?.isCharacterDevice()) throw new InvalidArgumentError("There is no such serial line.");
	return path;
}

/** A reader of an option that may be repeated: each value is read by `read` and added to the former ones. */
export function several<Value>(
	read: (text: string) => Value,
): (text: string, former?: readonly Value[]) => readonly Value[] {
	return (text, former = []) => [...former, read(text)];
}

/** A private key that signs: a file that is there, or a pkcs11: URI. */
export function issuerKey(text: string): string {
	if (!text.startsWith("pkcs11:")) return existingFile(text);
	const uri = parsePkcs11Uri(text);
	if (!uri.ok) throw new InvalidArgumentError(`It is no pkcs11: URI of a key: ${uri.reason}.`);
	return text;
}
