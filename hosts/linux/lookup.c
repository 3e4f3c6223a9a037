/* Names to addresses without blocking: each look-up has a thread that asks the system's resolver. */
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>

#include "lookup.h"
#include "port.h"

enum { LOOKUPS_MAX = 8, HOST_BYTES = 256 };

struct PortLookup {
	char host[HOST_BYTES];
	PortLookupCallback callback;  /* NULL: cancelled */
	void *context;
	PortAddress addresses[PORT_ADDRESSES_MAX];
	size_t count;
};

static int under_way;  /* on the engine's thread */

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

static void *resolve(void *context)
{
	PortLookup *lookup = context;
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;

	if (getaddrinfo(lookup->host, NULL, &hints, &found) == 0) {
		for (const struct addrinfo *each = found; each && add_address(lookup, each->ai_addr); each = each->ai_next) { }
		freeaddrinfo(found);
	}
	/* A full queue empties within a turn of the loop. */
	while (!port_post(deliver, lookup)) usleep(10000);
	return NULL;
}

PortLookup *port_lookup_start(const char *host, PortLookupCallback callback, void *context)
{
	PortLookup *lookup;
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, former;
	int failed;

	if (strlen(host) >= HOST_BYTES || under_way >= LOOKUPS_MAX) return NULL;
	lookup = calloc(1, sizeof *lookup);
	if (!lookup) return NULL;
	strcpy(lookup->host, host);
	lookup->callback = callback;
	lookup->context = context;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	failed = pthread_create(&thread, &attributes, resolve, lookup);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	if (failed) {
		free(lookup);
		return NULL;
	}
	under_way++;
	return lookup;
}

int lookups_under_way(void)
{
	return under_way;
}

void port_lookup_cancel(PortLookup *lookup)
{
	if (lookup) lookup->callback = NULL;
}
