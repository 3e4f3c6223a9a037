/*
 * chain.c and chain-judge.c over whole chains. Input:
 *
 *   byte flags (1 floor), u32 seconds, byte name (0: relay.test, else length of one), 4 pins, byte roots, byte certificates,
 *   the name, then for each root and certificate a u16 length and its DER.
 *   A pin: byte root (128 and above: of every root), byte key (0: no pin; 1 to 8 of that certificate, 9 to 24 of that root,
 *   above: the digest of no key).
 *
 * What is accepted must have a path that a plain search finds, with a pinned key below a root that has pins, and a leaf
 * whose names a reference matches; and it must stay accepted with its intermediates in another order. What is refused for
 * its pins has no such path, and would be accepted without pins.
 */
#include "chain.h"

#include <mbedtls/md.h>
#include <psa/crypto.h>

#include "certificate-signature.h"
#include "der-mutator.h"
#include "distinguished-name.h"
#include "expect.h"
#include "input.h"
#include "name-reference.h"
#include "server-name.h"

enum { PINS_AT = 1 + 4 + 1, COUNTS_AT = PINS_AT + 2 * CHAIN_PINS_MAX, HEADER_BYTES = COUNTS_AT + 2 };
enum { LIST_MAX = 8, FLAG_FLOOR = 1, EVERY_ROOT = 128, PIN_ROOTS = LIST_MAX + 1, PIN_NO_KEY = PIN_ROOTS + CHAIN_ROOTS_MAX };
enum { SIGNATURES_MAX = 12 };  /* as chain.c spends */

typedef struct {
	Slice received[LIST_MAX];
	Certificate certificates[LIST_MAX];
	ChainRoot roots[CHAIN_ROOTS_MAX];
	size_t received_count, root_count;
	char server[256];
	ChainTime time;
} Case;

/* ---- pins, read without certificate.c and chain.c ---- */

/* The seventh element of TBSCertificate with a version, the sixth without (RFC 5280 4.1); empty when it is not there. */
static Slice key_info_of(Slice der)
{
	Slice certificate, tbs, content, whole = { NULL, 0 };
	uint8_t tag;
	int elements = 6;

	if (!der_next(&der, &tag, &certificate, NULL) || !der_next(&certificate, &tag, &tbs, NULL)) return (Slice){ NULL, 0 };
	if (tbs.bytes > 0 && tbs.data[0] == 0xa0) elements = 7;
	while (elements-- > 0) {
		if (!der_next(&tbs, &tag, &content, &whole)) return (Slice){ NULL, 0 };
	}
	return whole;
}

static void pin_of(Slice der, uint8_t pin[CHAIN_PIN_BYTES])
{
	Slice key_info = key_info_of(der);

	EXPECT(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key_info.data, key_info.bytes, pin) == 0);
}

static bool root_takes(const ChainRoot *root, Slice der)
{
	uint8_t pin[CHAIN_PIN_BYTES];

	pin_of(der, pin);
	for (size_t index = 0; index < root->pin_count; index++) {
		if (memcmp(root->pins[index], pin, sizeof pin) == 0) return true;
	}
	return false;
}

static void add_pin(Case *chain, uint8_t which, uint8_t key)
{
	uint8_t pin[CHAIN_PIN_BYTES];

	if (key == 0) return;
	memset(pin, key, sizeof pin);
	if (key < PIN_ROOTS) {
		if (key > chain->received_count) return;
		pin_of(chain->received[key - 1], pin);
	}
	else if (key < PIN_NO_KEY) {
		if (key - PIN_ROOTS >= (int)chain->root_count) return;
		pin_of(chain->roots[key - PIN_ROOTS].certificate.whole, pin);
	}
	for (size_t index = 0; index < chain->root_count; index++) {
		ChainRoot *root = &chain->roots[index];
		if (which < EVERY_ROOT && which % chain->root_count != index) continue;
		memcpy(root->pins[root->pin_count++], pin, sizeof pin);
	}
}

/* ---- a plain search ---- */

