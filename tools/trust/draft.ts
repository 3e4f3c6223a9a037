/**
 * A new bundle out of the one before it and what is to change (docs/OPERATIONS.md, the ceremony): lists that are given
 * replace the former ones whole, everything else stays. What a lock would refuse, whoever signs it, is refused here.
 */
import { fromHex } from "../../modules/base/bytes.ts";
import type { TlsRoot } from "../../modules/platform/tls.ts";
import { bundleFlaw, type TrustBundle } from "../../modules/trust/bundle.ts";
import type { NamedEndpoint } from "../cli/arguments.ts";
import { readCertificateFile } from "../cli/certificate-file.ts";
import { CliFault } from "../cli/fault.ts";
import { explainFlaw } from "./bundle-file.ts";
import { readPublicKeyFile } from "./key-file.ts";
import { TrustFault } from "./trust-fault.ts";

export interface RootArgument {
	readonly path: string;
	/** SHA-256 of SubjectPublicKeyInfo below it, in hexadecimal; none: any. */
	readonly pins: readonly string[];
}

/** Each absent one is taken from the previous bundle. Keys are paths of their files. */
export interface DraftChanges {
	readonly threshold?: number;
	readonly bundleKeys?: readonly string[];
	readonly updateThreshold?: number;
	readonly updateKeys?: readonly string[];
	readonly freshnessKeys?: readonly string[];
	readonly timeKeys?: readonly string[];
	readonly relayRoots?: readonly RootArgument[];
	readonly relays?: readonly NamedEndpoint[];
	/** PEM files. */
	readonly deviceRoots?: readonly string[];
}

export interface DraftDates {
	readonly signedUnixMs: number;
	readonly expiresUnixMs: number;
}

/** Throws TrustFault, and CliFault for what a first bundle lacks. */
export function makeDraft(
	previous: TrustBundle | undefined,
	changes: DraftChanges,
	dates: DraftDates,
): TrustBundle {
	const needed = <Value>(value: Value | undefined, option: string): Value => {
		if (value === undefined) throw new CliFault(`a first bundle needs ${option}`, 2);
		return value;
	};
	const keys = (
		paths: readonly string[] | undefined,
		former: readonly Uint8Array[] | undefined,
		option: string,
	) => needed(paths?.map(readPublicKeyFile) ?? former, option);
	const bundleKeys = keys(changes.bundleKeys, previous?.bundleRole.keys, "--bundle-key");
	const updateKeys = keys(changes.updateKeys, previous?.updateRole.keys, "--update-key");
	const draft: TrustBundle = {
		version: (previous?.version ?? 0) + 1,
		signedUnixSeconds: Math.floor(dates.signedUnixMs / 1_000),
		expiresUnixSeconds: Math.floor(dates.expiresUnixMs / 1_000),
		bundleRole: {
			threshold: needed(changes.threshold ?? previous?.bundleRole.threshold, "--threshold"),
			keys: bundleKeys,
		},
		updateRole: {
			threshold: needed(changes.updateThreshold ?? previous?.updateRole.threshold, "--update-threshold"),
			keys: updateKeys,
		},
		freshnessKeys: keys(changes.freshnessKeys, previous?.freshnessKeys, "--freshness-key"),
		timeKeys: keys(changes.timeKeys, previous?.timeKeys, "--time-key"),
		relayRoots: needed(changes.relayRoots?.map(readRoot) ?? previous?.relayRoots, "--relay-root"),
		relays: needed(
			changes.relays?.map(({ host, port, name }) => ({ host, port, serverName: name })) ?? previous?.relays,
			"--relay",
		),
		deviceRoots: needed(
			changes.deviceRoots?.map(readCertificateFile) ?? previous?.deviceRoots,
			"--device-root",
		),
	};
	const flaw = bundleFlaw(draft);
	if (flaw !== undefined) throw new TrustFault(`no lock would take this bundle: ${explainFlaw(flaw)}`);
	if (previous !== undefined && draft.signedUnixSeconds < previous.signedUnixSeconds) {
		throw new TrustFault("no lock would take this bundle: it is signed before the previous one");
	}
	return draft;
}

function readRoot({ path, pins }: RootArgument): TlsRoot {
	const der = readCertificateFile(path);
	return pins.length === 0 ? { der } : { der, pins: pins.map((pin) => fromHex(pin)!) };
}
