/*
 * Every route, by many at once: reads by a crowd beside a flip, writes by two
 * admins at the same moment and by a crowd. The rows below name each route of
 * the route tables; a new one has to have its row. What is particular about a
 * route has a scene in test_together.c or its kin.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/http/route.h"
#include "full_world.h"
#include "together.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 240,
	READERS = VITALS_MANY(40, 4),
	WRITERS = 24,
	ROUNDS = VITALS_MANY(5, 1),
	ATTEMPTS = VITALS_MANY(3, 1), /* the machine may be busy */
	/* A loop serves up to sixteen rounds of ready connections before it
	 * looks at what the writer sent; a change is published, then answered.
	 */
	FLIP_MOST = 2 * 16 + 8,
};

#define E "/v1/envs/{env}"
#define DEFAULT "/v1/envs/default"
#define OFREP "/ofrep/v1/evaluate/flags"
#define CONTEXT "{\"context\":{\"targetingKey\":\"u\",\"plan\":\"gold\"}}"

/* {id} in a path is that of a token. A body NULL: none. */
static const struct {
	const char *method;
	const char *pattern; /* as the table of routes has it */
	const char *path;
	const char *body;
	long status; /* 0: the writer's thread reads it; 200, or 503 */
} reads[] = {
	{ "GET", E "/toggles", DEFAULT "/toggles", NULL, 200 },
	{ "GET", E "/toggles", DEFAULT "/toggles?at=3", NULL, 0 },
	{ "GET", E "/toggles/{key}", DEFAULT "/toggles/a", NULL, 200 },
	{ "GET", E "/toggles/{key}", DEFAULT "/toggles/t7?at=9", NULL, 0 },
	{ "GET", E "/usage", DEFAULT "/usage", NULL, 200 },
	{ "GET", E "/segments/{name}", DEFAULT "/segments/s1", NULL, 200 },
	{ "GET", E "/changes", DEFAULT "/changes", NULL, 200 },
	{ "GET", E "/changes", DEFAULT "/changes?since=9", NULL, 200 },
	{ "GET", E "/values", DEFAULT "/values?plan=gold", NULL, 200 },
	{ "POST", E "/values", DEFAULT "/values", CONTEXT, 200 },
	{ "GET", E "/history", DEFAULT "/history", NULL, 0 },
	{ "GET", E "/history/{revision}", DEFAULT "/history/9", NULL, 0 },
	{ "GET", "/v1/envs", "/v1/envs", NULL, 200 },
	{ "GET", E, DEFAULT, NULL, 200 },
	{ "GET", "/v1/flags", "/v1/flags", NULL, 200 },
	{ "GET", "/v1/flags/{selector}", "/v1/flags/default", NULL, 200 },
	{ "GET", E "/flags", DEFAULT "/flags", NULL, 200 },
	{ "POST", OFREP, OFREP, CONTEXT, 200 },
	{ "POST", OFREP "/", OFREP "/", CONTEXT, 200 },
	{ "POST", OFREP "/{key...}", OFREP "/t7", CONTEXT, 200 },
	{ "OPTIONS", OFREP, OFREP, NULL, 204 },
	{ "OPTIONS", OFREP "/{key...}", OFREP "/t7", NULL, 204 },
	{ "POST", E OFREP, DEFAULT OFREP, CONTEXT, 200 },
	{ "POST", E OFREP "/", DEFAULT OFREP "/", CONTEXT, 200 },
	{ "POST", E OFREP "/{key...}", DEFAULT OFREP "/t7", CONTEXT, 200 },
	{ "OPTIONS", E OFREP, DEFAULT OFREP, NULL, 204 },
	{ "OPTIONS", E OFREP "/{key...}", DEFAULT OFREP "/t7", NULL, 204 },
	{ "OPTIONS", E "/ofrep/v1/sse", DEFAULT "/ofrep/v1/sse", NULL, 204 },
	{ "POST", E "/evaluate", DEFAULT "/evaluate", CONTEXT, 200 },
	{ "POST", E "/evaluate", DEFAULT "/evaluate?at=9", CONTEXT, 0 },
	{ "GET", "/v1/tokens", "/v1/tokens", NULL, 200 },
	{ "GET", "/v1/tokens/{id}", "/v1/tokens/{id}", NULL, 200 },
	{ "GET", "/healthz", "/healthz", NULL, 200 },
	{ "GET", "/readyz", "/readyz", NULL, 200 },
	{ "GET", "/version", "/version", NULL, 200 },
	{ "GET", "/metrics", "/metrics", NULL, 200 },
	{ "GET", "/openapi.yaml", "/openapi.yaml", NULL, 200 },
	{ "GET", "/v1/backup", "/v1/backup", NULL, 0 },
	{ "GET", "/v1/head", "/v1/head", NULL, 0 },
	{ "GET", "/v1/history", "/v1/history", NULL, 0 },
	{ "GET", "/v1/history/{revision}", "/v1/history/1", NULL, 0 },
};

