/*
 * Where chain.c meets the library. The library reads the peer's Certificate message and verifies nothing of the chain:
 * its own walk has no bound below 16 KiB of issuers. The verdict is chain.c's, it comes before the handshake takes its
 * next step, and until it was given no connection is up. What stays with the library is the proof that the peer holds
 * the leaf's key.
 *
 * One refusal waits for that proof: the lock doubts its time for chains whose dates alone are wrong (docs/THREATS.md T13),
 * and a chain is no secret. Without the proof such a chain is a broken handshake, whose dates say nothing. Either way it
 * ends before anything of ours but the ClientHello and an alert was sent.
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
	TlsReason reason;  /* of the verdict, when it ran; verifier_refusal is what may be told of it */
	bool proven;  /* the peer's signature with the leaf's key holds */
	bool asked;  /* for our certificate */
	ChainValidity validity;
	uint8_t *leaf;  /* DER of an accepted leaf; verifier_free frees it */
	size_t leaf_bytes;
} Verifier;

/* Goes on with the handshake as far as it comes: 0 when it is done, else the library's result or VERIFIER_REFUSED. */
int verifier_handshake(Verifier *verifier, mbedtls_ssl_context *ssl);
/* The verdict ran, and is good. */
bool verifier_accepts(const Verifier *verifier);
/* Why there is no good verdict. Never of dates while the peer has not proved the leaf's key. */
TlsReason verifier_refusal(const Verifier *verifier);
/* Why a Certificate message was refused that the library could not read and still holds. Never of dates. */
TlsReason verifier_explain(const Verifier *verifier, const mbedtls_ssl_context *ssl);
void verifier_free(Verifier *verifier);

#endif
