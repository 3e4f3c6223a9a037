/*
 * Counts the signatures that are verified, by the library for itself and by the bindings, into the file that
 * LATCHKEY_VERIFY_COUNT names. It stands before the library's own functions: in the executable, where a shared library
 * looks first, or by the linker's --wrap where the library is static. A call within a counted call counts once.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int depth, count;

static void begin(void)
{
	const char *path = getenv("LATCHKEY_VERIFY_COUNT");
	char text[16];
	int file;

	if (depth++ > 0 || !path) return;
	snprintf(text, sizeof text, "%d", ++count);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || write(file, text, strlen(text)) < 0) abort();
	close(file);
}

#ifdef COUNTER_WRAPS
#define COUNTED(type, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters { type result; begin(); result = __real_##name arguments; depth--; return result; }
#else
#define COUNTED(type, name, parameters, arguments) \
	type name parameters \
	{ \
		static type (*real) parameters; \
		type result; \
		if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name); \
		begin(); result = real arguments; depth--; \
		return result; \
	}
#endif

COUNTED(int, mbedtls_pk_verify,
	(mbedtls_pk_context *key, mbedtls_md_type_t hash, const unsigned char *data, size_t bytes, const unsigned char *signature, size_t length),
	(key, hash, data, bytes, signature, length))
COUNTED(psa_status_t, psa_verify_message,
	(mbedtls_svc_key_id_t key, psa_algorithm_t algorithm, const uint8_t *data, size_t bytes, const uint8_t *signature, size_t length),
	(key, algorithm, data, bytes, signature, length))
COUNTED(psa_status_t, psa_verify_hash,
	(mbedtls_svc_key_id_t key, psa_algorithm_t algorithm, const uint8_t *data, size_t bytes, const uint8_t *signature, size_t length),
	(key, algorithm, data, bytes, signature, length))
COUNTED(int, mbedtls_pk_verify_restartable,
	(mbedtls_pk_context *key, mbedtls_md_type_t hash, const unsigned char *data, size_t bytes, const unsigned char *signature, size_t length,
		mbedtls_pk_restart_ctx *restart),
	(key, hash, data, bytes, signature, length, restart))
#if MBEDTLS_VERSION_NUMBER < 0x04000000
COUNTED(int, mbedtls_pk_verify_ext,
	(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *key, mbedtls_md_type_t hash, const unsigned char *data, size_t bytes,
		const unsigned char *signature, size_t length),
	(type, options, key, hash, data, bytes, signature, length))
#else
COUNTED(int, mbedtls_pk_verify_ext,
	(mbedtls_pk_sigalg_t type, mbedtls_pk_context *key, mbedtls_md_type_t hash, const unsigned char *data, size_t bytes,
		const unsigned char *signature, size_t length),
	(type, key, hash, data, bytes, signature, length))
#endif
