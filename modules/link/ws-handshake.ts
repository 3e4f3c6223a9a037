/**
 * The opening handshake of RFC 6455 4.1: the request, and the judgement of the response. It offers no extension and
 * follows no redirect; whatever is not exactly an acceptance of this request is refused with a reason.
 */
import { acceptFor } from "./ws-accept.ts";
import { HttpHeadReader, listTokens } from "./ws-response.ts";

export interface WsRequest {
	/** Host header: a name or address (IPv6 in brackets), with its port unless that is the scheme's own. */
	readonly host: string;
	/** Path and query; begins with a slash. */
	readonly resource: string;
	readonly subprotocols: readonly string[];
	/** RFC 6455 4.1 lets a server answer without a subprotocol; true refuses such an answer. */
	readonly subprotocolRequired: boolean;
	/** Base64 of 16 fresh octets of the CSPRNG. */
	readonly key: string;
}

export type WsRefusal =
	| "http" // not an HTTP/1.1 response head
	| "header-size" // more header bytes than the bound
	| "redirect" // 3xx
	| "unauthorised" // 401, 403, 407
	| "status" // any other status but 101
	| "upgrade" // Upgrade is not "websocket"
	| "connection" // Connection lacks the token "upgrade"
	| "accept" // Sec-WebSocket-Accept is missing, wrong or given twice
	| "extension" // an extension, and none was offered
	| "subprotocol"; // a subprotocol that was not offered, or none where one is required

export type WsAnswer =
	| { readonly kind: "accepted"; readonly subprotocol: string | undefined }
	| { readonly kind: "refused"; readonly refusal: WsRefusal; readonly status: number | undefined };

export function encodeRequest(request: WsRequest): string {
	const lines = [
		`GET ${request.resource} HTTP/1.1`,
		`Host: ${request.host}`,
		"Upgrade: websocket",
		"Connection: Upgrade",
		`Sec-WebSocket-Key: ${request.key}`,
		"Sec-WebSocket-Version: 13",
	];
	if (request.subprotocols.length > 0)
		lines.push(`Sec-WebSocket-Protocol: ${request.subprotocols.join(", ")}`);
	return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Headers that may come more than once are joined by commas (RFC 9110 5.3); these may not (RFC 6455 11.3). */
const JUDGED: readonly string[] = Object.freeze([
	"upgrade",
	"connection",
	"sec-websocket-accept",
	"sec-websocket-extensions",
	"sec-websocket-protocol",
]);

export class WsHandshakeReader {
	readonly #request: WsRequest;
	readonly #accept: string;
	readonly #head: HttpHeadReader;
	readonly #values = new Map<string, string>();
	#status: number | undefined;

	constructor(request: WsRequest, maxHeaderBytes: number) {
		this.#request = request;
		this.#accept = acceptFor(request.key);
		this.#head = new HttpHeadReader(maxHeaderBytes);
	}

	/** Undefined when the input is used up; on an answer the input stands behind the head. */
	next(input: { readonly bytes: Uint8Array; offset: number }): WsAnswer | undefined {
		for (;;) {
			const part = this.#head.next(input);
			if (part === undefined) return undefined;
			switch (part.kind) {
				case "fault":
					return this.#refuse(part.fault);
				case "status": {
					this.#status = part.code;
					const refusal = judgeStatus(part.code);
					if (refusal !== undefined) return this.#refuse(refusal);
					break;
				}
				case "header":
					this.#keep(part.name, part.value);
					break;
				case "end":
					if (this.#status === 101) return this.#judge();
					// RFC 9110 15.2: an interim response may precede the answer.
					this.#values.clear();
					break;
			}
		}
	}

	#keep(name: string, value: string): void {
		if (!JUDGED.includes(name)) return;
		const before = this.#values.get(name);
		this.#values.set(name, before === undefined ? value : `${before}, ${value}`);
	}

	#refuse(refusal: WsRefusal): WsAnswer {
		return { kind: "refused", refusal, status: this.#status };
	}

	/** RFC 6455 4.1, the numbered list behind "validate the server's response". */
	#judge(): WsAnswer {
		const values = this.#values;
		if (values.get("upgrade")?.toLowerCase() !== "websocket") return this.#refuse("upgrade");
		if (!listTokens(values.get("connection") ?? "").includes("upgrade")) return this.#refuse("connection");
		if (values.get("sec-websocket-accept") !== this.#accept) return this.#refuse("accept");
		if (values.has("sec-websocket-extensions")) return this.#refuse("extension");
		const subprotocol = values.get("sec-websocket-protocol");
		const offered = this.#request.subprotocols;
		if (subprotocol === undefined) {
			if (this.#request.subprotocolRequired && offered.length > 0) return this.#refuse("subprotocol");
		} else if (!offered.includes(subprotocol)) {
			return this.#refuse("subprotocol");
		}
		return { kind: "accepted", subprotocol };
	}
}

/** Undefined for 101 and for the interim responses that may precede it. */
function judgeStatus(code: number): WsRefusal | undefined {
	if (code >= 100 && code < 200) return undefined;
	if (code >= 300 && code < 400) return "redirect";
	return code === 401 || code === 403 || code === 407 ? "unauthorised" : "status";
}
