/*
 * What a connection is made with, as tls.ts hands it over piece by piece, and the library's configuration made of it.
 * Everything secret in it is wiped when it is freed.
 */
#ifndef LATCHKEY_TLS_SETUP_H
#define LATCHKEY_TLS_SETUP_H

#include "mbedtls_compat.h"
#include "server-name.h"
#include "tls-session.h"
#include "tls-verify.h"

enum { TLS_ALPN_MAX = 4, TLS_ALPN_BYTES_MAX = 32, TLS_SCOPE_BYTES_MAX = 64, TLS_OWN_CERTIFICATES_MAX = 4 };

typedef struct {
	char host[SERVER_NAME_MAX + 1], server[SERVER_NAME_MAX + 1];
	char scope[TLS_SCOPE_BYTES_MAX + 1];
	uint16_t port;
	uint32_t handshake_ms;
	ChainTime time;
	ChainRoot roots[CHAIN_ROOTS_MAX];  /* their DER is malloc'ed */
	size_t root_count;
	bool root_skipped;  /* the one that was added last */
	char alpn_texts[TLS_ALPN_MAX][TLS_ALPN_BYTES_MAX + 1];
	const char *alpn[TLS_ALPN_MAX + 1];
	size_t alpn_count;
	mbedtls_x509_crt own;
	size_t own_count;
	mbedtls_pk_context own_key;
	mbedtls_ssl_config config;
} TlsSetup;

TlsSetup *tls_setup_new(void);
void tls_setup_free(TlsSetup *setup);
/* Each is false for what cannot be used. The bytes are copied. */
/* A root that does not parse is left out, and its pins with it: it takes no other root along. tls_setup_finish wants one. */
bool tls_setup_add_root(TlsSetup *setup, Slice der);
/* For the root that was added last. */
bool tls_setup_add_pin(TlsSetup *setup, Slice digest);
bool tls_setup_add_alpn(TlsSetup *setup, const char *protocol);
bool tls_setup_add_own(TlsSetup *setup, Slice der);
/* The private key of the first own certificate, by name (P-256) or in PEM or DER. */
bool tls_setup_own_key_named(TlsSetup *setup, const char *name);
bool tls_setup_own_key_encoded(TlsSetup *setup, Slice encoded);
/* The last step: fills config, and verifier with what it judges by. */
bool tls_setup_finish(TlsSetup *setup, Verifier *verifier);
SessionBinding tls_setup_binding(const TlsSetup *setup);

#endif
