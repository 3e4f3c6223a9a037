/* CRC-32 (ISO 3309, the one of Ethernet and zip): tells damage, not malice. */
#ifndef LATCHKEY_CRC32_H
#define LATCHKEY_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Start with crc 0; the result of one call continues in the next. Async-signal-safe. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t bytes);

#endif
