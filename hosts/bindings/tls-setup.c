#include "tls-setup.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "entropy.h"
#include "keys.h"

static int random_for_tls(void *context, unsigned char *output, size_t bytes)
{
	(void)context;
	return lk_random(output, bytes) ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

TlsSetup *tls_setup_new(void)
{
	TlsSetup *setup = calloc(1, sizeof *setup);

	if (!setup) return NULL;
	mbedtls_x509_crt_init(&setup->own);
	mbedtls_pk_init(&setup->own_key);
	mbedtls_ssl_config_init(&setup->config);
	return setup;
}

void tls_setup_free(TlsSetup *setup)
{
	if (!setup) return;
	for (size_t index = 0; index < setup->root_count; index++) free((void *)setup->roots[index].certificate.whole.data);
	mbedtls_ssl_config_free(&setup->config);
	mbedtls_pk_free(&setup->own_key);
	mbedtls_x509_crt_free(&setup->own);
	lk_wipe(setup, sizeof *setup);
	free(setup);
}

bool tls_setup_add_root(TlsSetup *setup, Slice der)
{
	uint8_t *copy;

	if (setup->root_count == CHAIN_ROOTS_MAX || der.bytes == 0) return false;
	copy = malloc(der.bytes);
	if (!copy) return false;
	memcpy(copy, der.data, der.bytes);
	if (!certificate_decode((Slice){ copy, der.bytes }, &setup->roots[setup->root_count].certificate)) {
		free(copy);
		setup->root_skipped = true;
		return true;
	}
	setup->root_skipped = false;
	setup->root_count++;
	return true;
}

bool tls_setup_add_pin(TlsSetup *setup, Slice digest)
{
	ChainRoot *root = setup->roots + setup->root_count - 1;

	/* Never the root before it: that one has pins of its own, or none. */
	if (setup->root_skipped) return digest.bytes == CHAIN_PIN_BYTES;
	if (setup->root_count == 0 || root->pin_count == CHAIN_PINS_MAX || digest.bytes != CHAIN_PIN_BYTES) return false;
	memcpy(root->pins[root->pin_count++], digest.data, CHAIN_PIN_BYTES);
	return true;
}

bool tls_setup_add_alpn(TlsSetup *setup, const char *protocol)
{
	if (setup->alpn_count == TLS_ALPN_MAX || strlen(protocol) > TLS_ALPN_BYTES_MAX) return false;
	strcpy(setup->alpn_texts[setup->alpn_count], protocol);
	setup->alpn[setup->alpn_count] = setup->alpn_texts[setup->alpn_count];
	setup->alpn_count++;
	return true;
}

/* ---- the client certificate ---- */

bool tls_setup_add_own(TlsSetup *setup, Slice der)
{
	if (setup->own_count == TLS_OWN_CERTIFICATES_MAX) return false;
	if (mbedtls_x509_crt_parse_der(&setup->own, der.data, der.bytes) != 0) return false;
	setup->own_count++;
	return true;
}

/* ECPrivateKey (RFC 5915 3) with its public part, so that nothing has to be computed from it. */
static size_t write_ec_private_key(const LkKey *key, uint8_t out[121])
{
	static const uint8_t head[] = { 0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20 };
	static const uint8_t middle[] = { 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00 };

	memcpy(out, head, sizeof head);
	memcpy(out + sizeof head, key->private_part, 32);
	memcpy(out + sizeof head + 32, middle, sizeof middle);
	memcpy(out + sizeof head + 32 + sizeof middle, key->public_part, LK_P256_PUBLIC);
	return sizeof head + 32 + sizeof middle + LK_P256_PUBLIC;
}

bool tls_setup_own_key_named(TlsSetup *setup, const char *name)
{
	uint8_t encoded[121];
	Certificate leaf;
	LkKey key;
	bool usable = setup->own_count > 0 && !lk_key_read(name, &key);

	if (!usable) return false;
	usable = key.kind == LK_KEY_P256 && certificate_decode((Slice){ setup->own.raw.p, setup->own.raw.len }, &leaf) &&
		der_is(leaf.key, key.public_part, key.public_bytes);
	if (usable) usable = compat_pk_parse(&setup->own_key, encoded, write_ec_private_key(&key, encoded), random_for_tls) == 0;
	lk_wipe(encoded, sizeof encoded);
	lk_wipe(&key, sizeof key);
	return usable;
}

bool tls_setup_own_key_encoded(TlsSetup *setup, Slice encoded)
{
	uint8_t *copy = malloc(encoded.bytes + 1);  /* PEM ends with a zero that counts */
	bool is_pem = encoded.bytes > 10 && memcmp(encoded.data, "-----BEGIN", 10) == 0, usable;

	if (!copy) return false;
	memcpy(copy, encoded.data, encoded.bytes);
	copy[encoded.bytes] = 0;
	usable = setup->own_count > 0 && compat_pk_parse(&setup->own_key, copy, encoded.bytes + is_pem, random_for_tls) == 0 &&
		compat_pk_check_pair(&setup->own.pk, &setup->own_key, random_for_tls) == 0;
	lk_wipe(copy, encoded.bytes + 1);
	free(copy);
	return usable;
}

/* ---- the library's configuration ---- */

bool tls_setup_finish(TlsSetup *setup, Verifier *verifier)
{
	mbedtls_ssl_config *config = &setup->config;

	if (setup->root_count == 0) return false;
	if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0) return false;
	compat_ssl_conf_profile(config, random_for_tls);
	/* Not by the library: tls-verify.c steps the handshake, and no connection comes up without its verdict (tls.c, come_up). */
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_NONE);
	if (setup->own_count > 0 && mbedtls_ssl_conf_own_cert(config, &setup->own, &setup->own_key) != 0) return false;
	if (setup->alpn_count > 0 && mbedtls_ssl_conf_alpn_protocols(config, setup->alpn) != 0) return false;
	*verifier = (Verifier){ .roots = setup->roots, .root_count = setup->root_count, .server = setup->server, .time = setup->time };
	return true;
}

SessionBinding tls_setup_binding(const TlsSetup *setup)
{
	return (SessionBinding){ setup->scope, setup->host, setup->server, setup->port,
		{ setup->own.raw.p, setup->own.raw.len }, (const char *const *)setup->alpn, setup->roots, setup->root_count };
}
