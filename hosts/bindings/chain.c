#include "chain.h"

#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "certificate-signature.h"
#include "chain-judge.h"
#include "distinguished-name.h"

/* Signatures that are verified for one chain: twice what the longest one needs. */
enum { SIGNATURES_MAX = 12 };

/* UNFIT: the names chain, but algorithm or key is outside the profile and nothing was verified. Such a path is only
 * followed to say what is wrong with it; it is never accepted. */
typedef enum { EDGE_UNKNOWN = 0, EDGE_GOOD, EDGE_BAD, EDGE_UNFIT } Edge;

typedef struct {
	const ChainQuery *query;
	Certificate received[CHAIN_CERTIFICATES_MAX];
	uint8_t edges[CHAIN_CERTIFICATES_MAX][CHAIN_CERTIFICATES_MAX + CHAIN_ROOTS_MAX];
	unsigned signatures_left;
	const Certificate *path[CHAIN_CERTIFICATES_MAX + 1];  /* the leaf first */
	size_t path_length;
	unsigned unfit;  /* edges of the path */
	TlsReason reason;  /* the best refusal so far: of the path that came furthest */
	ChainValidity *validity;
} Search;

static bool is_a_root(const Search *search, const Certificate *certificate)
{
	for (size_t index = 0; index < search->query->root_count; index++) {
		if (der_equal(certificate->whole, search->query->roots[index].certificate.whole)) return true;
	}
	return false;
}

static Edge verify_edge(Search *search, size_t child, const Certificate *parent)
{
	const Certificate *certificate = &search->received[child];

	if (!distinguished_names_equal(certificate->issuer, parent->subject)) return EDGE_BAD;
	if (certificate->signed_with == SIGNED_OUTSIDE || !chain_key_is_strong(parent)) return EDGE_UNFIT;
	if (!certificate_signature_fits(certificate, parent)) return EDGE_BAD;
	if (search->signatures_left == 0) return EDGE_BAD;
	search->signatures_left--;
	return certificate_signed_by(certificate, parent) ? EDGE_GOOD : EDGE_BAD;
}

/* parent_index: of the received ones, or CHAIN_CERTIFICATES_MAX + index of a root. */
static Edge edge_between(Search *search, size_t child, const Certificate *parent, size_t parent_index)
{
	uint8_t *edge = &search->edges[child][parent_index];

	if (*edge == EDGE_UNKNOWN) *edge = (uint8_t)verify_edge(search, child, parent);
	return (Edge)*edge;
}

static bool is_on_path(const Search *search, const Certificate *certificate)
{
	for (size_t index = 0; index < search->path_length; index++) {
		if (search->path[index] == certificate || der_equal(search->path[index]->whole, certificate->whole)) return true;
	}
	return false;
}

static bool is_pinned(const ChainRoot *root, const Certificate *certificate)
{
	uint8_t digest[CHAIN_PIN_BYTES];
	size_t bytes;

	if (psa_hash_compute(PSA_ALG_SHA_256, certificate->key_info.data, certificate->key_info.bytes, digest, sizeof digest, &bytes) != PSA_SUCCESS) return false;
	for (size_t index = 0; index < root->pin_count; index++) {
		if (memcmp(root->pins[index], digest, sizeof digest) == 0) return true;
	}
	return false;
}

/* A root with pins vouches only for paths that hold one of these keys below it. */
static bool pins_hold(const Search *search, const ChainRoot *root)
{
	if (root->pin_count == 0) return true;
	for (size_t index = 0; index < search->path_length; index++) {
		if (is_pinned(root, search->path[index])) return true;
	}
	return false;
}

/* The path as it stands, completed by a root. */
static TlsReason judge_with(Search *search, const ChainRoot *root, Edge edge)
{
	TlsReason reason;

	search->path[search->path_length] = &root->certificate;
	reason = chain_judge(search->path, search->path_length + 1, search->query->server, search->query->time, search->validity);
	if (reason != REASON_NONE) return reason;
	if (edge != EDGE_GOOD || search->unfit > 0) return REASON_CHAIN_UNTRUSTED;
	return pins_hold(search, root) ? REASON_NONE : REASON_PIN_MISMATCH;
}

