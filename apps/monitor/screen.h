/*
 * What the monitor prints: text into its stream to the console. On a person's
 * terminal a new line also returns to its beginning; a program gets it as it is.
 */
#ifndef MONITOR_SCREEN_H
#define MONITOR_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sk/abi.h>
#include <sk/byte_ring.h>

/* `ring` is the stream's first half, `console` the notification to signal, `self` the one to wait for room at. */
void screen_open(struct sk_byte_ring *ring, uint64_t capacity, sk_cap_t console, sk_cap_t self, bool terminal);

bool screen_is_terminal(void);

/* `typed` is the stream's other half. */
void screen_open_keys(struct sk_byte_ring *typed, uint64_t capacity);

/* Was a key pressed since? It is taken. For commands that go on until then. */
bool screen_key(void);

/* Waits for room if it must; without a notification to wait at, what finds no room is lost. */
void screen_write(const char *text, size_t bytes);

void screen_text(const char *text);

/* At most 511 characters, then it is cut. */
__attribute__((format(printf, 1, 2))) void screen_print(const char *format, ...);

#endif
