/** Rows for modules/trust: DER, certificates and what they prove, trust bundles, relays. */
import { concatBytes, fromHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeBundle, encodeBundle, readBundle, readStoredBundle } from "../../../modules/trust/bundle.ts";
import { type Certificate, decodeCertificate } from "../../../modules/trust/certificate.ts";
import { decodeExtensions } from "../../../modules/trust/certificate-extensions.ts";
import { DER, DerReader, der } from "../../../modules/trust/der.ts";
import { verifyDeviceChain } from "../../../modules/trust/device-chain.ts";
import { decodeEcdsaSignature, encodeEcdsaSignature } from "../../../modules/trust/ecdsa-signature.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { decodeOwnRelays, type OwnRelays } from "../../../modules/trust/owner-relays.ts";
import {
	decodeRelayAddresses,
	decodeRelayRoots,
	encodeRelayAddresses,
	encodeRelayRoots,
} from "../../../modules/trust/relay-entry.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { asArray, asBytes } from "../../../modules/wire/cbor-map.ts";
import { decodePiece } from "../../../modules/wire/piece.ts";
import { randomSerial } from "../../sim/random-serial.ts";
import {
	caConstraints,
	keyUsage,
	leafConstraints,
	makeDeviceCertificate,
	makeRoot,
	OPENSSL_DEVICE_KEY,
	opensslDevice,
	opensslRoot,
	opensslServer,
	purposes,
	SERVER_AUTH,
} from "../../unit/trust/certificates.ts";
import { accepted, again, type Decoder, decoder, fromItem, fromMap } from "./decoder.ts";
import { randomAddresses, randomBundle, randomOwnRelays, randomPoint, randomRelayRoots } from "./states.ts";

/** In the validity of OpenSSL's device. */
const NOW_MS = Date.UTC(2027, 0, 1);

/** Writes elements as they were read; undefined at the first that was refused. */
function elementsOf(bytes: Uint8Array): readonly (readonly [tag: number, content: Uint8Array])[] | undefined {
	const reader = new DerReader(bytes);
	const elements: (readonly [number, Uint8Array])[] = [];
	for (let element = reader.next(); element !== undefined; element = reader.next()) {
		elements.push([element.tag, element.content]);
		if (reader.done) return elements;
	}
	return undefined;
}

/** Every field, whole: `describe` would leave the end of a long one out. */
function fieldsOf(certificate: Certificate): Uint8Array {
	const { subjectSerial, keyP256, notBeforeMs, notAfterMs, isCa, pathLength, clientAuth } = certificate;
	const { purposes, digitalSignature, keyCertSign, limitedOtherwise, issuer, subject } = certificate;
	const usage = [isCa, pathLength ?? null, clientAuth, purposes, digitalSignature, keyCertSign];
	const names = [subjectSerial ?? null, issuer, subject, limitedOtherwise];
	const signed = [certificate.signedBytes, certificate.signature ?? null];
	return encodeCbor([keyP256 ?? null, notBeforeMs, notAfterMs, usage, names, signed]);
}

function ownRelayFields({ roots, addresses }: OwnRelays): Uint8Array {
	return encodeCbor({ 0: encodeRelayRoots(roots), 1: encodeRelayAddresses(addresses) });
}

