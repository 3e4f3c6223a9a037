/**
 * What a bundle says and who signed it, for people and for programs: the last look before a key is used and before a bundle
 * is published. Whether a lock takes it is said by the lock's own rule.
 */
import { X509Certificate } from "node:crypto";
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { encodeSign, verifySign } from "../../modules/cose/sign.ts";
import type { Role, TrustBundle } from "../../modules/trust/bundle.ts";
import { bundleAad, isMet, judgeBundle } from "../../modules/trust/bundle-acceptance.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { BundleFile } from "./bundle-file.ts";
import { keyName } from "./key-file.ts";

export interface Inspection {
	readonly version: number;
	readonly signed: string;
	readonly expires: string;
	readonly expired: boolean;
	readonly bundleSigning: string;
	readonly updateSigning: string;
	readonly freshness: readonly string[];
	readonly time: readonly string[];
	readonly relayRoots: readonly string[];
	readonly relays: readonly string[];
	readonly deviceRoots: readonly string[];
	/** Key ids whose signatures hold. */
	readonly signers: readonly string[];
	/** Signatures that do not hold, or by a key that has no business here. */
	readonly strangers: readonly string[];
	readonly ownThreshold: boolean;
	/** Undefined without a previous bundle. */
	readonly previousThreshold: boolean | undefined;
	/** Whether a lock with the previous bundle (a lock before its seal, without one) takes it; else its reason. */
	readonly verdict: "accepted" | "no change" | string;
	readonly changes: readonly string[];
}

export function inspect(
	file: BundleFile,
	previous: TrustBundle | undefined,
	nowUnixMs = Date.now(),
): Inspection {
	const crypto = new NobleCrypto();
	const { bundle, payload, signatures } = file;
	const known = [...bundle.bundleRole.keys, ...(previous?.bundleRole.keys ?? [])];
	const signers: Uint8Array[] = [];
	const strangers: string[] = [];
	for (const each of signatures) {
		const keyFor = (keyId: Uint8Array) => known.find((key) => bytesEqual(keyIdOf(crypto, key), keyId));
		const held = verifySign(crypto, { payload, signatures: [each] }, { externalAad: bundleAad(), keyFor });
		if (held.ok) signers.push(...held.value);
		else strangers.push(`${toHex(each.keyId)} (${held.reason})`);
	}
	const judged = judgeBundle(crypto, previous, encodeSign(file), previous === undefined ? "any" : "next");
	return {
		...describe(bundle),
		expired: bundle.expiresUnixSeconds * 1_000 <= nowUnixMs,
		signers: signers.map(keyName),
		strangers,
		ownThreshold: isMet(bundle.bundleRole, signers),
		previousThreshold: previous && isMet(previous.bundleRole, signers),
		verdict: !judged.ok ? judged.reason : judged.value.isNew ? "accepted" : "no change",
		changes: previous === undefined ? [] : differences(previous, bundle),
	};
}

function describe(bundle: TrustBundle) {
	return {
		version: bundle.version,
		signed: isoOf(bundle.signedUnixSeconds),
		expires: isoOf(bundle.expiresUnixSeconds),
		bundleSigning: describeRole(bundle.bundleRole),
		updateSigning: describeRole(bundle.updateRole),
		freshness: bundle.freshnessKeys.map(keyName),
		time: bundle.timeKeys.map(keyName),
		relayRoots: bundle.relayRoots.map(({ der, pins }) => {
			const pinned = pins === undefined ? "any key below it" : `keys ${pins.map(toHex).join(", ")}`;
			return `${describeRoot(der)}, ${pinned}`;
		}),
		relays: bundle.relays.map(({ host, port, serverName }) => `${host}:${port} as ${serverName}`),
		deviceRoots: bundle.deviceRoots.map(describeRoot),
	};
}

function isoOf(seconds: number): string {
	return new Date(seconds * 1_000).toISOString();
}

function describeRole({ threshold, keys }: Role): string {
	return `${threshold} of ${keys.map(keyName).join(", ")}`;
}

function describeRoot(der: Uint8Array): string {
	const digest = toHex(new NobleCrypto().sha256(der)).slice(0, 16);
	try {
		const { subject, validTo } = new X509Certificate(der);
		return `${subject.replaceAll("\n", ", ")} until ${validTo}, SHA-256 ${digest}…`;
	} catch {
		return `SHA-256 ${digest}…`;
	}
}

const FIELD_NAMES = Object.freeze({
	bundleSigning: "bundle signing",
	updateSigning: "update signing",
	freshness: "freshness keys",
	time: "time keys",
	relayRoots: "relay roots",
	relays: "relay addresses",
	deviceRoots: "device roots",
} as const);

function differences(former: TrustBundle, present: TrustBundle): readonly string[] {
	const [before, after] = [describe(former), describe(present)];
	const lines: string[] = [];
	for (const [field, name] of Object.entries(FIELD_NAMES) as [keyof typeof FIELD_NAMES, string][]) {
		const [from, to] = [listOf(before[field]), listOf(after[field])];
		for (const each of from) if (!to.includes(each)) lines.push(`${name}: gone ${each}`);
		for (const each of to) if (!from.includes(each)) lines.push(`${name}: new ${each}`);
		if (from.join() !== to.join() && from.length === to.length && from.every((each) => to.includes(each))) {
			lines.push(`${name}: another order`);
		}
	}
	return lines;
}

function listOf(value: string | readonly string[]): readonly string[] {
	return typeof value === "string" ? [value] : value;
}

/** One fact a line, name and value with a tab between. */
export function inspectionText(inspection: Inspection): string {
	const lines: string[] = [
		`version\t${inspection.version}`,
		`signed\t${inspection.signed}`,
		`expires\t${inspection.expires}${inspection.expired ? " (expired: locks will report stale)" : ""}`,
	];
	for (const [field, name] of Object.entries(FIELD_NAMES) as [keyof typeof FIELD_NAMES, string][]) {
		for (const each of listOf(inspection[field])) lines.push(`${name}\t${each}`);
	}
	for (const signer of inspection.signers) lines.push(`signed by\t${signer}`);
	for (const stranger of inspection.strangers) lines.push(`bad signature\t${stranger}`);
	lines.push(`own threshold\t${inspection.ownThreshold ? "met" : "not met"}`);
	if (inspection.previousThreshold !== undefined) {
		lines.push(`previous threshold\t${inspection.previousThreshold ? "met" : "not met"}`);
	}
	for (const change of inspection.changes) lines.push(`change\t${change}`);
	lines.push(`a lock says\t${inspection.verdict}`);
	return lines.join("\n");
}
