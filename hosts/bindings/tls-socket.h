/* The TCP socket under the library: its two callbacks, and how it ends. */
#ifndef LATCHKEY_TLS_SOCKET_H
#define LATCHKEY_TLS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "mbedtls_compat.h"

/* What the callbacks answer for a connection that ended or broke, beside the library's wishes to wait. */
enum { TLS_SOCKET_ENDED = MBEDTLS_ERR_SSL_CONN_EOF, TLS_SOCKET_BROKE = -0x7f01 };

enum { TLS_SOCKET_FIRST = 5 };

typedef struct {
	int descriptor;  /* -1: none */
	bool ended;  /* the peer sends nothing any more */
	bool unsendable;  /* the connection takes nothing any more */
	unsigned char first[TLS_SOCKET_FIRST];  /* what the peer said first: as much as begins a record */
	size_t first_bytes;
} TlsSocket;

/* For mbedtls_ssl_set_bio; the context is the TlsSocket. */
int tls_socket_receive(void *context, unsigned char *data, size_t bytes);
int tls_socket_send(void *context, const unsigned char *data, size_t bytes);
/* The peer answered as an HTTP server without TLS does, or as a captive portal in its place. */
bool tls_socket_heard_http(const TlsSocket *tcp);
/* Idempotent. */
void tls_socket_close(TlsSocket *tcp);

#endif
