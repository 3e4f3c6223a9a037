/**
 * Natives with arguments that no caller of ours gives, on the engine itself: every one of several natives, by turns with any
 * of a row of values. It says how many calls returned and how many threw; what it must not do is end the board.
 */

import { PsaTestCrypto } from "../../../hosts/bindings/test-crypto.ts";
import { probeArgument } from "../../../hosts/linux/probe-host.ts";
import { Random } from "../../harness/random.ts";
import { end, say } from "./say.ts";

type AnyNative = (...words: readonly unknown[]) => unknown;

/** `native` takes one literal each. */
const NATIVES: readonly AnyNative[] = [
	native<AnyNative>("xs_lk_ws_mask"),
	native<AnyNative>("xs_lk_ws_utf8"),
	native<AnyNative>("xs_lk_random"),
	native<AnyNative>("xs_lk_equal"),
	native<AnyNative>("xs_lk_sha256"),
	native<AnyNative>("xs_lk_hash_open"),
	native<AnyNative>("xs_lk_hash_update"),
	native<AnyNative>("xs_lk_hash_digest"),
	native<AnyNative>("xs_lk_hmac"),
	native<AnyNative>("xs_lk_derive"),
	native<AnyNative>("xs_lk_chain_from"),
	native<AnyNative>("xs_lk_chain"),
	native<AnyNative>("xs_lk_mix_secret"),
	native<AnyNative>("xs_lk_verify_p256"),
	native<AnyNative>("xs_lk_seal"),
	native<AnyNative>("xs_lk_open"),
	native<AnyNative>("xs_lk_seal_counter"),
	native<AnyNative>("xs_lk_open_counter"),
	native<AnyNative>("xs_lk_pair_generate"),
	native<AnyNative>("xs_lk_pair_agree"),
	native<AnyNative>("xs_lk_secret_close"),
	native<AnyNative>("xs_lk_secret_length"),
	native<AnyNative>("xs_lk_key_generate"),
	native<AnyNative>("xs_lk_key_kind"),
	native<AnyNative>("xs_lk_key_public"),
	native<AnyNative>("xs_lk_key_sign"),
	native<AnyNative>("xs_lk_key_open_pair"),
	native<AnyNative>("xs_lk_key_delete"),
	native<AnyNative>("xs_lk_tls_open"),
	native<AnyNative>("xs_lk_tls_root"),
	native<AnyNative>("xs_lk_tls_certificate"),
	native<AnyNative>("xs_lk_tls_start"),
	native<AnyNative>("xs_lk_tls_read"),
	native<AnyNative>("xs_lk_tls_write"),
	native<AnyNative>("xs_lk_tls_info"),
	native<AnyNative>("xs_lk_tls_close"),
];

class Thief extends Uint8Array {}
class Handle extends Native("xs_lk_secret_destructor") {
	static make(): Handle {
		return new Handle();
	}
}
class HashHandle extends Native("xs_lk_hash_destructor") {
	static make(): HashHandle {
		return new HashHandle();
	}
}
class TlsHandle extends Native("xs_lk_tls_destructor") {
	static make(): TlsHandle {
		return new TlsHandle();
	}
}

const crypto = new PsaTestCrypto();
const random = new Random(Number(probeArgument("seed")), "hostile");

/** Made anew for each call: an argument may be written to, or become a handle in use. */
function value(): unknown {
	switch (random.below(24)) {
		case 0:
			return undefined;
		case 1:
			return null;
		case 2:
			return random.pick([Number.NaN, Number.POSITIVE_INFINITY, -0, 0.5, -1, 2 ** 53, 2 ** 32, 1e300]);
		case 3:
		case 4:
			return random.pick([0, 1, 2, 3, 16, 32, 443, 10000]);
		case 5:
			return random.pick(["", "k", "relay.test", "\u0000", "a".repeat(70000), "\ud800"]);
		case 6:
			return new ArrayBuffer(random.pick([0, 12, 16, 32]));
		case 7:
			return new ArrayBuffer(8).slice(4);
		case 8:
			return new DataView(new ArrayBuffer(32));
		case 9:
			return new Float64Array(4);
		case 10:
			return new Thief(32);
		case 11:
			return new Uint8Array(new ArrayBuffer(64), 16, 32);
		case 12:
			return crypto.chainFrom(new Uint8Array(32));
		case 13:
			return crypto.generateEphemeral();
		case 14:
			return crypto.openHash("sha256");
		case 15:
			return random.pick([Handle, HashHandle, TlsHandle]).make();
		case 16:
			return random.pick<unknown>([{}, [], () => undefined, Symbol("s"), 10n ** 30n, true, new Date(0)]);
		case 17:
			return new Proxy(new Uint8Array(32), {});
		case 18:
			return Object.create(Uint8Array.prototype);
		case 19:
			return Object.create(new Uint8Array(32));
		default:
			return new Uint8Array(random.pick([0, 1, 12, 16, 28, 32, 48, 64, 65]));
	}
}

let returned = 0;
let threw = 0;
for (let round = 0; round < Number(probeArgument("rounds")); round++) {
	const words = Array.from({ length: random.below(8) }, value);
	try {
		random.pick(NATIVES)(...words);
		returned++;
	} catch {
		threw++;
	}
}
say("hostile", returned > 0, threw > returned);
end();
