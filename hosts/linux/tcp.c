/*
 * TCP for JavaScript (ECMA-419, "embedded:io/socket/tcp"); tcp.ts is its class. Never blocks: names are resolved by
 * port.h's look-up, addresses are tried one after the other, writes go through a bounded buffer. A socket that is
 * open keeps its object alive, a closed one nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "check.h"
#include "port.h"
#include "tcp.h"

enum { HOST_BYTES = 256, WRITE_BYTES = 65536, READ_MAX = 1 << 24 };

/* What the callback of tcp.ts is told. */
enum { EVENT_READABLE = 0, EVENT_WRITABLE, EVENT_ERROR };

typedef struct {
	xsMachine *the;
	xsSlot self, callback;  /* remembered while the socket is open */
	bool open, connected, ended, no_delay;
	PortLookup *lookup;
	PortAddress addresses[PORT_ADDRESSES_MAX];
	size_t count, next;
	uint16_t port;
	int descriptor;
	PortWatch *watch;
	int events;  /* what the watch waits for */
	uint8_t *queue;  /* bytes that the kernel did not take: WRITE_BYTES long */
	size_t queue_start, queue_bytes;
} Tcp;

static void close_descriptor(Tcp *tcp)
{
	port_watch_remove(tcp->watch);
	tcp->watch = NULL;
	if (tcp->descriptor >= 0) close(tcp->descriptor);
	tcp->descriptor = -1;
}

static void close_all(Tcp *tcp)
{
	port_lookup_cancel(tcp->lookup);
	tcp->lookup = NULL;
	close_descriptor(tcp);
	free(tcp->queue);
	tcp->queue = NULL;
	tcp->open = false;
}

/* Only a closed one is ever collected, but for the end of the machine. */
void xs_tcp_destructor(void *data)
{
	if (!data) return;
	close_all(data);
	free(data);
}

static void tell(Tcp *tcp, int event, int value, const char *reason)
{
	xsBeginHost(tcp->the);
	{
		xsmcVars(4);
		xsVar(0) = xsAccess(tcp->callback);
		xsVar(1) = xsAccess(tcp->self);  /* outlives this call, even when it closes */
		xsmcSetInteger(xsVar(2), event);
		if (reason) xsmcSetString(xsVar(3), (xsStringValue)reason);
		else xsmcSetInteger(xsVar(3), value);
		xsCallFunction2(xsVar(0), xsVar(1), xsVar(2), xsVar(3));
	}
	xsEndHost(tcp->the);
}

static void wait_for(Tcp *tcp, int events)
{
	tcp->events = events;
	if (tcp->watch) port_watch_set(tcp->watch, events);
}

/* The end of reading, or of everything. Told once; the object is still to be closed. */
static void end(Tcp *tcp, const char *reason)
{
	if (tcp->ended) return;
	tcp->ended = true;
	wait_for(tcp, tcp->events & ~PORT_READABLE);
	tell(tcp, EVENT_ERROR, 0, reason);
}

static void fail(Tcp *tcp, const char *reason)
{
	close_descriptor(tcp);
	tcp->queue_bytes = 0;
	end(tcp, reason);
}

/* ---- connecting ---- */

static void try_next(Tcp *tcp);

static socklen_t socket_address(const Tcp *tcp, const PortAddress *address, struct sockaddr_storage *storage)
{
	memset(storage, 0, sizeof *storage);
	if (address->family == 4) {
		struct sockaddr_in *four = (struct sockaddr_in *)(void *)storage;
		four->sin_family = AF_INET;
		four->sin_port = htons(tcp->port);
		memcpy(&four->sin_addr, address->bytes, 4);
		return sizeof *four;
	}
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)storage;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(tcp->port);
	six->sin6_scope_id = address->scope;
	memcpy(&six->sin6_addr, address->bytes, 16);
	return sizeof *six;
}

/* TCP's urgent bytes are bytes as all others: beside the stream one would make the socket readable with nothing to be read, in every turn. */
static void prepare(const Tcp *tcp, int descriptor)
{
	int no_delay = tcp->no_delay, in_line = 1;

	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
	setsockopt(descriptor, SOL_SOCKET, SO_OOBINLINE, &in_line, sizeof in_line);
}

static void on_connected(Tcp *tcp)
{
	tcp->connected = true;
	wait_for(tcp, PORT_READABLE);
	tell(tcp, EVENT_WRITABLE, WRITE_BYTES, NULL);
}

