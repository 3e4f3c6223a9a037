#include "tls-verify.h"

#include <stdlib.h>
#include <string.h>

/* One more than may be sent, so that too many shows. */
enum { RECEIVED_MAX = CHAIN_CERTIFICATES_MAX + 1, HANDSHAKE_HEADER_BYTES = 4 };

static const mbedtls_x509_crt *received_at(const Verifier *verifier, size_t index)
{
	const mbedtls_x509_crt *certificate = verifier->received;

	while (certificate && index-- > 0) certificate = certificate->next;
	return certificate;
}

/* The library walks up from the leaf: built[n + 1] is the issuer it found for built[n], and the signature was good
 * unless built[n] is marked as not trusted. */
static bool was_verified(void *context, size_t child, size_t parent)
{
	const Verifier *verifier = context;
	const mbedtls_x509_crt *below = received_at(verifier, child), *above = received_at(verifier, parent);

	if (!below || !above) return false;
	for (int depth = 0; depth + 1 < VERIFY_DEPTH_MAX; depth++) {
		if (verifier->built[depth].certificate != below || verifier->built[depth + 1].certificate != above) continue;
		return !(verifier->built[depth].flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED);
	}
	return false;
}

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

int verifier_callback(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	Verifier *verifier = context;
	Slice received[RECEIVED_MAX];
	ChainQuery query = { .received = received, .roots = verifier->roots, .root_count = verifier->root_count,
		.server = verifier->server, .time = verifier->time, .verified = was_verified, .context = verifier };

	if (depth >= 0 && depth < VERIFY_DEPTH_MAX) {
		verifier->built[depth].certificate = certificate;
		verifier->built[depth].flags = *flags;
	}
	*flags = 0;
	if (depth != 0) return 0;  /* the leaf comes last, and with it the verdict */
	verifier->received = certificate;
	for (const mbedtls_x509_crt *each = certificate; each && query.received_count < RECEIVED_MAX; each = each->next) {
		received[query.received_count++] = (Slice){ each->raw.p, each->raw.len };
	}
	verifier_free(verifier);
	verifier->reason = chain_verify(&query, &verifier->validity);
	if (verifier->reason == REASON_NONE) verifier->reason = keep_leaf(verifier, certificate);
	verifier->ran = true;
	memset(verifier->built, 0, sizeof verifier->built);
	verifier->received = NULL;
	*flags = flags_of(verifier->reason);
	return 0;
}

static size_t three_bytes(const uint8_t *data)
{
	return (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
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

TlsReason verifier_explain(Verifier *verifier, const uint8_t *message, size_t bytes)
{
	Slice received[RECEIVED_MAX];
	ChainQuery query = { .received = received, .roots = verifier->roots, .root_count = verifier->root_count,
		.server = verifier->server, .time = verifier->time };
	size_t at = HANDSHAKE_HEADER_BYTES + 3;
	ChainValidity validity;
	TlsReason reason;

	if (bytes < at || three_bytes(message + HANDSHAKE_HEADER_BYTES) != bytes - at) return REASON_PROTOCOL;
	if (bytes == at) return REASON_PROTOCOL;  /* RFC 5246 7.4.2: a server sends at least one */
	while (at < bytes) {
		size_t length;
		if (bytes - at < 3) return REASON_PROTOCOL;
		length = three_bytes(message + at);
		at += 3;
		if (length > bytes - at) return REASON_PROTOCOL;
		if (query.received_count < RECEIVED_MAX) received[query.received_count++] = (Slice){ message + at, length };
		at += length;
	}
	reason = chain_verify(&query, &validity);
	return reason != REASON_NONE ? reason : explain_unread(received, query.received_count);
}

void verifier_free(Verifier *verifier)
{
	free(verifier->leaf);
	verifier->leaf = NULL;
	verifier->leaf_bytes = 0;
}
