/*
 * chain.c and chain-judge.c over whole chains. Input:
 *
 *   byte flags (1 floor, 2 the library vouches for edges), u32 seconds, byte name (0: relay.test, else length of one),
 *   6 bytes of edges the library vouches for, byte roots, byte certificates, the name,
 *   then for each root and certificate a u16 length and its DER.
 *
 * What is accepted must have a path that a plain search finds, a leaf whose names a reference matches, and stay accepted
 * with its intermediates in another order.
 */
#include "chain.h"

#include <psa/crypto.h>

#include "certificate-signature.h"
#include "der-mutator.h"
#include "distinguished-name.h"
#include "expect.h"
#include "input.h"
#include "name-reference.h"
#include "server-name.h"

enum { HEADER_BYTES = 1 + 4 + 1 + CHAIN_CERTIFICATES_MAX + 2, LIST_MAX = 24, FLAG_FLOOR = 1, FLAG_VOUCHED = 2, SIGNATURES_SAFE = 16 };

typedef struct {
	Slice received[LIST_MAX];
	Certificate certificates[LIST_MAX], roots[CHAIN_ROOTS_MAX];
	size_t received_count, root_count;
	uint8_t vouched[CHAIN_CERTIFICATES_MAX];
	uint8_t order[LIST_MAX];  /* received[n] is what was sent as order[n] */
	char server[256];
	ChainTime time;
} Case;

static bool vouches(void *context, size_t child, size_t parent)
{
	const Case *chain = context;

	EXPECT(child < chain->received_count && parent < chain->received_count && child < CHAIN_CERTIFICATES_MAX);
	return chain->vouched[chain->order[child]] & (1u << chain->order[parent]);
}

/* ---- a plain search ---- */

static bool may_issue(const Certificate *issuer, int below)
{
	bool strong = issuer->key_type == KEY_P256 || issuer->key_type == KEY_P384 ||
		(issuer->key_type == KEY_RSA && issuer->key_bits >= 2048);

	return issuer->is_ca && strong && issuer->version == 3 && (!issuer->has_usage || (issuer->usage & USAGE_CERTIFICATE_SIGN)) &&
		(issuer->path_length == NO_PATH_LENGTH || below <= issuer->path_length) && !issuer->critical_unknown &&
		!issuer->name_constraints && !issuer->critical_policy &&
		(!issuer->has_purposes || issuer->purpose_server || issuer->purpose_any);
}

static bool in_time(const Certificate *certificate, ChainTime time)
{
	return time.unix_seconds <= certificate->not_after && (time.is_floor || time.unix_seconds >= certificate->not_before);
}

static bool has_path(const Case *chain, bool vouched, size_t child, int below, unsigned seen)
{
	const Certificate *certificate = &chain->certificates[child];

	if (!in_time(certificate, chain->time) || certificate->signed_with == SIGNED_OUTSIDE) return false;
	for (size_t index = 0; index < chain->root_count; index++) {
		const Certificate *root = &chain->roots[index];
		if (may_issue(root, below) && in_time(root, chain->time) && distinguished_names_equal(certificate->issuer, root->subject) &&
			certificate_signed_by(certificate, root)) return true;
	}
	for (size_t index = 1; index < chain->received_count; index++) {
		const Certificate *issuer = &chain->certificates[index];
		int more = !distinguished_names_equal(issuer->subject, issuer->issuer);
		if (seen & (1u << index) || !may_issue(issuer, below) || !distinguished_names_equal(certificate->issuer, issuer->subject)) continue;
		if (!(vouched && (chain->vouched[child] & (1u << index))) && !certificate_signed_by(certificate, issuer)) continue;
		if (has_path(chain, vouched, index, below + more, seen | 1u << index)) return true;
	}
	return false;
}

static void check_accepted(Case *chain, const ChainQuery *query, ChainValidity validity)
{
	const Certificate *leaf = &chain->certificates[0];
	ChainValidity again = { 0, 0 };
	bool vouched = query->verified != NULL;

	EXPECT(chain->received_count <= CHAIN_CERTIFICATES_MAX && chain->root_count > 0);
	EXPECT(!leaf->is_ca && leaf->purpose_server && leaf->version == 3 && leaf->has_names);
	EXPECT(!leaf->has_usage || (leaf->usage & (USAGE_DIGITAL_SIGNATURE | USAGE_CERTIFICATE_SIGN)) == USAGE_DIGITAL_SIGNATURE);
	EXPECT(!leaf->critical_unknown && !leaf->critical_policy && !leaf->name_constraints);
	EXPECT(reference_names_match(leaf->names.data, leaf->names.bytes, chain->server));
	EXPECT(validity.not_after >= chain->time.unix_seconds && validity.not_after <= leaf->not_after);
	EXPECT(validity.not_before >= leaf->not_before);
	EXPECT(has_path(chain, vouched, 0, 0, 1));
	EXPECT(chain_recheck_leaf(chain->received[0], chain->server, chain->time) == REASON_NONE);
	EXPECT(chain_verify(query, &again) == REASON_NONE && again.not_after == validity.not_after && again.not_before == validity.not_before);
	/* Intermediates the other way round; the search may spend only so many signatures, so few certificates only. */
	if (chain->received_count * (chain->received_count + chain->root_count) > SIGNATURES_SAFE) return;
	for (size_t low = 1, high = chain->received_count - 1; low < high; low++, high--) {
		Slice slice = chain->received[low];
		uint8_t place = chain->order[low];
		chain->received[low] = chain->received[high];
		chain->received[high] = slice;
		chain->order[low] = chain->order[high];
		chain->order[high] = place;
	}
	EXPECT(chain_verify(query, &again) == REASON_NONE);
}

