/*
 * The firmware slots over ESP-IDF's partitions. What a slot's state means, and which entry is written for what, is boot-entries.c; who
 * boots by it is the hook in bootloader/. IDF's own esp_ota_set_boot_partition and its mark calls are not used: they raise the fuse
 * by themselves, and leave a slot that is being written to bootable (PORTING, Slots).
 */
#include <string.h>

#include "esp_app_desc.h"
#include "esp_efuse.h"
#include "esp_flash_partitions.h"
#include "esp_image_format.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "sdkconfig.h"

#include "boot-entries.h"
#include "burn-mark.h"
#include "host.h"
#include "image-label.h"
#include "port.h"

/* Of encrypted flash; LIMITS.flashUnitBytes. */
enum { FLASH_UNIT_BYTES = 16 };

_Static_assert(sizeof(esp_ota_select_entry_t) == BOOT_ENTRY_BYTES, "esp_ota_select_entry_t");
_Static_assert(ESP_OTA_IMG_PENDING_VERIFY == BOOT_STATE_PENDING && ESP_OTA_IMG_ABORTED == BOOT_STATE_ABORTED && ESP_OTA_IMG_INVALID == BOOT_STATE_INVALID,
	"esp_ota_img_states_t");

static const esp_partition_t *slot_partition(uint32_t slot)
{
	return esp_partition_find_first(ESP_PARTITION_TYPE_APP, (esp_partition_subtype_t)(ESP_PARTITION_SUBTYPE_APP_OTA_0 + slot), NULL);
}

static const esp_partition_t *entries_partition(void)
{
	return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
}

/* What cannot be read is no entry, as for the boot loader. */
static void read_entries(BootEntry entries[BOOT_ENTRIES])
{
	const esp_partition_t *partition = entries_partition();

	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		if (partition && esp_partition_read(partition, index * PORT_SLOT_SECTOR_BYTES, &entries[index], BOOT_ENTRY_BYTES) == ESP_OK) continue;
		memset(&entries[index], 0xFF, BOOT_ENTRY_BYTES);
	}
}

static bool apply(BootChange change)
{
	const esp_partition_t *partition = entries_partition();
	uint32_t offset = change.index * PORT_SLOT_SECTOR_BYTES;

	if (!change.writes) return true;
	return partition && esp_partition_erase_range(partition, offset, PORT_SLOT_SECTOR_BYTES) == ESP_OK
		&& esp_partition_write(partition, offset, &change.entry, BOOT_ENTRY_BYTES) == ESP_OK;
}

static uint32_t running_slot(void)
{
	const esp_partition_t *running = esp_ota_get_running_partition();

	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		if (running && slot_partition(slot) == running) return slot;
	}
	return BOOT_NO_SLOT;
}

static bool image_verifies(const esp_partition_t *partition)
{
	const esp_partition_pos_t place = { partition->address, partition->size };
	esp_image_metadata_t metadata = { 0 };

	return esp_image_verify(ESP_IMAGE_VERIFY_SILENT, &place, &metadata) == ESP_OK;
}

/* ---- what there is ---- */

uint32_t port_slot_bytes(void)
{
	const esp_partition_t *first = slot_partition(0), *second = slot_partition(1);

	return first && second ? (first->size < second->size ? first->size : second->size) : 0;
}

static const char burn_mark[] = BURN_MARK;

const char *port_slot_board(void)
{
	/* Read, so that the linker keeps it. */
	(void)*(const volatile char *)burn_mark;
	return image_label.board;
}

bool port_slot_running(uint32_t *slot)
{
	uint32_t running = running_slot();

	if (running == BOOT_NO_SLOT) return false;
	*slot = running;
	return true;
}

/* In the recovery program: slot 0, unless it alone holds an image that is whole. */
uint32_t port_slot_target(void)
{
	static uint32_t chosen = BOOT_NO_SLOT;
	uint32_t running = running_slot();

	if (running != BOOT_NO_SLOT) return PORT_SLOTS - 1 - running;
	if (chosen == BOOT_NO_SLOT) {
		const esp_partition_t *first = slot_partition(0), *second = slot_partition(1);
		chosen = first && second && image_verifies(first) && !image_verifies(second) ? 1 : 0;
	}
	return chosen;
}

/* Pending is what runs; any other trial is over. */
PortSlotState port_slot_state(uint32_t slot)
{
	BootEntry entries[BOOT_ENTRIES];
	PortSlotState state;

	read_entries(entries);
	state = boot_slot_state(entries, slot);
	return state == PORT_SLOT_PENDING && slot != running_slot() ? PORT_SLOT_ABORTED : state;
}

bool port_slot_image(uint32_t slot, PortSlotImage *image)
{
	const esp_partition_t *partition = slot_partition(slot);
	esp_app_desc_t described;
	esp_image_metadata_t metadata = { 0 };
	esp_partition_pos_t place;
	ImageLabel label;
	uint8_t magic;

	if (!partition || esp_ota_get_partition_description(partition, &described) != ESP_OK) return false;
	/* Its first byte is written last: what is behind it may be there already. Of encrypted flash an erased unit deciphers to anything. */
	if (!port_slot_read(slot, 0, &magic, sizeof magic) || magic != ESP_IMAGE_HEADER_MAGIC) return false;
	place = (esp_partition_pos_t){ partition->address, partition->size };
	if (esp_image_get_metadata(&place, &metadata) != ESP_OK || metadata.image_len > partition->size) return false;
	if (esp_partition_read(partition, IMAGE_LABEL_OFFSET, &label, sizeof label) != ESP_OK || !image_label_is_sound(&label)) return false;
	memset(image, 0, sizeof *image);
	image->bytes = metadata.image_len;
	image->sequence = label.sequence;
	image->security_version = described.secure_version;
	memcpy(image->version, described.version, sizeof described.version < PORT_SLOT_VERSION_MAX ? sizeof described.version : PORT_SLOT_VERSION_MAX);
	return true;
}

