/* The serial line: a pseudo-terminal whose other side a symbolic link names. */
#ifndef LATCHKEY_SERIAL_H
#define LATCHKEY_SERIAL_H

/* NULL: there is no serial line, and opening it fails. */
void serial_start(const char *link);
/* The board ends: its link goes, for its terminal's name may soon be another board's. Any thread, also in a signal handler. */
void serial_stop(void);

#endif
