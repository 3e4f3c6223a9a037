/** Rows for the records of the store (docs/STORAGE.md), and for what is read out of them. */
import { CLAIM_CODEC } from "../../../modules/access/claim.ts";
import { decodeGrant, encodeGrant } from "../../../modules/access/grant.ts";
import { GRANT_CODEC, LAST_ID_CODEC } from "../../../modules/access/grants.ts";
import { CODEC as HEALTH_CODEC } from "../../../modules/app/health.ts";
import { KEPT, COUNTER as NOTICE_COUNTER } from "../../../modules/app/notices.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import {
	CERTIFICATE_CODEC,
	DEVICE_CODEC,
	decodeChain,
	LINE_CODEC,
	OPERATIONAL_CODEC,
	SEAL_CODEC,
	type StoredPair,
} from "../../../modules/identity/records.ts";
import { CODEC as LOG_CODEC } from "../../../modules/log/event-log.ts";
import { RESET_PENDING } from "../../../modules/store/reset.ts";
import { CODEC as TIME_CODEC } from "../../../modules/time/trusted-time.ts";
import { CODEC as OWNER_RELAYS_CODEC } from "../../../modules/trust/owner-relays.ts";
import { CODEC as BUNDLE_CODEC } from "../../../modules/trust/trust-store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import type { Random } from "../../harness/random.ts";
import { randomSerial } from "../../sim/random-serial.ts";
import { again, type Decoder, decoder, fromItem, fromMap, record } from "./decoder.ts";
import { randomGrant } from "./people.ts";
import { randomBundle, randomFigures, randomOwnRelays } from "./states.ts";

const PRESENCE = "that the record is there is all that it says";

function randomPair(random: Random, slot: 0 | 1): StoredPair {
	const count = random.between(1, LIMITS.ownChainCertificates);
	return { slot, chain: Array.from({ length: count }, () => random.bytes(random.between(1, 600))) };
}

export const RECORD_DECODERS: readonly Decoder[] = Object.freeze([
	record("access/claim.ts", "CLAIM_CODEC", CLAIM_CODEC, (random) => ({
		lockId: random.bytes(16),
		...(random.boolean() ? {} : { owner: randomGrant(random, "owner") }),
	})),
	record("access/grants.ts", "GRANT_CODEC", GRANT_CODEC, (random) => randomGrant(random)),
	record("access/grants.ts", "LAST_ID_CODEC", LAST_ID_CODEC, (random) => random.uint32()),
	record("identity/records.ts", "DEVICE_CODEC", DEVICE_CODEC, (random) => ({
		serial: randomSerial(random),
		hardwareClass: "lk-dev.1",
	})),
	decoder("identity/records.ts", "decodeChain", {
		valid: (random) =>
			encodeCbor([random.bytes(random.between(1, 400)), random.bytes(9)].slice(random.below(2))),
		decode: (bytes) =>
			again(
				fromItem(bytes, (item) => decodeChain(item, LIMITS.operationalChainBytes)),
				(chain) => encodeCbor(chain),
			),
	}),
	record("identity/records.ts", "CERTIFICATE_CODEC", CERTIFICATE_CODEC, (random) =>
		[random.bytes(random.between(1, 400)), random.bytes(9)].slice(random.below(2)),
	),
	record("identity/records.ts", "OPERATIONAL_CODEC", OPERATIONAL_CODEC, (random) => {
		const slot = random.pick<0 | 1>([0, 1]);
		return {
			current: random.boolean() ? randomPair(random, slot) : undefined,
			trial: random.boolean() ? randomPair(random, slot === 0 ? 1 : 0) : undefined,
		};
	}),
	record("identity/records.ts", "LINE_CODEC", LINE_CODEC, () => true),
	record("identity/records.ts", "SEAL_CODEC", SEAL_CODEC, () => true, PRESENCE),
	record("store/reset.ts", "RESET_PENDING", RESET_PENDING, () => true, PRESENCE),
	record("log/event-log.ts", "CODEC", LOG_CODEC, (random) => ({
		encoded: random.bytes(random.between(1, 128)),
		headBefore: random.bytes(32),
	})),
	record("time/trusted-time.ts", "CODEC", TIME_CODEC, (random) => random.uint32() * 50),
	record("trust/trust-store.ts", "CODEC", BUNDLE_CODEC, randomBundle),
	record("trust/owner-relays.ts", "CODEC", OWNER_RELAYS_CODEC, randomOwnRelays),
	record("app/health.ts", "CODEC", HEALTH_CODEC, randomFigures),
	record("app/notices.ts", "COUNTER", NOTICE_COUNTER, (random) => random.uint32()),
	record("app/notices.ts", "KEPT", KEPT, (random) =>
		Array.from({ length: random.between(1, 4) }, () => ({
			address: random.bytes(16),
			sealed: random.bytes(random.between(1, 80)),
		})),
	),
	decoder("access/grant.ts", "decodeGrant", {
		valid: (random) => encodeCbor(encodeGrant(randomGrant(random))),
		decode: (bytes) => again(fromMap(bytes, decodeGrant), (grant) => encodeCbor(encodeGrant(grant))),
	}),
]);
