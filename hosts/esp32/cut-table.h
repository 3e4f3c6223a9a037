/*
 * The deadlines of the outputs behind one hardware timer (DESIGN 10). Pure; whoever calls holds the lock. On a board all of it runs
 * inside the timer's interrupt, while flash may be away: PORT_CUT_CODE keeps it out of there, and nothing here calls anything.
 */
#ifndef LATCHKEY_CUT_TABLE_H
#define LATCHKEY_CUT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

typedef void (*CutCallback)(uint32_t slot);

typedef struct {
	struct {
		uint64_t deadline_us;
		CutCallback callback;  /* NULL: not armed */
	} slots[PORT_CUT_TIMERS];
} CutTable;

/* 0: none is armed. A deadline of 0 counts as 1. */
uint64_t cut_table_first(const CutTable *table);
void cut_table_arm(CutTable *table, uint32_t slot, uint64_t deadline_us, CutCallback callback);
void cut_table_disarm(CutTable *table, uint32_t slot);
/* What is due, disarmed by this call; NULL: nothing more is. */
CutCallback cut_table_take(CutTable *table, uint64_t now_us, uint32_t *slot);

#endif
