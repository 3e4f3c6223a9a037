/*
 * tls-failure.c and the reading half of tls-verify.c: a message of any bytes lies in the library's buffer, with any lengths
 * and types about it, and the reason comes out without a byte read that is not there.
 */
#include "tls-failure.h"

#include "expect.h"
#include "input.h"

/* Handed to compat_ssl_conf_profile, never called. */
static int no_random(void *context, unsigned char *output, size_t bytes)
{
	(void)context;
	memset(output, 0, bytes);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const int results[] = { MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE, MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO,
		MBEDTLS_ERR_SSL_BAD_INPUT_DATA, MBEDTLS_ERR_SSL_INVALID_RECORD, MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, -0x7100, TLS_SOCKET_ENDED };
	static const char *offered[] = { "latchkey", "other", NULL };
	static ChainRoot root;
	static mbedtls_ssl_config config;
	static bool configured;
	Input input = { data, bytes };
	mbedtls_ssl_context ssl;
	Verifier verifier = { .roots = &root, .server = "relay.test", .time = { 1780000000, false } };
	uint8_t how = input_byte(&input), type = input_byte(&input), *message;
	int result = results[how & 7];
	TlsReason reason;

	if (!configured) {
		mbedtls_ssl_config_init(&config);
		compat_ssl_conf_profile(&config, no_random);
		configured = true;
	}
	mbedtls_ssl_init(&ssl);
	config.MBEDTLS_PRIVATE(alpn_list) = NULL;
	if (how & 8) EXPECT(mbedtls_ssl_conf_alpn_protocols(&config, offered) == 0);
	ssl.MBEDTLS_PRIVATE(conf) = &config;
	ssl.MBEDTLS_PRIVATE(in_msgtype) = type & 1 ? 22 : type & 2 ? 21 : type;
	ssl.MBEDTLS_PRIVATE(in_hslen) = type & 4 ? input_number(&input, 3) : input.bytes;
	ssl.MBEDTLS_PRIVATE(state) = type >> 4;
	message = input_copy(input);
	ssl.MBEDTLS_PRIVATE(in_msg) = message;
	ssl.MBEDTLS_PRIVATE(in_msglen) = input.bytes;
	verifier.ran = how & 16;
	verifier.reason = how & 32 ? REASON_EXPIRED : REASON_NONE;
	verifier.proven = type & 8;
	verifier.asked = !(how & 128);
	reason = tls_failure_reason(result, &ssl, &verifier, how & 64);
	EXPECT(reason > REASON_NONE && reason < TLS_REASON_COUNT);
	if (verifier.ran && verifier.reason != REASON_NONE && !(how & 64) && (how & 7) != 0 && (how & 7) != 7) EXPECT(reason == (verifier.proven ? REASON_EXPIRED : REASON_PROTOCOL));
	if (reason == REASON_ALERT_CERTIFICATE && !(how & 64)) EXPECT(verifier.ran && verifier.reason == REASON_NONE && verifier.proven && verifier.asked);
	/* No root is given, so no chain can be found good; the reason why it was not read is another one. */
	EXPECT(verifier_explain(&verifier, &ssl) != REASON_NONE);
	EXPECT(ssl.MBEDTLS_PRIVATE(in_msg) == message && verifier.leaf == NULL);
	ssl.MBEDTLS_PRIVATE(conf) = NULL;
	ssl.MBEDTLS_PRIVATE(in_msg) = NULL;
	free(message);
	return 0;
}
