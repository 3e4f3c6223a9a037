#include "entropy.h"

#include "check.h"
#include "mbedtls_compat.h"
#include "port.h"

enum { SEED_BYTES = 64 };
static const char SEED_DOMAIN[] = PORT_DOMAIN_ENTROPY, SEED_NAME[] = "seed";

typedef enum { ENTROPY_OFF, ENTROPY_STARTED, ENTROPY_READY } EntropyState;
static EntropyState state;

/*
 * Three sources, hashed together by the generator: the library's own, the host's, and the last boot's seed. A library that
 * mixes nothing in has the first alone, and goes on only because PSA seeds itself from a true source of the chip, as
 * port_entropy has one: a board without one at boot needs a library that mixes (docs/PORTING.md).
 */
static bool start(void)
{
	uint8_t mixed[2 * SEED_BYTES] = { 0 };
	size_t bytes = 0;
	PortRecordStatus read;
	psa_status_t started, mixed_in = PSA_ERROR_BAD_STATE;

	if (!port_entropy(mixed, SEED_BYTES)) {
		port_log("entropy: the host has none, nothing may draw");
		return false;
	}
	read = port_record_read(SEED_DOMAIN, SEED_NAME, mixed + SEED_BYTES, SEED_BYTES, &bytes);
	if (read != PORT_RECORD_OK && read != PORT_RECORD_ABSENT) port_log("entropy: the stored seed is unreadable, a new one replaces it");
	started = psa_crypto_init();
	if (started == PSA_SUCCESS) mixed_in = compat_random_mix(mixed, sizeof mixed);
	lk_wipe(mixed, sizeof mixed);
	if (started == PSA_SUCCESS && mixed_in == PSA_ERROR_NOT_SUPPORTED) {
		port_log("entropy: this Mbed TLS cannot mix the stored seed");
		return true;
	}
	if (mixed_in != PSA_SUCCESS) port_log("entropy: the generator could not be seeded, nothing may draw");
	return mixed_in == PSA_SUCCESS;
}

/* The next boot must not start from this boot's seed, so nothing draws before it is replaced. */
static bool replace_seed(void)
{
	uint8_t next[SEED_BYTES];
	bool replaced = psa_generate_random(next, sizeof next) == PSA_SUCCESS &&
		port_record_write(SEED_DOMAIN, SEED_NAME, next, sizeof next) == PORT_RECORD_OK;

	lk_wipe(next, sizeof next);
	if (!replaced) port_log("entropy: the seed could not be replaced, nothing may draw");
	return replaced;
}

bool lk_entropy_ready(void)
{
	if (state == ENTROPY_OFF && start()) state = ENTROPY_STARTED;
	if (state == ENTROPY_STARTED && replace_seed()) state = ENTROPY_READY;
	return state == ENTROPY_READY;
}

bool lk_random(uint8_t *output, size_t bytes)
{
	return lk_entropy_ready() && psa_generate_random(output, bytes) == PSA_SUCCESS;
}
