/*
 * Where chain.c meets the library. The library's own verdict on a chain counts for nothing but the signatures that it
 * has verified on the way; the verdict is chain.c's, and until it was given no connection is up.
 */
#ifndef LATCHKEY_TLS_VERIFY_H
#define LATCHKEY_TLS_VERIFY_H

#include "chain.h"
#include "mbedtls_compat.h"

enum { VERIFY_DEPTH_MAX = 12 };

typedef struct {
	/* To be filled before the handshake. */
	const mbedtls_ssl_context *ssl;
	const Certificate *roots;
	size_t root_count;
	const char *server;
	ChainTime time;
	/* Filled by the handshake. */
	bool ran;
	TlsReason reason;  /* of the verdict, when it ran */
	ChainValidity validity;
	uint8_t *leaf;  /* DER of an accepted leaf; verifier_free frees it */
	size_t leaf_bytes;
	/* The chain that the library has built, while it reports it: certificate and flags by depth. */
	struct {
		const mbedtls_x509_crt *certificate;
		uint32_t flags;
	} built[VERIFY_DEPTH_MAX];
	const ChainQuery *query;  /* while the verdict is being reached */
} Verifier;

/* For mbedtls_ssl_conf_verify; the context is the Verifier. */
int verifier_callback(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
/* Why a Certificate message was refused that the library could not read and still holds. */
TlsReason verifier_explain(Verifier *verifier);
void verifier_free(Verifier *verifier);

#endif
