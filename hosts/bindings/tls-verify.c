#include "tls-verify.h"

#include <stdlib.h>
#include <string.h>

/* One more than may be sent, so that too many shows. */
enum { RECEIVED_MAX = CHAIN_CERTIFICATES_MAX + 1, HANDSHAKE_HEADER_BYTES = 4, MESSAGE_CERTIFICATE = 11, MESSAGE_CERTIFICATE_REQUEST = 13, RECORD_HANDSHAKE = 22 };

/* ---- what the peer sent ---- */

static bool take_bytes(Slice *from, size_t bytes, Slice *taken)
{
	if (bytes > from->bytes) return false;
	*taken = (Slice){ from->data, bytes };
	*from = (Slice){ from->data + bytes, from->bytes - bytes };
	return true;
}

/* TLS's variable vectors (RFC 8446 3.4): a length of so many bytes, and as many bytes. */
static bool take_vector(Slice *from, size_t length_bytes, Slice *content)
{
	Slice length;
	size_t bytes = 0;

	if (!take_bytes(from, length_bytes, &length)) return false;
	for (size_t index = 0; index < length_bytes; index++) bytes = bytes << 8 | length.data[index];
	return take_bytes(from, bytes, content);
}

/* The certificates as they lie in the library's buffer (RFC 5246 7.4.2, RFC 8446 4.4.2). False when no such message lies there. */
static bool read_message(const mbedtls_ssl_context *ssl, Slice received[RECEIVED_MAX], size_t *count)
{
	CompatMessage message = compat_ssl_last_message(ssl);
	bool is_13 = compat_ssl_is_13(ssl);
	Slice rest, context, list, certificate, extensions;

	*count = 0;
	if (message.type != RECORD_HANDSHAKE || message.message_bytes > message.bytes || message.message_bytes < HANDSHAKE_HEADER_BYTES) return false;
	if (message.data[0] != MESSAGE_CERTIFICATE) return false;
	rest = (Slice){ message.data + 1, message.message_bytes - 1 };
	if (!take_vector(&rest, 3, &list) || rest.bytes > 0) return false;
	rest = list;
	/* Only a server that authenticates behind the handshake names a context. */
	if (is_13 && (!take_vector(&rest, 1, &context) || context.bytes > 0)) return false;
	if (!take_vector(&rest, 3, &list) || rest.bytes > 0) return false;
	while (list.bytes > 0) {
		if (!take_vector(&list, 3, &certificate)) return false;
		if (is_13 && !take_vector(&list, 2, &extensions)) return false;
		if (*count < RECEIVED_MAX) received[(*count)++] = certificate;
	}
	return true;
}

/* ---- the verdict ---- */

/* RFC 8446 6.2 */
static unsigned char alert_of(TlsReason reason)
{
	switch (reason) {
	case REASON_CHAIN_UNTRUSTED:
	case REASON_NOT_A_CA:
	case REASON_PIN_MISMATCH:
		return MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA;
	case REASON_EXPIRED:
	case REASON_NOT_YET_VALID:
		return MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED;
	case REASON_MEMORY:
		return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
	case REASON_PROTOCOL:
		return MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
	case REASON_WEAK_SIGNATURE:
	case REASON_WEAK_KEY:
		return MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
	default:
		return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
	}
}

static bool is_of_dates(TlsReason reason)
{
	return reason == REASON_EXPIRED || reason == REASON_NOT_YET_VALID;
}

static TlsReason keep_leaf(Verifier *verifier, Slice leaf)
{
	verifier_free(verifier);
	verifier->leaf = malloc(leaf.bytes);
	if (!verifier->leaf) return REASON_MEMORY;
	memcpy(verifier->leaf, leaf.data, leaf.bytes);
	verifier->leaf_bytes = leaf.bytes;
	return REASON_NONE;
}

static TlsReason judge(const Verifier *verifier, const Slice *received, size_t count, ChainValidity *validity)
{
	ChainQuery query = { received, count, verifier->roots, verifier->root_count, verifier->server, verifier->time };

	return chain_verify(&query, validity);
}

