#include "watch-set.h"

#include <stddef.h>

PortWatch *watch_set_add(WatchSet *set, int descriptor, int events, PortWatchCallback callback, void *context)
{
	for (int index = 0; index < WATCHES_MAX; index++) {
		PortWatch *watch = &set->watches[index];
		if (watch->state != WATCH_FREE) continue;
		*watch = (PortWatch){ WATCH_ARMED, descriptor, events, 0, callback, context, ++set->serial };
		return watch;
	}
	return NULL;
}

void watch_set_remove(PortWatch *watch)
{
	watch->state = watch->state == WATCH_TOLD ? WATCH_DROPPED : WATCH_FREE;
	watch->callback = NULL;
}

bool watch_set_ready(PortWatch *watch, uint32_t serial, int events)
{
	if (watch->state != WATCH_ARMED || watch->serial != serial || (events & watch->events) == 0) return false;
	watch->state = WATCH_TOLD;
	watch->ready = events & watch->events;
	return true;
}

void watch_set_take_back(PortWatch *watch)
{
	watch->state = watch->state == WATCH_TOLD ? WATCH_ARMED : WATCH_FREE;
}

PortWatchCallback watch_set_deliver(PortWatch *watch, void **context, int *events)
{
	bool dropped = watch->state == WATCH_DROPPED;

	watch->state = dropped ? WATCH_FREE : WATCH_ARMED;
	if (dropped || (watch->ready & watch->events) == 0) return NULL;
	*context = watch->context;
	*events = watch->ready & watch->events;
	return watch->callback;
}