static bool flush(Tcp *tcp)
{
	while (tcp->queue_bytes > 0) {
		ssize_t sent = send(tcp->descriptor, tcp->queue + tcp->queue_start, tcp->queue_bytes, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR) continue;
		if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
		tcp->queue_start += (size_t)sent;
		tcp->queue_bytes -= (size_t)sent;
	}
	tcp->queue_start = 0;
	return true;
}

static void on_writable(Tcp *tcp)
{
	if (!flush(tcp)) {
		fail(tcp, "reset");
		return;
	}
	if (tcp->queue_bytes > 0) return;
	wait_for(tcp, tcp->events & ~PORT_WRITABLE);
	tell(tcp, EVENT_WRITABLE, WRITE_BYTES, NULL);
}

static void on_readable(Tcp *tcp)
{
	int available = 0;
	char octet;
	ssize_t peeked;

	if (ioctl(tcp->descriptor, FIONREAD, &available) == 0 && available > 0) {
		/* Told once, until everything has been read: whoever pauses must not be called in every turn. */
		wait_for(tcp, tcp->events & ~PORT_READABLE);
		tell(tcp, EVENT_READABLE, available, NULL);
		return;
	}
	peeked = recv(tcp->descriptor, &octet, 1, MSG_PEEK);
	if (peeked == 0) end(tcp, "end");
	else if (peeked < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) fail(tcp, "reset");
}

static void on_event(void *context, int events)
{
	Tcp *tcp = context;
	PortWatch *watch = tcp->watch;

	if (!tcp->connected) {
		int error = 0;
		socklen_t bytes = sizeof error;
		getsockopt(tcp->descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
		if (error) try_next(tcp);
		else on_connected(tcp);
		return;
	}
	if (events & PORT_READABLE) on_readable(tcp);
	/* The callback may have closed it. */
	if ((events & PORT_WRITABLE) && tcp->open && tcp->watch == watch && (tcp->events & PORT_WRITABLE)) on_writable(tcp);
}

static void try_next(Tcp *tcp)
{
	close_descriptor(tcp);
	while (tcp->next < tcp->count) {
		struct sockaddr_storage storage;
		const PortAddress *address = &tcp->addresses[tcp->next++];
		socklen_t bytes = socket_address(tcp, address, &storage);
		int descriptor = socket(address->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (descriptor < 0) continue;
		prepare(tcp, descriptor);
		if (connect(descriptor, (struct sockaddr *)(void *)&storage, bytes) == 0 || errno == EINPROGRESS) {
			tcp->descriptor = descriptor;
			tcp->events = PORT_WRITABLE;
			tcp->watch = port_watch_add(descriptor, PORT_WRITABLE, on_event, tcp);
			if (tcp->watch) return;
		}
		close(descriptor);
		tcp->descriptor = -1;
	}
	fail(tcp, "connect");
}

static void on_resolved(void *context, const PortAddress *addresses, size_t count)
{
	Tcp *tcp = context;

	tcp->lookup = NULL;
	if (count == 0) {
		fail(tcp, "resolve");
		return;
	}
	memcpy(tcp->addresses, addresses, count * sizeof *addresses);
	tcp->count = count;
	try_next(tcp);
}

/* ---- natives: this is the TCP ---- */

static Tcp *tcp_of(xsMachine *the)
{
	Tcp *tcp = xsmcGetHostDataValidate(xsThis, (void *)xs_tcp_destructor);

	if (!tcp || !tcp->open) xsTypeError("tcp: closed");
	return tcp;
}

/* Of xsThis; the arguments from `first` on are noDelay and callback. */
static Tcp *new_tcp(xsMachine *the, int first)
{
	Tcp *tcp;

	if (!xsmcIsCallable(xsArg(first + 1))) xsTypeError("tcp: callback is no function");
	tcp = calloc(1, sizeof *tcp);
	if (!tcp) xsUnknownError("tcp: no memory");
	tcp->the = the;
	tcp->descriptor = -1;
	tcp->no_delay = xsmcToBoolean(xsArg(first));
	xsmcSetHostData(xsThis, tcp);
	tcp->queue = malloc(WRITE_BYTES);
	if (!tcp->queue) xsUnknownError("tcp: no memory");
	return tcp;
}

static void keep_open(xsMachine *the, Tcp *tcp, int callback)
{
	tcp->open = true;
	tcp->self = xsThis;
	tcp->callback = xsArg(callback);
	xsRemember(tcp->self);
	xsRemember(tcp->callback);
}

/* (host, port, noDelay, callback(event, value)) */
void xs_tcp_open(xsMachine *the)
{
	char host[HOST_BYTES];
	uint32_t port = (uint32_t)lk_number(the, 1, 1, 65535);
	Tcp *tcp;

	lk_text(the, 0, host, sizeof host);
	tcp = new_tcp(the, 2);
	tcp->port = (uint16_t)port;
	tcp->lookup = port_lookup_start(host, on_resolved, tcp);
	if (!tcp->lookup) xsRangeError("tcp: no look-up");
	keep_open(the, tcp, 3);
}

void tcp_of_descriptor(xsMachine *the, int descriptor)
{
	Tcp *tcp = calloc(1, sizeof *tcp);

	if (!tcp) {
		close(descriptor);
		xsUnknownError("tcp: no memory");
	}
	tcp->the = the;
	tcp->descriptor = descriptor;
	xsResult = xsNewHostObject(xs_tcp_destructor);
	xsmcSetHostData(xsResult, tcp);
}

/* (from, noDelay, callback(event, value)): takes over the connection of an object that a listener gave */
void xs_tcp_adopt(xsMachine *the)
{
	Tcp *from = xsmcGetHostDataValidate(xsArg(0), (void *)xs_tcp_destructor);
	Tcp *tcp;

	if (!from || from->open || from->descriptor < 0) xsTypeError("tcp: not from a listener, or used");
	tcp = new_tcp(the, 1);
	prepare(tcp, from->descriptor);
	/* As of one that connects: it is told when it can be written to, and there is no other address to try. */
	tcp->events = PORT_WRITABLE;
	tcp->watch = port_watch_add(from->descriptor, PORT_WRITABLE, on_event, tcp);
	if (!tcp->watch) xsUnknownError("tcp: no watch");
	tcp->descriptor = from->descriptor;
	from->descriptor = -1;
	keep_open(the, tcp, 2);
}

/* (maximum) -> ArrayBuffer, or undefined when nothing has come */
void xs_tcp_read(xsMachine *the)
{
	Tcp *tcp = tcp_of(the);
	uint32_t maximum = (uint32_t)lk_number(the, 0, 1, READ_MAX);
	int available = 0;
	void *data;
	xsUnsignedValue size;
	size_t filled = 0;

	if (tcp->descriptor < 0) return;
	ioctl(tcp->descriptor, FIONREAD, &available);
	if (available <= 0) {
		if (!tcp->ended) wait_for(tcp, tcp->events | PORT_READABLE);
		return;
	}
	if ((uint32_t)available < maximum) maximum = (uint32_t)available;
	xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)maximum);
	xsmcGetBufferWritable(xsResult, &data, &size);
	/* One recv ends before an urgent byte. */
	while (filled < maximum) {
		ssize_t got = recv(tcp->descriptor, (uint8_t *)data + filled, maximum - filled, 0);
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) xsUnknownError("tcp: what was there is gone");
		filled += (size_t)got;
	}
}

