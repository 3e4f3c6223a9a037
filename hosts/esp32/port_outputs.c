/*
 * The outputs that move the bolt, and the timer that cuts them: one hardware timer whose interrupt runs out of RAM, also while flash
 * is being written (GPTIMER_ISR_CACHE_SAFE, GPTIMER_CTRL_FUNC_IN_IRAM, GPIO_CTRL_FUNC_IN_IRAM, LIBC_MISC_IN_IRAM of sdkconfig). An output
 * is high when energised; the board pulls it low, so that a chip that resets, or has no firmware, moves nothing.
 */
#include "driver/gpio.h"
#include "driver/gptimer.h"
#include "esp_attr.h"
#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"

#include "cut-table.h"
#include "host.h"
#include "port.h"

enum { RESOLUTION_HZ = 1000000, SOONEST_US = 5, LEAST_US = 1 };

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static uint32_t outputs[2];  /* a bit for each pin that is one; no 64-bit shift, which is a call */
static CutTable cuts;
static gptimer_handle_t timer;
static void (*on_halt)(void);

/* ---- pins ---- */

/* An output from the first write on, which drive.c makes a low one. */
static bool make_output(uint32_t pin)
{
	const gpio_config_t config = { .pin_bit_mask = 1ull << pin, .mode = GPIO_MODE_INPUT_OUTPUT, .pull_down_en = GPIO_PULLDOWN_ENABLE };

	if (!GPIO_IS_VALID_OUTPUT_GPIO((int)pin) || gpio_set_level((gpio_num_t)pin, 0) != ESP_OK || gpio_config(&config) != ESP_OK) return false;
	outputs[pin / 32] |= 1u << pin % 32;
	return true;
}

PORT_CUT_CODE bool port_pin_write(uint32_t pin, bool level)
{
	if (pin >= GPIO_NUM_MAX) return false;
	if ((outputs[pin / 32] & 1u << pin % 32) == 0) return !level && make_output(pin);
	return gpio_set_level((gpio_num_t)pin, level) == ESP_OK;
}

/* ---- the cut ---- */

/* Under the lock. The alarm is an absolute count of the timer; what is due already comes at once. */
static PORT_CUT_CODE bool set_alarm(void)
{
	gptimer_alarm_config_t alarm = { 0 };
	uint64_t first_us = cut_table_first(&cuts), now_us = port_monotonic_us(), count = 0;

	if (first_us == 0) return gptimer_set_alarm_action(timer, NULL) == ESP_OK;
	if (gptimer_get_raw_count(timer, &count) != ESP_OK) return false;
	alarm.alarm_count = count + (first_us > now_us + SOONEST_US ? first_us - now_us : SOONEST_US);
	return gptimer_set_alarm_action(timer, &alarm) == ESP_OK;
}

static PORT_CUT_CODE bool on_alarm(gptimer_handle_t handle, const gptimer_alarm_event_data_t *event, void *context)
{
	(void)handle, (void)event, (void)context;
	for (;;) {
		CutCallback callback;
		uint32_t slot = 0;

		portENTER_CRITICAL_SAFE(&lock);
		callback = cut_table_take(&cuts, port_monotonic_us() + LEAST_US, &slot);
		if (!callback) set_alarm();
		portEXIT_CRITICAL_SAFE(&lock);
		if (!callback) return false;
		callback(slot);
	}
}

static bool start_timer(void)
{
	const gptimer_config_t config = { .clk_src = GPTIMER_CLK_SRC_DEFAULT, .direction = GPTIMER_COUNT_UP, .resolution_hz = RESOLUTION_HZ };
	const gptimer_event_callbacks_t callbacks = { .on_alarm = on_alarm };

	if (timer) return true;
	if (gptimer_new_timer(&config, &timer) != ESP_OK) return false;
	if (gptimer_register_event_callbacks(timer, &callbacks, NULL) == ESP_OK && gptimer_enable(timer) == ESP_OK && gptimer_start(timer) == ESP_OK) return true;
	timer = NULL;
	return false;
}

PORT_CUT_CODE bool port_cut_timer_arm(uint32_t slot, uint64_t deadline_us, void (*callback)(uint32_t slot))
{
	bool armed;

	if (!timer || slot >= PORT_CUT_TIMERS) return false;
	portENTER_CRITICAL_SAFE(&lock);
	cut_table_arm(&cuts, slot, deadline_us, callback);
	armed = set_alarm();
	if (!armed) cut_table_disarm(&cuts, slot);
	portEXIT_CRITICAL_SAFE(&lock);
	return armed;
}

PORT_CUT_CODE void port_cut_timer_disarm(uint32_t slot)
{
	if (!timer || slot >= PORT_CUT_TIMERS) return;
	portENTER_CRITICAL_SAFE(&lock);
	cut_table_disarm(&cuts, slot);
	set_alarm();
	portEXIT_CRITICAL_SAFE(&lock);
}

/* ---- the end ---- */

void port_on_halt(void (*callback)(void))
{
	on_halt = callback;
	/* Drive opens once; without a timer it energises nothing. */
	if (!start_timer()) port_log("drive: no timer, nothing will move");
}

PORT_CUT_CODE void host_cut_all(void)
{
	if (on_halt) on_halt();
}
