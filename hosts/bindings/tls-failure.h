/* From what the library says of a failure to a TlsReason. */
#ifndef LATCHKEY_TLS_FAILURE_H
#define LATCHKEY_TLS_FAILURE_H

#include "mbedtls_compat.h"
#include "tls-verify.h"

/* What f_recv and f_send answer for a connection that ended or broke: they are told apart here and nowhere else. */
enum { TLS_SOCKET_ENDED = MBEDTLS_ERR_SSL_CONN_EOF, TLS_SOCKET_BROKE = -0x7f01 };

/* result: what a handshake step, a read or a write returned, neither 0 nor a wish to wait. */
TlsReason tls_failure_reason(int result, const mbedtls_ssl_context *ssl, Verifier *verifier, bool up);

#endif
