/*
 * SHA-256, HMAC, HKDF, ECDSA verification and random bytes for crypto.ts, all through PSA. Arguments named `out` are
 * buffers that TypeScript made. A native returns undefined or a boolean when it is done, else a DeviceErrorCode.
 */
#include <stdlib.h>
#include <string.h>

#include "entropy.h"
#include "hash.h"
#include "psa.h"
#include "secrets.h"

enum { BYTES_MAX = 1 << 24, RANDOM_MAX = 1024, CHAIN_BYTES = 32 };

void xs_lk_random(xsMachine *the);
void xs_lk_equal(xsMachine *the);
void xs_lk_sha256(xsMachine *the);
void xs_lk_hmac(xsMachine *the);
void xs_lk_derive(xsMachine *the);
void xs_lk_chain_from(xsMachine *the);
void xs_lk_chain(xsMachine *the);
void xs_lk_mix_secret(xsMachine *the);
void xs_lk_verify_p256(xsMachine *the);

/* (out) */
void xs_lk_random(xsMachine *the)
{
	LkSpan out;

	if (!lk_psa_ready(the)) return;
	out = lk_bytes(the, 0, 1, RANDOM_MAX);
	if (!lk_random(lk_output(the, 0, out.bytes), out.bytes)) lk_fault(the, "entropy/unavailable");
}

/* (a, b) -> boolean */
void xs_lk_equal(xsMachine *the)
{
	LkSpan a = lk_bytes(the, 0, 0, BYTES_MAX), b = lk_bytes(the, 1, 0, BYTES_MAX);

	xsmcSetBoolean(xsResult, a.bytes == b.bytes && lk_equal(a.data, b.data, a.bytes));
}

/* (out, data) */
void xs_lk_sha256(xsMachine *the)
{
	size_t bytes;
	uint8_t *out = lk_output(the, 0, LK_SHA256_BYTES);
	LkSpan data = lk_bytes(the, 1, 0, BYTES_MAX);

	lk_psa_done(the, psa_hash_compute(PSA_ALG_SHA_256, data.data, data.bytes, out, LK_SHA256_BYTES, &bytes));
}

/* ---- keyed ---- */

/* A secret or public bytes: the secret's own memory, or the buffer's. */
static LkSpan key_argument(xsMachine *the, int index, size_t maximum)
{
	LkSecret *secret;

	if (!lk_is_secret(the, index)) return lk_bytes(the, index, 0, maximum);
	secret = lk_secret(the, index, LK_SECRET_BYTES);
	return (LkSpan){ secret->value, secret->bytes };
}

/* (out, algorithm, key, data) */
void xs_lk_hmac(xsMachine *the)
{
	static const uint8_t no_key[1];
	psa_algorithm_t hash = lk_hash_algorithm(the, 1), algorithm = PSA_ALG_HMAC(hash);
	size_t length = PSA_HASH_LENGTH(hash), bytes;
	psa_key_id_t key;
	psa_status_t status;
	LkSpan secret, data;
	uint8_t *out;

	if (!lk_psa_ready(the)) return;
	secret = key_argument(the, 2, BYTES_MAX);
	if (secret.bytes == 0) secret = (LkSpan){ (uint8_t *)no_key, sizeof no_key };  /* HMAC pads with zeros; PSA takes no empty key */
	data = lk_bytes(the, 3, 0, BYTES_MAX);
	out = lk_output(the, 0, length);
	status = lk_psa_import(PSA_KEY_TYPE_HMAC, PSA_KEY_USAGE_SIGN_MESSAGE, algorithm, secret.data, secret.bytes, &key);
	if (status == PSA_SUCCESS) status = psa_mac_compute(key, algorithm, data.data, data.bytes, out, length, &bytes);
	psa_destroy_key(key);
	lk_psa_done(the, status);
}

/* HKDF-SHA-256 (RFC 5869) into `count` outputs one after the other. */
static psa_status_t hkdf(LkSpan salt, LkSpan secret, LkSpan info, LkSecret *const outputs[], unsigned count)
{
	psa_key_derivation_operation_t operation = PSA_KEY_DERIVATION_OPERATION_INIT;
	psa_status_t status = psa_key_derivation_setup(&operation, PSA_ALG_HKDF(PSA_ALG_SHA_256));

	if (status == PSA_SUCCESS) status = psa_key_derivation_input_bytes(&operation, PSA_KEY_DERIVATION_INPUT_SALT, salt.data, salt.bytes);
	if (status == PSA_SUCCESS) {
		status = psa_key_derivation_input_bytes(&operation, PSA_KEY_DERIVATION_INPUT_SECRET, secret.data, secret.bytes);
	}
	if (status == PSA_SUCCESS) status = psa_key_derivation_input_bytes(&operation, PSA_KEY_DERIVATION_INPUT_INFO, info.data, info.bytes);
	for (unsigned index = 0; status == PSA_SUCCESS && index < count; index++) {
		status = psa_key_derivation_output_bytes(&operation, outputs[index]->value, outputs[index]->bytes);
	}
	psa_key_derivation_abort(&operation);
	return status;
}