static bool may_issue(const Certificate *issuer, int below)
{
	bool strong = issuer->key_type == KEY_P256 || issuer->key_type == KEY_P384 ||
		(issuer->key_type == KEY_RSA && issuer->key_bits >= 2048 && issuer->key_bits <= 4096);

	return issuer->is_ca && strong && issuer->version == 3 && (!issuer->has_usage || (issuer->usage & USAGE_CERTIFICATE_SIGN)) &&
		(issuer->path_length == NO_PATH_LENGTH || below <= issuer->path_length) && !issuer->critical_unknown &&
		!issuer->name_constraints && !issuer->critical_policy &&
		(!issuer->has_purposes || issuer->purpose_server || issuer->purpose_any);
}

static bool in_time(const Certificate *certificate, ChainTime time)
{
	return time.unix_seconds <= certificate->not_after && (time.is_floor || time.unix_seconds >= certificate->not_before);
}

static bool was_given_as_root(const Case *chain, const Certificate *certificate)
{
	for (size_t index = 0; index < chain->root_count; index++) {
		if (der_equal(chain->roots[index].certificate.whole, certificate->whole)) return true;
	}
	return false;
}

/* seen: the certificates of the path, `child` the last of them. */
static bool root_vouches(const Case *chain, const ChainRoot *root, unsigned seen)
{
	for (size_t index = 0; index < chain->received_count; index++) {
		if (seen & (1u << index) && root_takes(root, chain->certificates[index].whole)) return true;
	}
	return root->pin_count == 0;
}

static bool has_path(const Case *chain, size_t child, int below, unsigned seen)
{
	const Certificate *certificate = &chain->certificates[child];

	if (!in_time(certificate, chain->time) || certificate->signed_with == SIGNED_OUTSIDE) return false;
	for (size_t index = 0; index < chain->root_count; index++) {
		const Certificate *root = &chain->roots[index].certificate;
		if (may_issue(root, below) && in_time(root, chain->time) && distinguished_names_equal(certificate->issuer, root->subject) &&
			certificate_signed_by(certificate, root) && root_vouches(chain, &chain->roots[index], seen)) return true;
	}
	for (size_t index = 1; index < chain->received_count; index++) {
		const Certificate *issuer = &chain->certificates[index];
		int more = !distinguished_names_equal(issuer->subject, issuer->issuer);
		if (seen & (1u << index) || was_given_as_root(chain, issuer) || !may_issue(issuer, below)) continue;
		if (!distinguished_names_equal(certificate->issuer, issuer->subject) || !certificate_signed_by(certificate, issuer)) continue;
		if (has_path(chain, index, below + more, seen | 1u << index)) return true;
	}
	return false;
}

/* Whether chain.c may verify every edge there is: a longer search may end without having seen them all. */
static bool is_searched_whole(const Case *chain)
{
	size_t issuers = chain->received_count - 1;

	return issuers * (issuers + chain->root_count) + chain->root_count <= SIGNATURES_MAX;
}

static void check_accepted(Case *chain, const ChainQuery *query, ChainValidity validity)
{
	const Certificate *leaf = &chain->certificates[0];
	ChainValidity again = { 0, 0 };

	EXPECT(chain->received_count <= CHAIN_CERTIFICATES_MAX && chain->root_count > 0);
	EXPECT(!leaf->is_ca && leaf->purpose_server && leaf->version == 3 && leaf->has_names);
	EXPECT(!leaf->has_usage || (leaf->usage & (USAGE_DIGITAL_SIGNATURE | USAGE_CERTIFICATE_SIGN)) == USAGE_DIGITAL_SIGNATURE);
	EXPECT(!leaf->critical_unknown && !leaf->critical_policy && !leaf->name_constraints);
	EXPECT(reference_names_match(leaf->names.data, leaf->names.bytes, chain->server));
	EXPECT(validity.not_after >= chain->time.unix_seconds && validity.not_after <= leaf->not_after);
	EXPECT(validity.not_before >= leaf->not_before);
	EXPECT(has_path(chain, 0, 0, 1));
	EXPECT(chain_recheck_leaf(chain->received[0], chain->server, chain->time) == REASON_NONE);
	EXPECT(chain_verify(query, &again) == REASON_NONE && again.not_after == validity.not_after && again.not_before == validity.not_before);
	/* Intermediates the other way round. */
	if (!is_searched_whole(chain)) return;
	for (size_t low = 1, high = chain->received_count - 1; low < high; low++, high--) {
		Slice slice = chain->received[low];
		chain->received[low] = chain->received[high];
		chain->received[high] = slice;
	}
	EXPECT(chain_verify(query, &again) == REASON_NONE);
}