/* {n} is the round, {rev} the revision before the last changes. */
static const struct write {
	const char *method;
	const char *pattern;
	const char *path;
	const char *bodies[2]; /* of the two admins */
	long statuses[2];      /* of the two, in either order */
	const char *before;    /* PUT with {} first; NULL: nothing */
} writes[] = {
	{ "PUT",
	  E "/toggles/{key}",
	  DEFAULT "/toggles/w{n}",
	  { "{\"owner\":\"a\"}", "{\"owner\":\"b\"}" },
	  { 201, 200 },
	  NULL },
	{ "PATCH",
	  E "/toggles/{key}",
	  DEFAULT "/toggles/a",
	  { "{\"owner\":\"{n}\"}", "{\"description\":\"{n}\"}" },
	  { 200, 200 },
	  NULL },
	{ "DELETE",
	  E "/toggles/{key}",
	  DEFAULT "/toggles/gone",
	  { NULL, NULL },
	  { 200, 404 },
	  DEFAULT "/toggles/gone" },
	{ "PUT",
	  E "/segments/{name}",
	  DEFAULT "/segments/w{n}",
	  { "{\"==\":[1,1]}", "{\"==\":[1,2]}" },
	  { 201, 200 },
	  NULL },
	{ "DELETE",
	  E "/segments/{name}",
	  DEFAULT "/segments/gone",
	  { NULL, NULL },
	  { 200, 404 },
	  DEFAULT "/segments/gone" },
	{ "POST",
	  E "/changes",
	  DEFAULT "/changes",
	  { "{\"toggles\":{\"x{n}\":{},\"a\":{\"owner\":\"x\"}}}",
	    "{\"toggles\":{\"y{n}\":{},\"a\":{\"owner\":\"y\"}}}" },
	  { 200, 200 },
	  NULL },
	{ "POST",
	  E "/rollback",
	  DEFAULT "/rollback",
	  { "{\"to\":{rev},\"keys\":[\"t0\"]}",
	    "{\"to\":{rev},\"keys\":[\"t1\"]}" },
	  { 200, 200 },
	  NULL },
	{ "PUT",
	  E,
	  "/v1/envs/new{n}",
	  { "{\"description\":\"a\"}", "{\"description\":\"b\"}" },
	  { 201, 200 },
	  NULL },
	{ "DELETE",
	  E,
	  "/v1/envs/gone",
	  { NULL, NULL },
	  { 200, 404 },
	  "/v1/envs/gone" },
	{ "POST",
	  "/v1/tokens",
	  "/v1/tokens",
	  { "{\"name\":\"n{n}\",\"role\":\"admin\"}",
	    "{\"name\":\"n{n}\",\"role\":\"viewer\","
	    "\"environments\":[\"*\"]}" },
	  { 201, 409 },
	  NULL },
	{ "POST",
	  "/v1/tokens/{id}/rotate",
	  "/v1/tokens/{id}/rotate",
	  { NULL, NULL },
	  { 200, 200 }, /* or 412: it was rotated meanwhile */
	  NULL },
	{ "DELETE",
	  "/v1/tokens/{id}",
	  "/v1/tokens/{id}",
	  { NULL, NULL },
	  { 200, 404 },
	  NULL },
};

