/** Rows for the local radio and the owner's Wi-Fi: advertisements, fragments, credentials. */
import { ADVERTISING_KEY_CODEC } from "../../../modules/app/advertiser.ts";
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { WifiCredentials } from "../../../modules/platform/wifi.ts";
import { decodeAdvertisement, encodeAdvertisement } from "../../../modules/wire/advertisement.ts";
import { Fragmenter, FragmentReader } from "../../../modules/wire/ble-fragment.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { decodeWifi, wifiFields } from "../../../modules/wire/wifi.ts";
import type { Random } from "../../harness/random.ts";
import { accepted, again, type Decoder, decoder, fromMap, record } from "./decoder.ts";

const PACKET_BYTES = LIMITS.radioPacketMinBytes;

function randomWifi(random: Random): WifiCredentials {
	const ssid = random.bytes(random.between(1, LIMITS.wifiSsidBytes));
	if (random.boolean()) return { ssid };
	const length = random.between(LIMITS.wifiPassphraseMinBytes, LIMITS.wifiKeyDigits);
	return { ssid, passphrase: Array.from({ length }, () => random.pick(["a", "7", "F"])).join("") };
}

/** A frame as packets of one size, one behind the other. */
function packetsOf(frames: readonly Uint8Array[]): Uint8Array {
	const fragmenter = new Fragmenter();
	for (const frame of frames) fragmenter.add(frame);
	const packets: Uint8Array[] = [];
	for (;;) {
		const packet = fragmenter.next(PACKET_BYTES);
		if (packet === undefined) return concatBytes(...packets);
		fragmenter.taken(packet);
		packets.push(packet);
	}
}

export const RADIO_ROWS: readonly Decoder[] = Object.freeze([
	decoder("wire/advertisement.ts", "decodeAdvertisement", {
		valid: (random) => concatBytes(Uint8Array.of(random.pick([0x11, 0x12])), random.bytes(9)),
		decode: (bytes) => again(accepted(decodeAdvertisement(bytes)), encodeAdvertisement),
	}),
	decoder("wire/ble-fragment.ts", "FragmentReader", {
		// A frame that ends with its packet, so that what comes next begins with another one.
		valid: (random) => packetsOf([random.bytes(17 + 19 * random.below(8))]),
		decode(bytes) {
			const reader = new FragmentReader();
			const frames: Uint8Array[] = [];
			for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
				const read = reader.push(bytes.subarray(at, at + PACKET_BYTES));
				if (!read.ok) return undefined;
				if (read.value !== undefined) frames.push(read.value);
			}
			return frames.length === 0 ? undefined : () => packetsOf(frames);
		},
		loose: "what has not come whole is waited for",
	}),
	decoder("wire/wifi.ts", "decodeWifi", {
		valid: (random) => encodeCbor(wifiFields(randomWifi(random))),
		decode: (bytes) =>
			again(
				fromMap(bytes, (map) => (map.hasOnly([1, 2]) ? decodeWifi(map) : undefined)),
				(wifi) => encodeCbor(wifiFields(wifi)),
			),
	}),
	record("app/advertiser.ts", "ADVERTISING_KEY_CODEC", ADVERTISING_KEY_CODEC, (random) => ({
		key: random.bytes(16),
		departed: random.uint32(),
	})),
]);
