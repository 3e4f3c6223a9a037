/*
 * The boot loader (modules/platform/slots.ts): says which image runs, before the engine starts. States are ESP-IDF's.
 *
 *   select ------> NEW --boot, recorded before it runs--> PENDING --confirm--> VALID
 *                   |                                        | next boot        | erase, revert: INVALID
 *                   | does not boot                          v                  |
 *                   +------------------------------------> ABORTED <- - - - - - +
 *
 * The first erase or write makes the target INVALID from every state but ABORTED: only select makes it bootable again.
 * A slot boots when its state is unset, valid, or new and chosen; its checksum holds; it is for this board; and its security
 * version is not below the fuse. The chosen slot is tried first, then the other. When neither boots the recovery image does,
 * which writes into slot 0, or into slot 1 when slot 0 alone holds a whole image that was only refused for its state.
 * Nor does a slot boot when the fuse cannot be read: recovery then has the highest security version of what may boot for the
 * fuse, writes beside the chosen slot, and selects nothing before the fuse was raised, which writes it anew.
 */
#ifndef LATCHKEY_BOOT_H
#define LATCHKEY_BOOT_H

#include "image.h"

/* Without --slot-kb: the image of --image. Does not return when nothing boots. Afterwards port_slot_* and port_boot_* answer. */
void boot_start(Image *image, const char **main_module);

#endif
