/*
 * The person's terminal: raw while the machine runs, and put back whatever ends
 * the tool (an exit, a signal, a fault of the tool itself).
 */
#ifndef TERMINAL_H
#define TERMINAL_H

/* Standard input to raw mode if it is a terminal; puts it back at exit and on signals. */
void terminal_raw(void);
void terminal_restore(void);

#endif
