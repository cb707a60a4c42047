#ifndef CONSOLE_SERVE_H
#define CONSOLE_SERVE_H

#include "console.h"

/* The console that interface console's methods act on; before anything is dispatched. */
void serve_begin(struct console *console);

#endif
