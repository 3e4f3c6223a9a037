/*
 * The plainest TLS client that sends 16 KiB messages to a server which echoes them, one after the other: stock calls,
 * one buffer, blocking. Usage: tls-echo HOST PORT NAME ROOT.pem ROUNDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "region.h"

enum { MESSAGE_BYTES = 16384, WARM_ROUNDS = 2 };

static void must(int status, const char *what)
{
	if (status >= 0) return;
	fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-status);
	exit(1);
}

static void echo(mbedtls_ssl_context *ssl, unsigned char message[MESSAGE_BYTES])
{
	for (int sent = 0, now; sent < MESSAGE_BYTES; sent += now) must(now = mbedtls_ssl_write(ssl, message + sent, (size_t)(MESSAGE_BYTES - sent)), "write");
	for (int got = 0, now; got < MESSAGE_BYTES; got += now) {
		now = mbedtls_ssl_read(ssl, message + got, (size_t)(MESSAGE_BYTES - got));
		must(now == 0 ? -1 : now, "read");
	}
}

int main(int argc, char *argv[])
{
	static unsigned char message[MESSAGE_BYTES];
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_x509_crt roots;
	mbedtls_net_context socket;
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;

	if (argc != 6) return 2;
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	mbedtls_x509_crt_init(&roots);
	mbedtls_net_init(&socket);
	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&ssl);
	must(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
	must(mbedtls_x509_crt_parse_file(&roots, argv[4]), "roots");
	must(mbedtls_net_connect(&socket, argv[1], argv[2], MBEDTLS_NET_PROTO_TCP), "connect");
	must(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), "config");
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&config, &roots, NULL);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	must(mbedtls_ssl_setup(&ssl, &config), "setup");
	must(mbedtls_ssl_set_hostname(&ssl, argv[3]), "name");
	mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, mbedtls_net_recv, NULL);
	must(mbedtls_ssl_handshake(&ssl), "handshake");
	memset(message, 7, sizeof message);
	for (int round = 0; round < WARM_ROUNDS; round++) echo(&ssl, message);

	REGION_TOGGLE();
	for (int round = 0; round < atoi(argv[5]); round++) echo(&ssl, message);
	REGION_TOGGLE();

	mbedtls_ssl_close_notify(&ssl);
	puts("done");
	return 0;
}
