/*
 * The PSA operations that a Noise IK responder cannot do without, and nothing else: one X25519 key, four
 * agreements, four MixKey and one Split (HKDF of two outputs), three AEAD operations, eight hashes. Ten rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <psa/crypto.h>

#include "region.h"

enum { ROUNDS = 10 };

static void must(psa_status_t status, const char *what)
{
	if (status == PSA_SUCCESS) return;
	fprintf(stderr, "%s: %d\n", what, (int)status);
	exit(1);
}

static psa_key_id_t import(psa_key_type_t type, psa_algorithm_t algorithm, psa_key_usage_t usage, const uint8_t *bytes, size_t length)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t key;

	psa_set_key_type(&attributes, type);
	psa_set_key_algorithm(&attributes, algorithm);
	psa_set_key_usage_flags(&attributes, usage);
	must(psa_import_key(&attributes, bytes, length, &key), "import");
	return key;
}

static void agree(psa_key_id_t key, const uint8_t *peer, uint8_t *out)
{
	size_t length;

	must(psa_raw_key_agreement(PSA_ALG_ECDH, key, peer, 32, out, 32, &length), "agree");
}

static void hmac(const uint8_t *key_bytes, const uint8_t *data, size_t length, uint8_t *out)
{
	psa_key_id_t key = import(PSA_KEY_TYPE_HMAC, PSA_ALG_HMAC(PSA_ALG_SHA_256), PSA_KEY_USAGE_SIGN_MESSAGE, key_bytes, 32);
	size_t written;

	must(psa_mac_compute(key, PSA_ALG_HMAC(PSA_ALG_SHA_256), data, length, out, 32, &written), "hmac");
	psa_destroy_key(key);
}

static void hkdf(uint8_t *chaining_key, const uint8_t *input, size_t length, uint8_t *second)
{
	uint8_t temporary[32], block[33];

	hmac(chaining_key, input, length, temporary);
	block[0] = 1;
	hmac(temporary, block, 1, chaining_key);
	memcpy(block, chaining_key, 32);
	block[32] = 2;
	hmac(temporary, block, 33, second);
}

static void seal(const uint8_t *key_bytes, const uint8_t *plaintext, size_t length, uint8_t *out)
{
	const uint8_t nonce[12] = { 0 };
	psa_key_id_t key = import(PSA_KEY_TYPE_CHACHA20, PSA_ALG_CHACHA20_POLY1305, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT, key_bytes, 32);
	size_t written;

	must(psa_aead_encrypt(key, PSA_ALG_CHACHA20_POLY1305, nonce, 12, key_bytes, 32, plaintext, length, out, length + 16, &written), "seal");
	psa_destroy_key(key);
}

static void open_sealed(const uint8_t *key_bytes, const uint8_t *sealed, size_t length, uint8_t *out)
{
	const uint8_t nonce[12] = { 0 };
	psa_key_id_t key = import(PSA_KEY_TYPE_CHACHA20, PSA_ALG_CHACHA20_POLY1305, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT, key_bytes, 32);
	size_t written;

	must(psa_aead_decrypt(key, PSA_ALG_CHACHA20_POLY1305, nonce, 12, key_bytes, 32, sealed, length, out, length - 16, &written), "open");
	psa_destroy_key(key);
}

int main(void)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	uint8_t secret[32], peer[32], shared[32], key[32], hash[32], sealed_key[48], sealed_nothing[16], buffer[64];
	psa_key_id_t local;
	size_t length;

	must(psa_crypto_init(), "init");
	memset(secret, 2, sizeof secret);
	local = import(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY), PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE, secret, 32);
	must(psa_export_public_key(local, peer, sizeof peer, &length), "public");
	memset(key, 4, sizeof key);
	seal(key, peer, 32, sealed_key);
	seal(key, NULL, 0, sealed_nothing);
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY));
	psa_set_key_bits(&attributes, 255);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDH);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_DERIVE);
	for (int round = 0; round < ROUNDS; round++) {
		psa_key_id_t ephemeral;
		uint8_t chaining_key[32] = { 0 }, fixed[32];

		memset(fixed, 4, sizeof fixed);
		REGION_TOGGLE();
		agree(local, peer, shared);
		hkdf(chaining_key, shared, 32, key);
		open_sealed(fixed, sealed_key, 48, buffer);
		agree(local, peer, shared);
		hkdf(chaining_key, shared, 32, key);
		open_sealed(fixed, sealed_nothing, 16, buffer);
		must(psa_generate_key(&attributes, &ephemeral), "generate");
		must(psa_export_public_key(ephemeral, buffer, 32, &length), "public");
		agree(ephemeral, peer, shared);
		hkdf(chaining_key, shared, 32, key);
		agree(ephemeral, peer, shared);
		hkdf(chaining_key, shared, 32, key);
		seal(key, NULL, 0, sealed_nothing + 0);
		hkdf(chaining_key, NULL, 0, key);
		for (int index = 0; index < 8; index++) {
			must(psa_hash_compute(PSA_ALG_SHA_256, buffer, sizeof buffer, hash, 32, &length), "hash");
		}
		psa_destroy_key(ephemeral);
		REGION_TOGGLE();
		seal(fixed, NULL, 0, sealed_nothing);
	}
	puts("done");
	return 0;
}
