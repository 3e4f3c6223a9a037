/* The interface of a board with Wi-Fi: a station. The radio is the source of entropy as long as it runs. */
#include <string.h>

#include "esp_event.h"
#include "esp_wifi.h"

#include "check.h"
#include "host.h"
#include "network.h"
#include "port.h"

/* The network is there and does not take the passphrase, or offers less than it was joined for. */
static bool is_refusal(uint8_t reason)
{
	switch (reason) {
		case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT:
		case WIFI_REASON_HANDSHAKE_TIMEOUT:
		case WIFI_REASON_MIC_FAILURE:
		case WIFI_REASON_AUTH_FAIL:
		case WIFI_REASON_NO_AP_FOUND_W_COMPATIBLE_SECURITY:
		case WIFI_REASON_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD: return true;
		default: return false;
	}
}

static void on_event(void *nothing, esp_event_base_t base, int32_t id, void *data)
{
	const wifi_event_sta_disconnected_t *end = data;

	(void)nothing, (void)base;
	if (id == WIFI_EVENT_STA_CONNECTED) network_tell(NETWORK_JOINED);
	else if (id == WIFI_EVENT_STA_DISCONNECTED) network_tell(is_refusal(end->reason) ? NETWORK_REFUSED : NETWORK_DOWN);
}

/*
 * Without modem sleep: the radio that rests between two beacons makes no entropy meanwhile, and every draw is one of the chip's. For the same
 * reason no power management while there is no network (ESP_WIFI_STA_DISCONNECTED_PM_ENABLE).
 */
esp_netif_t *network_interface_start(void)
{
	wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
	esp_netif_t *netif = esp_netif_create_default_wifi_sta();

	if (!netif) return NULL;
	config.nvs_enable = 0;
	host_radio_begins();
	if (esp_wifi_init(&config) == ESP_OK && esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK && esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK
		&& esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_event, NULL) == ESP_OK && esp_wifi_start() == ESP_OK
		&& esp_wifi_set_ps(WIFI_PS_NONE) == ESP_OK) {
		host_radio_is_on();
		return netif;
	}
	host_radio_stops();
	port_log("network: the radio does not start");
	return NULL;
}

bool network_interface_joins(void)
{
	return true;
}

/* Nothing below WPA2, and management frames protected where the other side can. */
bool network_interface_join(const Station *station)
{
	wifi_config_t config = { 0 };
	bool begun;

	memcpy(config.sta.ssid, station->name, station->name_bytes);
	memcpy(config.sta.password, station->password, station->password_bytes);
	config.sta.scan_method = WIFI_ALL_CHANNEL_SCAN;
	config.sta.sort_method = WIFI_CONNECT_AP_BY_SIGNAL;
	config.sta.threshold.authmode = station->password_bytes ? WIFI_AUTH_WPA2_PSK : WIFI_AUTH_OPEN;
	config.sta.pmf_cfg.capable = true;
	begun = esp_wifi_set_config(WIFI_IF_STA, &config) == ESP_OK && esp_wifi_connect() == ESP_OK;
	lk_wipe(&config, sizeof config);
	return begun;
}

/* The driver keeps its own copy of the passphrase until it is given another. */
void network_interface_part(void)
{
	wifi_config_t nothing = { 0 };

	esp_wifi_disconnect();
	if (esp_wifi_set_config(WIFI_IF_STA, &nothing) != ESP_OK) port_log("network: the radio's driver keeps what it joined until the next start");
}
