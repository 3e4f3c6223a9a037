/*
 * Sessions that can be resumed (DESIGN 7): in RAM only, each bound to everything that it was made under, dropped when
 * any of that changes, checked again before it is offered, and never older than 24 hours.
 */
#ifndef LATCHKEY_TLS_SESSION_H
#define LATCHKEY_TLS_SESSION_H

#include "chain.h"
#include "mbedtls_compat.h"

typedef struct {
	const char *scope;  /* "": never resumed */
	const char *host, *server;
	uint16_t port;
	Slice own_leaf;  /* empty without a client certificate */
	const char *const *alpn;  /* ends with NULL */
	const ChainRoot *roots;  /* and their pins */
	size_t root_count;
} SessionBinding;

/* Offers the session that was kept under this binding, where there is one and it passes. False when there is none. */
bool session_offer(mbedtls_ssl_context *ssl, const SessionBinding *binding, ChainTime time);
/* Keeps the session of a connection that came up. leaf and validity are of the verdict; resumed sessions have none, and
 * keep what is known of their first handshake. */
void session_keep(const mbedtls_ssl_context *ssl, const SessionBinding *binding, Slice leaf, const ChainValidity *validity);
/* Forgets what is kept under this binding (a connection that failed). */
void session_forget(const SessionBinding *binding);
void session_forget_all(void);

#endif
