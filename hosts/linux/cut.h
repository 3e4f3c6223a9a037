#ifndef LATCHKEY_CUT_H
#define LATCHKEY_CUT_H

/* Starts the thread of the cut timers. */
void cut_start(void);

#endif
