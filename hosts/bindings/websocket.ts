/** The byte loops of a WebSocket in C (platform/websocket.ts). */
import type { WsBytes } from "../../modules/platform/websocket.ts";

const mask = native<(bytes: Uint8Array, from: number, key: Uint8Array) => void>("xs_lk_ws_mask");
const utf8 = native<(state: number, bytes: Uint8Array) => number>("xs_lk_ws_utf8");

export const NATIVE_WS_BYTES: WsBytes = Object.freeze({
	mask: (bytes: Uint8Array, from: number, key: Uint8Array): void => mask(bytes, from, key),
	utf8: (state: number, bytes: Uint8Array): number => utf8(state, bytes),
});
