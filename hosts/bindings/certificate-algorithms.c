/* Which key a certificate holds and how it is signed (RFC 3279, 4055, 5480, 5758), as far as the profile goes. */
#include <string.h>

#include "certificate.h"

#define IS(slice, ...) der_is(slice, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define PKCS1 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01  /* 1.2.840.113549.1.1 */
#define X962 0x2a, 0x86, 0x48, 0xce, 0x3d  /* 1.2.840.10045 */
#define SHA2 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02  /* 2.16.840.1.101.3.4.2 */

/* RFC 4055 2.1: parameters are NULL, and absent is accepted. */
static bool null_or_absent(Slice parameters)
{
	return parameters.bytes == 0 || IS(parameters, DER_NULL, 0);
}

static unsigned hash_bits(Slice algorithm)
{
	Slice oid;

	if (!der_take(&algorithm, DER_OID, &oid) || !null_or_absent(algorithm)) return 0;
	return IS(oid, SHA2, 1) ? 256 : IS(oid, SHA2, 2) ? 384 : IS(oid, SHA2, 3) ? 512 : 0;
}

/* RFC 4055 3.1: hash and mask hash must be the same here, the salt may be of any length; 0 when outside the profile. */
static unsigned pss_hash_bits(Slice parameters)
{
	Slice fields, field, algorithm, oid;
	unsigned bits;
	bool present;

	if (!der_take(&parameters, DER_SEQUENCE, &fields) || parameters.bytes > 0) return 0;
	if (!der_take_optional(&fields, DER_CONTEXT_CONSTRUCTED | 0, &field, &present) || !present) return 0;
	if (!der_take(&field, DER_SEQUENCE, &algorithm) || field.bytes > 0) return 0;
	bits = hash_bits(algorithm);
	if (!der_take_optional(&fields, DER_CONTEXT_CONSTRUCTED | 1, &field, &present) || !present) return 0;
	if (!der_take(&field, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) || !IS(oid, PKCS1, 8)) return 0;
	if (!der_take(&algorithm, DER_SEQUENCE, &field) || algorithm.bytes > 0 || hash_bits(field) != bits) return 0;
	if (!der_take_optional(&fields, DER_CONTEXT_CONSTRUCTED | 2, &field, &present) || fields.bytes > 0) return 0;
	return bits;
}

void certificate_decode_signature_algorithm(Slice algorithm, Certificate *certificate)
{
	Slice oid;

	certificate->signed_with = SIGNED_OUTSIDE;
	if (!der_take(&algorithm, DER_OID, &oid)) return;
	if (IS(oid, PKCS1, 11)) certificate->signed_hash_bits = 256;
	else if (IS(oid, PKCS1, 12)) certificate->signed_hash_bits = 384;
	else if (IS(oid, PKCS1, 13)) certificate->signed_hash_bits = 512;
	if (certificate->signed_hash_bits != 0) {
		if (null_or_absent(algorithm)) certificate->signed_with = SIGNED_RSA;
		return;
	}
	if (IS(oid, PKCS1, 10)) {
		certificate->signed_hash_bits = pss_hash_bits(algorithm);
		if (certificate->signed_hash_bits != 0) certificate->signed_with = SIGNED_RSA_PSS;
		return;
	}
	if (IS(oid, X962, 4, 3, 2)) certificate->signed_hash_bits = 256;
	else if (IS(oid, X962, 4, 3, 3)) certificate->signed_hash_bits = 384;
	else if (IS(oid, X962, 4, 3, 4)) certificate->signed_hash_bits = 512;
	if (certificate->signed_hash_bits != 0 && algorithm.bytes == 0) certificate->signed_with = SIGNED_ECDSA;
}

/* RFC 3279 2.3.1: RSAPublicKey ::= SEQUENCE { modulus, publicExponent }. */
static bool decode_rsa(Certificate *certificate)
{
	Slice rest = certificate->key, fields, modulus, exponent;
	unsigned bits;
	uint8_t top;

	if (!der_take(&rest, DER_SEQUENCE, &fields) || rest.bytes > 0) return false;
	if (!der_take(&fields, DER_INTEGER, &modulus) || !der_take(&fields, DER_INTEGER, &exponent) || fields.bytes > 0) return false;
	if (!der_integer_is_canonical(modulus) || !der_integer_is_canonical(exponent)) return false;
	if (modulus.data[0] >= 0x80 || exponent.data[0] >= 0x80) return false;
	if (modulus.data[0] == 0) modulus = (Slice){ modulus.data + 1, modulus.bytes - 1 };
	if (modulus.bytes == 0) return false;
	bits = (unsigned)modulus.bytes * 8;
	for (top = modulus.data[0]; !(top & 0x80); top = (uint8_t)(top << 1)) bits--;
	/* An even modulus or exponent, or the exponent 1, is no RSA key. */
	if (!(modulus.data[modulus.bytes - 1] & 1) || !(exponent.data[exponent.bytes - 1] & 1) || IS(exponent, 1)) return true;
	certificate->key_type = KEY_RSA;
	certificate->key_bits = bits;
	return true;
}

/* RFC 5480 2.1.1: named curves only, uncompressed points only. */
static void decode_ec(Slice curve, Certificate *certificate)
{
	bool uncompressed = certificate->key.bytes > 0 && certificate->key.data[0] == 4;

	if (IS(curve, X962, 3, 1, 7) && uncompressed && certificate->key.bytes == 65) certificate->key_type = KEY_P256;
	else if (IS(curve, 0x2b, 0x81, 0x04, 0x00, 0x22) && uncompressed && certificate->key.bytes == 97) certificate->key_type = KEY_P384;
}

bool certificate_decode_key(Slice key_info, Certificate *certificate)
{
	Slice algorithm, oid, bits, curve;

	certificate->key_type = KEY_OUTSIDE;
	if (!der_take(&key_info, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid)) return false;
	if (!der_take(&key_info, DER_BIT_STRING, &bits) || key_info.bytes > 0 || bits.bytes < 2 || bits.data[0] != 0) return false;
	certificate->key = (Slice){ bits.data + 1, bits.bytes - 1 };
	if (IS(oid, PKCS1, 1)) return null_or_absent(algorithm) && decode_rsa(certificate);
	if (IS(oid, X962, 2, 1) && der_take(&algorithm, DER_OID, &curve) && algorithm.bytes == 0) decode_ec(curve, certificate);
	return true;
}
