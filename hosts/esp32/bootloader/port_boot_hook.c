/*
 * What Latchkey changes in ESP-IDF's boot loader: which slot boots (UPDATE 6 and 7, PORTING). IDF's own choice falls back to whatever
 * verifies, also to a slot that was given up or is half written, and raises the security fuse by itself; this hook runs before it, chooses
 * by boot-entries.c, and starts the image, so that the choice is never asked. It is compiled into the boot loader, not the firmware.
 *
 * An image is verified here (with secure boot: its signature) before its trial goes on record, and by IDF again as it is loaded.
 */
#include <string.h>

#include "bootloader_common.h"
#include "bootloader_config.h"
#include "bootloader_flash_priv.h"
#include "bootloader_utility.h"
#include "esp_app_desc.h"
#include "esp_efuse.h"
#include "esp_flash_encrypt.h"
#include "esp_flash_partitions.h"
#include "esp_image_format.h"
#include "esp_log.h"
#include "sdkconfig.h"

#include "boot-entries.h"
#include "burn-mark.h"

/* Of partitions-8mb.csv: an app that ESP-IDF's loader knows nothing of. Anti-rollback forbids a "factory" or "test" one. */
enum { RECOVERY_SUBTYPE = 0x30 };

static const char TAG[] = "latchkey";
static const char burn_mark[] = BURN_MARK;

void bootloader_hooks_include(void);
void bootloader_after_init(void);
/* In no header of ESP-IDF 6.0, which declares it where it calls it. */
esp_err_t bootloader_common_get_partition_description(const esp_partition_pos_t *place, esp_app_desc_t *described);

/* Makes the linker keep this file. */
void bootloader_hooks_include(void) { }

static bool write_change(const bootloader_state_t *state, const BootChange *change)
{
	BootEntry entry = change->entry;
	uint32_t offset = state->ota_info.offset + change->index * FLASH_SECTOR_SIZE;

	if (!change->writes) return true;
	return bootloader_flash_erase_sector(offset / FLASH_SECTOR_SIZE) == ESP_OK
		&& bootloader_flash_write(offset, &entry, sizeof entry, esp_flash_encryption_enabled()) == ESP_OK;
}

static bool is_above_the_floor(const esp_partition_pos_t *place)
{
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
	esp_app_desc_t described;

	return bootloader_common_get_partition_description(place, &described) == ESP_OK && esp_efuse_check_secure_version(described.secure_version);
#else
	(void)place;
	return true;
#endif
}

static bool verifies(const esp_partition_pos_t *place)
{
	esp_image_metadata_t metadata = { 0 };

	return place->size > 0 && esp_image_verify(ESP_IMAGE_VERIFY, place, &metadata) == ESP_OK;
}

static bool find_recovery(esp_partition_pos_t *place)
{
	const esp_partition_info_t *table = bootloader_mmap(ESP_PARTITION_TABLE_OFFSET, ESP_PARTITION_TABLE_MAX_LEN);
	int count = 0;
	bool found = false;

	if (!table) return false;
	if (esp_partition_table_verify(table, false, &count) == ESP_OK) {
		for (int index = 0; index < count && !found; index++) {
			if (table[index].type != PART_TYPE_APP || table[index].subtype != RECOVERY_SUBTYPE) continue;
			*place = table[index].pos;
			found = true;
		}
	}
	bootloader_munmap(table);
	return found;
}

/* Starts one image and no other: what is not it has no size, and IDF's fall-back finds nothing. */
static void start(const bootloader_state_t *state, const esp_partition_pos_t *place)
{
	bootloader_state_t only = { .ota_info = state->ota_info, .factory = *place };

	bootloader_utility_load_boot_image(&only, FACTORY_INDEX);
}

/* Returns only when there is no table or no otadata: then IDF says so and resets. */
void bootloader_after_init(void)
{
	bootloader_state_t state = { 0 };
	esp_ota_select_entry_t read[BOOT_ENTRIES];
	BootEntry entries[BOOT_ENTRIES];
	esp_partition_pos_t recovery;
	BootPlan plan;

	_Static_assert(sizeof read == sizeof entries, "esp_ota_select_entry_t");
	/* Read, so that the linker keeps it. */
	(void)*(const volatile char *)burn_mark;
	if (!bootloader_utility_load_partition_table(&state) || state.app_count != PORT_SLOTS) return;
	if (bootloader_common_read_otadata(&state.ota_info, read) != ESP_OK) return;
	memcpy(entries, read, sizeof entries);
	boot_plan(entries, &plan);
	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		/* Not on record: the next boot finds the trial again, and this one does not run it. */
		if (!write_change(&state, &plan.aborts[index])) ESP_LOGE(TAG, "entry %u is not on record", (unsigned)index);
	}
	for (uint32_t each = 0; each < plan.count; each++) {
		const esp_partition_pos_t *place = &state.ota[plan.tries[each].slot];
		if (!is_above_the_floor(place) || !verifies(place)) {
			write_change(&state, &plan.tries[each].refusal);
			continue;
		}
		if (write_change(&state, &plan.tries[each].trial)) start(&state, place);
	}
	ESP_LOGE(TAG, "no slot boots");
	/* Of no release, in no slot: the fuse is not about it. IDF asks as it loads, so that it is built with the highest security version. */
	if (find_recovery(&recovery) && verifies(&recovery)) start(&state, &recovery);
	bootloader_reset();
}
