/**
 * Certificates for tests: three that OpenSSL 3.0 made, and a maker of any other (its signatures are noise: the reader
 * under test verifies none).
 */
import { fromHex } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { DER, der, derBits, derUnsigned } from "../../../modules/trust/der.ts";
import { encodeEcdsaSignature } from "../../../modules/trust/ecdsa-signature.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";

/** `openssl req -x509`: a P-256 root, pathlen 1, 2026-11-21 09:56:56 to 2126-10-28 09:56:56. */
export function opensslRoot(): Uint8Array {
	return fromHex(
		"308201973082013da00302010202142e8c2c043d5bca38e27e116698c65bddc4040df1300a06082a8648ce3d04030230" +
			"2731163014060355040a0c0d4c617463686b65792074657374310d300b06035504030c04526f6f743020170d32363131" +
			"32313039353635365a180f32313236313032383039353635365a302731163014060355040a0c0d4c617463686b657920" +
			"74657374310d300b06035504030c04526f6f743059301306072a8648ce3d020106082a8648ce3d030107034200049741" +
			"2bc13ec04b473739b6738f73291da0481c90c56bf71e3b09661eaf78afdb937d5b32dc23cc48b7cdde042e9cd23113d7" +
			"ec68feb63feaeef380145ae643bca345304330120603551d130101ff040830060101ff020101300e0603551d0f0101ff" +
			"040403020106301d0603551d0e041604145675fc6639cce97df1537e7b028cdb7824c9f7f0300a06082a8648ce3d0403" +
			"02034800304502202a8f047da81f0c61e16da1d703438db6aeaefd7f52d0341cabfead1135a5a7620221008eb29260d7" +
			"32fed16af98368d4cb4b5c64237ff4f4ada4130504b15a6267ba45",
	)!;
}

/** `openssl x509 -req`: the device LK-0001 under that root, 2026-11-21 09:56:56 to 2027-11-21 09:56:56. */
export function opensslDevice(): Uint8Array {
	return fromHex(
		"308201b430820159a00302010202050102030405300a06082a8648ce3d040302302731163014060355040a0c0d4c6174" +
			"63686b65792074657374310d300b06035504030c04526f6f74301e170d3236313132313039353635365a170d32373131" +
			"32313039353635365a30243110300e06035504030c074c4b2d303030313110300e060355040513074c4b2d3030303130" +
			"59301306072a8648ce3d020106082a8648ce3d030107034200049ff55db10504056c4bdbcc05fd3e6c794ec21b2483e0" +
			"cc14b44a604fa13a2dd807c53e14c70468a03a76a1b944d4217bcd683f0d0feb9163246d7dc69cec1461a3753073300c" +
			"0603551d130101ff04023000300e0603551d0f0101ff04040302078030130603551d25040c300a06082b060105050703" +
			"02301d0603551d0e0416041437539db6bb58060dcacd9b0e04701ef625996216301f0603551d230418301680145675fc" +
			"6639cce97df1537e7b028cdb7824c9f7f0300a06082a8648ce3d0403020349003046022100acfe7ffa98aca4ad5ee703" +
			"0d6313b669286a93f834e6cca7fa3657a77edbfa97022100ac215b49c23e747c2c70247c79e0ec1eca851bb8c797860f" +
			"785d732659de053e",
	)!;
}

/** The device's public key as `openssl ec -pubout` prints it. */
export const OPENSSL_DEVICE_KEY =
	"049ff55db10504056c4bdbcc05fd3e6c794ec21b2483e0cc14b44a604fa13a2d" +
	"d807c53e14c70468a03a76a1b944d4217bcd683f0d0feb9163246d7dc69cec1461";

/** `openssl x509 -req`: an RSA server under that root. */
export function opensslServer(): Uint8Array {
	return fromHex(
		"3082028330820228a003020102020107300a06082a8648ce3d040302302731163014060355040a0c0d4c617463686b65" +
			"792074657374310d300b06035504030c04526f6f74301e170d3236313132313039353635365a170d3236313132383039" +
			"353635365a3010310e300c06035504030c0572656c617930820122300d06092a864886f70d01010105000382010f0030" +
			"82010a0282010100adae02db49199447406e498803a4a7d7ef78834ddbb317dc07dc3d26e0fba7cb2e93087db5f86b9c" +
			"226d9b27310b4008dc52127c7b9a42430f6cf1ed9b7f85bba9c5570542f5730bbc9f932573e05a87ba91916a695434cf" +
			"2cd70159440f21925531b4afc1c4a88a84909b33853ea84f8d06d709c36ff091f3ea66cfa940dc675bb685d503639efa" +
			"38dafb04ccfd705a9700c4c92423f70a19d684865d68e20c33524b320e11d959aff59352c4a505d9f9514c70f3b697c3" +
			"9e730be67dbc7f0984696daa9e87e0bb709705ac3d1506cb15b683bb74140e4feedf31430e9d2950d8af8505881d56e8" +
			"9084613c6fcf36a0acb22dc623e04dadd65e18f043ccc0230203010001a3819030818d300c0603551d130101ff040230" +
			"00300e0603551d0f0101ff04040302078030130603551d25040c300a06082b0601050507030130180603551d11041130" +
			"0f820d72656c61792e6578616d706c65301d0603551d0e0416041423dbede596d807c57349dca751ef09e52eaf2a0030" +
			"1f0603551d230418301680145675fc6639cce97df1537e7b028cdb7824c9f7f0300a06082a8648ce3d04030203490030" +
			"46022100b3a84e5ae20c03b5a13c704cd393d7601ff30f1d7d05c4b374910039dfa237290221008b66a4b59946e3fc7d" +
			"9be7b339c247edee6bbe1475098497db836fd76a366694",
	)!;
}

