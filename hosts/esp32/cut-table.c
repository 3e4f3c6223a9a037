#include "cut-table.h"

#include <stddef.h>

PORT_CUT_CODE uint64_t cut_table_first(const CutTable *table)
{
	uint64_t first_us = 0;

	for (uint32_t slot = 0; slot < PORT_CUT_TIMERS; slot++) {
		if (table->slots[slot].callback && (first_us == 0 || table->slots[slot].deadline_us < first_us)) first_us = table->slots[slot].deadline_us;
	}
	return first_us;
}

PORT_CUT_CODE void cut_table_arm(CutTable *table, uint32_t slot, uint64_t deadline_us, CutCallback callback)
{
	table->slots[slot].deadline_us = deadline_us == 0 ? 1 : deadline_us;
	table->slots[slot].callback = callback;
}

PORT_CUT_CODE void cut_table_disarm(CutTable *table, uint32_t slot)
{
	table->slots[slot].callback = NULL;
}

PORT_CUT_CODE CutCallback cut_table_take(CutTable *table, uint64_t now_us, uint32_t *slot)
{
	for (uint32_t each = 0; each < PORT_CUT_TIMERS; each++) {
		CutCallback callback = table->slots[each].callback;
		if (!callback || table->slots[each].deadline_us > now_us) continue;
		table->slots[each].callback = NULL;
		*slot = each;
		return callback;
	}
	return NULL;
}
