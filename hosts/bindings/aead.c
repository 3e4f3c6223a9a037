/*
 * Authenticated encryption for crypto.ts (RFC 8439, NIST SP 800-38D) with 12-byte nonces and 16-byte tags, keys by
 * handle, through PSA. Opening writes nothing but zeros when the tag does not match.
 */
#include <string.h>

#include "psa.h"
#include "secrets.h"

enum { BYTES_MAX = 1 << 24, NONCE_BYTES = 12, TAG_BYTES = 16, CHACHA_KEY_BYTES = 32 };

typedef struct {
	psa_key_type_t type;
	psa_algorithm_t algorithm;
} Aead;

static const Aead CHACHA = { PSA_KEY_TYPE_CHACHA20, PSA_ALG_CHACHA20_POLY1305 }, AES_GCM = { PSA_KEY_TYPE_AES, PSA_ALG_GCM };

void xs_lk_seal(xsMachine *the);
void xs_lk_open(xsMachine *the);
void xs_lk_seal_counter(xsMachine *the);
void xs_lk_open_counter(xsMachine *the);
void xs_lk_seal_secret_counter(xsMachine *the);

#ifdef LATCHKEY_TEST_BUILD
/* The planted fault of the I6 test: sealing is the identity and its tag is zeros. */
static bool test_identity;
void xs_lk_test_identity(xsMachine *the);
void xs_lk_test_identity(xsMachine *the)
{
	test_identity = lk_number(the, 0, 0, 1) == 1;
}
#endif

/* ---- arguments ---- */

/* 1: ChaCha20-Poly1305, 2: AES-GCM */
static const Aead *aead_argument(xsMachine *the, int index)
{
	return lk_number(the, index, 1, 2) == 1 ? &CHACHA : &AES_GCM;
}

static LkSecret *key_argument(xsMachine *the, int index, const Aead *aead)
{
	LkSecret *key = lk_secret(the, index, LK_SECRET_BYTES);
	bool fits = key->bytes == CHACHA_KEY_BYTES || (aead == &AES_GCM && key->bytes == 16);

	if (!fits) xsRangeError("key: wrong length");
	return key;
}

/* Noise 12.3: four zero bytes, then the counter, little-endian. */
static void counter_nonce(xsMachine *the, int index, uint8_t nonce[NONCE_BYTES])
{
	uint64_t counter = (uint64_t)lk_number(the, index, 0, 9007199254740991.0);

	memset(nonce, 0, NONCE_BYTES);
	for (int byte = 4; byte < NONCE_BYTES; byte++, counter >>= 8) nonce[byte] = (uint8_t)counter;
}

/* ---- the two operations ---- */

static bool seal(xsMachine *the, const Aead *aead, const LkSecret *secret, const uint8_t *nonce, LkSpan associated, LkSpan plain, uint8_t *out)
{
	psa_key_id_t key;
	psa_status_t status;
	size_t bytes;

#ifdef LATCHKEY_TEST_BUILD
	if (test_identity) {
		memcpy(out, plain.data, plain.bytes);
		memset(out + plain.bytes, 0, TAG_BYTES);
		return true;
	}
#endif
	status = lk_psa_import(aead->type, PSA_KEY_USAGE_ENCRYPT, aead->algorithm, secret->value, secret->bytes, &key);
	if (status == PSA_SUCCESS) {
		status = psa_aead_encrypt(key, aead->algorithm, nonce, NONCE_BYTES, associated.data, associated.bytes, plain.data, plain.bytes, out,
			plain.bytes + TAG_BYTES, &bytes);
	}
	psa_destroy_key(key);
	return lk_psa_done(the, status);
}

