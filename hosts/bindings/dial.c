#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"

enum { LAST_ADDRESS_MS = 1000 };

struct Dial {
	DialResolved resolved;
	DialCallback callback;
	void *context;
	uint64_t deadline_us;
	uint16_t port;
	PortLookup *lookup;
	PortTimer *timer;
	PortWatch *watch;
	int descriptor;
	PortAddress addresses[PORT_ADDRESSES_MAX];
	size_t count, next;
};

static void try_next(Dial *dial);

static void drop_attempt(Dial *dial)
{
	port_watch_remove(dial->watch);
	port_timer_remove(dial->timer);
	dial->watch = NULL;
	dial->timer = NULL;
	if (dial->descriptor >= 0) close(dial->descriptor);
	dial->descriptor = -1;
}

static void finish(Dial *dial, int descriptor, TlsReason reason)
{
	DialCallback callback = dial->callback;
	void *context = dial->context;

	if (descriptor >= 0) dial->descriptor = -1;
	drop_attempt(dial);
	free(dial);
	callback(context, descriptor, reason);
}

static void on_attempt_late(void *context)
{
	Dial *dial = context;

	dial->timer = NULL;
	try_next(dial);
}

static void on_attempt_done(void *context, int events)
{
	Dial *dial = context;
	int error = 0, one = 1;
	socklen_t size = sizeof error;

	(void)events;
	if (getsockopt(dial->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
		try_next(dial);
		return;
	}
	/* A handshake is many small writes: without this each waits for the acknowledgement of the one before. */
	setsockopt(dial->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	finish(dial, dial->descriptor, REASON_NONE);
}

static socklen_t socket_address(const PortAddress *address, uint16_t port, struct sockaddr_storage *storage)
{
	memset(storage, 0, sizeof *storage);
	if (address->family == 4) {
		struct sockaddr_in *four = (struct sockaddr_in *)storage;
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, address->bytes, 4);
		return sizeof *four;
	}
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	six->sin6_scope_id = address->scope;
	memcpy(&six->sin6_addr, address->bytes, 16);
	return sizeof *six;
}

/* False when this address cannot be tried at all. */
static bool attempt(Dial *dial, const PortAddress *address, uint32_t patience_ms)
{
	struct sockaddr_storage storage;
	socklen_t size = socket_address(address, dial->port, &storage);
	int flags;

	dial->descriptor = socket(storage.ss_family, SOCK_STREAM, 0);
	if (dial->descriptor < 0) return false;
	flags = fcntl(dial->descriptor, F_GETFL, 0);
	if (flags < 0 || fcntl(dial->descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return false;
	fcntl(dial->descriptor, F_SETFD, FD_CLOEXEC);
	if (connect(dial->descriptor, (struct sockaddr *)&storage, size) != 0 && errno != EINPROGRESS) return false;
	dial->watch = port_watch_add(dial->descriptor, PORT_WRITABLE, on_attempt_done, dial);
	dial->timer = port_timer_add(patience_ms, on_attempt_late, dial);
	return dial->watch && dial->timer;
}

static void try_next(Dial *dial)
{
	drop_attempt(dial);
	while (dial->next < dial->count) {
		uint64_t now_us = port_monotonic_us();
		uint64_t left_ms = now_us < dial->deadline_us ? (dial->deadline_us - now_us) / 1000u : 0;
		/* The last one is ended by the caller's deadline, which came first when the caller keeps to timeout_ms. */
		uint32_t patience_ms = (uint32_t)(left_ms / (dial->count - dial->next)) + (dial->next + 1 == dial->count ? LAST_ADDRESS_MS : 1);
		if (attempt(dial, &dial->addresses[dial->next++], patience_ms)) return;
		drop_attempt(dial);
	}
	finish(dial, -1, REASON_CONNECT);
}

static void on_resolved(void *context, const PortAddress *addresses, size_t count)
{
	Dial *dial = context;

	dial->lookup = NULL;
	if (count == 0) {
		finish(dial, -1, REASON_RESOLVE);
		return;
	}
	dial->count = count < PORT_ADDRESSES_MAX ? count : PORT_ADDRESSES_MAX;
	memcpy(dial->addresses, addresses, dial->count * sizeof *addresses);
	if (dial->resolved(dial->context)) try_next(dial);
}

Dial *dial_start(const char *host, uint16_t port, uint32_t timeout_ms, DialResolved resolved, DialCallback callback,
	void *context)
{
	Dial *dial = calloc(1, sizeof *dial);

	if (!dial) return NULL;
	dial->resolved = resolved;
	dial->callback = callback;
	dial->context = context;
	dial->deadline_us = port_monotonic_us() + (uint64_t)timeout_ms * 1000u;
	dial->port = port;
	dial->descriptor = -1;
	dial->lookup = port_lookup_start(host, on_resolved, dial);
	if (dial->lookup) return dial;
	free(dial);
	return NULL;
}

void dial_cancel(Dial *dial)
{
	if (!dial) return;
	port_lookup_cancel(dial->lookup);
	drop_attempt(dial);
	free(dial);
}
