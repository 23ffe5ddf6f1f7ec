/*
 * What the kernel says of the program under test: memory, descriptors,
 * processor time, the state of its connections; and the shell that stands
 * before it where it has to start in an environment of its own.
 *
 * What cannot be read fails the test.
 * Thread: that of the `struct toggled`.
 */
#ifndef TESTS_HTTP_VITALS_H
#define TESTS_HTTP_VITALS_H

#include "harness.h"

/* A sanitizer keeps freed memory and shadows the rest: no bound holds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { VITALS_SANITIZED = 1 };
#else
enum { VITALS_SANITIZED = 0 };
#endif

/* Sizes: a sanitizer finds among few what it finds among many, and is up to
 * twenty times as slow. */
#define VITALS_MANY(many, few) (VITALS_SANITIZED ? (few) : (many))

enum vitals_state { VITALS_ESTABLISHED = 1, VITALS_CLOSE_WAIT = 8 };

int64_t vitals_rss_kib(const struct toggled *t);
int vitals_descriptors(const struct toggled *t);

/* In hundredths of a second. */
int64_t vitals_cpu_ticks(const struct toggled *t);

/* Sockets at the program's end of its TCP port that are in this state. */
int vitals_sockets(const struct toggled *t, enum vitals_state state);

/* Bytes that the kernel holds at the program's end of a client's connection,
 * because the other end has not taken them; 0 when it is closed. */
int64_t vitals_unsent(const struct toggled *t, int client_fd);

/* The program takes less than a third of one processor for `ms`; ends at once
 * when it does not. The ticks that it took. */
int64_t vitals_expect_rest(const struct toggled *t, int ms);

/* Start through sh: `prologue` is what the shell does before it becomes the
 * program, one line a command. To be called once, before the first start. */
void vitals_wrap(struct toggled *t, const char *prologue);

#endif