/* Leaves true, false or a fault in xsResult. */
static void open(xsMachine *the, const Aead *aead, const LkSecret *secret, const uint8_t *nonce, LkSpan associated, LkSpan sealed, uint8_t *out)
{
	psa_key_id_t key;
	psa_status_t status;
	size_t bytes;

#ifdef LATCHKEY_TEST_BUILD
	if (test_identity) {
		memcpy(out, sealed.data, sealed.bytes - TAG_BYTES);
		xsmcSetTrue(xsResult);
		return;
	}
#endif
	status = lk_psa_import(aead->type, PSA_KEY_USAGE_DECRYPT, aead->algorithm, secret->value, secret->bytes, &key);
	if (status == PSA_SUCCESS) {
		status = psa_aead_decrypt(key, aead->algorithm, nonce, NONCE_BYTES, associated.data, associated.bytes, sealed.data, sealed.bytes, out,
			sealed.bytes - TAG_BYTES, &bytes);
	}
	psa_destroy_key(key);
	if (status != PSA_SUCCESS) lk_wipe(out, sealed.bytes - TAG_BYTES);
	if (status == PSA_ERROR_INVALID_SIGNATURE) xsmcSetFalse(xsResult);
	else if (lk_psa_done(the, status)) xsmcSetTrue(xsResult);
}

/* ---- natives ---- */

/* (out, algorithm, key, nonce, associated, plaintext) */
void xs_lk_seal(xsMachine *the)
{
	const Aead *aead = aead_argument(the, 1);
	LkSecret *key = key_argument(the, 2, aead);
	LkSpan nonce, associated, plain;

	if (!lk_psa_ready(the)) return;
	nonce = lk_bytes(the, 3, NONCE_BYTES, NONCE_BYTES);
	associated = lk_bytes(the, 4, 0, BYTES_MAX);
	plain = lk_bytes(the, 5, 0, BYTES_MAX);
	seal(the, aead, key, nonce.data, associated, plain, lk_output(the, 0, plain.bytes + TAG_BYTES));
}

/* (out, algorithm, key, nonce, associated, sealed) -> boolean */
void xs_lk_open(xsMachine *the)
{
	const Aead *aead = aead_argument(the, 1);
	LkSecret *key = key_argument(the, 2, aead);
	LkSpan nonce, associated, sealed;

	if (!lk_psa_ready(the)) return;
	nonce = lk_bytes(the, 3, NONCE_BYTES, NONCE_BYTES);
	associated = lk_bytes(the, 4, 0, BYTES_MAX);
	sealed = lk_bytes(the, 5, TAG_BYTES, BYTES_MAX);
	open(the, aead, key, nonce.data, associated, sealed, lk_output(the, 0, sealed.bytes - TAG_BYTES));
}

/* (out, key, counter, associated, plaintext) */
void xs_lk_seal_counter(xsMachine *the)
{
	LkSecret *key = key_argument(the, 1, &CHACHA);
	uint8_t nonce[NONCE_BYTES];
	LkSpan associated, plain;

	if (!lk_psa_ready(the)) return;
	counter_nonce(the, 2, nonce);
	associated = lk_bytes(the, 3, 0, BYTES_MAX);
	plain = lk_bytes(the, 4, 0, BYTES_MAX);
	seal(the, &CHACHA, key, nonce, associated, plain, lk_output(the, 0, plain.bytes + TAG_BYTES));
}

/* (out, key, counter, associated, sealed) -> boolean */
void xs_lk_open_counter(xsMachine *the)
{
	LkSecret *key = key_argument(the, 1, &CHACHA);
	uint8_t nonce[NONCE_BYTES];
	LkSpan associated, sealed;

	if (!lk_psa_ready(the)) return;
	counter_nonce(the, 2, nonce);
	associated = lk_bytes(the, 3, 0, BYTES_MAX);
	sealed = lk_bytes(the, 4, TAG_BYTES, BYTES_MAX);
	open(the, &CHACHA, key, nonce, associated, sealed, lk_output(the, 0, sealed.bytes - TAG_BYTES));
}

/* (out, key, counter, associated, secret): the secret's bytes are the plaintext */
void xs_lk_seal_secret_counter(xsMachine *the)
{
	LkSecret *key = key_argument(the, 1, &CHACHA), *secret = lk_secret(the, 4, LK_SECRET_BYTES);
	uint8_t nonce[NONCE_BYTES];
	LkSpan associated;

	if (!lk_psa_ready(the)) return;
	counter_nonce(the, 2, nonce);
	associated = lk_bytes(the, 3, 0, BYTES_MAX);
	seal(the, &CHACHA, key, nonce, associated, (LkSpan){ secret->value, secret->bytes }, lk_output(the, 0, (size_t)secret->bytes + TAG_BYTES));
}