export const TRUST_ROWS: readonly Decoder[] = Object.freeze([
	decoder("trust/der.ts", "DerReader", {
		valid: (random) =>
			concatBytes(...[makeRoot(), der(4, random.bytes(random.below(300)))].slice(random.below(2))),
		decode: (bytes) =>
			again(elementsOf(bytes), (elements) =>
				concatBytes(...elements.map(([tag, content]) => der(tag, content))),
			),
		views: "the reader returns views of the bytes it was given",
	}),
	decoder("trust/certificate.ts", "decodeCertificate", {
		valid: (random) =>
			random.pick([
				opensslRoot,
				opensslDevice,
				opensslServer,
				() => makeDeviceCertificate(randomSerial(random), randomPoint(random)),
			])(),
		decode: (bytes) => again(decodeCertificate(bytes), fieldsOf),
		describes: true,
		views: "byte strings are views of what was read",
	}),
	decoder("trust/certificate-extensions.ts", "decodeExtensions", {
		valid: (random) =>
			der(
				DER.sequence,
				random.boolean() ? caConstraints() : leafConstraints(),
				keyUsage(random.pick([0x80, 0x04])),
				purposes(random.pick([SERVER_AUTH, OID.clientAuth])),
			),
		decode: (bytes) =>
			again(decodeExtensions(new DerReader(bytes)), (usage) =>
				encodeCbor(Object.values(usage).map((value) => value ?? null)),
			),
		describes: true,
	}),
	decoder("trust/ecdsa-signature.ts", "decodeEcdsaSignature", {
		valid(random) {
			const signature = random.bytes(64);
			signature.fill(0, 0, random.pick([0, 0, 1, 31]));
			signature.fill(0, 32, 32 + random.pick([0, 0, 1, 31]));
			return encodeEcdsaSignature(signature);
		},
		decode: (bytes) => again(decodeEcdsaSignature(bytes), encodeEcdsaSignature),
	}),
	decoder("trust/device-chain.ts", "verifyDeviceChain", {
		valid: (random) => encodeCbor([opensslDevice(), opensslRoot()].slice(0, random.between(1, 2))),
		decode(bytes, crypto) {
			const chain = fromItem(bytes, (item) =>
				asArray(item, { min: 0, max: 9 })?.map(
					(each) => asBytes(each, { min: 0, max: 4096 }) ?? new Uint8Array(0),
				),
			);
			const verdict =
				chain &&
				verifyDeviceChain(crypto, chain, {
					serial: "LK-0001",
					keyP256: fromHex(OPENSSL_DEVICE_KEY)!,
					roots: [opensslRoot()],
					time: { unixMs: NOW_MS, kind: "estimate" },
				});
			return again(verdict && accepted(verdict), fieldsOf);
		},
		describes: true,
	}),
	decoder("trust/bundle.ts", "decodeBundle", {
		valid: (random) => encodeBundle(randomBundle(random)),
		decode: (bytes) => again(accepted(decodeBundle(bytes)), encodeBundle),
	}),
	decoder("trust/bundle.ts", "readBundle", {
		valid: (random) => encodeBundle(randomBundle(random)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (fields) => accepted(readBundle(fields))),
				encodeBundle,
			),
	}),
	decoder("trust/bundle.ts", "readStoredBundle", {
		valid: (random) => encodeBundle(randomBundle(random)),
		decode: (bytes) => again(fromMap(bytes, readStoredBundle), encodeBundle),
	}),
	decoder("wire/piece.ts", "decodePiece", {
		valid(random) {
			const bytes = random.bytes(random.between(1, LIMITS.bundlePieceBytes));
			const offset = random.below(LIMITS.bundleBytes - bytes.length + 1);
			return encodeCbor({
				0: random.between(offset + bytes.length, LIMITS.bundleBytes),
				1: offset,
				2: bytes,
			});
		},
		decode: (bytes) =>
			again(fromMap(bytes, decodePiece), (piece) =>
				encodeCbor({ 0: piece.total, 1: piece.offset, 2: piece.bytes }),
			),
	}),
	decoder("trust/relay-entry.ts", "decodeRelayRoots", {
		valid: (random) => encodeCbor(encodeRelayRoots(randomRelayRoots(random, LIMITS.relayRoots))),
		decode: (bytes) =>
			again(
				fromItem(bytes, (value) => decodeRelayRoots(value, LIMITS.relayRoots)),
				(roots) => encodeCbor(encodeRelayRoots(roots)),
			),
	}),
	decoder("trust/relay-entry.ts", "decodeRelayAddresses", {
		valid: (random) => encodeCbor(encodeRelayAddresses(randomAddresses(random, LIMITS.relayAddresses))),
		decode: (bytes) =>
			again(
				fromItem(bytes, (value) => decodeRelayAddresses(value, LIMITS.relayAddresses)),
				(addresses) => encodeCbor(encodeRelayAddresses(addresses)),
			),
	}),
	decoder("trust/owner-relays.ts", "decodeOwnRelays", {
		valid: (random) => ownRelayFields(randomOwnRelays(random)),
		decode: (bytes) =>
			again(
				fromMap(bytes, (fields) => decodeOwnRelays(fields, 0, 1)),
				ownRelayFields,
			),
		loose: "nothing else of the map is looked at",
	}),
]);
