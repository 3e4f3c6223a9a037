/*
 * What differs between the Mbed TLS lines that Latchkey is built with: 2.28 (Debian bookworm), 3.6 and 4.x
 * (ESP-IDF 6). Nothing else in the bindings asks for a version.
 */
#ifndef LATCHKEY_MBEDTLS_COMPAT_H
#define LATCHKEY_MBEDTLS_COMPAT_H

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>

#include <stdbool.h>
#include <string.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/psa_util.h>
#define MBEDTLS_PRIVATE(member) member
#define MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET (-0x7f03)  /* which it never answers */
#endif

typedef int (*CompatRandom)(void *context, unsigned char *output, size_t bytes);

/* ---- PSA's generator: fresh entropy of the library's own, and `mixed` on top; PSA_ERROR_NOT_SUPPORTED where no call mixes ---- */

static inline psa_status_t compat_random_mix(const uint8_t *mixed, size_t bytes)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return mbedtls_ctr_drbg_reseed(mbedtls_psa_random_state, mixed, bytes) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
#elif (MBEDTLS_VERSION_NUMBER >= 0x03060600 && MBEDTLS_VERSION_NUMBER < 0x04000000) || MBEDTLS_VERSION_NUMBER >= 0x04010000
	return psa_random_reseed(mixed, bytes);
#else
	(void)mixed, (void)bytes;  /* 3.0 to 3.6.5 and 4.0 */
	return PSA_ERROR_NOT_SUPPORTED;
#endif
}

/* ---- keys of the client certificate ---- */

/* PEM (with its terminating zero counted) or DER. */
static inline int compat_pk_parse(mbedtls_pk_context *key, const uint8_t *data, size_t bytes, CompatRandom random)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && MBEDTLS_VERSION_NUMBER < 0x04000000
	return mbedtls_pk_parse_key(key, data, bytes, NULL, 0, random, NULL);
#else
	(void)random;
	return mbedtls_pk_parse_key(key, data, bytes, NULL, 0);
#endif
}

static inline int compat_pk_check_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *private_key, CompatRandom random)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && MBEDTLS_VERSION_NUMBER < 0x04000000
	return mbedtls_pk_check_pair(public_key, private_key, random, NULL);
#else
	(void)random;
	return mbedtls_pk_check_pair(public_key, private_key);
#endif
}

/* ---- the profile of docs/TLS.md 1 ---- */

static inline void compat_ssl_conf_profile(mbedtls_ssl_config *config, CompatRandom random)
{
	static const int suites[] = {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
		0x1301, 0x1303, 0x1302,  /* TLS 1.3: AES-128-GCM, ChaCha20-Poly1305, AES-256-GCM */
#endif
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 0,
	};

	mbedtls_ssl_conf_ciphersuites(config, suites);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	static const mbedtls_ecp_group_id groups[] = { MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE };
	static const int hashes[] = { MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE };
	mbedtls_ssl_conf_curves(config, groups);
	mbedtls_ssl_conf_sig_hashes(config, hashes);
	mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
	static const uint16_t groups[] = { 0x001d, 0x0017, 0x0018, 0 };  /* X25519, P-256, P-384 */
	/* ECDSA, RSA PKCS#1, RSA-PSS. A server of TLS 1.2 only with an RSA key may pick PSS, which 3.6 then cannot read. */
	static const uint16_t signatures[] = { 0x0403, 0x0503, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0 };
	mbedtls_ssl_conf_groups(config, groups);
	mbedtls_ssl_conf_sig_algs(config, signatures);
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	mbedtls_ssl_conf_rng(config, random, NULL);
#else
	(void)random;
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
	mbedtls_ssl_conf_legacy_renegotiation(config, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
}

/* ---- the message that came last ---- */

typedef struct {
	int type;  /* of the record: 21 alert, 22 handshake; 0 when there is none */
	const uint8_t *data;
	size_t bytes;  /* that are there */
	size_t message_bytes;  /* that a handshake message says it has, its header counted */
} CompatMessage;

static inline CompatMessage compat_ssl_last_message(const mbedtls_ssl_context *ssl)
{
	if (!ssl->MBEDTLS_PRIVATE(in_msg)) return (CompatMessage){ 0 };
	return (CompatMessage){ ssl->MBEDTLS_PRIVATE(in_msgtype), ssl->MBEDTLS_PRIVATE(in_msg), ssl->MBEDTLS_PRIVATE(in_msglen),
		ssl->MBEDTLS_PRIVATE(in_hslen) };
}

static inline const int *compat_ssl_suites(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return ssl->conf->ciphersuite_list[MBEDTLS_SSL_MINOR_VERSION_3];
#else
	return ssl->MBEDTLS_PRIVATE(conf)->MBEDTLS_PRIVATE(ciphersuite_list);
#endif
}

/* ---- the peer's Certificate message, which tls-verify.c judges before the next step ---- */

#if !defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
#error "Mbed TLS must keep the peer's certificate (MBEDTLS_SSL_KEEP_PEER_CERTIFICATE): it is compared with the one that was judged"
#endif

static inline bool compat_ssl_is_over(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;  /* a ticket's state has a higher number, and comes before */
#else
	return mbedtls_ssl_is_handshake_over((mbedtls_ssl_context *)ssl);
#endif
}

static inline bool compat_ssl_awaits_certificate(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_CERTIFICATE;
}

static inline bool compat_ssl_is_13(const mbedtls_ssl_context *ssl)
{
	return strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.3") == 0;
}

/* The peer's signature with the leaf's key comes next: ServerKeyExchange (RFC 5246 7.4.3), CertificateVerify (RFC 8446 4.4.3).
 * The library leaves this state over a signature that holds, and no other way. */
static inline bool compat_ssl_awaits_key_proof(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state) == (compat_ssl_is_13(ssl) ? MBEDTLS_SSL_CERTIFICATE_VERIFY : MBEDTLS_SSL_SERVER_KEY_EXCHANGE);
}

static inline bool compat_ssl_awaits_certificate_request(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CERTIFICATE_REQUEST;
}

/* The leaf whose key the handshake goes on with; NULL when there is none. */
static inline const mbedtls_x509_crt *compat_ssl_peer_leaf(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(session_negotiate) ? ssl->MBEDTLS_PRIVATE(session_negotiate)->MBEDTLS_PRIVATE(peer_cert) : NULL;
}

/* Ends with NULL; NULL when none was offered. */
static inline const void *compat_ssl_alpn_list(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(conf)->MBEDTLS_PRIVATE(alpn_list);
}

/* Whether the library refused a ServerHello for what it says. */
static inline bool compat_ssl_is_hello_refusal(int result)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return result == MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO || result == MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
#else
	return result == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER || result == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE ||
		result == MBEDTLS_ERR_SSL_BAD_INPUT_DATA || result == MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION;
#endif
}

/* Whether the peer's ServerHello has been read. */
static inline bool compat_ssl_past_server_hello(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state) > MBEDTLS_SSL_SERVER_HELLO;
}

/* Whether our Certificate message of TLS 1.2 is out. In TLS 1.3 the handshake is over before the peer can answer ours. */
static inline bool compat_ssl_past_own_certificate(const mbedtls_ssl_context *ssl)
{
	return !compat_ssl_is_13(ssl) && ssl->MBEDTLS_PRIVATE(state) > MBEDTLS_SSL_CLIENT_CERTIFICATE;
}

#endif
