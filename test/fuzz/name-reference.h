/*
 * RFC 6125 and RFC 9525 once more, written to be read: whether a certificate's GeneralNames hold a server's name. It
 * walks the bytes by itself and shares nothing with server-name.c.
 */
#ifndef LATCHKEY_FUZZ_NAME_REFERENCE_H
#define LATCHKEY_FUZZ_NAME_REFERENCE_H

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static inline bool reference_label_is_good(const char *label, size_t length)
{
	if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-') return false;
	for (size_t at = 0; at < length; at++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", label[at])) return false;
	}
	return true;
}

static inline bool reference_is_host(const char *name)
{
	const char *dot;

	if (strlen(name) > 253) return false;
	for (; (dot = strchr(name, '.')); name = dot + 1) {
		if (!reference_label_is_good(name, (size_t)(dot - name))) return false;
	}
	return reference_label_is_good(name, strlen(name));
}

static inline bool reference_dns_matches(const uint8_t *data, size_t length, const char *server)
{
	char presented[256];
	const char *dot = strchr(server, '.');

	if (length >= sizeof presented || memchr(data, 0, length)) return false;
	memcpy(presented, data, length);
	presented[length] = 0;
	if (strncmp(presented, "*.", 2) != 0) return reference_is_host(presented) && strcasecmp(presented, server) == 0;
	return dot && reference_is_host(presented + 2) && strcasecmp(presented + 2, dot + 1) == 0;
}

/* names: the content of GeneralNames in DER. */
static inline bool reference_names_match(const uint8_t *names, size_t bytes, const char *server)
{
	uint8_t address[16];
	size_t address_bytes = inet_pton(AF_INET, server, address) == 1 ? 4 : inet_pton(AF_INET6, server, address) == 1 ? 16 : 0;

	for (size_t at = 0; at + 2 <= bytes;) {
		uint8_t tag = names[at];
		size_t length = names[at + 1], header = 2;
		if (length > 0x83) return false;
		if (length >= 0x80) {
			size_t more = length & 0x7f;
			if (more == 0 || at + 2 + more > bytes) return false;
			length = 0;
			for (size_t index = 0; index < more; index++) length = length << 8 | names[at + 2 + index];
			header += more;
		}
		if (at + header + length > bytes) return false;
		if (tag == 0x87 && address_bytes > 0 && length == address_bytes && memcmp(names + at + header, address, length) == 0) return true;
		if (tag == 0x82 && address_bytes == 0 && reference_dns_matches(names + at + header, length, server)) return true;
		at += header + length;
	}
	return false;
}

#endif