/* Encrypted flash that is erased reads as noise: what nobody wrote is 0xFF for us, unit by unit, as the firmware's slots are (UPDATE 6). */
static bool show_erased(const esp_partition_t *partition, uint32_t offset, uint8_t *buffer, size_t bytes)
{
	uint8_t raw[16 * FLASH_UNIT_BYTES];
	uint32_t end = offset + bytes;

	for (uint32_t at = offset - offset % FLASH_UNIT_BYTES; at < end; at += sizeof raw) {
		size_t count = partition->size - at < sizeof raw ? partition->size - at : sizeof raw;
		if (esp_partition_read_raw(partition, at, raw, count) != ESP_OK) return false;
		for (size_t unit = 0; unit < count && at + unit < end; unit += FLASH_UNIT_BYTES) {
			size_t index = 0;
			while (index < FLASH_UNIT_BYTES && raw[unit + index] == 0xFF) index++;
			if (index < FLASH_UNIT_BYTES) continue;
			for (index = 0; index < FLASH_UNIT_BYTES; index++) {
				uint32_t place = at + unit + index;
				if (place >= offset && place < end) buffer[place - offset] = 0xFF;
			}
		}
	}
	return true;
}

bool port_slot_read(uint32_t slot, uint32_t offset, uint8_t *buffer, size_t bytes)
{
	const esp_partition_t *partition = slot_partition(slot);

	if (!partition || esp_partition_read(partition, offset, buffer, bytes) != ESP_OK) return false;
	return !partition->encrypted || show_erased(partition, offset, buffer, bytes);
}

/* ---- what changes it ---- */

static bool retire_target(void)
{
	BootEntry entries[BOOT_ENTRIES];

	read_entries(entries);
	return apply(boot_retire(entries, running_slot(), port_slot_target()));
}

bool port_slot_erase(uint32_t offset)
{
	const esp_partition_t *partition = slot_partition(port_slot_target());

	return partition && retire_target() && esp_partition_erase_range(partition, offset, PORT_SLOT_SECTOR_BYTES) == ESP_OK;
}

bool port_slot_write(uint32_t offset, const uint8_t *bytes, size_t count)
{
	const esp_partition_t *partition = slot_partition(port_slot_target());

	return partition && retire_target() && esp_partition_write(partition, offset, bytes, count) == ESP_OK;
}

bool port_slot_retire(void)
{
	return retire_target();
}

/* The boot loader would refuse it later; now the update hears it. */
bool port_boot_select(void)
{
	uint32_t target = port_slot_target();
	const esp_partition_t *partition = slot_partition(target);
	BootEntry entries[BOOT_ENTRIES];

	if (!partition || !image_verifies(partition)) return false;
	read_entries(entries);
	return apply(boot_select(entries, running_slot(), target));
}

bool port_boot_confirm(void)
{
	uint32_t running = running_slot();
	BootEntry entries[BOOT_ENTRIES];

	if (running == BOOT_NO_SLOT) return false;
	read_entries(entries);
	if (!apply(boot_confirm(entries, running))) return false;
	host_trial_passed();
	return true;
}

PortRevert port_boot_revert(void)
{
	uint32_t running = running_slot(), other = port_slot_target();
	const esp_partition_t *partition = slot_partition(other);
	PortSlotState state = port_slot_state(other);
	esp_app_desc_t described;
	BootEntry entries[BOOT_ENTRIES];

	if (running == BOOT_NO_SLOT || !partition || state == PORT_SLOT_ABORTED || state == PORT_SLOT_INVALID || !image_verifies(partition)) return PORT_REVERT_NO_IMAGE;
	if (esp_ota_get_partition_description(partition, &described) != ESP_OK || described.secure_version < port_boot_security_floor()) return PORT_REVERT_NO_IMAGE;
	read_entries(entries);
	if (!apply(boot_revert(entries, running))) return PORT_REVERT_IO;
	port_log("boot: reverts");
	host_restart(RESET_REQUESTED, NULL);
}

/* ---- the fuse ---- */

/* A development image burns nothing: its floor is zero, and a raise is believed and not kept. */
uint32_t port_boot_security_floor(void)
{
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
	uint32_t floor = esp_efuse_read_secure_version();
	return floor > PORT_SECURITY_FLOOR_MAX ? PORT_SECURITY_FLOOR_MAX : floor;
#else
	return 0;
#endif
}

/* An eFuse has a coding of its own, and cannot be unreadable. */
bool port_boot_security_floor_is_known(void)
{
	return true;
}

bool port_boot_raise_security_floor(uint32_t version)
{
	if (version <= port_boot_security_floor()) return true;
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
	return esp_efuse_update_secure_version(version) == ESP_OK && port_boot_security_floor() >= version;
#else
	return true;
#endif
}
