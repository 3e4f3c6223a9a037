/*
 * Virtual pins, and the Unix stream socket on which watchers see and drive them. Lines of ASCII, each ended by a
 * line feed:
 *
 *   board -> every watcher   pin <number> <0|1> <monotonic microseconds>
 *   watcher -> board         set <number> <0|1>
 *
 * A watcher that connects is told every pin that is in use; from then on every change, of outputs and of inputs,
 * with the time of the change. `set` moves an input; for an output it is ignored. A watcher that does not keep
 * up, or says anything else, is dropped. When the connection ends the board has no power: its outputs are off.
 */
#ifndef LATCHKEY_PINS_H
#define LATCHKEY_PINS_H

#include <stdbool.h>
#include <stdint.h>

enum { PINS_MAX = 64 };

/* Opens the socket; NULL: no watchers. Waits at most wait_ms for a watcher and the first that it sets. */
void pins_start(const char *socket_path, uint32_t wait_ms);

typedef enum { PIN_FREE, PIN_INPUT, PIN_INPUT_PULL_UP, PIN_OUTPUT } PinUse;
/* False when the pin does not exist or is in use. An output starts at `level`. */
bool pins_open(uint32_t pin, PinUse use, bool level);
void pins_close(uint32_t pin);
/* Of a pin that is open as an output. */
void pins_write(uint32_t pin, bool level);
bool pins_read(uint32_t pin);
/* One listener a pin, called on the engine's thread after each change of an input; NULL ends it. */
void pins_listen(uint32_t pin, void (*listener)(void *context, bool level), void *context);

#endif
