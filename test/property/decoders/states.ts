/** Random trust, relays and figures of health within their bounds, for the rows of the table. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TlsRoot } from "../../../modules/platform/tls.ts";
import type { Role, TrustBundle } from "../../../modules/trust/bundle.ts";
import type { OwnRelays } from "../../../modules/trust/owner-relays.ts";
import type { RelayAddress } from "../../../modules/trust/relay-entry.ts";
import {
	HEALTH_COUNT_MAX,
	type HealthFigures,
	LINK_FAILURE_MAX,
	RESET_REASON_BYTES,
	TIME_SOURCES,
} from "../../../modules/wire/report.ts";
import type { Random } from "../../harness/random.ts";
import { SIGNED_UNIX_SECONDS } from "../../sim/bundles.ts";
import { caConstraints, keyUsage, makeCertificate } from "../../unit/trust/certificates.ts";

/** What stands for a P-256 key where nobody computes with it. */
export function randomPoint(random: Random): Uint8Array {
	return concatBytes(Uint8Array.of(4), random.bytes(64));
}

function randomPoints(random: Random, max: number): readonly Uint8Array[] {
	return Array.from({ length: random.between(1, max) }, () => randomPoint(random));
}

/** Valid in 2026. */
function randomRoot(random: Random): Uint8Array {
	return makeCertificate({ key: randomPoint(random), extensions: [caConstraints(), keyUsage(0x06)] });
}

export function randomRelayRoots(random: Random, max: number): readonly TlsRoot[] {
	return Array.from({ length: random.between(1, max) }, () => {
		const pins = Array.from({ length: random.below(LIMITS.tlsPins + 1) }, () => random.bytes(32));
		return { der: randomRoot(random), ...(pins.length === 0 ? {} : { pins }) };
	});
}

/** None twice. */
export function randomAddresses(random: Random, max: number): readonly RelayAddress[] {
	const first = random.between(1, 65535 - max);
	return Array.from({ length: random.between(1, max) }, (_, index) => {
		const host = random.pick(["relay.test", "10.0.0.1", "::1", "a"]);
		return { host, port: first + index, serverName: random.pick([host, "relay.example"]) };
	});
}

export function randomOwnRelays(random: Random): OwnRelays {
	return {
		roots: randomRelayRoots(random, LIMITS.ownerRelayRoots),
		addresses: randomAddresses(random, LIMITS.ownerRelayAddresses),
	};
}

function randomRole(random: Random): Role {
	const keys = randomPoints(random, LIMITS.roleKeys);
	return { threshold: random.between(1, Math.min(keys.length, LIMITS.roleThreshold)), keys };
}

export function randomBundle(random: Random): TrustBundle {
	const signedUnixSeconds = SIGNED_UNIX_SECONDS + random.below(1000000);
	return {
		version: random.between(1, 1000000),
		signedUnixSeconds,
		expiresUnixSeconds: signedUnixSeconds + random.between(1, 100000000),
		bundleRole: randomRole(random),
		updateRole: randomRole(random),
		freshnessKeys: randomPoints(random, LIMITS.onlineKeys),
		timeKeys: randomPoints(random, LIMITS.onlineKeys),
		relayRoots: randomRelayRoots(random, LIMITS.relayRoots),
		relays: randomAddresses(random, LIMITS.relayAddresses),
		deviceRoots: Array.from({ length: random.between(1, LIMITS.deviceRoots) }, () => randomRoot(random)),
	};
}

/** Now and then as large as they can be. */
export function randomFigures(random: Random): HealthFigures {
	const full = random.below(8) === 0;
	const linkFailures = new Map<number, number>();
	for (let count = full ? LIMITS.healthFailureReasons : random.below(9); count > 0; count--) {
		linkFailures.set(LINK_FAILURE_MAX - 3 * count, full ? HEALTH_COUNT_MAX : random.uint32());
	}
	const resets = full ? LIMITS.healthResets : random.below(LIMITS.healthResets + 1);
	const reasons = ["power-on", "watchdog", "x".repeat(RESET_REASON_BYTES)] as const;
	return {
		boots: full ? HEALTH_COUNT_MAX : random.uint32(),
		resets: Array.from({ length: resets }, () => ({
			boot: full ? HEALTH_COUNT_MAX : random.uint32(),
			reason: full ? reasons[2] : random.pick(reasons),
		})),
		...(full || random.boolean() ? { stack: full ? "x".repeat(LIMITS.healthStackBytes) : "step:12" } : {}),
		...(full || random.boolean() ? { leastFreeBytes: full ? Number.MAX_SAFE_INTEGER : random.uint32() } : {}),
		linkFailures,
		lastTimeSource: random.pick(TIME_SOURCES),
	};
}
