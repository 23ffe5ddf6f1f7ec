/*
 * The end of a test with writers and followers: the history is read into the
 * record, the judges look at it, and each follower's cursor has to lead to the
 * state there is.
 *
 * `when` stands in the text of a failure.
 * Thread: that of the `struct toggled`; the crew has ended.
 */
#ifndef TESTS_HTTP_TRIAL_H
#define TESTS_HTTP_TRIAL_H

#include "crash_crew.h"
#include "harness.h"

/* The changes after `known`, all pages of them. */
void trial_read_history(struct toggled *t, struct journal *journal,
			int64_t known);

void trial_judge(const struct journal *journal, int64_t head, const char *when);

/* Cursors from before are good, and lead to the state there is. */
void trial_catch_up(struct toggled *t, struct follower *followers, int count,
		    int64_t head, const char *when);

/* The database of a program that has ended is whole. */
void trial_verify(struct toggled *t);

#endif
