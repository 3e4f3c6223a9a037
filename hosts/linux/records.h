/* The record store of this host beyond port.h. */
#ifndef LATCHKEY_RECORDS_H
#define LATCHKEY_RECORDS_H

#include <stdbool.h>

enum { RECORD_VALUE_MAX = 16384 };

/* Clears away what a cut left half written. */
void records_start(void);
/* Calls back for the name of every record of a domain, until the callback says false. */
bool records_list(const char *domain, bool (*each)(void *context, const char *name), void *context);

#endif
