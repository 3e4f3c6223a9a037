/*
 * The serial line, for JavaScript; serial.ts is its class. It behaves like a wire: what is sent while nobody has
 * the other side open is lost, and nothing that a former listener left unread reaches the next one.
 *
 * A pseudo-terminal tells nobody when its other side is opened, so while it is not, the line is looked at 50 times
 * a second.
 */
#include "xsmc.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "check.h"
#include "fatal.h"
#include "mc.xs.h"
#include "port.h"
#include "serial.h"

enum { LOOK_MS = 20, READ_MAX = 4096 };

typedef struct {
	xsMachine *the;
	PortWatch *watch;
	PortTimer *look;
	bool open, connected;
	bool full;  /* a write was not taken whole: onWritable is owed */
	xsSlot callback;  /* (readable bytes, writable bytes); remembered while open */
} Serial;

static int terminal = -1;
static char other_side[64];  /* the terminal's name */
static const char *named_by;  /* the link, once it is there */
static Serial *line;  /* the one that is open */

static void look(void *context);

/* ---- the terminal ---- */

static void name_terminal(const char *link, const char *name)
{
	struct stat status;

	if (lstat(link, &status) == 0) {
		if (!S_ISLNK(status.st_mode)) fatal("serial %s: is something else than a symbolic link", link);
		unlink(link);
	}
	if (symlink(name, link) != 0) fatal("serial %s: %s", link, strerror(errno));
}

void serial_start(const char *link)
{
	struct termios settings;
	const char *name;
	int other;

	if (!link) return;
	terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 || !(name = ptsname(terminal)))
		fatal("serial: no terminal: %s", strerror(errno));
	/* Opened once and closed: from now on the terminal says whether its other side is open. */
	other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other < 0 || tcgetattr(other, &settings) != 0) fatal("serial %s: %s", name, strerror(errno));
	cfmakeraw(&settings);
	if (tcsetattr(other, TCSANOW, &settings) != 0) fatal("serial %s: %s", name, strerror(errno));
	name_terminal(link, name);
	named_by = link;
	snprintf(other_side, sizeof other_side, "%s", name);
	close(other);
}

void serial_stop(void)
{
	if (named_by) unlink(named_by);
}

/* Only the other side can drop what it has not read. */
static void drop_unread(void)
{
	int other = open(other_side, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (other < 0) return;
	tcflush(other, TCIFLUSH);
	close(other);
}

static bool somebody_listens(void)
{
	struct pollfd polled = { terminal, POLLIN, 0 };

	return poll(&polled, 1, 0) >= 0 && !(polled.revents & POLLHUP);
}

static int arrived(void)
{
	int bytes = 0;

	return ioctl(terminal, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/* ---- events ---- */

static void tell(Serial *serial, int readable, bool writable)
{
	xsBeginHost(serial->the);
	{
		xsmcVars(3);
		xsVar(0) = xsAccess(serial->callback);
		xsmcSetInteger(xsVar(1), readable);
		xsmcSetInteger(xsVar(2), writable ? READ_MAX : 0);
		xsCallFunction2(xsVar(0), xsUndefined, xsVar(1), xsVar(2));
	}
	xsEndHost(serial->the);
}

/* One look at a time: release could not take back another. */
static void look_later(Serial *serial)
{
	if (!serial->look) serial->look = port_timer_add(LOOK_MS, look, serial);
}

static void disconnect(Serial *serial)
{
	serial->connected = serial->full = false;
	drop_unread();
	port_watch_set(serial->watch, 0);
	look_later(serial);
}

static void on_terminal(void *context, int events)
{
	Serial *serial = context;
	int readable = arrived();

	/* What was sent before the other side was closed is still to be read. */
	if (readable == 0 && !somebody_listens()) {
		disconnect(serial);
		return;
	}
	if ((events & PORT_WRITABLE) && serial->full) {
		serial->full = false;
		port_watch_set(serial->watch, PORT_READABLE);
		tell(serial, readable, true);
	}
	else if (readable > 0) tell(serial, readable, false);
	/* Nobody read: asking again and again would be a busy loop. */
	if (serial->open && readable > 0 && arrived() >= readable && !serial->look) {
		port_watch_set(serial->watch, 0);
		look_later(serial);
	}
}

static void look(void *context)
{
	Serial *serial = context;

	serial->look = NULL;
	if (arrived() == 0 && !somebody_listens()) {
		look_later(serial);
		return;
	}
	port_watch_set(serial->watch, serial->full ? PORT_READABLE | PORT_WRITABLE : PORT_READABLE);
	if (serial->connected) return;
	serial->connected = true;
	tell(serial, 0, true);
}

/* ---- natives ---- */

static void release(xsMachine *the, Serial *serial)
{
	if (!serial->open) return;
	serial->open = false;
	port_watch_remove(serial->watch);
	port_timer_remove(serial->look);
	line = NULL;
	if (the) xsForget(serial->callback);
}

/* An open line is kept alive by its callback, which refers to it. */
void xs_serial_destructor(void *data)
{
	if (data) release(NULL, data);
	free(data);
}

/* this: the new Serial; (callback) */
void xs_serial_open(xsMachine *the)
{
	Serial *serial;

	if (terminal < 0) xsUnknownError("serial: this board has no line");
	if (line) xsUnknownError("serial: in use");
	if (!xsmcIsCallable(xsArg(0))) xsTypeError("serial: no callback");
	serial = calloc(1, sizeof *serial);
	if (!serial) xsUnknownError("serial: no memory");
	xsmcSetHostData(xsThis, serial);
	serial->the = the;
	serial->watch = port_watch_add(terminal, 0, on_terminal, serial);
	serial->look = port_timer_add(0, look, serial);
	if (!serial->watch || !serial->look) {
		port_watch_remove(serial->watch);
		port_timer_remove(serial->look);
		xsUnknownError("serial: out of watches or timers");
	}
	serial->callback = xsArg(0);
	xsRemember(serial->callback);
	serial->open = true;
	line = serial;
}

static Serial *open_serial(xsMachine *the)
{
	Serial *serial = xsmcGetHostDataValidate(xsThis, xs_serial_destructor);

	if (!serial || !serial->open) xsUnknownError("serial: closed");
	return serial;
}

/* (maximum): an ArrayBuffer, or undefined when nothing has arrived */
void xs_serial_read(xsMachine *the)
{
	uint8_t bytes[READ_MAX];
	size_t maximum = (size_t)lk_number(the, 0, 1, READ_MAX);
	ssize_t got;

	open_serial(the);
	got = read(terminal, bytes, maximum);
	if (got > 0) xsmcSetArrayBuffer(xsResult, bytes, (xsIntegerValue)got);
}

/* (bytes): how many were taken */
void xs_serial_write(xsMachine *the)
{
	LkSpan bytes = lk_bytes(the, 0, 0, 0x7fffffff);
	Serial *serial = open_serial(the);
	ssize_t done;

	if (!serial->connected) done = (ssize_t)bytes.bytes;
	else {
		done = bytes.bytes ? write(terminal, bytes.data, bytes.bytes) : 0;
		if (done < 0) done = 0;
		if ((size_t)done < bytes.bytes) {
			serial->full = true;
			port_watch_set(serial->watch, PORT_READABLE | PORT_WRITABLE);
		}
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)done);
}

/* Idempotent. */
void xs_serial_close(xsMachine *the)
{
	Serial *serial = xsmcGetHostDataValidate(xsThis, xs_serial_destructor);

	if (serial) release(the, serial);
}
