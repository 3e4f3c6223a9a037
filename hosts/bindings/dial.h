/*
 * From a name to a TCP connection without blocking: resolves it, then tries each address in turn. TLS and the plain
 * sockets of a host may both dial.
 */
#ifndef LATCHKEY_DIAL_H
#define LATCHKEY_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tls-reason.h"

typedef struct Dial Dial;
/* Once, from the event loop: a connected non-blocking socket that is the callee's from now on (REASON_NONE), or -1 with
 * REASON_RESOLVE, REASON_CONNECT or REASON_MEMORY. The Dial is gone when it is called. */
typedef void (*DialCallback)(void *context, int descriptor, TlsReason reason);
/* Once, before that: the name has its addresses and the first is about to be tried. Returns whether to go on; false when
 * the callee has cancelled the Dial. */
typedef bool (*DialResolved)(void *context);

/* Shares timeout_ms among the addresses; a second more for the last one, so that a caller with the same deadline tells a
 * connection that goes nowhere from one that is refused. NULL when there is no memory. */
Dial *dial_start(const char *host, uint16_t port, uint32_t timeout_ms, DialResolved resolved, DialCallback callback,
	void *context);
/* The callback will not run after this. Idempotent on NULL. */
void dial_cancel(Dial *dial);

#endif
