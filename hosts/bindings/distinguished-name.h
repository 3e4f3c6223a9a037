/*
 * Equality of distinguished names (RFC 5280 7.1): attribute by attribute, PrintableString and UTF8String without
 * regard to ASCII case and to white space at the ends or in runs. Letters outside ASCII are compared byte by byte.
 */
#ifndef LATCHKEY_DISTINGUISHED_NAME_H
#define LATCHKEY_DISTINGUISHED_NAME_H

#include "der.h"

bool distinguished_names_equal(Slice a, Slice b);

#endif
