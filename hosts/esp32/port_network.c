/* The network for JavaScript: start, join, part, and one callback with the state. network.ts is its class; what to join is wifi.c's record. */
#include <stdatomic.h>
#include <stdio.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_netif_sntp.h"
#include "mc.defines.h"
#include "mc.xs.h"
#include "xsmc.h"

/* After xsmc.h, which it looks for. */
#include "xsHost.h"

#include "check.h"
#include "host.h"
#include "network.h"
#include "port.h"
#include "wifi.h"

void xs_network_start(xsMachine *the);
void xs_network_join(xsMachine *the);
void xs_network_part(xsMachine *the);

extern xsMachine *gThe;

static esp_netif_t *interface;
static xsSlot on_state;
static atomic_int state;
static atomic_bool pending;

/* ---- events ---- */

static void deliver(void *nothing)
{
	int now;

	(void)nothing;
	atomic_store(&pending, false);
	now = atomic_load(&state);
	xsMachine *the = gThe;
	xsBeginHost(the);
	{
		xsmcVars(2);
		xsVar(0) = xsAccess(on_state);
		xsmcSetInteger(xsVar(1), now);
		xsCallFunction1(xsVar(0), xsUndefined, xsVar(1));
	}
	xsEndHost(the);
}

/* The last one counts: a state that came and went before the engine looked is not told. One that comes again is: a second attempt may end as the first did. */
void network_tell(NetworkState now)
{
	atomic_store(&state, now);
	if (!atomic_exchange(&pending, true) && !port_post(deliver, NULL)) atomic_store(&pending, false);
}

#ifdef MODDEF_LATCHKEY_SNTP

/* What a time server says is for the log: nobody signed it, and nothing reads the chip's clock (DESIGN 7). */
static void on_hint(struct timeval *when)
{
	char line[64];

	snprintf(line, sizeof line, "sntp: %lld says somebody", (long long)when->tv_sec);
	port_log(line);
}

static void ask_for_hint(void)
{
	static bool asked;
	esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG(MODDEF_LATCHKEY_SNTP);

	if (asked) return;
	asked = true;
	config.sync_cb = on_hint;
	config.wait_for_sync = false;
	esp_netif_sntp_init(&config);
}

#else

static void ask_for_hint(void) { }

#endif

static void on_address(void *nothing, esp_event_base_t base, int32_t id, void *data)
{
	const ip_event_got_ip_t *event = data;

	(void)nothing, (void)base, (void)id;
	/* The address may be there before network_interface_start has returned. */
	if (interface && event->esp_netif != interface) return;
	network_tell(NETWORK_UP);
	ask_for_hint();
}

static void on_address_lost(void *nothing, esp_event_base_t base, int32_t id, void *data)
{
	(void)nothing, (void)base, (void)id, (void)data;
	network_tell(NETWORK_JOINED);
}

/* ---- natives ---- */

/* (callback): whether somebody must join; undefined: there is no network here */
void xs_network_start(xsMachine *the)
{
	esp_err_t loop;

	if (interface) xsUnknownError("network: started");
	if (!xsmcIsCallable(xsArg(0))) xsTypeError("network: callback is no function");
	if (esp_netif_init() != ESP_OK) return;
	loop = esp_event_loop_create_default();
	if (loop != ESP_OK && loop != ESP_ERR_INVALID_STATE) return;
	if (esp_event_handler_register(IP_EVENT, IP_EVENT_STA_GOT_IP, on_address, NULL) != ESP_OK
		|| esp_event_handler_register(IP_EVENT, IP_EVENT_ETH_GOT_IP, on_address, NULL) != ESP_OK
		|| esp_event_handler_register(IP_EVENT, IP_EVENT_STA_LOST_IP, on_address_lost, NULL) != ESP_OK
		|| esp_event_handler_register(IP_EVENT, IP_EVENT_ETH_LOST_IP, on_address_lost, NULL) != ESP_OK) return;
	on_state = xsArg(0);
	xsRemember(on_state);
	interface = network_interface_start();
	if (interface) xsmcSetBoolean(xsResult, network_interface_joins());
}

/* True: it began. False: it could not, also where the record could not be read now. Undefined: there is nothing to join on record. */
void xs_network_join(xsMachine *the)
{
	Station station;

	switch (lk_wifi_read(&station)) {
	case PORT_RECORD_OK: xsmcSetBoolean(xsResult, interface && network_interface_join(&station)); break;
	case PORT_RECORD_ABSENT:
	case PORT_RECORD_CORRUPT: break;
	default: xsmcSetBoolean(xsResult, 0);
	}
	lk_wipe(&station, sizeof station);
}

/* Leaves what was joined, whatever is on record. */
void xs_network_part(xsMachine *the)
{
	(void)the;
	if (interface) network_interface_part();
}
