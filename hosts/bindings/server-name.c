#include "server-name.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <string.h>

static bool is_label_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-';
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

/* RFC 1034 3.5 with RFC 1123 2.1: labels of 1 to 63 letters, digits and inner hyphens, with one dot between them. */
static bool is_host_name(Slice name)
{
	size_t label = 0;

	if (name.bytes == 0 || name.bytes > SERVER_NAME_MAX) return false;
	for (size_t index = 0; index <= name.bytes; index++) {
		if (index < name.bytes && name.data[index] != '.') {
			if (!is_label_byte(name.data[index]) || ++label > 63) return false;
			if (label == 1 && name.data[index] == '-') return false;
		} else {
			if (label == 0 || name.data[index - 1] == '-') return false;
			label = 0;
		}
	}
	return true;
}

static bool equal_without_case(Slice a, Slice b)
{
	if (a.bytes != b.bytes) return false;
	for (size_t index = 0; index < a.bytes; index++) {
		if (lower(a.data[index]) != lower(b.data[index])) return false;
	}
	return true;
}

/* What stands behind the first dot; empty when there is no dot. */
static Slice parent_of(Slice name)
{
	const uint8_t *dot = memchr(name.data, '.', name.bytes);

	if (!dot) return (Slice){ name.data, 0 };
	return (Slice){ dot + 1, (size_t)(name.data + name.bytes - dot - 1) };
}

static bool dns_name_matches(Slice presented, Slice server)
{
	if (presented.bytes > 2 && presented.data[0] == '*' && presented.data[1] == '.') {
		Slice domain = { presented.data + 2, presented.bytes - 2 };
		return is_host_name(domain) && equal_without_case(domain, parent_of(server));
	}
	return is_host_name(presented) && equal_without_case(presented, server);
}

bool server_name_address(const char *name, uint8_t address[16], size_t *bytes)
{
	if (inet_pton(AF_INET, name, address) == 1) *bytes = 4;
	else if (inet_pton(AF_INET6, name, address) == 1) *bytes = 16;
	else return false;
	return true;
}

bool server_name_is_valid(const char *name)
{
	uint8_t address[16];
	size_t bytes;

	return server_name_address(name, address, &bytes) || is_host_name((Slice){ (const uint8_t *)name, strlen(name) });
}

bool server_name_matches(Slice names, const char *server)
{
	Slice host = { (const uint8_t *)server, strlen(server) }, name;
	uint8_t address[16], tag;
	size_t address_bytes;
	bool is_address = server_name_address(server, address, &address_bytes);

	while (names.bytes > 0 && der_next(&names, &tag, &name, NULL)) {
		if (is_address && tag == (DER_CONTEXT | 7) && der_is(name, address, address_bytes)) return true;
		if (!is_address && tag == (DER_CONTEXT | 2) && dns_name_matches(name, host)) return true;
	}
	return false;
}