static void check_refused_for_pins(Case *chain, const ChainQuery *query)
{
	ChainValidity validity = { 0, 0 };
	size_t pins = 0;

	if (is_searched_whole(chain)) EXPECT(!has_path(chain, 0, 0, 1));
	for (size_t index = 0; index < chain->root_count; index++) {
		pins += chain->roots[index].pin_count;
		chain->roots[index].pin_count = 0;
	}
	EXPECT(pins > 0 && chain_verify(query, &validity) == REASON_NONE);
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
	ChainQuery query = { .received = chain.received, .roots = chain.roots, .server = chain.server };
	ChainValidity validity = { 0, 0 };
	uint8_t flags = input_byte(&input), name_bytes, pins[2 * CHAIN_PINS_MAX], roots, count;
	bool usable = true;

	if (bytes < HEADER_BYTES) return 0;
	memset(&chain, 0, sizeof chain);
	chain.time = (ChainTime){ input_number(&input, 4), flags & FLAG_FLOOR };
	name_bytes = input_byte(&input);
	for (size_t index = 0; index < sizeof pins; index++) pins[index] = input_byte(&input);
	roots = input_byte(&input) % (CHAIN_ROOTS_MAX + 1);
	count = input_byte(&input) % (LIST_MAX + 1);
	name = input_piece(&input, name_bytes);
	memcpy(chain.server, name.data, name.bytes);
	if (name_bytes == 0) strcpy(chain.server, "relay.test");
	for (size_t index = 0; index < roots; index++) {
		Slice der = take_list_entry(&input);
		bool good = certificate_decode(der, &chain.roots[chain.root_count].certificate);
		usable = usable && good;
		chain.root_count += good;
		if (!good) free((void *)der.data);
	}
	for (size_t index = 0; index < count; index++) {
		Slice der = take_list_entry(&input);
		chain.received[chain.received_count] = der;
		if (!certificate_decode(der, &chain.certificates[chain.received_count])) usable = false;
		chain.received_count++;
	}
	for (size_t index = 0; index < sizeof pins; index += 2) add_pin(&chain, pins[index], pins[index + 1]);
	query.root_count = chain.root_count;
	query.received_count = chain.received_count;
	query.time = chain.time;
	if (server_name_is_valid(chain.server)) {
		TlsReason reason = chain_verify(&query, &validity);
		EXPECT(reason < TLS_REASON_COUNT);
		EXPECT(tls_reason_text(reason)[0] != 0 || reason == REASON_NONE);
		if (reason == REASON_NONE) check_accepted(&chain, &query, validity);
		else if (reason == REASON_PIN_MISMATCH) check_refused_for_pins(&chain, &query);
		else if (usable && count > 0) EXPECT(reason >= REASON_CHAIN_DEPTH && reason != REASON_CHAIN_MALFORMED);
		else if (count == 0) EXPECT(reason == REASON_CHAIN_MALFORMED);
	}
	for (size_t index = 0; index < chain.root_count; index++) free((void *)chain.roots[index].certificate.whole.data);
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
	if (kind == 2) {  /* a pin of something that is there */
		uint8_t *pin = data + PINS_AT + 2 * der_mutator_random(&random, CHAIN_PINS_MAX);
		pin[0] = (uint8_t)(der_mutator_random(&random, 2) ? EVERY_ROOT : der_mutator_random(&random, CHAIN_ROOTS_MAX));
		pin[1] = (uint8_t)der_mutator_random(&random, PIN_NO_KEY + 2);
		return bytes;
	}
	at = entry_at(data, bytes, der_mutator_random(&random, data[COUNTS_AT] % (CHAIN_ROOTS_MAX + 1) + data[COUNTS_AT + 1] % (LIST_MAX + 1)), &length);
	if (at == 0) return LLVMFuzzerMutate(data, bytes, maximum);
	if (kind == 1 && bytes + 2 + length <= maximum) {  /* once more, as one certificate more */
		memmove(data + at + 2 + length, data + at, bytes - at);
		data[COUNTS_AT + 1]++;
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
