#include "certificate-signature.h"

#include <psa/crypto.h>
#include <string.h>

enum { COORDINATE_BYTES_MAX = 48 };

static psa_algorithm_t hash_of(const Certificate *child)
{
	return child->signed_hash_bits == 256 ? PSA_ALG_SHA_256 : child->signed_hash_bits == 384 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_512;
}

bool certificate_signature_fits(const Certificate *child, const Certificate *issuer)
{
	switch (child->signed_with) {
	case SIGNED_RSA:
	case SIGNED_RSA_PSS:
		return issuer->key_type == KEY_RSA;
	case SIGNED_ECDSA:
		return issuer->key_type == KEY_P256 || issuer->key_type == KEY_P384;
	default:
		return false;
	}
}

/* ECDSA-Sig-Value (RFC 3279 2.2.3) to r || s of fixed length. */
static bool raw_signature(Slice encoded, uint8_t *raw, size_t coordinate_bytes)
{
	Slice fields;

	if (!der_take(&encoded, DER_SEQUENCE, &fields) || encoded.bytes > 0) return false;
	memset(raw, 0, 2 * coordinate_bytes);
	for (int index = 0; index < 2; index++) {
		Slice number;
		if (!der_take(&fields, DER_INTEGER, &number) || !der_integer_is_canonical(number) || number.data[0] >= 0x80) return false;
		if (number.data[0] == 0) number = (Slice){ number.data + 1, number.bytes - 1 };
		if (number.bytes > coordinate_bytes) return false;
		memcpy(raw + (size_t)(index + 1) * coordinate_bytes - number.bytes, number.data, number.bytes);
	}
	return fields.bytes == 0;
}

static bool verify(psa_key_type_t type, psa_algorithm_t algorithm, Slice key, Slice message, Slice signature)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t id = 0;
	psa_status_t status;

	psa_set_key_type(&attributes, type);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
	psa_set_key_algorithm(&attributes, algorithm);
	status = psa_import_key(&attributes, key.data, key.bytes, &id);
	if (status == PSA_SUCCESS) status = psa_verify_message(id, algorithm, message.data, message.bytes, signature.data, signature.bytes);
	psa_destroy_key(id);
	return status == PSA_SUCCESS;
}

bool certificate_signed_by(const Certificate *child, const Certificate *issuer)
{
	psa_algorithm_t hash = hash_of(child);
	uint8_t raw[2 * COORDINATE_BYTES_MAX];
	size_t coordinate_bytes = issuer->key_type == KEY_P256 ? 32 : 48;

	if (!certificate_signature_fits(child, issuer)) return false;
	if (child->signed_with == SIGNED_RSA) {
		return verify(PSA_KEY_TYPE_RSA_PUBLIC_KEY, PSA_ALG_RSA_PKCS1V15_SIGN(hash), issuer->key, child->tbs, child->signature);
	}
	if (child->signed_with == SIGNED_RSA_PSS) {
		return verify(PSA_KEY_TYPE_RSA_PUBLIC_KEY, PSA_ALG_RSA_PSS_ANY_SALT(hash), issuer->key, child->tbs, child->signature);
	}
	if (!raw_signature(child->signature, raw, coordinate_bytes)) return false;
	return verify(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), PSA_ALG_ECDSA(hash), issuer->key, child->tbs,
		(Slice){ raw, 2 * coordinate_bytes });
}
