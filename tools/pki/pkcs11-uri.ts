/**
 * The few attributes of a pkcs11: URI (RFC 7512) that name a key for signing. What is not among them is refused, so that
 * a URI never means something else than it says; a PIN inside one is refused, for a command line is no secret.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";

export interface Pkcs11Uri {
	/** Label of the token. */
	readonly token: string;
	/** Label of the key, or its id, or both. */
	readonly object: string | undefined;
	/** Hexadecimal. */
	readonly id: string | undefined;
	/** The provider's library. */
	readonly modulePath: string;
	/** A file that holds the PIN and nothing else. */
	readonly pinFile: string | undefined;
}

export type Pkcs11UriReason =
	| "scheme"
	| "attribute"
	| "encoding"
	| "token"
	| "object"
	| "module-path"
	| "pin";

const PATH_ATTRIBUTES: readonly string[] = ["token", "object", "id", "type"];
const QUERY_ATTRIBUTES: readonly string[] = ["module-path", "pin-source"];

export function parsePkcs11Uri(text: string): Result<Pkcs11Uri, Pkcs11UriReason> {
	if (!text.startsWith("pkcs11:")) return refuse("scheme");
	const [path = "", query, ...rest] = text.slice("pkcs11:".length).split("?");
	if (rest.length > 0) return refuse("attribute");
	if (/(^|[;&?])pin-value=/.test(text)) return refuse("pin");
	const found = new Map<string, string>();
	const parts = [
		...path.split(";").map((part) => [PATH_ATTRIBUTES, part] as const),
		...(query ?? "").split("&").map((part) => [QUERY_ATTRIBUTES, part] as const),
	];
	for (const [known, part] of parts) {
		if (part === "") continue;
		const equals = part.indexOf("=");
		const name = part.slice(0, Math.max(0, equals));
		if (!known.includes(name) || found.has(name)) return refuse("attribute");
		found.set(name, part.slice(equals + 1));
	}
	const id = found.has("id") ? decodeId(found.get("id")!) : undefined;
	if (found.has("id") && id === undefined) return refuse("encoding");
	let texts: Readonly<Record<string, string>>;
	try {
		texts = Object.fromEntries(
			[...found].filter(([name]) => name !== "id").map(([name, value]) => [name, decodeURIComponent(value)]),
		);
	} catch {
		return refuse("encoding");
	}
	if (Object.values(texts).some((value) => !/^\P{Cc}+$/u.test(value))) return refuse("encoding");
	const { token, object, type } = texts;
	const modulePath = texts["module-path"];
	const pinFile = texts["pin-source"]?.replace(/^file:(\/\/)?/, "");
	if (token === undefined) return refuse("token");
	if ((object === undefined && id === undefined) || (type ?? "private") !== "private")
		return refuse("object");
	if (modulePath?.startsWith("/") !== true) return refuse("module-path");
	if (pinFile !== undefined && !pinFile.startsWith("/")) return refuse("pin");
	return accept({ token, object, id, modulePath, pinFile });
}

/** Bytes, mostly as %XX. */
function decodeId(text: string): string | undefined {
	if (!/^(%[0-9A-Fa-f]{2}|[A-Za-z0-9._~-])+$/.test(text)) return undefined;
	return text.replace(/%([0-9A-Fa-f]{2})|(.)/g, (_all, hex: string | undefined, character: string) =>
		(hex ?? character.charCodeAt(0).toString(16)).toLowerCase(),
	);
}
