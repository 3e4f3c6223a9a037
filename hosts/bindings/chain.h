/*
 * From a server's certificates to a verdict (docs/TLS.md 2 and 3; RFC 5280 6, RFC 6125): finds every path from the
 * leaf to a root whose names chain and whose signatures verify, and judges each. It reads DER and needs PSA started;
 * it knows nothing of a connection.
 */
#ifndef LATCHKEY_CHAIN_H
#define LATCHKEY_CHAIN_H

#include "certificate.h"
#include "tls-reason.h"

/* LIMITS.tlsChainCertificates, .tlsChainBytes, .tlsRoots and .tlsPins (test/bindings compares them). */
enum { CHAIN_CERTIFICATES_MAX = 6, CHAIN_BYTES_MAX = 12288, CHAIN_ROOTS_MAX = 16, CHAIN_PINS_MAX = 4, CHAIN_PIN_BYTES = 32 };

typedef struct {
	int64_t unix_seconds;
	bool is_floor;  /* notBefore is not checked */
} ChainTime;

typedef struct {
	Certificate certificate;
	/* SHA-256 of SubjectPublicKeyInfo: with any, a path to this root must hold such a key below it. */
	uint8_t pins[CHAIN_PINS_MAX][CHAIN_PIN_BYTES];
	size_t pin_count;
} ChainRoot;

typedef struct {
	const Slice *received;  /* as sent: the leaf first */
	size_t received_count;
	const ChainRoot *roots;
	size_t root_count;
	const char *server;  /* valid by server-name.h */
	ChainTime time;
} ChainQuery;

/* What of an accepted chain is kept for resumption. */
typedef struct {
	int64_t not_before, not_after;  /* of the path together */
} ChainValidity;

/* REASON_NONE accepts. */
TlsReason chain_verify(const ChainQuery *query, ChainValidity *validity);
/* The checks of a leaf that need no path, again, for a session that is about to be resumed. */
TlsReason chain_recheck_leaf(Slice leaf, const char *server, ChainTime time);

#endif
