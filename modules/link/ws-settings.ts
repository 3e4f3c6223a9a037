/** How patient this product's WebSocket client is: one set of values for the link and for the probe that tries it. */
import { LIMITS } from "../base/limits.ts";
import type { WsSettings } from "./ws-state.ts";

export const WS_SETTINGS: WsSettings = Object.freeze({
	handshakeMs: LIMITS.wsHandshakeMs,
	closeMs: LIMITS.wsCloseMs,
	failMs: LIMITS.wsFailMs,
	pongsMax: LIMITS.wsPongs,
	keepalive: Object.freeze({ pingMs: LIMITS.linkPingMs, deadMs: LIMITS.linkDeadMs }),
});
