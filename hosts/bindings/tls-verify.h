/*
 * Where chain.c meets the library. The library reads the peer's Certificate message and verifies nothing of the chain:
 * its own walk has no bound below 16 KiB of issuers. The verdict is chain.c's, it comes before the handshake takes its
 * next step, and until it was given no connection is up. What stays with the library is the proof that the peer holds
 * the leaf's key.
 */
#ifndef LATCHKEY_TLS_VERIFY_H
#define LATCHKEY_TLS_VERIFY_H

#include "chain.h"
#include "mbedtls_compat.h"

/* What verifier_handshake answers beside the library's results: the verdict refused. */
enum { VERIFIER_REFUSED = -0x7f02 };

typedef struct {
	/* To be filled before the handshake. */
	const ChainRoot *roots;
	size_t root_count;
	const char *server;
	ChainTime time;
	/* Filled by the handshake. */
	bool ran;
	TlsReason reason;  /* of the verdict, when it ran */
	ChainValidity validity;
	uint8_t *leaf;  /* DER of an accepted leaf; verifier_free frees it */
	size_t leaf_bytes;
} Verifier;

/* Goes on with the handshake as far as it comes: 0 when it is done, else the library's result or VERIFIER_REFUSED. */
int verifier_handshake(Verifier *verifier, mbedtls_ssl_context *ssl);
/* Why a Certificate message was refused that the library could not read and still holds. */
TlsReason verifier_explain(const Verifier *verifier, const mbedtls_ssl_context *ssl);
void verifier_free(Verifier *verifier);

#endif