/* (outHandle, secret, salt, info, bytes) */
void xs_lk_derive(xsMachine *the)
{
	size_t bytes = (size_t)lk_number(the, 4, 16, LK_SECRET_BYTES_MAX);
	LkSecret *secret = lk_secret(the, 1, LK_SECRET_BYTES), *output;

	if (!lk_psa_ready(the)) return;
	output = lk_secret_create(the, 0, LK_SECRET_BYTES, bytes);
	if (!output) return;
	if (!lk_psa_done(the, hkdf(lk_bytes(the, 2, 0, BYTES_MAX), (LkSpan){ secret->value, secret->bytes },
			lk_bytes(the, 3, 0, BYTES_MAX), &output, 1))) lk_secret_discard(the, 0);
}

/* (outHandle, bytes): a chaining key that starts as 32 public bytes (Noise 5.2) */
void xs_lk_chain_from(xsMachine *the)
{
	LkSecret *output;

	lk_bytes(the, 1, CHAIN_BYTES, CHAIN_BYTES);
	output = lk_secret_create(the, 0, LK_SECRET_BYTES, CHAIN_BYTES);
	if (output) memcpy(output->value, lk_bytes(the, 1, CHAIN_BYTES, CHAIN_BYTES).data, CHAIN_BYTES);
}

/* (chainingKey, input, outHandle, outHandle[, outHandle]): Noise 4.3 HKDF, which is RFC 5869 with an empty info */
void xs_lk_chain(xsMachine *the)
{
	LkSecret *chaining = lk_secret(the, 0, LK_SECRET_BYTES), *outputs[3];
	unsigned wanted = lk_given(the, 4) ? 3 : 2, made = 0;
	bool done;

	if (chaining->bytes != CHAIN_BYTES) xsRangeError("chaining key: wrong length");
	if (!lk_psa_ready(the)) return;
	while (made < wanted && (outputs[made] = lk_secret_create(the, 2 + (int)made, LK_SECRET_BYTES, CHAIN_BYTES))) made++;
	done = made == wanted && lk_psa_done(the, hkdf((LkSpan){ chaining->value, CHAIN_BYTES }, key_argument(the, 1, BYTES_MAX),
		(LkSpan){ NULL, 0 }, outputs, wanted));
	while (!done && made > 0) lk_secret_discard(the, 2 + (int)--made);
}

/* (out, hash, secret): SHA-256(hash || secret), Noise 5.2 MixHash of a psk */
void xs_lk_mix_secret(xsMachine *the)
{
	psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
	LkSecret *secret = lk_secret(the, 2, LK_SECRET_BYTES);
	LkSpan hash = lk_bytes(the, 1, LK_SHA256_BYTES, LK_SHA256_BYTES);
	uint8_t *out = lk_output(the, 0, LK_SHA256_BYTES);
	size_t bytes;
	psa_status_t status = psa_hash_setup(&operation, PSA_ALG_SHA_256);

	if (status == PSA_SUCCESS) status = psa_hash_update(&operation, hash.data, hash.bytes);
	if (status == PSA_SUCCESS) status = psa_hash_update(&operation, secret->value, secret->bytes);
	if (status == PSA_SUCCESS) status = psa_hash_finish(&operation, out, LK_SHA256_BYTES, &bytes);
	psa_hash_abort(&operation);
	lk_psa_done(the, status);
}

/* ---- signatures ---- */

/* (publicKey, message, signature) -> boolean: ECDSA P-256 with SHA-256. False for anything malformed. */
void xs_lk_verify_p256(xsMachine *the)
{
	const psa_algorithm_t algorithm = PSA_ALG_ECDSA(PSA_ALG_SHA_256);
	LkSpan public_key, message, signature;
	psa_key_id_t key;
	psa_status_t status;

	if (!lk_psa_ready(the)) return;
	public_key = lk_bytes(the, 0, 0, BYTES_MAX);
	message = lk_bytes(the, 1, 0, BYTES_MAX);
	signature = lk_bytes(the, 2, 0, BYTES_MAX);
	xsmcSetFalse(xsResult);
	if (public_key.bytes != LK_P256_PUBLIC || signature.bytes != LK_P256_SIGNATURE) return;
	status = lk_psa_import(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), PSA_KEY_USAGE_VERIFY_MESSAGE, algorithm,
		public_key.data, public_key.bytes, &key);
	if (status == PSA_SUCCESS) status = psa_verify_message(key, algorithm, message.data, message.bytes, signature.data, signature.bytes);
	psa_destroy_key(key);
	if (status == PSA_SUCCESS) xsmcSetTrue(xsResult);
	else if (status == PSA_ERROR_INSUFFICIENT_MEMORY) lk_fault(the, "memory/exhausted");
}
