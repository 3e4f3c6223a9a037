/*
 * One TLS connection of a client, for tls.ts: dial, handshake, then bytes both ways without ever blocking. Set-up
 * is tls-setup.c, the socket tls-socket.c, the verdict on the peer tls-verify.c, resumption tls-session.c, reasons tls-failure.c.
 *
 *   NEW --start--> DIALLING --socket--> HANDSHAKING --verified--> UP
 *    |                |                     |                     |
 *    +--close---------+------- failure, deadline, close ----------+--> CLOSED
 *
 * JavaScript hears of it through one function, called from the event loop with a number below and a reason. While
 * the connection is under way that function is remembered, and with it the JavaScript object; `busy` keeps this
 * memory while callbacks run in which JavaScript may close the connection and the engine may collect it.
 */
#include "tls.h"

#include <stdlib.h>
#include <string.h>

#include "tls-failure.h"

enum { EVENT_CONNECTED = 1, EVENT_READABLE = 2, EVENT_WRITABLE = 3, EVENT_CLOSED = 4, EVENT_CONNECTING = 5, EVENT_HANDSHAKING = 6 };
enum { RECORD_BYTES = 4096, EMPTY_RECORDS_MAX = 8 };

static unsigned connections;  /* that are started and not closed */

/* ---- to JavaScript ---- */

static void emit(Tls *tls, int event, TlsReason reason)
{
	xsBeginHost(tls->the);
	{
		xsmcVars(3);
		xsVar(0) = xsAccess(tls->on_event);
		xsmcSetInteger(xsVar(1), event);
		if (reason != REASON_NONE) xsmcSetString(xsVar(2), (xsStringValue)tls_reason_text(reason));
		xsCallFunction2(xsVar(0), xsUndefined, xsVar(1), xsVar(2));
	}
	xsEndHost(tls->the);
}

/* Frees what the connection holds; what is left is the memory that the JavaScript object points to. */
static void release(Tls *tls)
{
	if (tls->phase == TLS_CLOSED) return;
	if (tls->phase != TLS_NEW) connections--;
	tls->phase = TLS_CLOSED;
	dial_cancel(tls->dial);
	port_watch_remove(tls->watch);
	port_timer_remove(tls->deadline);
	port_timer_remove(tls->wake);
	tls->dial = NULL;
	tls->watch = NULL;
	tls->deadline = NULL;
	tls->wake = NULL;
	tls_socket_close(&tls->tcp);
	mbedtls_ssl_free(&tls->ssl);
	verifier_free(&tls->verifier);
	tls_setup_free(tls->setup);
	tls->setup = NULL;
	byte_queue_free(&tls->queue);
}

static void forget_callback(Tls *tls)
{
	if (!tls->remembered) return;
	tls->remembered = false;
	xsMachine *the = tls->the;
	xsForget(tls->on_event);
}

/* RFC 5246 7.2.2: a session does not survive an error; nor does one that a handshake failed with. */
static void forget_session(Tls *tls)
{
	SessionBinding binding = tls_setup_binding(tls->setup);

	session_forget(&binding);
}

/* The end that JavaScript did not ask for. */
static void finish(Tls *tls, TlsReason reason)
{
	if (tls->phase == TLS_CLOSED) return;
	if (tls->phase == TLS_HANDSHAKING && tls->offered) forget_session(tls);
	release(tls);
	emit(tls, EVENT_CLOSED, reason);
	forget_callback(tls);
}

static void enter(Tls *tls)
{
	tls->busy++;
}

static void leave(Tls *tls)
{
	if (--tls->busy == 0 && tls->collected) free(tls);
}

static void fail(Tls *tls, int result)
{
	bool up = tls->phase == TLS_UP, clean = up && result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
	TlsReason reason = tls_failure_reason(result, &tls->ssl, &tls->verifier, up);

	if (!up && tls_socket_heard_http(&tls->tcp)) reason = REASON_PLAIN_HTTP;
	if (clean) mbedtls_ssl_close_notify(&tls->ssl);
	else if (up && reason != REASON_CLOSED && reason != REASON_RESET) forget_session(tls);
	finish(tls, clean ? REASON_NONE : reason);
}

/* ---- waiting ---- */

static void on_ready(void *context, int events);

static void on_wake(void *context)
{
	Tls *tls = context;

	tls->wake = NULL;
	on_ready(tls, PORT_READABLE);
}

static void wake_soon(Tls *tls)
{
	if (!tls->wake) tls->wake = port_timer_add(0, on_wake, tls);
}

static void watch_for(Tls *tls, int events)
{
	if (tls->watch) port_watch_set(tls->watch, events);
}

static void watch_as_needed(Tls *tls)
{
	bool unread = mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0;

	watch_for(tls, (unread ? 0 : PORT_READABLE) | (tls->queue.bytes > 0 || tls->blocked ? PORT_WRITABLE : 0));
}

