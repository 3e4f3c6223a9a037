/*
 * Whether a certificate names the server (RFC 6125 6.4, RFC 5280 4.2.1.6): subjectAltName only, never the common
 * name. A wildcard is the whole leftmost label and stands for exactly one label.
 */
#ifndef LATCHKEY_SERVER_NAME_H
#define LATCHKEY_SERVER_NAME_H

#include "der.h"

enum { SERVER_NAME_MAX = 253 };

/* Whether name is an IPv4 or IPv6 address; its 4 or 16 bytes go to address. */
bool server_name_address(const char *name, uint8_t address[16], size_t *bytes);
/* Whether name is an address or a host name (RFC 1123 2.1) without a dot at its end. */
bool server_name_is_valid(const char *name);
/* names is the content of GeneralNames; server is valid. */
bool server_name_matches(Slice names, const char *server);

#endif