/* Routes whose scene is elsewhere: an answer without end. */
static const struct {
	const char *method;
	const char *pattern;
} elsewhere[] = {
	{ "GET", E "/ofrep/v1/sse" }, /* test_together_memory.c */
};

/* --- all routes are here ---------------------------------------------------
 */

static bool
is_one(const char *method, const char *pattern, const struct route *route)
{
	static const char *const names[] = {
		[METHOD_GET] = "GET",       [METHOD_POST] = "POST",
		[METHOD_PUT] = "PUT",       [METHOD_PATCH] = "PATCH",
		[METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
	};

	return strcmp(names[route->method], method) == 0 &&
	       strcmp(route->pattern, pattern) == 0;
}

static bool
has_scene(const struct route *route)
{
	bool found = false;

	for (int i = 0; i < COUNT(reads); i++)
		found |= is_one(reads[i].method, reads[i].pattern, route);
	for (int i = 0; i < COUNT(writes); i++)
		found |= is_one(writes[i].method, writes[i].pattern, route);
	for (int i = 0; i < COUNT(elsewhere); i++)
		found |=
		    is_one(elsewhere[i].method, elsewhere[i].pattern, route);
	return found;
}

START_TEST(test_routes_when_listed_then_each_has_its_scene)
{
	for (size_t n = 0; route_tables[n] != NULL; n++) {
		for (const struct route *r = route_tables[n];
		     r->pattern != NULL; r++)
			ck_assert_msg(has_scene(r),
				      "method %d of %s has no row here",
				      (int)r->method, r->pattern);
	}
}
END_TEST

/* --- reads -----------------------------------------------------------------
 */

static struct question
read_of(struct world *w, int i)
{
	return (struct question){ .method = reads[i].method,
				  .path = world_text(w, reads[i].path, 0),
				  .header = w->admins[1],
				  .bodies = { reads[i].body },
				  .status = reads[i].status };
}

/* Everybody asks it: what a flip takes beside them, and what they wait. */
static double
flip_beside(struct world *w, const struct question *read, double *own)
{
	const struct question flip = {
		.method = "PATCH",
		.path = DEFAULT "/toggles/a",
		.header = w->admins[0],
		.bodies = { "{\"state\":\"DISABLED\"}",
			    "{\"state\":\"ENABLED\"}" },
		.status = 200,
	};
	struct crowd *crowd = crowd_start(w->t, READERS, read, 1);
	double took;

	*own = question_ms(w->t, read);
	took = question_ms(w->t, &flip);
	(void)crowd_stop(crowd);
	return took;
}

/* Beside what costs nothing it takes what a flip takes on a busy loop. A loop
 * is shared, so what everybody asks may take its time there, too; what the
 * writer's thread reads for them may not. */
START_TEST(test_reads_when_by_many_then_flips_get_in)
{
	struct world w = world_open();
	const struct question health = { .method = "GET",
					 .path = "/healthz",
					 .status = 200 };
	double own;
	double usual = flip_beside(&w, &health, &own);

	for (int i = 0; i < COUNT(reads); i++) {
		const struct question read = read_of(&w, i);
		double took = flip_beside(&w, &read, &own);
		double least = read.status != 0 && own > usual ? own : usual;

		for (int n = 1;
		     n < ATTEMPTS && !is_ratio(took, least, FLIP_MOST); n++) {
			usual = flip_beside(&w, &health, &own);
			took = flip_beside(&w, &read, &own);
			least = read.status != 0 && own > usual ? own : usual;
		}
		expect_ratio(toggled_text(w.t, "a flip beside %s %s",
					  read.method, read.path),
			     took, least, FLIP_MOST);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_reads_when_again_and_again_then_memory_stays)
{
	struct world w = world_open();
	int64_t before = 0;

	for (int round = 0; round < 2; round++) {
		before = vitals_rss_kib(w.t);
		for (int i = 0; i < COUNT(reads); i++) {
			const struct question read = read_of(&w, i);

			(void)crowd_stop(crowd_start(w.t, READERS, &read, 1));
		}
	}
	expect_memory(w.t, "all reads again", before, 1.5);
	world_close(&w);
}
END_TEST

/* --- writes ----------------------------------------------------------------
 */

static bool
are(const struct answer *answers, long first, long second)
{
	return answers[0].status == first && answers[1].status == second;
}

static void
write_by_two(struct world *w, const struct write *write, int round)
{
	struct question both[2];
	struct answer *answers;
	const int64_t head = head_revision_as(w->t, w->admins[0]);

	if (strstr(write->path, "{id}") != NULL)
		world_add_token(w);
	/* Something to go back over. */
	for (int i = 0; i < 2; i++)
		world_ask(
		    w, "PATCH", toggled_text(w->t, DEFAULT "/toggles/t%d", i),
		    toggled_text(w->t, "{\"owner\":\"r%d\"}", round), 200);
	if (write->before != NULL)
		world_ask(w, "PUT", write->before,
			  strstr(write->before, "/segments/") == NULL
			      ? "{}"
			      : "{\"==\":[1,1]}",
			  201);
	for (int i = 0; i < 2; i++)
		both[i] = (struct question){
			.method = write->method,
			.path = world_text(w, write->path, round),
			.header = w->admins[i],
			.bodies = { world_text(w, write->bodies[i], round) },
		};
	answers = ask_at_once(w->t, both, 2);
	ck_assert_msg(
	    are(answers, write->statuses[0], write->statuses[1]) ||
		are(answers, write->statuses[1], write->statuses[0]) ||
		(strstr(write->path, "/rotate") != NULL &&
		 answers[0].status + answers[1].status == 200 + 412),
	    "%s %s: %ld and %ld", write->method, both[0].path,
	    answers[0].status, answers[1].status);
	/* Two changes are two revisions. */
	if (answers[0].status < 300 && answers[1].status < 300)
		ck_assert_int_ne(json_int_at(answers[0].json, "/revision"),
				 json_int_at(answers[1].json, "/revision"));
	ck_assert_int_gt(head_revision_as(w->t, w->admins[0]), head);
}

START_TEST(test_writes_when_by_two_then_one_after_the_other)
{
	struct world w = world_open();

	for (int i = 0; i < COUNT(writes); i++)
		for (int round = 0; round < ROUNDS; round++)
			write_by_two(&w, &writes[i], round);
	world_close(&w);
}
END_TEST

static bool
is_answer_to_a_write(long status)
{
	return status == 200 || status == 201 || status == 404 ||
	       status == 409 || status == 412 || status == 503;
}

/* All kinds of writes by many at the same moment: each is answered, and what
 * was done is numbered without a gap. */
START_TEST(test_writes_when_by_many_then_each_is_answered)
{
	struct world w = world_open();
	struct question many[WRITERS];
	struct answer *answers;
	const int64_t head = head_revision_as(w.t, w.admins[0]);
	int done = 0;

	for (int i = 0; i < WRITERS; i++) {
		const struct write *write = &writes[i % COUNT(writes)];

		many[i] = (struct question){
			.method = write->method,
			.path = world_text(&w, write->path, i),
			.header = w.admins[i % 2],
			.bodies = { world_text(&w, write->bodies[i % 2], i) },
		};
	}
	answers = ask_at_once(w.t, many, WRITERS);
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_msg(is_answer_to_a_write(answers[i].status),
			      "%s %s: %ld", many[i].method, many[i].path,
			      answers[i].status);
		done += answers[i].status < 300;
	}
	ck_assert_int_gt(done, WRITERS / 4);
	ck_assert_int_le(head_revision_as(w.t, w.admins[0]) - head, done);
	world_close(&w);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(tc, test_routes_when_listed_then_each_has_its_scene);
	tcase_add_test(tc, test_reads_when_by_many_then_flips_get_in);
	tcase_add_test(tc, test_reads_when_again_and_again_then_memory_stays);
	tcase_add_test(tc, test_writes_when_by_two_then_one_after_the_other);
	tcase_add_test(tc, test_writes_when_by_many_then_each_is_answered);
}

int
main(void)
{
	return scene_main("together_routes", add);
}