/* ---- up: reading and writing ---- */

/* Brings in the next record; 0, or a failure. Afterwards either bytes are available or the socket is empty. */
static int take_in(Tls *tls)
{
	for (int empty = 0; empty < EMPTY_RECORDS_MAX && mbedtls_ssl_get_bytes_avail(&tls->ssl) == 0; empty++) {
		int result = mbedtls_ssl_read(&tls->ssl, NULL, 0);
		tls->blocked = result == MBEDTLS_ERR_SSL_WANT_WRITE;
		if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return 0;
		if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) tls_keep_session(tls);
		else if (result < 0) return result;
		else if (tls->tcp.ended && mbedtls_ssl_get_bytes_avail(&tls->ssl) == 0) return TLS_SOCKET_ENDED;
	}
	if (mbedtls_ssl_get_bytes_avail(&tls->ssl) == 0) wake_soon(tls);  /* a peer of empty records does not get the whole loop */
	return 0;
}

/* Writes what the socket takes; 0, or a failure. */
static int write_out(Tls *tls)
{
	while (tls->queue.bytes > 0) {
		size_t bytes = tls->in_flight > 0 ? tls->in_flight : tls->queue.bytes < RECORD_BYTES ? tls->queue.bytes : RECORD_BYTES;
		int result = mbedtls_ssl_write(&tls->ssl, tls->queue.data + tls->queue.first, bytes);
		if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
			tls->in_flight = bytes;  /* the library has made a record of them: the retry must name the same */
			return 0;
		}
		if (result < 0) return result;
		tls->in_flight = 0;
		byte_queue_drop(&tls->queue, (size_t)result);
	}
	return 0;
}

/* JavaScript that read some but not all hears of the rest again; JavaScript that reads nothing is left in peace. */
static void tell_readable(Tls *tls)
{
	if (mbedtls_ssl_get_bytes_avail(&tls->ssl) == 0) return;
	tls->consumed = false;
	tls->telling = true;
	emit(tls, EVENT_READABLE, REASON_NONE);
	tls->telling = false;
	if (tls->phase == TLS_UP && tls->consumed && mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0) wake_soon(tls);
}

static void serve(Tls *tls)
{
	/* What was met while JavaScript called comes first: nothing is read behind a failure or a close_notify. */
	int result = tls->pending_result != 0 ? tls->pending_result : write_out(tls);

	if (result == 0 && tls->short_write && tls->queue.bytes == 0) {
		tls->short_write = false;
		emit(tls, EVENT_WRITABLE, REASON_NONE);
		if (tls->phase != TLS_UP) return;
		result = tls->pending_result;
	}
	if (result == 0) result = take_in(tls);
	if (result == 0) tell_readable(tls);
	if (tls->phase != TLS_UP) return;
	if (result != 0) fail(tls, result);
	else watch_as_needed(tls);
}

/* ---- handshake ---- */

void tls_keep_session(Tls *tls)
{
	SessionBinding binding = tls_setup_binding(tls->setup);
	Slice leaf = { tls->verifier.leaf, tls->verifier.leaf_bytes };

	session_keep(&tls->ssl, &binding, leaf, &tls->verifier.validity);
}

static void come_up(Tls *tls)
{
	/* No verdict in this handshake means that the peer resumed a session whose leaf was checked before it was offered. */
	tls->resumed = !tls->verifier.ran;
	if (tls->resumed ? !tls->offered : !verifier_accepts(&tls->verifier)) {
		finish(tls, verifier_refusal(&tls->verifier));
		return;
	}
	if (tls->setup->alpn_count > 0 && !mbedtls_ssl_get_alpn_protocol(&tls->ssl)) {
		finish(tls, REASON_ALPN);
		return;
	}
	tls_keep_session(tls);
	port_timer_remove(tls->deadline);
	tls->deadline = NULL;
	tls->phase = TLS_UP;
	emit(tls, EVENT_CONNECTED, REASON_NONE);
	if (tls->phase == TLS_UP) serve(tls);
}

static void shake_hands(Tls *tls)
{
	int result = verifier_handshake(&tls->verifier, &tls->ssl);

	if (result == 0) come_up(tls);
	else if (result == MBEDTLS_ERR_SSL_WANT_READ) watch_for(tls, PORT_READABLE);
	else if (result == MBEDTLS_ERR_SSL_WANT_WRITE) watch_for(tls, PORT_WRITABLE);
	else fail(tls, result);
}

static void on_ready(void *context, int events)
{
	Tls *tls = context;

	(void)events;
	enter(tls);
	if (tls->phase == TLS_HANDSHAKING) shake_hands(tls);
	else if (tls->phase == TLS_UP) serve(tls);
	leave(tls);
}

