/* Names to addresses: lwIP's resolver blocks, so each look-up has a task of its own, a few at most. */
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include <netdb.h>
#include <sys/socket.h>

#include "port.h"

enum { LOOKUPS_MAX = 2, HOST_BYTES = 256, STACK_BYTES = 3584, PRIORITY = 3 };

struct PortLookup {
	char host[HOST_BYTES];
	PortLookupCallback callback;  /* NULL: cancelled */
	void *context;
	PortAddress addresses[PORT_ADDRESSES_MAX];
	size_t count;
};

static int under_way;  /* of the engine's task */

static bool add_address(PortLookup *lookup, const struct sockaddr *address)
{
	PortAddress *place = &lookup->addresses[lookup->count];

	memset(place, 0, sizeof *place);
	if (address->sa_family == AF_INET) {
		place->family = 4;
		memcpy(place->bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
	else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;
		place->family = 6;
		memcpy(place->bytes, &six->sin6_addr, 16);
		place->scope = six->sin6_scope_id;
	}
	else return true;
	return ++lookup->count < PORT_ADDRESSES_MAX;
}

static void deliver(void *context)
{
	PortLookup *lookup = context;

	under_way--;
	if (lookup->callback) lookup->callback(lookup->context, lookup->addresses, lookup->count);
	free(lookup);
}

static void resolve(void *context)
{
	PortLookup *lookup = context;
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;

	if (getaddrinfo(lookup->host, NULL, &hints, &found) == 0) {
		for (const struct addrinfo *each = found; each && add_address(lookup, each->ai_addr); each = each->ai_next) { }
		freeaddrinfo(found);
	}
	while (!port_post(deliver, lookup)) vTaskDelay(pdMS_TO_TICKS(20));
	vTaskDelete(NULL);
}

PortLookup *port_lookup_start(const char *host, PortLookupCallback callback, void *context)
{
	PortLookup *lookup;

	if (under_way >= LOOKUPS_MAX || strlen(host) >= HOST_BYTES) return NULL;
	lookup = calloc(1, sizeof *lookup);
	if (!lookup) return NULL;
	strcpy(lookup->host, host);
	lookup->callback = callback;
	lookup->context = context;
	if (xTaskCreate(resolve, "lookup", STACK_BYTES, lookup, PRIORITY, NULL) != pdPASS) {
		free(lookup);
		return NULL;
	}
	under_way++;
	return lookup;
}

void port_lookup_cancel(PortLookup *lookup)
{
	if (lookup) lookup->callback = NULL;
}
