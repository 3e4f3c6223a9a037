/*
 * What the bindings ask of a host. hosts/linux and hosts/esp32 each implement all of it once; the bindings
 * (keys.c, crypto.c, tls.c, drive.c) include nothing else that is particular to a host.
 *
 * Threads: every function runs on the engine's thread unless its comment says "any thread".
 */
#ifndef LATCHKEY_PORT_H
#define LATCHKEY_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a cut timer runs: on a chip it must lie in RAM, as flash cannot be read while some of it is erased or written. */
#ifdef ESP_PLATFORM
#define PORT_CUT_CODE __attribute__((section(".iram1.latchkey"), noinline))
#else
#define PORT_CUT_CODE
#endif

/* ---- time ---- */

/* Microseconds since an arbitrary start; counts through sleep, never goes back. Any thread. */
uint64_t port_monotonic_us(void);

/* ---- entropy ---- */

/* Fills buffer from the chip's entropy source. False means none is available: nothing may draw. Any thread. */
bool port_entropy(uint8_t *buffer, size_t bytes);

/* ---- event loop ---- */

enum { PORT_READABLE = 1, PORT_WRITABLE = 2 };

typedef struct PortWatch PortWatch;
typedef void (*PortWatchCallback)(void *context, int events);

/* Watches a socket for PORT_READABLE and/or PORT_WRITABLE (level-triggered). NULL when out of watches. */
PortWatch *port_watch_add(int descriptor, int events, PortWatchCallback callback, void *context);
void port_watch_set(PortWatch *watch, int events);
/* Idempotent on NULL; safe from inside the watch's own callback. Does not close the descriptor. */
void port_watch_remove(PortWatch *watch);

typedef struct PortTimer PortTimer;
typedef void (*PortTimerCallback)(void *context);

/* Runs callback once on the engine's thread. NULL when out of timers. */
PortTimer *port_timer_add(uint32_t delay_ms, PortTimerCallback callback, void *context);
/* Idempotent on NULL; safe from inside its own callback. */
void port_timer_remove(PortTimer *timer);

/* Queues callback to run once on the engine's thread. Any thread. False when the queue is full. */
bool port_post(void (*callback)(void *context), void *context);

/* ---- records (the key store's, the entropy seed's, the owner's Wi-Fi; the same store as embedded:storage/key-value) ---- */

/* What lies in these is secret (I1, T14): a host refuses them to JavaScript, to read, to write, to delete and to list. */
#define PORT_DOMAIN_KEYS "keys"
#define PORT_DOMAIN_ENTROPY "entropy"
#define PORT_DOMAIN_NETWORK "network"

typedef enum {
	PORT_RECORD_OK = 0,
	PORT_RECORD_ABSENT,
	PORT_RECORD_CORRUPT,  /* stored bytes fail their checksum */
	PORT_RECORD_TOO_LARGE,  /* the record does not fit the buffer */
	PORT_RECORD_FULL,  /* no space; the old record stands */
	PORT_RECORD_IO,
} PortRecordStatus;

enum { PORT_RECORD_NAME_MAX = 15 };  /* NVS: name and domain, bytes of [0-9A-Za-z_.-] */

PortRecordStatus port_record_read(const char *domain, const char *name, uint8_t *buffer, size_t capacity, size_t *bytes);
/* Atomic: after a power cut the old record or the new one stands. Durable when it returns PORT_RECORD_OK. */
PortRecordStatus port_record_write(const char *domain, const char *name, const uint8_t *value, size_t bytes);
/* Deleting an absent record is PORT_RECORD_OK. Durable when it returns. */
PortRecordStatus port_record_delete(const char *domain, const char *name);

/* ---- outputs, for drive.c ---- */

/* Writes an output pin at once. Any thread; async-signal-safe. False when pin is no output. */
bool port_pin_write(uint32_t pin, bool level);

/* Arms one native timer off the engine's thread: at deadline_us (port_monotonic_us) it calls callback there.
 * One timer per slot (0..PORT_CUT_TIMERS-1); arming again replaces. False when it could not be armed. The callback may
 * arm its own slot again. Disarming does not wait: a callback that has begun runs to its end. */
