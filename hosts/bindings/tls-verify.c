#include "tls-verify.h"

#include <stdlib.h>
#include <string.h>

/* One more than may be sent, so that too many shows. */
enum { RECEIVED_MAX = CHAIN_CERTIFICATES_MAX + 1, HANDSHAKE_HEADER_BYTES = 4, MESSAGE_CERTIFICATE = 11, RECORD_HANDSHAKE = 22 };

/* ---- what the peer sent ---- */

static size_t three_bytes(const uint8_t *data)
{
	return (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
}

/* The certificates as they lie in the library's buffer (RFC 5246 7.4.2). False when no such message lies there. */
static bool read_message(const mbedtls_ssl_context *ssl, Slice received[RECEIVED_MAX], size_t *count)
{
	CompatMessage message = compat_ssl_last_message(ssl);
	size_t at = HANDSHAKE_HEADER_BYTES + 3, bytes = message.message_bytes;

	*count = 0;
	if (message.type != RECORD_HANDSHAKE || bytes > message.bytes || bytes < at || message.data[0] != MESSAGE_CERTIFICATE) return false;
	if (three_bytes(message.data + HANDSHAKE_HEADER_BYTES) != bytes - at) return false;
	while (at < bytes) {
		size_t length;
		if (bytes - at < 3) return false;
		length = three_bytes(message.data + at);
		at += 3;
		if (length > bytes - at) return false;
		if (*count < RECEIVED_MAX) received[(*count)++] = (Slice){ message.data + at, length };
		at += length;
	}
	return true;
}

/* The same as the library has parsed it; it leaves out what it cannot verify, and bytes behind a certificate. */
static void read_parsed(const mbedtls_x509_crt *leaf, Slice received[RECEIVED_MAX], size_t *count)
{
	*count = 0;
	for (const mbedtls_x509_crt *each = leaf; each && *count < RECEIVED_MAX; each = each->next) {
		received[(*count)++] = (Slice){ each->raw.p, each->raw.len };
	}
}

static bool is_same(const mbedtls_x509_crt *certificate, Slice der)
{
	return certificate && der_equal((Slice){ certificate->raw.p, certificate->raw.len }, der);
}

/* The library walks up from the leaf: built[n + 1] is the issuer it found for built[n], and the signature was good
 * unless built[n] is marked as not trusted. */
static bool was_verified(void *context, size_t child, size_t parent)
{
	const Verifier *verifier = context;
	const Slice *received = verifier->query->received;

	for (int depth = 0; depth + 1 < VERIFY_DEPTH_MAX; depth++) {
		if (!is_same(verifier->built[depth].certificate, received[child])) continue;
		if (!is_same(verifier->built[depth + 1].certificate, received[parent])) continue;
		return !(verifier->built[depth].flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED);
	}
	return false;
}

/* ---- the verdict ---- */

/* Which alert the library sends. */
static uint32_t flags_of(TlsReason reason)
{
	switch (reason) {
	case REASON_NONE:
		return 0;
	case REASON_CHAIN_UNTRUSTED:
	case REASON_NOT_A_CA:
		return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
	case REASON_EXPIRED:
	case REASON_NOT_YET_VALID:
		return MBEDTLS_X509_BADCERT_EXPIRED;
	case REASON_NAME_MISSING:
	case REASON_NAME_MISMATCH:
		return MBEDTLS_X509_BADCERT_CN_MISMATCH;
	default:
		return MBEDTLS_X509_BADCERT_KEY_USAGE;
	}
}

static TlsReason keep_leaf(Verifier *verifier, const mbedtls_x509_crt *leaf)
{
	verifier->leaf = malloc(leaf->raw.len);
	if (!verifier->leaf) return REASON_MEMORY;
	memcpy(verifier->leaf, leaf->raw.p, leaf->raw.len);
	verifier->leaf_bytes = leaf->raw.len;
	return REASON_NONE;
}

static TlsReason reach_verdict(Verifier *verifier, const mbedtls_x509_crt *leaf)
{
	Slice received[RECEIVED_MAX];
	ChainQuery query = { .received = received, .roots = verifier->roots, .root_count = verifier->root_count,
		.server = verifier->server, .time = verifier->time, .verified = was_verified, .context = verifier };
	TlsReason reason;

	if (!read_message(verifier->ssl, received, &query.received_count)) read_parsed(leaf, received, &query.received_count);
	verifier->query = &query;
	reason = chain_verify(&query, &verifier->validity);
	verifier->query = NULL;
	if (reason != REASON_NONE) return reason;
	/* The key that the handshake goes on with must be the one that was judged. */
	if (!is_same(leaf, received[0])) return REASON_CHAIN_MALFORMED;
	return keep_leaf(verifier, leaf);
}

int verifier_callback(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	Verifier *verifier = context;

	if (depth >= 0 && depth < VERIFY_DEPTH_MAX) {
		verifier->built[depth].certificate = certificate;
		verifier->built[depth].flags = *flags;
	}
	*flags = 0;
	if (depth != 0) return 0;  /* the leaf comes last, and with it the verdict */
	verifier_free(verifier);
	verifier->reason = reach_verdict(verifier, certificate);
	verifier->ran = true;
	memset(verifier->built, 0, sizeof verifier->built);
	*flags = flags_of(verifier->reason);
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

TlsReason verifier_explain(Verifier *verifier)
{
	Slice received[RECEIVED_MAX];
	ChainQuery query = { .received = received, .roots = verifier->roots, .root_count = verifier->root_count,
		.server = verifier->server, .time = verifier->time };
	ChainValidity validity;
	TlsReason reason;

	/* RFC 5246 7.4.2: a server sends at least one. */
	if (!read_message(verifier->ssl, received, &query.received_count) || query.received_count == 0) return REASON_PROTOCOL;
	reason = chain_verify(&query, &validity);
	return reason != REASON_NONE ? reason : explain_unread(received, query.received_count);
}

void verifier_free(Verifier *verifier)
{
	free(verifier->leaf);
	verifier->leaf = NULL;
	verifier->leaf_bytes = 0;
}
