/*
 * entropy.c alone, with a library that answers to mixing what the first argument says, and records in memory. Prints what
 * was logged, whether anything may draw, and how often the seed was replaced.
 */
#define LATCHKEY_MBEDTLS_COMPAT_H
#define LATCHKEY_CHECK_H
#include <psa/crypto.h>

static psa_status_t answer;

void lk_wipe(void *memory, size_t bytes);

static psa_status_t compat_random_mix(const uint8_t *mixed, size_t bytes)
{
	(void)mixed, (void)bytes;
	return answer;
}

#include "entropy.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int replaced;

void port_log(const char *line)
{
	puts(line);
}

bool port_entropy(uint8_t *buffer, size_t bytes)
{
	memset(buffer, 7, bytes);
	return true;
}

PortRecordStatus port_record_read(const char *domain, const char *name, uint8_t *buffer, size_t capacity, size_t *bytes)
{
	(void)domain, (void)name, (void)buffer, (void)capacity;
	*bytes = 0;
	return PORT_RECORD_ABSENT;
}

PortRecordStatus port_record_write(const char *domain, const char *name, const uint8_t *bytes, size_t count)
{
	(void)domain, (void)name, (void)bytes, (void)count;
	replaced++;
	return PORT_RECORD_OK;
}

void lk_wipe(void *memory, size_t bytes)
{
	memset(memory, 0, bytes);
}

psa_status_t psa_crypto_init(void)
{
	return PSA_SUCCESS;
}

psa_status_t psa_generate_random(uint8_t *output, size_t bytes)
{
	memset(output, 9, bytes);
	return PSA_SUCCESS;
}

int main(int count, char **words)
{
	uint8_t drawn[16];

	answer = count > 1 ? (psa_status_t)atoi(words[1]) : PSA_SUCCESS;
	printf("%s, ", lk_random(drawn, sizeof drawn) ? "draws" : "nothing");
	printf("%s, replaced %d\n", lk_random(drawn, sizeof drawn) ? "draws" : "nothing", replaced);
	return 0;
}
