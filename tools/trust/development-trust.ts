/**
 * The development trust of a PKI: keys for each role, and the bundles that were signed with them. A vendor's holders keep
 * their keys apart and sign one after the other (docs/OPERATIONS.md); here one folder has them all.
 *
 *   PKI/trust/bundle-1.key .. bundle-3.key   who signs bundles, two of three
 *   PKI/trust/release-1.key, release-2.key   who signs update manifests, both
 *   PKI/trust/freshness.key, time.key        what a relay's side signs with
 *   PKI/trust/<version>.bundle               every bundle so far
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SignMessage } from "../../modules/cose/sign.ts";
import { bundleFlaw, encodeBundle, type TrustBundle } from "../../modules/trust/bundle.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import type { NamedEndpoint } from "../cli/arguments.ts";
import { PKI_FILES, readCertificate } from "../factory/pki.ts";
import {
	addSignature,
	type BundleFile,
	explainFlaw,
	readBundleFile,
	writeBundleFile,
} from "./bundle-file.ts";
import { makeKeyFiles, readPublicKeyFile, withKeyFile } from "./key-file.ts";
import { TrustFault } from "./trust-fault.ts";

const ROLES = Object.freeze({
	bundle: Object.freeze(["bundle-1", "bundle-2", "bundle-3"]),
	release: Object.freeze(["release-1", "release-2"]),
	freshness: Object.freeze(["freshness"]),
	time: Object.freeze(["time"]),
});
const THRESHOLD = 2;
const LIFE_SECONDS = 2 * 365 * 86_400;
const BUNDLE_FILE = /^([1-9]\d{0,15})\.bundle$/;

export const TRUST_FILES = Object.freeze({
	dir: (pkiDir: string) => join(pkiDir, "trust"),
	/** A private key by its name, for example "time" or "release-1". */
	key: (pkiDir: string, name: string) => join(pkiDir, "trust", `${name}.key`),
	bundle: (pkiDir: string, version: number) => join(pkiDir, "trust", `${version}.bundle`),
});

/** The path of the newest bundle; undefined when there is none. */
export function newestBundlePath(pkiDir: string): string | undefined {
	const dir = TRUST_FILES.dir(pkiDir);
	if (!existsSync(dir)) return undefined;
	const versions = readdirSync(dir).map((file) => Number(BUNDLE_FILE.exec(file)?.[1] ?? 0));
	const newest = Math.max(0, ...versions);
	return newest === 0 ? undefined : TRUST_FILES.bundle(pkiDir, newest);
}

function pointsOf(pkiDir: string, names: readonly string[]): readonly Uint8Array[] {
	return names.map((name) => readPublicKeyFile(TRUST_FILES.key(pkiDir, name)));
}

function makeKeys(pkiDir: string): void {
	const dir = TRUST_FILES.dir(pkiDir);
	if (existsSync(dir)) return;
	const draft = `${dir}.${process.pid}.new`;
	rmSync(draft, { recursive: true, force: true });
	mkdirSync(draft, { mode: 0o700 });
	for (const name of Object.values(ROLES).flat()) {
		makeKeyFiles(join(draft, `${name}.key`), join(draft, `${name}.pub`));
	}
	renameSync(draft, dir);
}

function bundleFor(pkiDir: string, version: number, relays: readonly RelayAddress[]): TrustBundle {
	const der = (purpose: "relay" | "device"): Uint8Array =>
		new Uint8Array(readCertificate(PKI_FILES.rootCertificate(pkiDir, purpose)).rawData);
	const nowSeconds = Math.floor(Date.now() / 1_000);
	return {
		version,
		signedUnixSeconds: nowSeconds,
		expiresUnixSeconds: nowSeconds + LIFE_SECONDS,
		bundleRole: { threshold: THRESHOLD, keys: pointsOf(pkiDir, ROLES.bundle) },
		updateRole: { threshold: THRESHOLD, keys: pointsOf(pkiDir, ROLES.release) },
		freshnessKeys: pointsOf(pkiDir, ROLES.freshness),
		timeKeys: pointsOf(pkiDir, ROLES.time),
		relayRoots: [{ der: der("relay") }],
		relays,
		deviceRoots: [der("device")],
	};
}

/** Signs with the development holders and writes the bundle under its version. */
export function signDevelopmentBundle(pkiDir: string, bundle: TrustBundle): BundleFile {
	const flaw = bundleFlaw(bundle);
	if (flaw !== undefined) throw new TrustFault(`the bundle: ${explainFlaw(flaw)}`);
	let message: SignMessage = { payload: encodeBundle(bundle), signatures: [] };
	for (const name of ROLES.bundle.slice(0, THRESHOLD)) {
		message = withKeyFile(TRUST_FILES.key(pkiDir, name), (key) => addSignature(message, key));
	}
	writeBundleFile(TRUST_FILES.bundle(pkiDir, bundle.version), message);
	return { ...message, bundle };
}

export type TrustOutcome = "made" | "next-version" | "unchanged";

/** Keys and version 1 where there are none; the next version when the relays are others than the newest one says. */
export function ensureTrust(
	pkiDir: string,
	endpoints: readonly NamedEndpoint[],
): { readonly outcome: TrustOutcome; readonly file: BundleFile } {
	makeKeys(pkiDir);
	const relays = endpoints.map(({ host, port, name }) => ({ host, port, serverName: name }));
	const path = newestBundlePath(pkiDir);
	if (path === undefined) {
		return { outcome: "made", file: signDevelopmentBundle(pkiDir, bundleFor(pkiDir, 1, relays)) };
	}
	const newest = readBundleFile(path);
	if (JSON.stringify(newest.bundle.relays) === JSON.stringify(relays))
		return { outcome: "unchanged", file: newest };
	const next = {
		...bundleFor(pkiDir, newest.bundle.version + 1, relays),
		relayRoots: newest.bundle.relayRoots,
	};
	return { outcome: "next-version", file: signDevelopmentBundle(pkiDir, next) };
}
