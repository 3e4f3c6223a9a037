/*
 * The plainest mutual TLS client on Mbed TLS: stock calls, verification on, one connection. What the product's client
 * is measured against. Usage: tls-client HOST PORT NAME ROOT.pem CHAIN.pem KEY.pem
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "region.h"

static void must(int status, const char *what)
{
	if (status == 0) return;
	fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-status);
	exit(1);
}

int main(int argc, char *argv[])
{
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_x509_crt roots, chain;
	mbedtls_pk_context key;
	mbedtls_net_context socket;
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;

	if (argc != 7) return 2;
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	must(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");

	REGION_TOGGLE();
	mbedtls_x509_crt_init(&roots);
	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	mbedtls_net_init(&socket);
	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&ssl);
	must(mbedtls_x509_crt_parse_file(&roots, argv[4]), "roots");
	must(mbedtls_x509_crt_parse_file(&chain, argv[5]), "chain");
	must(mbedtls_pk_parse_keyfile(&key, argv[6], NULL), "key");
	must(mbedtls_net_connect(&socket, argv[1], argv[2], MBEDTLS_NET_PROTO_TCP), "connect");
	must(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), "config");
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	must(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "own certificate");
	must(mbedtls_ssl_setup(&ssl, &config), "setup");
	must(mbedtls_ssl_set_hostname(&ssl, argv[3]), "name");
	mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, mbedtls_net_recv, NULL);
	must(mbedtls_ssl_handshake(&ssl), "handshake");
	REGION_TOGGLE();

	printf("%s %s\n", mbedtls_ssl_get_version(&ssl), mbedtls_ssl_get_ciphersuite(&ssl));
	mbedtls_ssl_close_notify(&ssl);
	return 0;
}
