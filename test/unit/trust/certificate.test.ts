import { fromHex } from "../../../modules/base/bytes.ts";
import { decodeCertificate } from "../../../modules/trust/certificate.ts";
import { DER, der, derUnsigned } from "../../../modules/trust/der.ts";
import { encodeDeviceSubject } from "../../../modules/trust/device-subject.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { isRelayRoot } from "../../../modules/trust/relay-entry.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	type CertificateParts,
	caConstraints,
	extension,
	generalizedTime,
	keyUsage,
	leafConstraints,
	makeCertificate,
	makeDeviceCertificate,
	OPENSSL_DEVICE_KEY,
	opensslDevice,
	opensslRoot,
	opensslServer,
	printable,
	purposes,
	SERVER_AUTH,
	utcTime,
} from "./certificates.ts";

const KEY = Uint8Array.of(4, ...new Uint8Array(64).fill(7));

function refused(parts: CertificateParts, why: string): void {
	check.equal(
		decodeCertificate(makeCertificate({ extensions: [leafConstraints()], ...parts })),
		undefined,
		why,
	);
}

export default function suite(t: Suite): void {
	t.test("a device certificate that OpenSSL made is read: serial, key, dates, purpose", ({ crypto }) => {
		const device = opensslDevice();
		const { issuer, subject, signedBytes, signature, ...read } = decodeCertificate(device)!;
		check.deepEqual(read, {
			subjectSerial: "LK-0001",
			keyP256: fromHex(OPENSSL_DEVICE_KEY),
			notBeforeMs: Date.UTC(2026, 10, 21, 9, 56, 56),
			notAfterMs: Date.UTC(2027, 10, 21, 9, 56, 56),
			isCa: false,
			pathLength: undefined,
			clientAuth: true,
			purposes: 1,
			servers: false,
			hasUsage: true,
			strongKey: true,
			digitalSignature: true,
			keyCertSign: false,
			limitedOtherwise: false,
		});
		check.bytes(subject, encodeDeviceSubject("LK-0001"), "the subject as it stands there");
		const root = decodeCertificate(opensslRoot())!;
		check.bytes(issuer, root.subject);
		check.equal(root.keyCertSign, true);
		check.equal(root.pathLength, 1);
		check.ok(crypto.verifyP256(root.keyP256!, signedBytes, signature!), "what OpenSSL signed");
	});

	t.test("a root and an RSA server that OpenSSL made are read as what they are", () => {
		const root = decodeCertificate(opensslRoot());
		check.equal(root?.isCa, true);
		check.equal(root?.subjectSerial, undefined);
		check.equal(root?.digitalSignature, false);
		check.equal(root?.notAfterMs, Date.UTC(2126, 9, 28, 9, 56, 56));
		const server = decodeCertificate(opensslServer());
		check.equal(server?.isCa, false);
		check.equal(server?.clientAuth, false);
		check.equal(server?.keyP256, undefined);
	});

	t.test("purpose, usage and constraints are read apart", () => {
		const read = (...extensions: readonly Uint8Array[]) => decodeCertificate(makeCertificate({ extensions }));
		check.equal(read(keyUsage(0x80))?.isCa, false);
		check.equal(read(keyUsage(0x80))?.clientAuth, false);
		check.equal(read(purposes(SERVER_AUTH))?.clientAuth, false);
		check.equal(read(purposes(SERVER_AUTH, OID.clientAuth))?.clientAuth, true);
		check.equal(read(keyUsage(0x40))?.digitalSignature, false);
		check.equal(read(keyUsage(0xc0))?.digitalSignature, true);
		check.equal(read(caConstraints())?.isCa, true);
		check.equal(read(leafConstraints())?.isCa, false);
		check.equal(read(extension("551d0e", der(DER.sequence)))?.isCa, false, "what is not read is passed over");
	});

	t.test("a serial that stands twice, or not at all, is none", () => {
		check.equal(decodeCertificate(makeDeviceCertificate("LK-7", KEY))?.subjectSerial, "LK-7");
		const twice = [
			[OID.serialNumber, printable("LK-7")],
			[OID.serialNumber, printable("LK-8")],
		] as const;
		check.equal(
			decodeCertificate(makeCertificate({ extensions: [leafConstraints()], subject: twice }))?.subjectSerial,
			undefined,
		);
		const none = [[OID.commonName, printable("LK-7")]] as const;
		check.equal(
			decodeCertificate(makeCertificate({ extensions: [leafConstraints()], subject: none }))?.subjectSerial,
			undefined,
		);
	});

	t.test("dates are read in both forms, and days that no calendar has are refused", () => {
		const read = (notAfter: Uint8Array) =>
			decodeCertificate(makeCertificate({ extensions: [leafConstraints()], notAfter }))?.notAfterMs;
		check.equal(read(utcTime("491231235959Z")), Date.UTC(2049, 11, 31, 23, 59, 59));
		check.equal(read(utcTime("500101000000Z")), Date.UTC(1950, 0, 1));
		check.equal(read(generalizedTime("20500228000000Z")), Date.UTC(2050, 1, 28));
		check.equal(read(generalizedTime("99991231235959Z")), Date.UTC(9999, 11, 31, 23, 59, 59));
		for (const text of [
			"260229000000Z",
			"261301000000Z",
			"260100000000Z",
			"260101240000Z",
			"260101006000Z",
		]) {
			check.equal(read(utcTime(text)), undefined, text);
		}
		for (const text of ["2601010000Z", "260101000000", "260101000000+0000", "26010100000AZ", ""]) {
			check.equal(read(utcTime(text)), undefined, text);
		}
		check.equal(read(generalizedTime("00990101000000Z")), undefined, "a year that Date maps elsewhere");
		check.equal(read(printable("260101000000Z")), undefined);
	});

	t.test("what is not one certificate of version 3 is refused", () => {
		const good = makeDeviceCertificate("LK-7", KEY);
		check.ok(decodeCertificate(good) !== undefined);
		check.equal(decodeCertificate(new Uint8Array(0)), undefined);
		check.equal(decodeCertificate(Uint8Array.of(...good, 0)), undefined);
		check.equal(decodeCertificate(good.subarray(0, good.length - 1)), undefined);
		refused({ version: derUnsigned(Uint8Array.of(1)) }, "version 2");
		refused({ version: new Uint8Array(0) }, "no version");
		refused({ trailing: derUnsigned(Uint8Array.of(1)) }, "a field behind the extensions");
		check.equal(decodeCertificate(makeCertificate({})), undefined, "no extensions");
	});

	t.test("keys and extensions that are malformed refuse the certificate", () => {
		refused({ key: Uint8Array.of(4, ...new Uint8Array(63)) }, "a short point");
		refused({ key: Uint8Array.of(2, ...new Uint8Array(64)) }, "a compressed point");
		refused({ extensions: [leafConstraints(), leafConstraints()] }, "an extension twice");
		refused({ extensions: [leafConstraints(), caConstraints()] }, "an extension twice, to another end");
		refused({ extensions: [extension(OID.basicConstraints, new Uint8Array(0))] }, "empty constraints");
		const falseFlag = der(DER.sequence, der(DER.boolean, Uint8Array.of(0)));
		refused({ extensions: [extension(OID.basicConstraints, falseFlag)] }, "a default written out");
		const oddFlag = der(DER.sequence, der(DER.boolean, Uint8Array.of(1)));
		refused({ extensions: [extension(OID.basicConstraints, oddFlag)] }, "a boolean that DER has not");
		refused({ extensions: [extension(OID.keyUsage, der(DER.bitString, Uint8Array.of(0)))] }, "no usage bits");
		refused(
			{ extensions: [extension(OID.keyUsage, der(DER.bitString, Uint8Array.of(9, 0x80)))] },
			"nine spare bits",
		);
		refused({ extensions: [extension(OID.extendedKeyUsage, printable("client"))] }, "purposes that are none");
		refused({ extensions: [der(DER.sequence, der(DER.octetString))] }, "an extension without its type");
		const many = Array.from({ length: 33 }, (_, index) =>
			extension(`551d${(0x40 + index).toString(16)}`, new Uint8Array(0)),
		);
		check.ok(decodeCertificate(makeCertificate({ extensions: many.slice(1) })) !== undefined);
		refused({ extensions: many }, "more extensions than the bound");
	});

	t.test(
		"what the connection refuses to read is refused here: serial numbers, names, dates, empty lists (T5)",
		() => {
			const serial = (...content: readonly number[]) => ({
				serialNumber: der(DER.integer, Uint8Array.from(content)),
			});
			check.ok(
				decodeCertificate(makeCertificate({ extensions: [leafConstraints()], ...serial(0, 0x80) })) !==
					undefined,
			);
			refused(serial(0), "zero, as some old roots have it");
			refused(serial(), "no byte");
			refused(serial(0x80), "negative");
			refused(serial(0, 1), "not the shortest form");
			refused(serial(1, ...new Uint8Array(20)), "21 bytes");
			refused({ issuer: der(DER.sequence) }, "no issuer");
			refused({ issuer: der(DER.sequence, der(DER.set)) }, "an issuer without attributes");
			refused({ issuer: der(DER.sequence, der(DER.sequence)) }, "an issuer that is no name");
			refused({ subject: [], extensions: [caConstraints()] }, "a CA without a name");
			refused({ subject: [] }, "nobody");
			refused({ notAfter: generalizedTime("20491231235959Z") }, "the long form before 2050");
			refused({ extensions: [] }, "extensions, but none");
			refused({ extensions: [purposes()] }, "purposes, but none");
			refused({ extensions: [extension(OID.subjectAltName, der(DER.sequence))] }, "names, but none");
			const address = (bytes: number) =>
				extension(OID.subjectAltName, der(DER.sequence, der(0x87, new Uint8Array(bytes))));
			check.ok(decodeCertificate(makeCertificate({ extensions: [address(16)] })) !== undefined);
			refused({ extensions: [address(5)] }, "an address of five bytes");
			const usage = (...bits: readonly number[]) =>
				extension(OID.keyUsage, der(DER.bitString, Uint8Array.from(bits)), true);
			check.ok(decodeCertificate(makeCertificate({ extensions: [usage(1, 0x06)] })) !== undefined);
			refused({ extensions: [usage(2, 0x06)] }, "spare bits that are not zero");
			refused({ extensions: [usage(0, 0x06, 0, 0)] }, "more bits than there are");
			const length = (isCa: boolean, ...content: readonly number[]) => {
				const flag = isCa ? [der(DER.boolean, Uint8Array.of(0xff))] : [];
				const value = der(DER.sequence, ...flag, der(DER.integer, Uint8Array.from(content)));
				return { extensions: [extension(OID.basicConstraints, value, true)] };
			};
			check.ok(decodeCertificate(makeCertificate(length(true, 0, 0x80))) !== undefined);
			refused(length(true, 0, 1), "a path length that is not in the shortest form");
			refused(length(true, 1, 0, 0, 0, 0), "a path length of 33 bits");
			refused(length(false, 1), "a path length of no CA");
		},
	);

	t.test("a relay root is a CA of a key that TLS takes, and nothing limits it (T5)", () => {
		const root = (...extensions: readonly Uint8Array[]) => makeCertificate({ extensions });
		check.ok(isRelayRoot(opensslRoot()));
		check.ok(isRelayRoot(root(caConstraints())), "without key usage");
		check.ok(isRelayRoot(root(caConstraints(), keyUsage(0x06), purposes(SERVER_AUTH))));
		check.ok(!isRelayRoot(root(leafConstraints(), keyUsage(0x06))), "no CA");
		check.ok(!isRelayRoot(root(caConstraints(), keyUsage(0x80))), "it may not issue");
		check.ok(!isRelayRoot(root(caConstraints(), purposes(OID.clientAuth))), "it may not issue for servers");
		for (const limit of [OID.nameConstraints, OID.policyConstraints, OID.inhibitAnyPolicy]) {
			check.ok(!isRelayRoot(root(caConstraints(), extension(limit, der(DER.sequence)))), limit);
		}
	});

	t.test("no bytes make the reader throw (I9)", ({ random }) => {
		const good = [opensslDevice(), opensslRoot(), opensslServer()];
		let accepted = 0;
		for (let round = 0; round < 1500; round++) {
			const bytes = random.below(8) === 0 ? random.bytes(random.below(64)) : random.mutate(random.pick(good));
			if (decodeCertificate(bytes) !== undefined) accepted++;
		}
		check.ok(accepted > 50, `${accepted} of 1500 mutants were certificates: their signatures are for TLS`);
	});
}
