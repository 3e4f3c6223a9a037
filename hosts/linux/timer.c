/* Timers for JavaScript; timer.ts is their class. A running timer keeps its callback alive, a stopped one nothing. */
#include "xsmc.h"

#include "check.h"
#include "mc.xs.h"
#include "port.h"

typedef struct {
	xsMachine *the;
	PortTimer *port;  /* NULL when the timer does not run */
	uint32_t repeat_ms;  /* 0: once */
	xsSlot self;  /* remembered while the timer runs */
	xsSlot callback;
} Timer;

void xs_timer_destructor(void *data)
{
	free(data);  /* only a timer that does not run is ever collected */
}

static void stop(xsMachine *the, Timer *timer)
{
	if (!timer->port) return;
	port_timer_remove(timer->port);
	timer->port = NULL;
	xsForget(timer->self);
	xsForget(timer->callback);
}

static void fire(void *context)
{
	Timer *timer = context;

	xsBeginHost(timer->the);
	{
		xsmcVars(2);
		xsVar(0) = xsAccess(timer->callback);
		xsVar(1) = xsAccess(timer->self);
		timer->port = timer->repeat_ms ? port_timer_add(timer->repeat_ms, fire, timer) : NULL;
		if (!timer->port) {
			xsForget(timer->self);
			xsForget(timer->callback);
		}
		xsCallFunction1(xsVar(0), xsUndefined, xsVar(1));
	}
	xsEndHost(timer->the);
}

/* this: the new Timer; (callback, delayMs, repeatMs or undefined) */
void xs_timer_start(xsMachine *the)
{
	Timer *timer;
	uint32_t delay_ms = (uint32_t)lk_number(the, 1, 0, 0x7fffffff);
	uint32_t repeat_ms = lk_given(the, 2) ? (uint32_t)lk_number(the, 2, 0, 0x7fffffff) : 0;

	if (!xsmcIsCallable(xsArg(0))) xsTypeError("timer: callback is no function");
	timer = calloc(1, sizeof *timer);
	if (!timer) xsUnknownError("timer: no memory");
	xsmcSetHostData(xsThis, timer);
	timer->the = the;
	timer->repeat_ms = repeat_ms;
	timer->port = port_timer_add(delay_ms, fire, timer);
	if (!timer->port) xsRangeError("timer: too many timers");
	timer->self = xsThis;
	timer->callback = xsArg(0);
	xsRemember(timer->self);
	xsRemember(timer->callback);
}

/* this: a Timer. Idempotent. */
void xs_timer_stop(xsMachine *the)
{
	stop(the, xsmcGetHostDataValidate(xsThis, xs_timer_destructor));
}

/* Milliseconds since an arbitrary start, with microseconds behind the point. */
void xs_monotonic_ms(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)port_monotonic_us() / 1000.0);
}
