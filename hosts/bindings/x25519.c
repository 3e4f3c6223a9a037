/*
 * X25519 key pairs for crypto.ts (RFC 7748 6.1), private parts by handle, through PSA. In a test build also keys
 * from bytes; a normal build has no way to put one in.
 */
#include <string.h>

#include "psa.h"
#include "secrets.h"

void xs_lk_pair_generate(xsMachine *the);
void xs_lk_pair_agree(xsMachine *the);

/* (pairHandle, outPublic) */
void xs_lk_pair_generate(xsMachine *the)
{
	LkSecret *pair;

	if (!lk_psa_ready(the)) return;
	pair = lk_secret_create(the, 0, LK_SECRET_X25519, LK_X25519_BYTES);
	if (!pair) return;
	if (!lk_psa_done(the, lk_psa_generate(LK_TYPE_X25519, 255, pair->value, LK_X25519_BYTES, lk_output(the, 1, LK_X25519_BYTES),
			LK_X25519_BYTES))) lk_secret_discard(the, 0);
}

/* (outHandle, pairHandle, peerPublic) -> true, or false for a low-order peer key */
void xs_lk_pair_agree(xsMachine *the)
{
	static const uint8_t zero[LK_X25519_BYTES];
	LkSecret *pair = lk_secret(the, 1, LK_SECRET_X25519), *shared;
	psa_key_id_t key;
	psa_status_t status;
	LkSpan peer;
	size_t bytes = 0;

	if (!lk_psa_ready(the)) return;
	shared = lk_secret_create(the, 0, LK_SECRET_BYTES, LK_X25519_BYTES);
	if (!shared) return;
	peer = lk_bytes(the, 2, LK_X25519_BYTES, LK_X25519_BYTES);
	status = lk_psa_import(LK_TYPE_X25519, PSA_KEY_USAGE_DERIVE, PSA_ALG_ECDH, pair->value, LK_X25519_BYTES, &key);
	if (status == PSA_SUCCESS) {
		status = psa_raw_key_agreement(PSA_ALG_ECDH, key, peer.data, peer.bytes, shared->value, shared->bytes, &bytes);
		/* What a low-order point leads to: the library refuses it, or computes zero. */
		if (status == PSA_ERROR_INVALID_ARGUMENT || (status == PSA_SUCCESS && lk_equal(shared->value, zero, sizeof zero))) {
			psa_destroy_key(key);
			lk_secret_discard(the, 0);
			xsmcSetFalse(xsResult);
			return;
		}
	}
	psa_destroy_key(key);
	if (lk_psa_done(the, status)) xsmcSetTrue(xsResult);
	else lk_secret_discard(the, 0);
}

#ifdef LATCHKEY_TEST_BUILD

void xs_lk_test_import_secret(xsMachine *the);
void xs_lk_test_import_pair(xsMachine *the);

/* (outHandle, bytes) */
void xs_lk_test_import_secret(xsMachine *the)
{
	size_t bytes = lk_bytes(the, 1, 1, LK_SECRET_BYTES_MAX).bytes;
	LkSecret *secret = lk_secret_create(the, 0, LK_SECRET_BYTES, bytes);

	if (secret) memcpy(secret->value, lk_bytes(the, 1, bytes, bytes).data, bytes);
}

/* (pairHandle, privateKey, outPublic) */
void xs_lk_test_import_pair(xsMachine *the)
{
	LkSecret *pair;

	if (!lk_psa_ready(the)) return;
	pair = lk_secret_create(the, 0, LK_SECRET_X25519, LK_X25519_BYTES);
	if (!pair) return;
	memcpy(pair->value, lk_bytes(the, 1, LK_X25519_BYTES, LK_X25519_BYTES).data, LK_X25519_BYTES);
	if (!lk_psa_done(the, lk_psa_public(LK_TYPE_X25519, pair->value, LK_X25519_BYTES, lk_output(the, 2, LK_X25519_BYTES), LK_X25519_BYTES))) {
		lk_secret_discard(the, 0);
	}
}

#endif
