/*
 * chain.c without a connection: one query a line on standard input, one verdict a line on standard output.
 *
 *   <server> <unix seconds> <estimate|floor> <pins> <roots> <certificates>
 *
 * Roots and certificates are hexadecimal DER with commas between; the leaf comes first. Pins are digests, of every root; "-" is none. The verdict is "ok", a
 * TlsReason, or "setup" for a name or roots that a connection would not start with.
 *
 *   decode <certificate>     "readable" or "unreadable", by certificate.c
 *   name <server name>       "readable" or "unreadable", by server-name.c
 */
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "server-name.h"

enum { LIST_MAX = 64 };

static size_t split(char *text, Slice *list)
{
	size_t count = 0;

	if (strcmp(text, "-") == 0) return 0;
	for (char *part = strtok(text, ","); part && count < LIST_MAX; part = strtok(NULL, ",")) {
		size_t bytes = strlen(part) / 2;
		uint8_t *data = malloc(bytes + 1);  /* exact, so that a sanitizer sees a read past the end */
		for (size_t index = 0; index < bytes; index++) {
			unsigned byte = 0;
			sscanf(part + 2 * index, "%2x", &byte);
			data[index] = (uint8_t)byte;
		}
		list[count++] = (Slice){ data, bytes };
	}
	return count;
}

static const char *verdict(char *server, const char *seconds, const char *kind, char *pins, char *roots, char *certificates)
{
	static Slice root_list[LIST_MAX], received[LIST_MAX], pin_list[LIST_MAX];
	static ChainRoot decoded[CHAIN_ROOTS_MAX];
	ChainValidity validity;
	ChainQuery query = { .received = received, .roots = decoded, .server = server };
	TlsReason reason = REASON_NONE;
	bool usable = server_name_is_valid(server);
	size_t pin_count = split(pins, pin_list);

	query.root_count = split(roots, root_list);
	query.received_count = split(certificates, received);
	query.time = (ChainTime){ atoll(seconds), strcmp(kind, "floor") == 0 };
	for (size_t index = 0; index < query.root_count; index++) {
		usable = usable && index < CHAIN_ROOTS_MAX && certificate_decode(root_list[index], &decoded[index].certificate);
		if (!usable) break;
		decoded[index].pin_count = pin_count;
		for (size_t pin = 0; pin < pin_count; pin++) {
			usable = usable && pin < CHAIN_PINS_MAX && pin_list[pin].bytes == CHAIN_PIN_BYTES;
			if (usable) memcpy(decoded[index].pins[pin], pin_list[pin].data, CHAIN_PIN_BYTES);
		}
	}
	if (usable) reason = chain_verify(&query, &validity);
	for (size_t index = 0; index < pin_count; index++) free((void *)pin_list[index].data);
	for (size_t index = 0; index < query.root_count; index++) free((void *)root_list[index].data);
	for (size_t index = 0; index < query.received_count; index++) free((void *)received[index].data);
	return !usable ? "setup" : reason == REASON_NONE ? "ok" : tls_reason_text(reason);
}

static const char *readable(bool is_readable)
{
	return is_readable ? "readable" : "unreadable";
}

static const char *decode(char *text)
{
	static Slice list[LIST_MAX];
	Certificate certificate;
	size_t count = split(text, list);
	bool decoded = count == 1 && certificate_decode(list[0], &certificate);

	for (size_t index = 0; index < count; index++) free((void *)list[index].data);
	return readable(decoded);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	if (psa_crypto_init() != PSA_SUCCESS) return 1;
	while (getline(&line, &size, stdin) > 0) {
		char *fields[6], *rest = line;
		int count = 0;
		line[strcspn(line, "\n")] = 0;
		for (char *field; count < 6 && (field = strsep(&rest, " ")); ) fields[count++] = field;
		if (count == 2 && strcmp(fields[0], "decode") == 0) puts(decode(fields[1]));
		else if (count == 2 && strcmp(fields[0], "name") == 0) puts(readable(server_name_is_valid(fields[1])));
		else puts(count == 6 ? verdict(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]) : "bad line");
		fflush(stdout);
	}
	free(line);
	return 0;
}
