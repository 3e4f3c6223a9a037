/* server-name.c: a name is valid, and matches a certificate's names, exactly as the reference says. */
#include "server-name.h"

#include "expect.h"
#include "input.h"
#include "name-reference.h"

/* Whether the names are DER to their end; what lies behind broken DER is read by nobody alike. */
static bool is_whole(Slice names)
{
	Slice name;
	uint8_t tag;

	while (names.bytes > 0) {
		if (!der_next(&names, &tag, &name, NULL)) return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	size_t length = input_number(&input, 2);
	Input text = input_piece(&input, length);
	char *server = malloc(text.bytes + 1);
	uint8_t *names = input_copy(input), address[16];
	Slice slice = { names, input.bytes };
	size_t address_bytes = 0;
	bool is_address;

	memcpy(server, text.data, text.bytes);
	server[text.bytes] = 0;
	is_address = server_name_address(server, address, &address_bytes);
	EXPECT(!is_address || address_bytes == 4 || address_bytes == 16);
	EXPECT(server_name_is_valid(server) == (is_address || reference_is_host(server)));
	if (server_name_is_valid(server)) {
		bool matches = server_name_matches(slice, server);
		if (is_whole(slice)) EXPECT(matches == reference_names_match(names, input.bytes, server));
		if (is_address) EXPECT(!matches || memmem(names, input.bytes, address, address_bytes));
	}
	free(server);
	free(names);
	return 0;
}
