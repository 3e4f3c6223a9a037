/**
 * What a manifest says and who signed it, for people and for programs: the last look before a key is used and before a release is
 * published. Whether a lock takes it is verdict.ts.
 */
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { verifySign } from "../../modules/cose/sign.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { isMet } from "../../modules/trust/bundle-acceptance.ts";
import { type Manifest, manifestAad, type UpdateObject } from "../../modules/update/manifest.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { keyName } from "../trust/key-file.ts";
import { readFreshness } from "./freshness-statement.ts";
import type { ManifestFile } from "./manifest-file.ts";

export interface ManifestInspection {
	readonly vendor: string;
	readonly hardwareClass: string;
	readonly board: string;
	readonly version: string;
	readonly sequence: number;
	readonly securityVersion: number;
	readonly signed: string;
	readonly trustVersion: number;
	/** SHA-256 of the payload: what holders compare by telephone, and what a freshness statement names. */
	readonly digest: string;
	readonly image: string;
	readonly deltas: readonly string[];
	/** Key ids as the message names them; nothing of them is known without a trust bundle. */
	readonly signatures: readonly string[];
	readonly trust: SignerInspection | undefined;
	/** Against an earlier manifest. */
	readonly changes: readonly string[];
}

export interface SignerInspection {
	readonly version: number;
	/** Key ids whose signatures hold. */
	readonly signers: readonly string[];
	/** Signatures that do not hold, are there twice, or are by a key that has no business here. */
	readonly strangers: readonly string[];
	/** How many of the update keys must sign. */
	readonly threshold: number;
	/** Enough signed, and nobody else did. */
	readonly isMet: boolean;
	/** Of the statement beside the manifest; undefined when there is none that holds. */
	readonly freshUntil: string | undefined;
}

export interface InspectionContext {
	readonly trust?: TrustBundle | undefined;
	readonly previous?: Manifest | undefined;
	readonly statement?: Uint8Array | undefined;
}

export function inspectManifest(file: ManifestFile, context: InspectionContext = {}): ManifestInspection {
	const { trust, previous, statement } = context;
	return {
		...describe(file.manifest),
		digest: toHex(new NobleCrypto().sha256(file.payload)),
		signatures: file.signatures.map(({ keyId }) => toHex(keyId)),
		trust: trust && inspectSigners(file, trust, statement),
		changes: previous === undefined ? [] : differences(previous, file.manifest),
	};
}

function inspectSigners(
	file: ManifestFile,
	trust: TrustBundle,
	statement: Uint8Array | undefined,
): SignerInspection {
	const crypto = new NobleCrypto();
	const { keys, threshold } = trust.updateRole;
	const signers: Uint8Array[] = [];
	const strangers: string[] = [];
	for (const each of file.signatures) {
		const held = verifySign(
			crypto,
			{ payload: file.payload, signatures: [each] },
			{
				externalAad: manifestAad(),
				keyFor: (keyId) => keys.find((key) => bytesEqual(keyIdOf(crypto, key), keyId)),
			},
		);
		const name = toHex(each.keyId);
		if (!held.ok) strangers.push(`${name} (${held.reason})`);
		else if (signers.some((signer) => bytesEqual(signer, held.value[0]!)))
			strangers.push(`${name} (duplicate)`);
		else signers.push(...held.value);
	}
	const claim = statement && readFreshness(trust, file.manifest, statement);
	const isForThis = claim !== undefined && bytesEqual(claim.manifestDigest, crypto.sha256(file.payload));
	return {
		version: trust.version,
		signers: signers.map(keyName),
		strangers,
		threshold,
		isMet: strangers.length === 0 && isMet(trust.updateRole, signers),
		freshUntil: isForThis ? isoOf(claim.expiresUnixSeconds) : undefined,
	};
}

function describe(manifest: Manifest) {
	return {
		vendor: manifest.vendor,
		hardwareClass: manifest.hardwareClass,
		board: manifest.board,
		version: manifest.version,
		sequence: manifest.sequence,
		securityVersion: manifest.securityVersion,
		signed: isoOf(manifest.signedUnixSeconds),
		trustVersion: manifest.trustVersion,
		image: describeObject(manifest.image),
		deltas: manifest.deltas.map(
			({ sourceBytes, sourceDigest, object }) =>
				`from ${sourceBytes} bytes, SHA-256 ${toHex(sourceDigest)}: ${describeObject(object)}`,
		),
	};
}

function describeObject({ bytes, digest }: UpdateObject): string {
	return `${bytes} bytes, SHA-256 ${toHex(digest)}`;
}

function isoOf(seconds: number): string {
	return new Date(seconds * 1_000).toISOString();
}

const FIELD_NAMES = Object.freeze({
	vendor: "vendor",
	hardwareClass: "hardware class",
	board: "board",
	version: "version",
	sequence: "sequence",
	securityVersion: "security version",
	signed: "signing time",
	trustVersion: "trust version",
	image: "image",
	deltas: "delta",
} as const);

type Field = keyof typeof FIELD_NAMES;

function differences(former: Manifest, present: Manifest): readonly string[] {
	const [before, after] = [describe(former), describe(present)];
	const lines: string[] = [];
	for (const [field, name] of Object.entries(FIELD_NAMES) as [Field, string][]) {
		const [from, to] = [listOf(before[field]), listOf(after[field])];
		if (field !== "deltas" && from.join() !== to.join())
			lines.push(`${name}: ${from.join()} -> ${to.join()}`);
	}
	if (after.sequence <= before.sequence)
		lines.push("warning: the sequence does not rise, and no lock goes back");
	if (after.securityVersion < before.securityVersion)
		lines.push("warning: the security version falls, and no lock goes back");
	return lines;
}

function listOf(value: string | number | readonly string[]): readonly string[] {
	return typeof value === "object" ? value : [String(value)];
}

/** One fact a line, name and value with a tab between. */
export function manifestInspectionText(inspection: ManifestInspection): string {
	const lines: string[] = [];
	for (const [field, name] of Object.entries(FIELD_NAMES) as [Field, string][])
		for (const each of listOf(inspection[field])) lines.push(`${name}\t${each}`);
	lines.push(`manifest\tSHA-256 ${inspection.digest}`);
	const { trust } = inspection;
	if (trust === undefined) {
		for (const each of inspection.signatures) lines.push(`signature\t${each} (not verified)`);
	} else {
		for (const signer of trust.signers) lines.push(`signed by\t${signer}`);
		for (const stranger of trust.strangers) lines.push(`bad signature\t${stranger}`);
		lines.push(
			`threshold\t${trust.isMet ? "met" : "not met"}: ${trust.signers.length} of ${trust.threshold}, trust version ${trust.version}`,
		);
		lines.push(`fresh until\t${trust.freshUntil ?? "no statement that holds"}`);
	}
	for (const change of inspection.changes) lines.push(`change\t${change}`);
	return lines.join("\n");
}
