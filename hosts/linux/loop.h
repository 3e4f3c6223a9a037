/* The event loop of the engine's thread: descriptors, timers, and what other threads post (port.h). */
#ifndef LATCHKEY_LOOP_H
#define LATCHKEY_LOOP_H

void loop_start(void);
/* Runs callbacks until the process ends. after_turn runs after every callback. */
_Noreturn void loop_run(void (*after_turn)(void));

#endif