export interface CertificateParts {
	readonly version?: Uint8Array;
	/** INTEGER element. */
	readonly serialNumber?: Uint8Array;
	/** Subject attributes: type and value element; absent: a name. */
	readonly subject?: readonly (readonly [string, Uint8Array])[];
	readonly key?: Uint8Array;
	readonly notBefore?: Uint8Array;
	readonly notAfter?: Uint8Array;
	/** Extension elements; absent: none at all. */
	readonly extensions?: readonly Uint8Array[];
	readonly trailing?: Uint8Array;
	/** A Name; absent: the subject that is there when none is given. */
	readonly issuer?: Uint8Array;
	/** r || s over what is signed; absent: noise that is no signature. */
	readonly sign?: (signedBytes: Uint8Array) => Uint8Array;
	/** The object identifier of the signature's algorithm, and another one for the inside. */
	readonly algorithm?: string;
	readonly innerAlgorithm?: string;
}

export function printable(text: string): Uint8Array {
	return der(DER.printableString, encodeUtf8(text));
}

export function utcTime(text: string): Uint8Array {
	return der(DER.utcTime, encodeUtf8(text));
}

export function generalizedTime(text: string): Uint8Array {
	return der(DER.generalizedTime, encodeUtf8(text));
}

export function extension(type: string, value: Uint8Array, critical = false): Uint8Array {
	const flag = critical ? [der(DER.boolean, Uint8Array.of(0xff))] : [];
	return der(DER.sequence, identifier(type), ...flag, der(DER.octetString, value));
}

export function caConstraints(): Uint8Array {
	return extension(OID.basicConstraints, der(DER.sequence, der(DER.boolean, Uint8Array.of(0xff))), true);
}

export function leafConstraints(): Uint8Array {
	return extension(OID.basicConstraints, der(DER.sequence), true);
}

export function keyUsage(bits: number): Uint8Array {
	return extension(OID.keyUsage, der(DER.bitString, Uint8Array.of(0, bits)), true);
}

export function purposes(...types: readonly string[]): Uint8Array {
	return extension(OID.extendedKeyUsage, der(DER.sequence, ...types.map(identifier)));
}

export const SERVER_AUTH = "2b06010505070301";

const SOMEBODY: NonNullable<CertificateParts["subject"]> = [[OID.commonName, printable("x")]];

function nameOf(attributes: NonNullable<CertificateParts["subject"]>): Uint8Array {
	return der(
		DER.sequence,
		...attributes.map(([type, value]) => der(DER.set, der(DER.sequence, identifier(type), value))),
	);
}

export function makeCertificate(parts: CertificateParts): Uint8Array {
	const outer = parts.algorithm ?? OID.ecdsaWithSha256;
	const algorithm = der(DER.sequence, identifier(outer));
	const fields = der(
		DER.sequence,
		der(DER.context0, parts.version ?? derUnsigned(Uint8Array.of(2))),
		parts.serialNumber ?? derUnsigned(Uint8Array.of(1)),
		der(DER.sequence, identifier(parts.innerAlgorithm ?? outer)),
		parts.issuer ?? nameOf(SOMEBODY),
		der(
			DER.sequence,
			parts.notBefore ?? utcTime("260101000000Z"),
			parts.notAfter ?? utcTime("270101000000Z"),
		),
		nameOf(parts.subject ?? SOMEBODY),
		der(
			DER.sequence,
			der(DER.sequence, identifier(OID.ecPublicKey), identifier(OID.prime256v1)),
			derBits(parts.key ?? Uint8Array.of(4, ...new Uint8Array(64))),
		),
		...(parts.extensions === undefined ? [] : [der(DER.context3, der(DER.sequence, ...parts.extensions))]),
		parts.trailing ?? new Uint8Array(0),
	);
	const signature = parts.sign === undefined ? new Uint8Array(70) : encodeEcdsaSignature(parts.sign(fields));
	return der(DER.sequence, fields, algorithm, derBits(signature));
}

/** A device certificate of the factory, for this serial and key. */
export function makeDeviceCertificate(
	serial: string,
	key: Uint8Array,
	parts: CertificateParts = {},
): Uint8Array {
	return makeCertificate({
		subject: [
			[OID.commonName, der(DER.utf8String, encodeUtf8(serial))],
			[OID.serialNumber, printable(serial)],
		],
		key,
		extensions: [leafConstraints(), keyUsage(0x80), purposes(OID.clientAuth)],
		...parts,
	});
}

export function makeRoot(): Uint8Array {
	return makeCertificate({ extensions: [caConstraints(), keyUsage(0x06)] });
}

function identifier(hex: string): Uint8Array {
	return der(DER.objectIdentifier, fromHex(hex)!);
}
