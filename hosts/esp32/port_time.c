/* Time: the chip's own timer, which counts through light sleep (this firmware never sleeps deeper). */
#include "esp_attr.h"
#include "esp_timer.h"
#include "mc.xs.h"
#include "xsmc.h"

/* After xsmc.h, which it looks for. */
#include "xsHost.h"

#include "port.h"

void xs_monotonic_ms(xsMachine *the);

PORT_CUT_CODE uint64_t port_monotonic_us(void)
{
	return (uint64_t)esp_timer_get_time();
}

void xs_monotonic_ms(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)port_monotonic_us() / 1000.0);
}
