/**
 * `latchkey probe tls` on the engine: one connection with the product's TLS client, one text, one line of JSON.
 * It is ok when the peer sent application bytes or closed cleanly, or did not object for a second after the text.
 */
import { DeviceError } from "../../modules/base/device-error.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { TlsConnection, TlsInfo, TlsReason } from "../../modules/platform/tls.ts";
import { NativeTls } from "../bindings/tls.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { finishProbe, neededArgument, probeArgument } from "./probe-host.ts";
import { tlsOptionsFromArguments } from "./probe-tls-options.ts";

const SILENCE_MS = 1_000;

class TlsProbe {
	#connection: TlsConnection | undefined;
	#info: TlsInfo | undefined;
	#unsent: Uint8Array = encodeUtf8(probeArgument("send") ?? "x");

	start(): void {
		const options = tlsOptionsFromArguments(neededArgument("name"));
		this.#connection = new NativeTls().connect(options, {
			onConnected: (info) => {
				this.#info = info;
				this.#send();
			},
			onReadable: () => {
				if (this.#connection?.read(1) !== undefined) this.#succeed("data");
			},
			onWritable: () => this.#send(),
			onClosed: (reason) => (reason === undefined ? this.#succeed("closed") : this.#fail(reason)),
		});
	}

	#send(): void {
		const taken = this.#connection?.write(this.#unsent) ?? 0;
		this.#unsent = this.#unsent.subarray(taken);
		if (this.#unsent.length === 0) CLOCK.after(SILENCE_MS, () => this.#succeed("silent"));
	}

	#succeed(peer: "data" | "closed" | "silent"): never {
		this.#connection?.close();
		return finishProbe({ ok: true, ...this.#info, peer });
	}

	#fail(reason: TlsReason): never {
		const stage = this.#info === undefined ? "handshake" : "up";
		return finishProbe({ ok: false, reason, stage, ...this.#info });
	}
}

/** No root that can be read is left at the start; the command has looked at everything else. */
function isRootFault(error: unknown): boolean {
	if (!(error instanceof DeviceError) || error.code !== "tls/setup") return false;
	return error.message.includes("tls root") || error.message.includes("tls start");
}

try {
	new TlsProbe().start();
} catch (error) {
	if (!isRootFault(error)) throw error;
	finishProbe({ ok: false, reason: "chain-malformed", stage: "roots" });
}
