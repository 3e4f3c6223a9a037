#include "tls-failure.h"

#include <mbedtls/bignum.h>
#include <string.h>

enum { RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, MESSAGE_SERVER_HELLO = 2, MESSAGE_CERTIFICATE = 11 };
enum { EXTENSION_ALPN = 16 };

/* Alerts by number: RFC 8446 6, RFC 7301 3.2. */
enum {
	ALERT_HANDSHAKE_FAILURE = 40, ALERT_NO_CERTIFICATE = 41, ALERT_BAD_CERTIFICATE = 42, ALERT_UNSUPPORTED_CERTIFICATE = 43,
	ALERT_CERTIFICATE_REVOKED = 44, ALERT_CERTIFICATE_EXPIRED = 45, ALERT_CERTIFICATE_UNKNOWN = 46, ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49, ALERT_PROTOCOL_VERSION = 70, ALERT_INSUFFICIENT_SECURITY = 71, ALERT_CERTIFICATE_REQUIRED = 116,
	ALERT_NO_APPLICATION_PROTOCOL = 120,
};

static TlsReason reason_of_alert(int alert, const mbedtls_ssl_context *ssl, bool up)
{
	bool negotiated = up || compat_ssl_past_server_hello(ssl);

	switch (alert) {
	case ALERT_NO_CERTIFICATE:
	case ALERT_BAD_CERTIFICATE:
	case ALERT_UNSUPPORTED_CERTIFICATE:
	case ALERT_CERTIFICATE_REVOKED:
	case ALERT_CERTIFICATE_EXPIRED:
	case ALERT_CERTIFICATE_UNKNOWN:
	case ALERT_UNKNOWN_CA:
	case ALERT_ACCESS_DENIED:
	case ALERT_CERTIFICATE_REQUIRED:
		return REASON_ALERT_CERTIFICATE;
	case ALERT_PROTOCOL_VERSION:
		return REASON_ALERT_VERSION;
	case ALERT_INSUFFICIENT_SECURITY:
		return REASON_ALERT_HANDSHAKE;
	case ALERT_HANDSHAKE_FAILURE:
		/* Once a suite is agreed, TLS 1.2 servers say this of a client certificate that is missing. */
		if (!negotiated) return REASON_ALERT_HANDSHAKE;
		return compat_ssl_asked_for_certificate(ssl) ? REASON_ALERT_CERTIFICATE : REASON_ALERT;
	case ALERT_NO_APPLICATION_PROTOCOL:
		return REASON_ALPN;
	default:
		return REASON_ALERT;
	}
}

/* RFC 7301 3.1: whether the one protocol that the peer names is one that we offered. */
static bool alpn_was_offered(const uint8_t *extension, size_t bytes, const mbedtls_ssl_context *ssl)
{
	const char *const *offered = (const char *const *)compat_ssl_alpn_list(ssl);

	for (; offered && *offered && bytes > 3; offered++) {
		if (strlen(*offered) == bytes - 3 && memcmp(*offered, extension + 3, bytes - 3) == 0) return true;
	}
	return false;
}

/* RFC 5246 7.4.1.3: which part of a ServerHello that the library refused lies outside the profile. */
static TlsReason explain_server_hello(const uint8_t *message, size_t bytes, const mbedtls_ssl_context *ssl)
{
	const int *suites = compat_ssl_suites(ssl);
	size_t at = 4 + 2 + 32;
	int suite;

	if (bytes < at + 1) return REASON_PROTOCOL;
	if (message[4] != 3 || message[5] != 3) return REASON_VERSION;
	if (message[at] > 32 || bytes < at + 1 + message[at] + 3u) return REASON_PROTOCOL;
	at += 1 + (size_t)message[at];
	suite = message[at] << 8 | message[at + 1];
	while (*suites != 0 && *suites != suite) suites++;
	if (*suites == 0) return REASON_SUITE;
	for (at += 3 + 2; at + 4 <= bytes; ) {
		int type = message[at] << 8 | message[at + 1];
		size_t length = (size_t)(message[at + 2] << 8 | message[at + 3]);
		at += 4;
		if (length > bytes - at) return REASON_PROTOCOL;
		if (type == EXTENSION_ALPN && !alpn_was_offered(message + at, length, ssl)) return REASON_ALPN;
		at += length;
	}
	return REASON_PROTOCOL;
}

/* A handshake message that lies broken in the library's buffer. */
static TlsReason explain_message(int result, CompatMessage message, const mbedtls_ssl_context *ssl, const Verifier *verifier)
{
	size_t present = message.message_bytes < message.bytes ? message.message_bytes : message.bytes;

	if (message.type != RECORD_HANDSHAKE || present < 4) return REASON_PROTOCOL;
	if (message.data[0] == MESSAGE_CERTIFICATE) {
		/* 2.28 and early 3.6 do not join the records of one message. What is too long for one is too long for us. */
		if (message.message_bytes > message.bytes) {
			return message.message_bytes > CHAIN_BYTES_MAX + 3 * CHAIN_CERTIFICATES_MAX + 7 ? REASON_CHAIN_SIZE : REASON_PROTOCOL;
		}
		return verifier_explain(verifier, ssl);
	}
	/* Only when it is this message that was refused: it may also be what lay there before a broken record. */
	if (message.data[0] == MESSAGE_SERVER_HELLO && compat_ssl_is_hello_refusal(result)) return explain_server_hello(message.data, present, ssl);
	return REASON_PROTOCOL;
}

static bool is_memory(int result)
{
	return result == MBEDTLS_ERR_SSL_ALLOC_FAILED || result == MBEDTLS_ERR_X509_ALLOC_FAILED || result == MBEDTLS_ERR_PK_ALLOC_FAILED ||
		result == MBEDTLS_ERR_MPI_ALLOC_FAILED;
}

TlsReason tls_failure_reason(int result, const mbedtls_ssl_context *ssl, const Verifier *verifier, bool up)
{
	CompatMessage message = compat_ssl_last_message(ssl);

	if (result == TLS_SOCKET_ENDED || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return REASON_CLOSED;
	if (result == TLS_SOCKET_BROKE) return REASON_RESET;
	if (is_memory(result)) return REASON_MEMORY;
	if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
		return message.type == RECORD_ALERT && message.bytes >= 2 ? reason_of_alert(message.data[1], ssl, up) : REASON_ALERT;
	}
	if (up) return REASON_PROTOCOL;
	if (verifier->ran && verifier->reason != REASON_NONE) return verifier->reason;
	if (verifier->ran) return REASON_PROTOCOL;
	if (result == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION) return REASON_VERSION;
	return explain_message(result, message, ssl, verifier);
}