static void on_deadline(void *context)
{
	Tls *tls = context;

	tls->deadline = NULL;
	enter(tls);
	finish(tls, REASON_TIMEOUT);
	leave(tls);
}

static bool prepare(Tls *tls)
{
	const char *server = tls->setup->server;
	uint8_t address[16];
	size_t bytes;
	SessionBinding binding = tls_setup_binding(tls->setup);

	if (mbedtls_ssl_setup(&tls->ssl, &tls->setup->config) != 0) return false;
	/* Only a host name is announced (RFC 6066 3); whether it is the peer's is chain.c's verdict. */
	if (mbedtls_ssl_set_hostname(&tls->ssl, server_name_address(server, address, &bytes) ? NULL : server) != 0) return false;
	mbedtls_ssl_set_bio(&tls->ssl, &tls->tcp, tls_socket_send, tls_socket_receive, NULL);
	tls->offered = session_offer(&tls->ssl, &binding, tls->setup->time);
	tls->watch = port_watch_add(tls->tcp.descriptor, PORT_READABLE, on_ready, tls);
	return tls->watch != NULL;
}

/* JavaScript may close the connection while it hears of it, and the Dial is gone then. */
static bool on_resolved(void *context)
{
	Tls *tls = context;
	bool goes_on;

	enter(tls);
	emit(tls, EVENT_CONNECTING, REASON_NONE);
	goes_on = tls->phase == TLS_DIALLING;
	leave(tls);
	return goes_on;
}

static void on_dialled(void *context, int descriptor, TlsReason reason)
{
	Tls *tls = context;

	tls->dial = NULL;
	tls->tcp.descriptor = descriptor;
	enter(tls);
	if (reason != REASON_NONE) finish(tls, reason);
	else if (!prepare(tls)) finish(tls, REASON_MEMORY);
	else {
		tls->phase = TLS_HANDSHAKING;
		emit(tls, EVENT_HANDSHAKING, REASON_NONE);
		if (tls->phase == TLS_HANDSHAKING) shake_hands(tls);
	}
	leave(tls);
}

/* ---- for tls-natives.c ---- */

Tls *tls_new(xsMachine *the)
{
	Tls *tls = calloc(1, sizeof *tls);

	if (!tls) return NULL;
	tls->setup = tls_setup_new();
	if (!tls->setup) {
		free(tls);
		return NULL;
	}
	tls->the = the;
	tls->tcp.descriptor = -1;
	mbedtls_ssl_init(&tls->ssl);
	return tls;
}

bool tls_start(Tls *tls)
{
	if (connections >= TLS_CONNECTIONS_MAX) {
		release(tls);
		return false;
	}
	tls->dial = dial_start(tls->setup->host, tls->setup->port, tls->setup->handshake_ms, on_resolved, on_dialled, tls);
	tls->deadline = port_timer_add(tls->setup->handshake_ms, on_deadline, tls);
	if (!tls->dial || !tls->deadline) {
		release(tls);
		return false;
	}
	tls->phase = TLS_DIALLING;
	connections++;
	return true;
}

size_t tls_available(Tls *tls)
{
	int result;

	if (tls->phase != TLS_UP || tls->pending_result != 0) return 0;
	result = take_in(tls);
	if (result != 0) {
		tls->pending_result = result;  /* told from the event loop */
		wake_soon(tls);
		return 0;
	}
	watch_as_needed(tls);
	return mbedtls_ssl_get_bytes_avail(&tls->ssl);
}

size_t tls_read(Tls *tls, uint8_t *data, size_t bytes)
{
	int result = mbedtls_ssl_read(&tls->ssl, data, bytes);

	tls->consumed = true;
	if (!tls->telling && mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0) wake_soon(tls);
	watch_as_needed(tls);
	return result > 0 ? (size_t)result : 0;
}

size_t tls_write(Tls *tls, const uint8_t *data, size_t bytes)
{
	size_t taken;
	int result;

	if (tls->phase != TLS_UP || tls->pending_result != 0) return 0;
	taken = byte_queue_put(&tls->queue, data, bytes, TLS_QUEUE_BYTES_MAX);
	tls->short_write = tls->short_write || taken < bytes;
	result = write_out(tls);
	if (result != 0) {
		tls->pending_result = result;
		wake_soon(tls);
	} else if (tls->short_write && tls->queue.bytes == 0) wake_soon(tls);  /* no event of the socket will say so */
	watch_as_needed(tls);
	return taken;
}

void tls_close(Tls *tls)
{
	if (tls->phase == TLS_UP) mbedtls_ssl_close_notify(&tls->ssl);
	release(tls);
	forget_callback(tls);
}

/* The engine collects only what is not remembered: nothing is under way. */
void tls_collect(Tls *tls)
{
	release(tls);
	if (tls->busy > 0) tls->collected = true;
	else free(tls);
}
