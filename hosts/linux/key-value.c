/* Records for JavaScript; key-value.ts is their class, records.c what is behind. */
#include "xsmc.h"

#include "check.h"
#include "files.h"
#include "files-recorder.h"
#include "mc.xs.h"
#include "port.h"
#include "records.h"

enum { NAME_BYTES = PORT_RECORD_NAME_MAX + 1 };

/* Undefined when all is well, else a DeviceErrorCode. */
static void set_status(xsMachine *the, PortRecordStatus status)
{
	switch (status) {
	case PORT_RECORD_OK:
	case PORT_RECORD_ABSENT: break;
	case PORT_RECORD_CORRUPT: lk_fault(the, "record/corrupt"); break;
	case PORT_RECORD_TOO_LARGE: lk_fault(the, "record/too-large"); break;
	case PORT_RECORD_FULL: lk_fault(the, "record/full"); break;
	case PORT_RECORD_IO: lk_fault(the, "record/io"); break;
	}
}

/* Private keys, the next boot's seed and an owner's Wi-Fi are C's alone (I1, T14). The test build looks at them. */
static void domain_argument(xsMachine *the, char domain[NAME_BYTES])
{
	lk_text(the, 0, domain, NAME_BYTES);
#ifndef LATCHKEY_TEST_BUILD
	if (strcmp(domain, PORT_DOMAIN_KEYS) == 0 || strcmp(domain, PORT_DOMAIN_ENTROPY) == 0 || strcmp(domain, PORT_DOMAIN_NETWORK) == 0)
		xsRangeError("storage: a domain of secrets");
#endif
}

/* (domain, name): an ArrayBuffer, undefined when absent, or a DeviceErrorCode */
void xs_record_read(xsMachine *the)
{
	static uint8_t value[RECORD_VALUE_MAX];
	char domain[NAME_BYTES], name[NAME_BYTES];
	PortRecordStatus status;
	size_t bytes;

	domain_argument(the, domain);
	lk_text(the, 1, name, sizeof name);
	status = port_record_read(domain, name, value, sizeof value, &bytes);
	if (status == PORT_RECORD_OK) xsmcSetArrayBuffer(xsResult, value, (xsIntegerValue)bytes);
	else set_status(the, status);
	lk_wipe(value, sizeof value);
}

/* (domain, name, bytes): undefined or a DeviceErrorCode */
void xs_record_write(xsMachine *the)
{
	char domain[NAME_BYTES], name[NAME_BYTES];
	LkSpan value;

	domain_argument(the, domain);
	lk_text(the, 1, name, sizeof name);
	value = lk_bytes(the, 2, 0, 0x7fffffff);
	set_status(the, port_record_write(domain, name, value.data, value.bytes));
}

/* (domain, name): undefined or a DeviceErrorCode */
void xs_record_delete(xsMachine *the)
{
	char domain[NAME_BYTES], name[NAME_BYTES];

	domain_argument(the, domain);
	lk_text(the, 1, name, sizeof name);
	set_status(the, port_record_delete(domain, name));
}

typedef struct {
	xsMachine *the;
	int count;
} Names;

static bool add_name(void *context, const char *name)
{
	Names *names = context;
	xsMachine *the = names->the;

	xsmcSetString(xsVar(0), (xsStringValue)name);
	xsmcSetIndex(xsResult, (xsIndex)names->count++, xsVar(0));
	return true;
}

/* (domain): an array of names */
void xs_record_names(xsMachine *the)
{
	char domain[NAME_BYTES];
	Names names = { the, 0 };

	domain_argument(the, domain);
	xsmcVars(1);
	xsmcSetNewArray(xsResult, 0);
	if (!records_list(domain, add_name, &names)) lk_fault(the, "record/io");
}

/* Bytes written to files since the board started. */
void xs_record_bytes_written(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)files_bytes_written());
}

#ifdef FILES_RECORDER
/* (faults): from now on, as LATCHKEY_FILES_FAULT */
void xs_files_fault(xsMachine *the)
{
	recorder_set_faults(xsmcToString(xsArg(0)));
}

/* (directory): boots the store in another directory, as after a power cut */
void xs_files_restart(xsMachine *the)
{
	files_start(xsmcToString(xsArg(0)));
	records_start();
}
#endif
