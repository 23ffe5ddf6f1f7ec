/*
 * Between the two threads of a loop's life: loop_life.c is the main thread's
 * side, loop.c its own.
 */
#ifndef SRC_HTTP_LOOP_LIFE_H
#define SRC_HTTP_LOOP_LIFE_H

#include "loop.h"

/* The body of the loop's thread: open, turn, close. */
void loop_run(struct loop *loop);

/* Tell the main thread that it turns, or why not. */
void loop_ready(struct loop *loop, const struct error *failure);

/* Wait until a draining loop has no connection left; false when `within_ms`
 * have passed before. */
bool loop_wait_quiet(struct loop *loop, int64_t within_ms);

/* Let `ms` pass while the loop turns. */
void loop_linger(struct loop *loop, int64_t ms);

/* Has it turned within the period? A loop that nothing happens to does not
 * turn, so it is asked to; the answer is about the time since it was asked. */
bool loop_is_alive(struct loop *loop, int64_t now_ms, int64_t period_ms);

#endif
