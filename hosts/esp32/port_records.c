/*
 * The records of C over NVS, in a partition of their own that the SDK's key-value class never opens (I1). NVS replaces a blob whole:
 * a cut leaves the old one or the new one, and what nvs_commit returned from is on flash. A blob equal to the stored one is not
 * written again. NVS keeps a CRC-32 of each entry and drops what fails it: rot shows as "absent".
 *
 * Where NVS is encrypted this partition is, too, under the keys that nvs_flash_init made for the SDK's own: only that one is
 * opened so by itself. Without those keys nothing is opened (T14).
 */
#include "nvs.h"
#include "nvs_flash.h"
#include "sdkconfig.h"

#include "check.h"
#include "host.h"
#include "port.h"

#ifdef CONFIG_NVS_ENCRYPTION
/* Never makes keys: records under others would be lost. */
static esp_err_t open_partition(void)
{
	nvs_sec_scheme_t *scheme = nvs_flash_get_default_security_scheme();
	nvs_sec_cfg_t keys = { 0 };
	esp_err_t error = scheme ? nvs_flash_read_security_cfg_v2(scheme, &keys) : ESP_ERR_INVALID_STATE;

	if (error == ESP_OK) error = nvs_flash_secure_init_partition(HOST_SECRET_PARTITION, &keys);
	lk_wipe(&keys, sizeof keys);
	return error;
}
#elif defined(CONFIG_SECURE_FLASH_ENC_ENABLED)
#error keys would lie in clear: CONFIG_SECURE_FLASH_ENC_ENABLED needs CONFIG_NVS_ENCRYPTION
#else
static esp_err_t open_partition(void)
{
	return nvs_flash_init_partition(HOST_SECRET_PARTITION);
}
#endif

/* False: there is no such partition, or its pages cannot be used. It is never erased for that: keys lie there. */
static bool open_domain(const char *domain, nvs_open_mode_t mode, nvs_handle_t *handle, esp_err_t *error)
{
	static bool started;

	if (!started) {
		*error = open_partition();
		if (*error != ESP_OK) return false;
		started = true;
	}
	*error = nvs_open_from_partition(HOST_SECRET_PARTITION, domain, mode, handle);
	return *error == ESP_OK;
}

static PortRecordStatus status_of(esp_err_t error)
{
	switch (error) {
		case ESP_OK: return PORT_RECORD_OK;
		case ESP_ERR_NVS_NOT_FOUND: return PORT_RECORD_ABSENT;
		case ESP_ERR_NVS_INVALID_LENGTH: return PORT_RECORD_TOO_LARGE;
		case ESP_ERR_NVS_TYPE_MISMATCH:
		case ESP_ERR_NVS_CONTENT_DIFFERS:
		case ESP_ERR_NVS_CORRUPT_KEY_PART:
		case ESP_ERR_NVS_WRONG_ENCRYPTION: return PORT_RECORD_CORRUPT;
		case ESP_ERR_NVS_NOT_ENOUGH_SPACE:
		case ESP_ERR_NVS_PAGE_FULL:
		case ESP_ERR_NVS_NO_FREE_PAGES:
		case ESP_ERR_NVS_VALUE_TOO_LONG: return PORT_RECORD_FULL;
		default: return PORT_RECORD_IO;
	}
}

PortRecordStatus port_record_read(const char *domain, const char *name, uint8_t *buffer, size_t capacity, size_t *bytes)
{
	nvs_handle_t handle;
	esp_err_t error;

	*bytes = 0;
	if (!open_domain(domain, NVS_READONLY, &handle, &error)) return status_of(error);
	*bytes = capacity;
	error = nvs_get_blob(handle, name, buffer, bytes);
	nvs_close(handle);
	if (error != ESP_OK) *bytes = 0;
	return status_of(error);
}

PortRecordStatus port_record_write(const char *domain, const char *name, const uint8_t *value, size_t bytes)
{
	nvs_handle_t handle;
	esp_err_t error;

	if (!open_domain(domain, NVS_READWRITE, &handle, &error)) return status_of(error);
	error = nvs_set_blob(handle, name, value, bytes);
	if (error == ESP_OK) error = nvs_commit(handle);
	nvs_close(handle);
	return status_of(error);
}

PortRecordStatus port_record_delete(const char *domain, const char *name)
{
	nvs_handle_t handle;
	esp_err_t error;

	if (!open_domain(domain, NVS_READWRITE, &handle, &error)) return status_of(error);
	error = nvs_erase_key(handle, name);
	if (error == ESP_OK || error == ESP_ERR_NVS_NOT_FOUND) error = nvs_commit(handle);
	nvs_close(handle);
	return status_of(error);
}
