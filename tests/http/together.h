/*
 * Many clients at once, and what that costs the others: what scenes of legal
 * requests in volume (test_together*.c) and of hostile clients
 *(test_hostile*.c) share.
 *
 *	struct question flip = { "PATCH", ENV "/toggles/a", NULL,
 *				 { OFF, ON }, 200 };
 *	const double alone = question_ms(t, &flip);
 *	struct crowd *crowd = crowd_start(t, 200, &read, 1);
 *	const double beside = question_ms(t, &flip);
 *
 *	crowd_stop(crowd);
 *	expect_ratio("a flip beside 200 readers", beside, alone, 10);
 *
 * A bound is a ratio against something that was measured in the same run: the
 * same thing alone, or another request beside the same crowd. A machine may be
 * slow; then both are.
 *
 * Ownership: what is returned belongs to the `struct toggled`. A crowd has to
 *be stopped before that is freed. Failure: what does not hold fails the test.
 * Thread: that of the `struct toggled`; the clients of a crowd have their own,
 * which assert nothing until they are joined.
 */
#ifndef TESTS_HTTP_TOGETHER_H
#define TESTS_HTTP_TOGETHER_H

#include "scene.h"

struct question {
	const char *method;
	const char *path;
	const char *header;    /* "Name: value", as of bearer(); NULL: none */
	const char *bodies[2]; /* sent in turn, so that a write is a change;
				* [0] NULL: none, [1] NULL: always the first */
	long status;           /* of each answer; 0: whatever */
};

/* Ask it some times, one after the other: the lower quartile, because a machine
 * that is busy with something else only ever adds to it. */
double question_ms(struct toggled *t, const struct question *question);

/* The same once: for the first request of a connection. */
double ask_once_ms(struct toggled *t, const struct question *question);

/* `beside` took at most `most` times what `alone` did. What takes less than a
 * turn of the machine's scheduler is counted as one. Prints both; under a
 * sanitizer, where waiting clients are as slow as what they wait for, it only
 * prints. */
void expect_ratio(const char *what, double beside, double alone, double most);

/* Would it hold? For who measures again, because something else took the
 * machine meanwhile. */
bool is_ratio(double beside, double alone, double most);

/* The program's memory is at most `most` times `before_kib` (vitals_rss_kib),
 * or soon will be: what many have left goes back to the system a moment later.
 * Under a sanitizer it is only printed. */
void expect_memory(struct toggled *t, const char *what, int64_t before_kib,
		   double most);

/* --- many at once ----------------------------------------------------------
 */

struct crowd;

/* `clients` clients, each on a connection of its own (in clear text, by TCP),
 * ask over and over from now on; client i asks questions[i % kinds], which are
 * borrowed until crowd_stop. Returns once each of them has had an answer. */
struct crowd *crowd_start(struct toggled *t, int clients,
			  const struct question *questions, int kinds);

/* The same without waiting for that; and whether it is so. */
struct crowd *crowd_begin(struct toggled *t, int clients,
			  const struct question *questions, int kinds);
bool crowd_has_begun(const struct crowd *crowd);

/* No more; the number of answers, each with the status of its question. */
int64_t crowd_stop(struct crowd *crowd);

/* Ask `count` questions at the same moment, each once and on a connection of
 * its own. Their answers, in order; only status and JSON are set (NULL: none),
 * and the statuses are not judged. */
struct answer *ask_at_once(struct toggled *t, const struct question *questions,
			   int count);

#endif