enum { PORT_CUT_TIMERS = 4 };
bool port_cut_timer_arm(uint32_t slot, uint64_t deadline_us, void (*callback)(uint32_t slot));
void port_cut_timer_disarm(uint32_t slot);

/* Registers what runs first on abort, panic, fatal signal and exit (drive's cut-all). Async-signal-safe callback. */
void port_on_halt(void (*callback)(void));

/* ---- firmware slots, for slots.c (modules/platform/slots.ts says what each promises) ---- */

enum {
	PORT_SLOTS = 2,
	PORT_SLOT_SECTOR_BYTES = 4096,
	PORT_SLOT_VERSION_MAX = 32,
	PORT_BOARD_NAME_MAX = 24,
	PORT_SECURITY_FLOOR_MAX = 16,
};

/* As SLOT_STATES of slots.ts. */
typedef enum {
	PORT_SLOT_UNSET = 0,
	PORT_SLOT_NEW,
	PORT_SLOT_PENDING,
	PORT_SLOT_VALID,
	PORT_SLOT_INVALID,
	PORT_SLOT_ABORTED,
	PORT_SLOT_STATES,
} PortSlotState;

typedef struct {
	uint32_t bytes, sequence, security_version;
	char version[PORT_SLOT_VERSION_MAX + 1];
} PortSlotImage;

/* Of each slot; 0: this machine has none, and of what follows only the name, running, target and the floor may be asked. */
uint32_t port_slot_bytes(void);
/* 1 to PORT_BOARD_NAME_MAX bytes. */
const char *port_slot_board(void);
/* False: no slot runs, this is the recovery program. */
bool port_slot_running(uint32_t *slot);
/* The one that does not run: every erase, write and select is about it. */
uint32_t port_slot_target(void);
PortSlotState port_slot_state(uint32_t slot);
/* False when the slot begins with no image, or cannot be read. */
bool port_slot_image(uint32_t slot, PortSlotImage *image);
bool port_slot_read(uint32_t slot, uint32_t offset, uint8_t *buffer, size_t bytes);
/* One sector. Before the first byte changes the target is invalid, durably, unless it is aborted: only port_boot_select makes it bootable. */
bool port_slot_erase(uint32_t offset);
/* Within one sector, erased before; clears bits only; the target is invalid as after an erase. Durable when it says true. */
bool port_slot_write(uint32_t offset, const uint8_t *bytes, size_t count);
/* The target is invalid, unless it is aborted: it does not boot any more until it is selected. Durable when it says true. */
bool port_slot_retire(void);

/* Durable when they say true; false: the old choice stands or the new one. */
bool port_boot_select(void);
bool port_boot_confirm(void);
typedef enum { PORT_REVERT_NO_IMAGE, PORT_REVERT_IO } PortRevert;
/* Returns only when it failed. */
PortRevert port_boot_revert(void);
/* 0 to PORT_SECURITY_FLOOR_MAX. */
uint32_t port_boot_security_floor(void);
/* False: it cannot be read, no slot boots, and it is the highest of what is confirmed at least. */
bool port_boot_security_floor_is_known(void);
/* Never lowers; what cannot be read is written anew, also by a version below it. */
bool port_boot_raise_security_floor(uint32_t version);

/* ---- names and sockets, for tls.c and tcp.c ---- */

typedef struct PortLookup PortLookup;
enum { PORT_ADDRESSES_MAX = 8 };
typedef struct {
	uint8_t family;  /* 4 or 6 */
	uint8_t bytes[16];
	uint32_t scope;
} PortAddress;
typedef void (*PortLookupCallback)(void *context, const PortAddress *addresses, size_t count);

/* Resolves without blocking; callback runs on the engine's thread, count 0 means the name did not resolve. */
PortLookup *port_lookup_start(const char *host, PortLookupCallback callback, void *context);
/* The callback will not run after this. Idempotent on NULL. */
void port_lookup_cancel(PortLookup *lookup);

/* ---- local log, for C that has something to say without the engine ---- */

/* One line of text, no newline, never a secret. Any thread. */
void port_log(const char *line);

#endif
