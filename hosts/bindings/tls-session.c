#include "tls-session.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "port.h"

enum { SESSIONS_MAX = 2, HASH_BYTES = 32 };

#ifdef LATCHKEY_TEST_BUILD
/* A test cannot wait for a day. */
static uint64_t life_us = 24ull * 3600 * 1000000;
void xs_lk_test_session_life(xsMachine *the);
void xs_lk_test_session_life(xsMachine *the)
{
	life_us = (uint64_t)lk_number(the, 0, 0, 86400000) * 1000u;
}
#else
static const uint64_t life_us = 24ull * 3600 * 1000000;
#endif

typedef struct {
	bool kept;
	uint8_t scope[HASH_BYTES];
	uint8_t place[HASH_BYTES];  /* host, port and server name */
	uint8_t whole[HASH_BYTES];  /* all of the binding */
	uint64_t made_us;
	ChainValidity validity;
	uint8_t *leaf;
	size_t leaf_bytes;
	mbedtls_ssl_session session;
} Kept;

static Kept sessions[SESSIONS_MAX];

static void forget(Kept *kept)
{
	if (!kept->kept) return;
	mbedtls_ssl_session_free(&kept->session);
	free(kept->leaf);
	lk_wipe(kept, sizeof *kept);
}

void session_forget_all(void)
{
	for (int index = 0; index < SESSIONS_MAX; index++) forget(&sessions[index]);
}

/* ---- bindings ---- */

/* Every part goes in with its length before it, so that no two bindings read alike. */
static void add(psa_hash_operation_t *hash, const void *data, size_t bytes)
{
	uint8_t length[4] = { (uint8_t)(bytes >> 24), (uint8_t)(bytes >> 16), (uint8_t)(bytes >> 8), (uint8_t)bytes };

	psa_hash_update(hash, length, sizeof length);
	psa_hash_update(hash, data, bytes);
}

static void add_place(psa_hash_operation_t *hash, const SessionBinding *binding)
{
	uint8_t port[2] = { (uint8_t)(binding->port >> 8), (uint8_t)binding->port };

	add(hash, binding->host, strlen(binding->host));
	add(hash, port, sizeof port);
	add(hash, binding->server, strlen(binding->server));
}

static void add_roots(psa_hash_operation_t *hash, const SessionBinding *binding)
{
	for (const ChainRoot *root = binding->roots; root < binding->roots + binding->root_count; root++) {
		add(hash, root->certificate.whole.data, root->certificate.whole.bytes);
		add(hash, root->pins, root->pin_count * CHAIN_PIN_BYTES);
	}
}

static void add_whole(psa_hash_operation_t *hash, const SessionBinding *binding)
{
	add(hash, binding->scope, strlen(binding->scope));
	add_place(hash, binding);
	add_roots(hash, binding);
	add(hash, binding->own_leaf.data, binding->own_leaf.bytes);
	for (size_t index = 0; binding->alpn[index]; index++) add(hash, binding->alpn[index], strlen(binding->alpn[index]));
}

static void add_scope(psa_hash_operation_t *hash, const SessionBinding *binding)
{
	add(hash, binding->scope, strlen(binding->scope));
}

static bool digest(void (*parts)(psa_hash_operation_t *, const SessionBinding *), const SessionBinding *binding, uint8_t out[HASH_BYTES])
{
	psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
	psa_status_t status = psa_hash_setup(&hash, PSA_ALG_SHA_256);
	size_t bytes;

	if (status == PSA_SUCCESS) {
		parts(&hash, binding);
		status = psa_hash_finish(&hash, out, HASH_BYTES, &bytes);
	}
	psa_hash_abort(&hash);
	return status == PSA_SUCCESS;
}

/* The session kept under this very binding. One of another scope, or of the same place under another binding, is gone. */
static Kept *find(const SessionBinding *binding)
{
	uint8_t scope[HASH_BYTES], place[HASH_BYTES], whole[HASH_BYTES];
	Kept *found = NULL;

	if (!binding->scope[0]) return NULL;
	if (!digest(add_scope, binding, scope) || !digest(add_place, binding, place) || !digest(add_whole, binding, whole)) return NULL;
	for (Kept *kept = sessions; kept < sessions + SESSIONS_MAX; kept++) {
		bool same = kept->kept && memcmp(kept->whole, whole, HASH_BYTES) == 0;
		if (!kept->kept) continue;
		if (memcmp(kept->scope, scope, HASH_BYTES) != 0 || (!same && memcmp(kept->place, place, HASH_BYTES) == 0)) forget(kept);
		else if (same) found = kept;
	}
	return found;
}

/* ---- offering and keeping ---- */

static bool still_good(const Kept *kept, const SessionBinding *binding, ChainTime time)
{
	if (port_monotonic_us() - kept->made_us > life_us) return false;
	if (time.unix_seconds > kept->validity.not_after) return false;
	if (!time.is_floor && time.unix_seconds < kept->validity.not_before) return false;
	return chain_recheck_leaf((Slice){ kept->leaf, kept->leaf_bytes }, binding->server, time) == REASON_NONE;
}

bool session_offer(mbedtls_ssl_context *ssl, const SessionBinding *binding, ChainTime time)
{
	Kept *kept = find(binding);

	if (!kept) return false;
	if (still_good(kept, binding, time) && mbedtls_ssl_set_session(ssl, &kept->session) == 0) return true;
	forget(kept);
	return false;
}

static Kept *place_for(void)
{
	Kept *oldest = sessions;

	for (Kept *kept = sessions; kept < sessions + SESSIONS_MAX; kept++) {
		if (!kept->kept) return kept;
		if (kept->made_us < oldest->made_us) oldest = kept;
	}
	forget(oldest);
	return oldest;
}

static bool fill(Kept *kept, const SessionBinding *binding, Slice leaf, const ChainValidity *validity)
{
	kept->kept = true;
	mbedtls_ssl_session_init(&kept->session);
	kept->made_us = port_monotonic_us();
	kept->validity = *validity;
	kept->leaf = malloc(leaf.bytes);
	kept->leaf_bytes = leaf.bytes;
	if (kept->leaf) memcpy(kept->leaf, leaf.data, leaf.bytes);
	return kept->leaf && digest(add_scope, binding, kept->scope) && digest(add_place, binding, kept->place) &&
		digest(add_whole, binding, kept->whole);
}

void session_keep(const mbedtls_ssl_context *ssl, const SessionBinding *binding, Slice leaf, const ChainValidity *validity)
{
	Kept *kept = find(binding);

	if (!binding->scope[0]) return;
	if (leaf.bytes > 0) {
		if (kept) forget(kept);
		kept = place_for();
		if (!fill(kept, binding, leaf, validity)) {
			forget(kept);
			return;
		}
	}
	if (!kept) return;  /* dropped while the resumed connection came up */
	mbedtls_ssl_session_free(&kept->session);
	mbedtls_ssl_session_init(&kept->session);
	if (mbedtls_ssl_get_session(ssl, &kept->session) != 0) forget(kept);
}

void session_forget(const SessionBinding *binding)
{
	Kept *kept = find(binding);

	if (kept) forget(kept);
}