/* ---- input ---- */

static Slice take_list_entry(Input *input)
{
	Input piece;
	size_t length = input_number(input, 2);

	piece = input_piece(input, length);
	return (Slice){ input_copy(piece), piece.bytes };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static Case chain;
	Input input = { data, bytes }, name;
	ChainQuery query = { .received = chain.received, .roots = chain.roots, .server = chain.server, .context = &chain };
	ChainValidity validity = { 0, 0 };
	uint8_t flags = input_byte(&input), name_bytes, roots, count;
	bool usable = true;

	if (bytes < HEADER_BYTES) return 0;
	memset(&chain, 0, sizeof chain);
	chain.time = (ChainTime){ input_number(&input, 4), flags & FLAG_FLOOR };
	name_bytes = input_byte(&input);
	for (int index = 0; index < CHAIN_CERTIFICATES_MAX; index++) chain.vouched[index] = input_byte(&input);
	roots = input_byte(&input) % (CHAIN_ROOTS_MAX + 1);
	count = input_byte(&input) % 9;
	name = input_piece(&input, name_bytes);
	memcpy(chain.server, name.data, name.bytes);
	if (name_bytes == 0) strcpy(chain.server, "relay.test");
	for (size_t index = 0; index < roots; index++) {
		Slice der = take_list_entry(&input);
		bool good = certificate_decode(der, &chain.roots[chain.root_count]);
		usable = usable && good;
		chain.root_count += good;
		if (!good) free((void *)der.data);
	}
	for (size_t index = 0; index < count; index++) {
		Slice der = take_list_entry(&input);
		chain.received[chain.received_count] = der;
		if (!certificate_decode(der, &chain.certificates[chain.received_count])) usable = false;
		chain.order[chain.received_count] = (uint8_t)chain.received_count;
		chain.received_count++;
	}
	query.root_count = chain.root_count;
	query.received_count = chain.received_count;
	query.time = chain.time;
	if (flags & FLAG_VOUCHED) query.verified = vouches;
	if (server_name_is_valid(chain.server)) {
		TlsReason reason = chain_verify(&query, &validity);
		EXPECT(reason < TLS_REASON_COUNT);
		EXPECT(tls_reason_text(reason)[0] != 0 || reason == REASON_NONE);
		if (reason == REASON_NONE) check_accepted(&chain, &query, validity);
		else if (usable && count > 0) EXPECT(reason >= REASON_CHAIN_DEPTH && reason != REASON_CHAIN_MALFORMED);
		else if (count == 0) EXPECT(reason == REASON_CHAIN_MALFORMED);
	}
	for (size_t index = 0; index < chain.root_count; index++) free((void *)chain.roots[index].whole.data);
	for (size_t index = 0; index < chain.received_count; index++) free((void *)chain.received[index].data);
	return 0;
}

/* ---- mutation: the header, one certificate, or the list ---- */

static size_t entry_at(const uint8_t *data, size_t bytes, size_t wanted, size_t *length)
{
	size_t at = HEADER_BYTES + (bytes > 5 ? data[5] : 0);

	for (size_t index = 0; at + 2 <= bytes; index++) {
		*length = (size_t)data[at] << 8 | data[at + 1];
		if (*length > bytes - at - 2) *length = bytes - at - 2;
		if (index == wanted) return at;
		at += 2 + *length;
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t maximum, unsigned int seed)
{
	DerMutation random = { .seed = seed };
	unsigned kind = der_mutator_random(&random, 8);
	size_t length, at, made;
	uint8_t *entry;

	if (bytes < HEADER_BYTES + 4 || bytes > MUTATED_MAX) return LLVMFuzzerMutate(data, bytes, maximum);
	if (kind == 0) {
		LLVMFuzzerMutate(data, HEADER_BYTES, HEADER_BYTES);
		return bytes;
	}
	at = entry_at(data, bytes, der_mutator_random(&random, data[12] % 17 + data[13] % 9), &length);
	if (at == 0) return LLVMFuzzerMutate(data, bytes, maximum);
	if (kind == 1 && bytes + 2 + length <= maximum) {  /* once more, as one certificate more */
		memmove(data + at + 2 + length, data + at, bytes - at);
		data[13]++;
		return bytes + 2 + length;
	}
	entry = malloc(MUTATED_MAX * 2);
	memcpy(entry, data + at + 2, length);
	made = der_mutate(entry, length, MUTATED_MAX, seed);
	if (bytes - length + made <= maximum && made < 0x10000) {
		memmove(data + at + 2 + made, data + at + 2 + length, bytes - at - 2 - length);
		memcpy(data + at + 2, entry, made);
		data[at] = (uint8_t)(made >> 8);
		data[at + 1] = (uint8_t)made;
		bytes = bytes - length + made;
	}
	free(entry);
	return bytes;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	EXPECT(psa_crypto_init() == PSA_SUCCESS);
	return 0;
}
