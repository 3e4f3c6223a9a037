/*
 * What this program burns by itself when it is started: a word in its file, which the factory line reads before it writes the file to
 * a board (tools/factory/line/burn-mark.ts). It is made of the settings that burn, so that no image says otherwise than it does.
 *
 * ESP-IDF burns in the boot loader (load_image: secure boot, flash encryption), at the start of an application that is built for them
 * (esp_flash_encryption_init_checks), for a download mode that is to be limited, for NVS keys in an HMAC block, and
 * where an update raises the security version. Included after sdkconfig.h, by the boot loader's hook and by the
 * firmware's slots, which read it so that the linker keeps it.
 */
#ifndef LATCHKEY_BURN_MARK_H
#define LATCHKEY_BURN_MARK_H

#if CONFIG_SECURE_BOOT || CONFIG_SECURE_FLASH_ENC_ENABLED || CONFIG_SECURE_ENABLE_SECURE_ROM_DL_MODE || CONFIG_SECURE_DISABLE_ROM_DL_MODE \
	|| CONFIG_NVS_SEC_KEY_PROTECT_USING_HMAC || CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
#define BURN_MARK "LATCHKEY-BURNS:first-boot;"
#else
#define BURN_MARK "LATCHKEY-BURNS:nothing;"
#endif

#endif
