/*
 * What differs between the Mbed TLS lines that Latchkey is built with: 2.28 (Debian bookworm), 3.6 and 4.x
 * (ESP-IDF 6). Nothing else in the bindings asks for a version.
 */
#ifndef LATCHKEY_MBEDTLS_COMPAT_H
#define LATCHKEY_MBEDTLS_COMPAT_H

#include <mbedtls/version.h>
#include <psa/crypto.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/psa_util.h>
#endif

/* ---- PSA's generator: fresh entropy of the library's own, and `mixed` on top ---- */

static inline psa_status_t compat_random_mix(const uint8_t *mixed, size_t bytes)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return mbedtls_ctr_drbg_reseed(mbedtls_psa_random_state, mixed, bytes) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
#else
	return psa_random_reseed(mixed, bytes);
#endif
}

#endif
