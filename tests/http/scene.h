/*
 * What the black-box tests say again and again: a served program, a request
 * whose status is checked, a problem document that is whole, a gauge.
 *
 * Ownership and failure are the harness's: nothing is freed by the test, and
 * what does not hold fails the test with the request in its text.
 *
 * Thread: that of the `struct toggled`.
 */
#ifndef TESTS_HTTP_SCENE_H
#define TESTS_HTTP_SCENE_H

#include "harness.h"

#define ENV "/v1/envs/default"
#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* The ways in which a poll can wait; a test of waiting runs once for each. */
extern const char *const scene_parkings[];
enum { SCENE_PARKINGS = 2 };

/* A fresh program that serves; as toggled_start and TOGGLED_START. */
struct toggled *scene_open(void);
struct toggled *scene_open_with(const char *const *args);
#define SCENE_OPEN(...)                                                        \
	scene_open_with((const char *const[]){ __VA_ARGS__, NULL })
struct toggled *scene_open_parking(int parking);

/* SIGTERM has to end it with 0; scene_close releases everything as well. */
void scene_stop(struct toggled *t);
void scene_close(struct toggled *t);

/* A request that has to be answered with `status`. `body` NULL: none. */
struct answer *ask(struct toggled *t, const char *method, const char *path,
		   const char *body, long status);
struct answer *ask_with(struct toggled *t, const char *const *headers,
			const char *method, const char *path, const char *body,
			long status);

/* The same, its body as JSON, borrowed. */
json_t *ask_json(struct toggled *t, const char *method, const char *path,
		 const char *body, long status);

/* PUT a toggle of the environment default, new or not. Its revision. */
int64_t put_toggle(struct toggled *t, const char *key, const char *body);

/* PATCH the toggle `a` of the environment default. */
void flip_toggle(struct toggled *t, const char *body);

/* The next answer tells of that revision. */
struct answer *expect_revision(struct raw *raw, int64_t revision);

/* After an answer: the connection serves another request, or it ends. `name` is
 * for the text of a failure. */
void expect_life(struct raw *raw, bool closes, const char *name);

/* A whole RFC 9457 problem document of that status and slug; borrowed. */
json_t *expect_problem(struct answer *answer, long status, const char *slug);

/* One of the problem's errors has exactly that JSON pointer. */
bool problem_points_at(json_t *problem, const char *pointer);

/* `text` contains `part`. */
void expect_says(const char *text, const char *part);

/* The log says it, or will soon: a line may come later than what it tells of.
 */
void expect_logged(struct toggled *t, const char *part);

/* How often `part` stands in `text`. */
int times_in(const char *text, const char *part);

/* Equal as JSON; `expected` is text. */
void expect_json(json_t *got, const char *expected);

/* It cannot serve its database: a sentence says which one, and `part`. */
void expect_no_start(struct toggled *t, const char *part);

/* The database at `path` is whole. */
void expect_verified(struct toggled *t, const char *path);

/* The newest revision of the store, and its epoch. */
int64_t head_revision(struct toggled *t);
int64_t head_revision_as(struct toggled *t, const char *header);
const char *served_epoch(struct toggled *t);

/* The value of a line of /metrics without labels. */
int64_t metric(struct toggled *t, const char *name);

/* The same for whom the header shows (NULL: nobody). */
int64_t metric_as(struct toggled *t, const char *header, const char *name);

/* Until it is `value`. */
void wait_for_metric(struct toggled *t, const char *name, int64_t value);

/* Until so many clients wait, in whichever form. */
void wait_for_waiters(struct toggled *t, int64_t count);

/* Until the wall clock shows a later millisecond than it does now. */
void let_time_pass(void);

/* A check program of one suite with one case: `add` adds the tests. */
struct TCase;
int scene_main(const char *name, void (*add)(struct TCase *tc));

#endif
