/*
 * The sockets that the engine waits for, shared by two tasks: the engine's adds, changes and removes, the network's asks which to
 * select on and says which are ready. A ready one is told once and waits for the engine: at most one message of each is under way,
 * and the queue of messages never fills by them. Pure; whoever calls holds the lock.
 *
 *   FREE --add--> ARMED --ready--> TOLD --deliver--> ARMED
 *                   |                |
 *                 remove          remove --> DROPPED --deliver--> FREE
 */
#ifndef LATCHKEY_WATCH_SET_H
#define LATCHKEY_WATCH_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

enum { WATCHES_MAX = 8 };

struct PortWatch {
	enum { WATCH_FREE, WATCH_ARMED, WATCH_TOLD, WATCH_DROPPED } state;
	int descriptor;
	int events;  /* wanted */
	int ready;  /* of TOLD */
	PortWatchCallback callback;
	void *context;
	uint32_t serial;  /* tells a new watch in an old place from the one that was selected on, whose descriptor it may have again */
};

typedef struct {
	struct PortWatch watches[WATCHES_MAX];
	uint32_t serial;
} WatchSet;

/* NULL when all are taken. */
PortWatch *watch_set_add(WatchSet *set, int descriptor, int events, PortWatchCallback callback, void *context);
/* The descriptor may be closed when it returns. */
void watch_set_remove(PortWatch *watch);
/* `serial`: of what was selected on; the place may have another watch by now. True: the watch became TOLD, and the engine must get one message of it. */
bool watch_set_ready(PortWatch *watch, uint32_t serial, int events);
/* A message that could not be sent. */
void watch_set_take_back(PortWatch *watch);
/* The message arrived: what to call, outside the lock, or NULL. Only what is still wanted is told. */
PortWatchCallback watch_set_deliver(PortWatch *watch, void **context, int *events);

#endif