/* RFC 5280 4.2.1.1: who has the key identifier that the certificate names is tried first. Nothing is refused for it. */
static bool is_hinted(const Search *search, size_t child, const Certificate *parent)
{
	Slice wanted = search->received[child].issuer_key_id;

	return wanted.bytes > 0 && der_equal(wanted, parent->key_id);
}

static bool extend(Search *search, size_t last);

static bool try_root(Search *search, size_t last, size_t index)
{
	const ChainRoot *root = &search->query->roots[index];
	Edge edge = edge_between(search, last, &root->certificate, CHAIN_CERTIFICATES_MAX + index);
	TlsReason reason;

	if (edge == EDGE_BAD) return false;
	reason = judge_with(search, root, edge);
	if (reason > search->reason) search->reason = reason;
	return reason == REASON_NONE;
}

static bool try_received(Search *search, size_t last, size_t index)
{
	const Certificate *candidate = &search->received[index];
	Edge edge;

	/* A root that was sent along is no intermediate: it was tried as what it is. */
	if (is_on_path(search, candidate) || is_a_root(search, candidate)) return false;
	edge = edge_between(search, last, candidate, index);
	if (edge == EDGE_BAD) return false;
	search->path[search->path_length++] = candidate;
	search->unfit += edge == EDGE_UNFIT;
	if (extend(search, index)) return true;
	search->unfit -= edge == EDGE_UNFIT;
	search->path_length--;
	return false;
}

/* Extends the path, whose last certificate is received[last], to every root; true when one path is accepted. */
static bool extend(Search *search, size_t last)
{
	const ChainQuery *query = search->query;

	for (int hinted = 1; hinted >= 0; hinted--) {
		for (size_t index = 0; index < query->root_count; index++) {
			if (is_hinted(search, last, &query->roots[index].certificate) == hinted && try_root(search, last, index)) return true;
		}
		for (size_t index = 1; index < query->received_count; index++) {
			if (is_hinted(search, last, &search->received[index]) == hinted && try_received(search, last, index)) return true;
		}
	}
	return false;
}

static TlsReason check_size(const ChainQuery *query)
{
	size_t bytes = 0;

	if (query->received_count == 0) return REASON_CHAIN_MALFORMED;
	if (query->received_count > CHAIN_CERTIFICATES_MAX) return REASON_CHAIN_DEPTH;
	for (size_t index = 0; index < query->received_count; index++) bytes += query->received[index].bytes;
	return bytes > CHAIN_BYTES_MAX ? REASON_CHAIN_SIZE : REASON_NONE;
}

static TlsReason search_paths(Search *search)
{
	for (size_t index = 0; index < search->query->received_count; index++) {
		if (!certificate_decode(search->query->received[index], &search->received[index])) return REASON_CHAIN_MALFORMED;
	}
	search->path[0] = &search->received[0];
	search->path_length = 1;
	search->reason = REASON_CHAIN_UNTRUSTED;
	return extend(search, 0) ? REASON_NONE : search->reason;
}

TlsReason chain_verify(const ChainQuery *query, ChainValidity *validity)
{
	TlsReason reason = check_size(query);
	Search *search;

	if (reason != REASON_NONE) return reason;
	search = calloc(1, sizeof *search);
	if (!search) return REASON_MEMORY;
	search->query = query;
	search->signatures_left = SIGNATURES_MAX;
	search->validity = validity;
	reason = search_paths(search);
	free(search);
	return reason;
}

TlsReason chain_recheck_leaf(Slice leaf, const char *server, ChainTime time)
{
	Certificate certificate;

	if (!certificate_decode(leaf, &certificate)) return REASON_CHAIN_MALFORMED;
	return chain_judge_leaf(&certificate, server, time);
}
