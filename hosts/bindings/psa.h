/* What keys.c and the crypto files share: starting PSA, volatile keys, status to fault. */
#ifndef LATCHKEY_PSA_H
#define LATCHKEY_PSA_H

#include "check.h"
#include "mbedtls_compat.h"

enum { LK_P256_PRIVATE = 32, LK_P256_PUBLIC = 65, LK_P256_SIGNATURE = 64, LK_X25519_BYTES = 32, LK_SHA256_BYTES = 32 };

/* False, with the fault in xsResult, until PSA is started and seeded. */
bool lk_psa_ready(xsMachine *the);
/* True for PSA_SUCCESS; otherwise false with the fault in xsResult. */
bool lk_psa_done(xsMachine *the, psa_status_t status);

/* A volatile key for one use; the caller destroys it, which wipes PSA's copy. */
psa_status_t lk_psa_import(psa_key_type_t type, psa_key_usage_t usage, psa_algorithm_t algorithm, const uint8_t *data, size_t bytes,
	psa_key_id_t *key);

/* Makes a key pair; writes the private part and, where public_part is not NULL, the public part. */
psa_status_t lk_psa_generate(psa_key_type_t type, size_t bits, uint8_t *private_part, size_t private_bytes, uint8_t *public_part,
	size_t public_bytes);
/* The public part of a private key given by value. */
psa_status_t lk_psa_public(psa_key_type_t type, const uint8_t *private_part, size_t private_bytes, uint8_t *public_part,
	size_t public_bytes);

#define LK_TYPE_P256 PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1)
#define LK_TYPE_X25519 PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY)

#endif
