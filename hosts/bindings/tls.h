/* One TLS connection: its state, and what tls-natives.c does with it. */
#ifndef LATCHKEY_TLS_H
#define LATCHKEY_TLS_H

#include "byte-queue.h"
#include "check.h"
#include "dial.h"
#include "port.h"
#include "tls-setup.h"
#include "tls-socket.h"

/* LIMITS.tlsWriteQueueBytes and .tlsConnections (test/bindings compares them). */
enum { TLS_QUEUE_BYTES_MAX = 32768, TLS_CONNECTIONS_MAX = 2 };

typedef enum { TLS_NEW = 0, TLS_DIALLING, TLS_HANDSHAKING, TLS_UP, TLS_CLOSED } TlsPhase;

typedef struct {
	xsMachine *the;
	xsSlot on_event;  /* the JavaScript function, while `remembered` */
	bool remembered;
	unsigned busy;  /* callbacks that are running */
	bool collected;  /* to be freed when busy is 0 */
	TlsPhase phase;
	TlsSetup *setup;  /* NULL when closed */
	Dial *dial;
	TlsSocket tcp;
	PortWatch *watch;
	PortTimer *deadline, *wake;
	mbedtls_ssl_context ssl;
	Verifier verifier;
	bool offered, resumed;  /* a session to resume; the peer took it */
	bool blocked;  /* reading waits for the socket to take bytes */
	bool telling, consumed;  /* JavaScript is being told of bytes; it has read some */
	bool short_write;  /* JavaScript waits for an empty queue */
	int pending_result;  /* a failure met while JavaScript called; told from the event loop */
	ByteQueue queue;
	size_t in_flight;  /* bytes at the front of the queue that the library has made a record of */
} Tls;

Tls *tls_new(xsMachine *the);
/* False when there is no memory, or there are as many connections as there may be. */
bool tls_start(Tls *tls);
/* How many bytes tls_read gives at once; asks the socket when there are none. */
size_t tls_available(Tls *tls);
size_t tls_read(Tls *tls, uint8_t *data, size_t bytes);
size_t tls_write(Tls *tls, const uint8_t *data, size_t bytes);
void tls_keep_session(Tls *tls);
/* Idempotent. */
void tls_close(Tls *tls);
/* The JavaScript object is gone. */
void tls_collect(Tls *tls);

#endif
