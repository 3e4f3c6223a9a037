#include "tls-failure.h"

#include <mbedtls/bignum.h>
#include <string.h>

enum { RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, MESSAGE_SERVER_HELLO = 2, MESSAGE_CERTIFICATE = 11 };
enum { EXTENSION_ALPN = 16, EXTENSION_SUPPORTED_VERSIONS = 43 };

/* Alerts by number: RFC 8446 6, RFC 7301 3.2. */
enum {
	ALERT_HANDSHAKE_FAILURE = 40, ALERT_NO_CERTIFICATE = 41, ALERT_BAD_CERTIFICATE = 42, ALERT_UNSUPPORTED_CERTIFICATE = 43,
	ALERT_CERTIFICATE_REVOKED = 44, ALERT_CERTIFICATE_EXPIRED = 45, ALERT_CERTIFICATE_UNKNOWN = 46, ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49, ALERT_PROTOCOL_VERSION = 70, ALERT_INSUFFICIENT_SECURITY = 71, ALERT_CERTIFICATE_REQUIRED = 116,
	ALERT_NO_APPLICATION_PROTOCOL = 120,
};

/*
 * Whether an alert can be an answer to our certificate. Before the connection is up anybody on the way can write one. So
 * it counts only once a peer with a good chain has proved its key, asked, and had our Certificate message.
 */
static bool answers_our_certificate(const mbedtls_ssl_context *ssl, const Verifier *verifier)
{
	return verifier->ran && verifier->reason == REASON_NONE && verifier->proven && verifier->asked && compat_ssl_past_own_certificate(ssl);
}

static TlsReason reason_of_alert(int alert, const mbedtls_ssl_context *ssl, const Verifier *verifier, bool up)
{
	bool answers = !up && answers_our_certificate(ssl, verifier);

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
		return up || answers ? REASON_ALERT_CERTIFICATE : REASON_ALERT;
	case ALERT_PROTOCOL_VERSION:
		return REASON_ALERT_VERSION;
	case ALERT_INSUFFICIENT_SECURITY:
		return REASON_ALERT_HANDSHAKE;
	case ALERT_HANDSHAKE_FAILURE:
		/* Once a suite is agreed, TLS 1.2 servers say this of a client certificate that is missing. */
		if (!up && !compat_ssl_past_server_hello(ssl)) return REASON_ALERT_HANDSHAKE;
		return answers || (up && verifier->asked) ? REASON_ALERT_CERTIFICATE : REASON_ALERT;
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

/* The extension of a ServerHello's list; false when it has none of this type, or no list. */
static bool find_extension(Slice list, int type, Slice *found)
{
	while (list.bytes >= 4) {
		int each = list.data[0] << 8 | list.data[1];
		size_t bytes = (size_t)(list.data[2] << 8 | list.data[3]);
		if (bytes > list.bytes - 4) return false;
		*found = (Slice){ list.data + 4, bytes };
		if (each == type) return true;
		list = (Slice){ list.data + 4 + bytes, list.bytes - 4 - bytes };
	}
	return false;
}

static bool suite_was_offered(int suite, const mbedtls_ssl_context *ssl)
{
	const int *suites = compat_ssl_suites(ssl);

	while (*suites != 0 && *suites != suite) suites++;
	return suite != 0 && *suites == suite;
}

/* RFC 5246 7.4.1.3, RFC 8446 4.1.3: which part of a ServerHello that the library refused lies outside the profile. */
static TlsReason explain_server_hello(const uint8_t *message, size_t bytes, const mbedtls_ssl_context *ssl)
{
	size_t at = 4 + 2 + 32;
	int suite;
	Slice list = { NULL, 0 }, extension;
	bool is_13;

	if (bytes < at + 1) return REASON_PROTOCOL;
	if (message[4] != 3 || message[5] != 3) return REASON_VERSION;
	if (message[at] > 32 || bytes < at + 1 + message[at] + 3u) return REASON_PROTOCOL;
	at += 1 + (size_t)message[at];
	suite = message[at] << 8 | message[at + 1];
	if (bytes >= at + 3 + 2) list = (Slice){ message + at + 3 + 2, bytes - at - 3 - 2 };
	is_13 = find_extension(list, EXTENSION_SUPPORTED_VERSIONS, &extension);
	if (is_13 && !der_is(extension, "\x03\x04", 2)) return REASON_VERSION;
	/* The suites of one version are none of the other. */
	if (is_13 != (suite >> 8 == 0x13) || !suite_was_offered(suite, ssl)) return REASON_SUITE;
	if (find_extension(list, EXTENSION_ALPN, &extension) && !alpn_was_offered(extension.data, extension.bytes, ssl)) return REASON_ALPN;
	return REASON_PROTOCOL;
}

/* A handshake message that lies broken in the library's buffer, or does not fit it. */
static TlsReason explain_message(int result, CompatMessage message, const mbedtls_ssl_context *ssl, const Verifier *verifier)
{
	size_t present = message.message_bytes < message.bytes ? message.message_bytes : message.bytes;

	if (message.type != RECORD_HANDSHAKE) return REASON_PROTOCOL;
	/* 2.28 does not join the records of one message, 3.6 only as many as fit its buffer: what is too long for that is too
	 * long for us. */
	if (compat_ssl_awaits_certificate(ssl) && message.message_bytes > message.bytes) {
		return message.message_bytes > CHAIN_BYTES_MAX + 3 * CHAIN_CERTIFICATES_MAX + 7 ? REASON_CHAIN_SIZE : REASON_PROTOCOL;
	}
	if (present < 4) return REASON_PROTOCOL;
	if (message.data[0] == MESSAGE_CERTIFICATE) return verifier_explain(verifier, ssl);
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
		return message.type == RECORD_ALERT && message.bytes >= 2 ? reason_of_alert(message.data[1], ssl, verifier, up) : REASON_ALERT;
	}
	if (up) return REASON_PROTOCOL;
	if (verifier->ran) return verifier_accepts(verifier) ? REASON_PROTOCOL : verifier_refusal(verifier);
	if (result == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION) return REASON_VERSION;
	return explain_message(result, message, ssl, verifier);
}
