/**
 * Close frames: which status codes may stand on the wire (RFC 6455 7.4, and what IANA registered since) and what a
 * Close frame's body may be (RFC 6455 5.5.1).
 */
import { encodeUtf8 } from "../base/utf8.ts";
import { isUtf8 } from "./ws-utf8.ts";

export const CLOSE_NORMAL = 1000;
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_UNSUPPORTED = 1003;
/** Never on the wire: the peer's Close frame had no body. */
export const CLOSE_NONE_GIVEN = 1005;
/** Never on the wire: the connection ended without a Close frame. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_INVALID_TEXT = 1007;
export const CLOSE_TOO_BIG = 1009;

const REASON_BYTES_MAX = 123;

export type WsCloseFault = "close-length" | "close-code" | "close-utf8";

export interface WsCloseBody {
	/** CLOSE_NONE_GIVEN when the body is empty. */
	readonly code: number;
	readonly reason: Uint8Array;
}

/** RFC 6455 7.4.1 and 7.4.2; 1012 to 1014 are registered, 1004 to 1006 and 1015 are not for the wire. */
export function isCloseCode(code: number): boolean {
	if (code >= 3000 && code <= 4999) return true;
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

export function decodeClose(payload: Uint8Array): WsCloseBody | WsCloseFault {
	if (payload.length === 0) return { code: CLOSE_NONE_GIVEN, reason: payload };
	if (payload.length === 1) return "close-length";
	const code = (payload[0]! << 8) | payload[1]!;
	if (!isCloseCode(code)) return "close-code";
	const reason = payload.subarray(2);
	return isUtf8(reason) ? { code, reason } : "close-utf8";
}

/** An empty body for CLOSE_NONE_GIVEN. A reason is cut at a character's boundary to what fits. */
export function encodeClose(code: number, reason = ""): Uint8Array {
	if (code === CLOSE_NONE_GIVEN) return new Uint8Array(0);
	let text = encodeUtf8(reason);
	if (text.length > REASON_BYTES_MAX) {
		let end = REASON_BYTES_MAX;
		while (end > 0 && (text[end]! & 0xc0) === 0x80) end--;
		text = text.subarray(0, end);
	}
	const body = new Uint8Array(2 + text.length);
	body[0] = code >> 8;
	body[1] = code & 0xff;
	body.set(text, 2);
	return body;
}