static TlsReason reach_verdict(Verifier *verifier, const mbedtls_ssl_context *ssl)
{
	const mbedtls_x509_crt *leaf = compat_ssl_peer_leaf(ssl);
	Slice received[RECEIVED_MAX];
	size_t count;
	TlsReason reason;

	if (!read_message(ssl, received, &count)) return REASON_PROTOCOL;
	reason = judge(verifier, received, count, &verifier->validity);
	if (reason != REASON_NONE && !is_of_dates(reason)) return reason;
	/* The key that the handshake goes on with must be the one that was judged. */
	if (!leaf || !der_is(received[0], leaf->raw.p, leaf->raw.len)) return REASON_CHAIN_MALFORMED;
	return reason != REASON_NONE ? reason : keep_leaf(verifier, received[0]);
}

bool verifier_accepts(const Verifier *verifier)
{
	return verifier->ran && verifier->reason == REASON_NONE;
}

TlsReason verifier_refusal(const Verifier *verifier)
{
	if (!verifier->ran) return REASON_PROTOCOL;
	return is_of_dates(verifier->reason) && !verifier->proven ? REASON_PROTOCOL : verifier->reason;
}

static bool message_is_certificate_request(const mbedtls_ssl_context *ssl)
{
	CompatMessage message = compat_ssl_last_message(ssl);

	return message.type == RECORD_HANDSHAKE && message.bytes > 0 && message.data[0] == MESSAGE_CERTIFICATE_REQUEST;
}

int verifier_handshake(Verifier *verifier, mbedtls_ssl_context *ssl)
{
	while (!compat_ssl_is_over(ssl)) {
		bool judging = compat_ssl_awaits_certificate(ssl), proving = compat_ssl_awaits_key_proof(ssl);
		bool asking = compat_ssl_awaits_certificate_request(ssl);
		int result = mbedtls_ssl_handshake_step(ssl);
		if (result != 0) return result;
		if (asking && !compat_ssl_awaits_certificate_request(ssl)) verifier->asked = message_is_certificate_request(ssl);
		if (proving && !compat_ssl_awaits_key_proof(ssl)) verifier->proven = true;
		if (judging && !compat_ssl_awaits_certificate(ssl)) {
			verifier->reason = reach_verdict(verifier, ssl);
			verifier->ran = true;
		}
		if (!verifier->ran || verifier->reason == REASON_NONE) continue;
		if (is_of_dates(verifier->reason) && compat_ssl_awaits_key_proof(ssl)) continue;
		mbedtls_ssl_send_alert_message(ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert_of(verifier_refusal(verifier)));
		return VERIFIER_REFUSED;
	}
	return 0;
}

/* A chain that chain.c has nothing against, though the library cannot read a certificate of it. */
static TlsReason explain_unread(const Slice *received, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		Certificate certificate;
		if (!certificate_decode(received[index], &certificate)) return REASON_CHAIN_MALFORMED;
		if (certificate.critical_unknown) return REASON_CRITICAL_EXTENSION;
		if (certificate.name_constraints) return REASON_NAME_CONSTRAINTS;
		if (certificate.critical_policy) return REASON_POLICY;
		if (certificate.signed_with == SIGNED_OUTSIDE) return REASON_WEAK_SIGNATURE;
		if (certificate.key_type == KEY_OUTSIDE) return REASON_WEAK_KEY;
	}
	return REASON_CHAIN_MALFORMED;
}

TlsReason verifier_explain(const Verifier *verifier, const mbedtls_ssl_context *ssl)
{
	Slice received[RECEIVED_MAX];
	ChainValidity validity;
	size_t count;
	TlsReason reason;

	/* RFC 5246 7.4.2: a server sends at least one. */
	if (!read_message(ssl, received, &count) || count == 0) return REASON_PROTOCOL;
	reason = judge(verifier, received, count, &validity);
	/* The handshake ends here, so nobody has proved the leaf's key: what the library could not read is the reason. */
	return reason != REASON_NONE && !is_of_dates(reason) ? reason : explain_unread(received, count);
}

void verifier_free(Verifier *verifier)
{
	free(verifier->leaf);
	verifier->leaf = NULL;
	verifier->leaf_bytes = 0;
}