/* (bytes): all of them, or a RangeError when they do not fit */
void xs_tcp_write(xsMachine *the)
{
	Tcp *tcp = tcp_of(the);
	LkSpan span = lk_bytes(the, 0, 0, READ_MAX);
	size_t bytes = span.bytes, sent = 0;

	if (tcp->descriptor < 0 || !tcp->connected) return;  /* it has ended, or EVENT_ERROR is on its way */
	if (bytes > WRITE_BYTES - tcp->queue_start - tcp->queue_bytes) {
		memmove(tcp->queue, tcp->queue + tcp->queue_start, tcp->queue_bytes);
		tcp->queue_start = 0;
	}
	if (bytes > WRITE_BYTES - tcp->queue_bytes) xsRangeError("tcp: no room");
	if (tcp->queue_bytes == 0) {
		ssize_t count = send(tcp->descriptor, span.data, bytes, MSG_NOSIGNAL);
		if (count > 0) sent = (size_t)count;
		/* A reset is found again, and told, by the watch. */
	}
	memcpy(tcp->queue + tcp->queue_start + tcp->queue_bytes, span.data + sent, bytes - sent);
	tcp->queue_bytes += bytes - sent;
	wait_for(tcp, tcp->events | PORT_WRITABLE);
}

/* Idempotent. */
void xs_tcp_close(xsMachine *the)
{
	Tcp *tcp = xsmcGetHostDataValidate(xsThis, (void *)xs_tcp_destructor);

	if (!tcp || !tcp->open) return;
	if (tcp->descriptor >= 0 && tcp->connected) flush(tcp);
	close_all(tcp);
	xsForget(tcp->self);
	xsForget(tcp->callback);
}
