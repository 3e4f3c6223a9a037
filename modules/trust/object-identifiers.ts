/** The object identifiers that requests and certificates are made of, as DER content bytes in hexadecimal. */
export const OID = Object.freeze({
	/** 2.5.4.3 */
	commonName: "550403",
	/** 2.5.4.5 */
	serialNumber: "550405",
	/** 1.2.840.10045.2.1 */
	ecPublicKey: "2a8648ce3d0201",
	/** 1.2.840.10045.3.1.7 */
	prime256v1: "2a8648ce3d030107",
	/** 1.3.132.0.34 */
	secp384r1: "2b81040022",
	/** 1.2.840.113549.1.1.1 */
	rsaEncryption: "2a864886f70d010101",
	/** 1.2.840.10045.4.3.2 */
	ecdsaWithSha256: "2a8648ce3d040302",
	/** 2.5.29.15 */
	keyUsage: "551d0f",
	/** 2.5.29.17 */
	subjectAltName: "551d11",
	/** 2.5.29.19 */
	basicConstraints: "551d13",
	/** 2.5.29.30 */
	nameConstraints: "551d1e",
	/** 2.5.29.36 */
	policyConstraints: "551d24",
	/** 2.5.29.54 */
	inhibitAnyPolicy: "551d36",
	/** 2.5.29.37 */
	extendedKeyUsage: "551d25",
	/** 2.5.29.37.0 */
	anyPurpose: "551d2500",
	/** 1.3.6.1.5.5.7.3.1 */
	serverAuth: "2b06010505070301",
	/** 1.3.6.1.5.5.7.3.2 */
	clientAuth: "2b06010505070302",
} as const);
