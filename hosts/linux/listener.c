/*
 * TCP listeners for JavaScript (ECMA-419, "embedded:io/socket/listener"); listener.ts is its class. Never blocks. At most
 * BACKLOG connections wait that nobody has taken; who comes then waits at the other end. An open listener keeps its object alive.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check.h"
#include "port.h"
#include "tcp.h"

enum { ADDRESS_BYTES = INET6_ADDRSTRLEN, BACKLOG = 4 };

typedef struct {
	xsMachine *the;
	xsSlot self, callback;  /* remembered while it is open */
	bool open;
	int descriptor;
	PortWatch *watch;
} Listener;

static void close_listener(Listener *listener)
{
	port_watch_remove(listener->watch);
	listener->watch = NULL;
	if (listener->descriptor >= 0) close(listener->descriptor);
	listener->descriptor = -1;
	listener->open = false;
}

/* Only a closed one is ever collected, but for the end of the machine. */
void xs_listener_destructor(void *data)
{
	if (!data) return;
	close_listener(data);
	free(data);
}

static void on_waiting(void *context, int events)
{
	Listener *listener = context;

	(void)events;
	/* Told once, until a read finds none: whoever has no room must not be called in every turn. */
	port_watch_set(listener->watch, 0);
	xsBeginHost(listener->the);
	{
		xsmcVars(3);
		xsVar(0) = xsAccess(listener->callback);
		xsVar(1) = xsAccess(listener->self);  /* outlives this call, even when it closes */
		xsmcSetInteger(xsVar(2), 1);
		xsCallFunction1(xsVar(0), xsVar(1), xsVar(2));
	}
	xsEndHost(listener->the);
}

static socklen_t parse_address(const char *text, uint16_t port, struct sockaddr_storage *storage)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)storage;

	memset(storage, 0, sizeof *storage);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof *four;
	}
	memset(storage, 0, sizeof *storage);
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1) return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof *six;
}

static int listen_at(const char *address, uint16_t port)
{
	struct sockaddr_storage storage;
	socklen_t bytes = parse_address(address, port, &storage);
	int on = 1;
	int descriptor;

	if (bytes == 0) return -1;
	descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (descriptor < 0) return -1;
	/* A board that reboots takes its port again at once. */
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(descriptor, (struct sockaddr *)(void *)&storage, bytes) == 0 && listen(descriptor, BACKLOG) == 0) return descriptor;
	close(descriptor);
	return -1;
}

/* ---- natives: this is the listener ---- */

static Listener *listener_of(xsMachine *the)
{
	Listener *listener = xsmcGetHostDataValidate(xsThis, (void *)xs_listener_destructor);

	if (!listener || !listener->open) xsTypeError("listener: closed");
	return listener;
}

/* (address, port, callback(connections)) */
void xs_listener_open(xsMachine *the)
{
	char address[ADDRESS_BYTES];
	uint16_t port = (uint16_t)lk_number(the, 1, 0, 65535);
	Listener *listener;

	lk_text(the, 0, address, sizeof address);
	if (!xsmcIsCallable(xsArg(2))) xsTypeError("listener: callback is no function");
	listener = calloc(1, sizeof *listener);
	if (!listener) xsUnknownError("listener: no memory");
	listener->the = the;
	listener->descriptor = -1;
	xsmcSetHostData(xsThis, listener);
	listener->descriptor = listen_at(address, port);
	if (listener->descriptor < 0) xsUnknownError("listener: nobody can listen there");
	listener->watch = port_watch_add(listener->descriptor, PORT_READABLE, on_waiting, listener);
	if (!listener->watch) xsUnknownError("listener: no watch");
	listener->open = true;
	listener->self = xsThis;
	listener->callback = xsArg(2);
	xsRemember(listener->self);
	xsRemember(listener->callback);
}

/* () -> an object for TCP's `from`, or undefined when none waits */
void xs_listener_read(xsMachine *the)
{
	Listener *listener = listener_of(the);
	int descriptor;

	do descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (descriptor < 0) port_watch_set(listener->watch, PORT_READABLE);
	else tcp_of_descriptor(the, descriptor);
}

/* () -> where it listens */
void xs_listener_port(xsMachine *the)
{
	Listener *listener = listener_of(the);
	struct sockaddr_storage storage;
	socklen_t bytes = sizeof storage;
	uint16_t port = 0;

	memset(&storage, 0, sizeof storage);
	getsockname(listener->descriptor, (struct sockaddr *)(void *)&storage, &bytes);
	if (storage.ss_family == AF_INET) port = ((struct sockaddr_in *)(void *)&storage)->sin_port;
	else if (storage.ss_family == AF_INET6) port = ((struct sockaddr_in6 *)(void *)&storage)->sin6_port;
	xsmcSetInteger(xsResult, ntohs(port));
}

/* Idempotent. */
void xs_listener_close(xsMachine *the)
{
	Listener *listener = xsmcGetHostDataValidate(xsThis, (void *)xs_listener_destructor);

	if (!listener || !listener->open) return;
	close_listener(listener);
	xsForget(listener->self);
	xsForget(listener->callback);
}
