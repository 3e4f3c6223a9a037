/* From what the library says of a failure to a TlsReason. */
#ifndef LATCHKEY_TLS_FAILURE_H
#define LATCHKEY_TLS_FAILURE_H

#include "mbedtls_compat.h"
#include "tls-socket.h"
#include "tls-verify.h"

/* result: what a handshake step, a read or a write returned, neither 0 nor a wish to wait. */
TlsReason tls_failure_reason(int result, const mbedtls_ssl_context *ssl, const Verifier *verifier, bool up);

#endif
