/* What a token of one environment learns: its own, and nothing of what is
 * around it or was before it. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "login.h"

#define SHOP "/v1/envs/shop"

struct crowd {
	struct toggled *t;
	const char *admin, *editor, *viewer; /* of `shop` */
	const char *other;                   /* a viewer of `default` */
	const char *every;                   /* a viewer of all */
};

static const char *
token_of(struct crowd *c, const char *body)
{
	return bearer(c->t, make_token(c->t, c->admin, body, NULL));
}

static struct crowd
gather(void)
{
	struct crowd c = { 0 };

	c.t = open_guarded(0, &c.admin);
	ask_with(c.t, HEADERS(c.admin), "PUT", SHOP, "{}", 201);
	c.editor = token_of(&c, "{\"name\":\"e\",\"role\":\"editor\","
				"\"environments\":[\"shop\"]}");
	c.viewer = token_of(&c, "{\"name\":\"v\",\"role\":\"viewer\","
				"\"environments\":[\"shop\"]}");
	c.other = token_of(&c, "{\"name\":\"o\",\"role\":\"viewer\","
			       "\"environments\":[\"default\"]}");
	c.every = token_of(&c, "{\"name\":\"x\",\"role\":\"viewer\","
			       "\"environments\":[\"*\"]}");
	return c;
}

static json_t *
get(struct crowd *c, const char *who, const char *path, long status)
{
	return answer_json(
	    ask_with(c->t, HEADERS(who), "GET", path, NULL, status));
}

static int64_t
put(struct crowd *c, const char *path, const char *body)
{
	struct answer *answer =
	    toggled_request(c->t, "PUT", path, HEADERS(c->admin), body);

	ck_assert_int_le(answer->status, 201);
	return json_int_at(answer_json(answer), "/revision");
}

/* --- lists ---------------------------------------------------------------- */

START_TEST(test_list_when_another_token_has_the_tag_then_no_304)
{
	struct crowd c = gather();
	struct answer *mine =
	    ask_with(c.t, HEADERS(c.viewer), "GET", "/v1/envs", NULL, 200);
	struct answer *others =
	    ask_with(c.t, HEADERS(c.other), "GET", "/v1/envs", NULL, 200);
	const char *tag = toggled_text(c.t, "If-None-Match: %s",
				       answer_header(c.t, mine, "ETag"));

	ck_assert_ptr_nonnull(json_at(answer_json(mine), "/environments/shop"));
	ck_assert_ptr_null(json_at(answer_json(mine), "/environments/default"));
	ck_assert_ptr_null(json_at(answer_json(others), "/environments/shop"));
	expect_says(answer_header(c.t, mine, "Cache-Control"), "private");
	ask_with(c.t, HEADERS(c.viewer, tag), "GET", "/v1/envs", NULL, 304);
	/* It shows the same. */
	ask_with(c.t, HEADERS(c.editor, tag), "GET", "/v1/envs", NULL, 304);
	ask_with(c.t, HEADERS(c.other, tag), "GET", "/v1/envs", NULL, 200);
	ask_with(c.t, HEADERS(c.every, tag), "GET", "/v1/envs", NULL, 200);
	scene_close(c.t);
}
END_TEST

/* A token of one environment names it. */
START_TEST(test_document_when_the_token_chooses_it_then_varies)
{
	struct crowd c = gather();
	struct answer *answer =
	    ask_with(c.t, HEADERS(c.viewer), "GET", "/v1/flags", NULL, 200);
	const char *tag = toggled_text(c.t, "If-None-Match: %s",
				       answer_header(c.t, answer, "ETag"));
	const char *vary = answer_header(c.t, answer, "Vary");

	expect_says(vary, "Authorization");
	expect_says(vary, "X-API-Key");
	expect_says(vary, "Flagd-Selector");
	ask_with(c.t, HEADERS(c.other, tag), "GET", "/v1/flags", NULL, 200);
	scene_close(c.t);
}
END_TEST

/* --- totals --------------------------------------------------------------- */

START_TEST(test_metrics_when_of_one_environment_then_only_its_rows)
{
	struct crowd c = gather();
	const char *text;

	put(&c, SHOP "/toggles/mine", "{}");
	put(&c, ENV "/toggles/theirs", "{}");
	ask_with(c.t, HEADERS(c.admin), "POST",
		 SHOP "/ofrep/v1/evaluate/flags/mine", "{}", 200);
	ask_with(c.t, HEADERS(c.admin), "POST",
		 ENV "/ofrep/v1/evaluate/flags/theirs", "{}", 200);
	text = ask_with(c.t, HEADERS(c.viewer), "GET", "/metrics", NULL, 200)
		   ->body;
	expect_says(text, "toggled_toggle_evaluations_total{"
			  "environment=\"shop\",toggle=\"mine\"");
	for (const char *line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1)
		ck_assert_msg(*line == '#' ||
				  strstr(line, "{environment=\"shop\"") ==
				      strchr(line, '{'),
			      "a total: %.*s", (int)strcspn(line, "\n"), line);
	text =
	    ask_with(c.t, HEADERS(c.every), "GET", "/metrics", NULL, 200)->body;
	expect_says(text, "toggled_revision ");
	expect_says(text, "toggle=\"theirs\"");
	scene_close(c.t);
}
END_TEST

START_TEST(test_ready_when_asked_without_an_admin_then_only_the_state)
{
	struct crowd c = gather();
	const char *const who[] = { "X-Nobody: x", c.viewer, c.editor, c.every,
				    "Authorization: Bearer tgd_wrong" };

	for (int i = 0; i < COUNT(who); i++)
		expect_json(get(&c, who[i], "/readyz", 200),
			    "{\"status\":\"ready\"}");
	ck_assert_ptr_nonnull(
	    json_at(get(&c, c.admin, "/readyz", 200), "/epoch"));
	ck_assert_ptr_nonnull(
	    json_at(get(&c, c.admin, "/readyz", 200), "/revision"));
	scene_close(c.t);
}
END_TEST

START_TEST(test_moment_when_beyond_ones_own_then_says_ones_own)
{
	struct crowd c = gather();
	const int64_t mine = put(&c, SHOP "/toggles/mine", "{}");
	const int64_t head = put(&c, ENV "/toggles/theirs", "{}");
	const char *bound = toggled_text(c.t, "its newest is %d", (int)mine);
	const int64_t asked[] = { 99999, head, mine + 1 };

	for (int i = 0; i < COUNT(asked); i++) {
		const int at = (int)asked[i];

		expect_says(
		    json_text_at(
			get(&c, c.viewer,
			    toggled_text(c.t, SHOP "/toggles?at=%d", at), 400),
			"/detail"),
		    bound);
		expect_says(
		    json_text_at(
			answer_json(ask_with(
			    c.t, HEADERS(c.editor), "POST", SHOP "/rollback",
			    toggled_text(c.t, "{\"to\":%d}", at), 400)),
			"/detail"),
		    bound);
	}
	get(&c, c.viewer, toggled_text(c.t, SHOP "/toggles?at=%d", (int)mine),
	    200);
	get(&c, c.every, toggled_text(c.t, SHOP "/toggles?at=%d", (int)head),
	    200);
	scene_close(c.t);
}
END_TEST

/* --- a life of its own ---------------------------------------------------- */

/* `shop` was there with a secret in it, was gone, and is there again. */
struct lives {
	struct crowd c;
	int64_t secret, gone, made; /* revisions */
	const char *then;           /* when the secret was there */
	const char *between;
	const char *cursor; /* of a client of the first */
};

static const char *
time_of(struct crowd *c, int64_t revision)
{
	return toggled_text(
	    c->t, "%s",
	    json_text_at(
		get(c, c->admin,
		    toggled_text(c->t, SHOP "/history/%d", (int)revision), 200),
		"/at"));
}

static struct lives
live_twice(void)
{
	struct lives l = { .c = gather() };
	struct crowd *c = &l.c;

	l.secret = put(c, SHOP "/toggles/secret", "{\"owner\":\"topsecret\"}");
	ask_with(c->t, HEADERS(c->admin), "POST",
		 SHOP "/ofrep/v1/evaluate/flags/secret", "{}", 200);
	l.cursor = toggled_text(
	    c->t, "%s",
	    json_text_at(get(c, c->viewer, SHOP "/changes", 200), "/cursor"));
	let_time_pass();
	l.gone =
	    json_int_at(answer_json(ask_with(c->t, HEADERS(c->admin), "DELETE",
					     SHOP "?name=shop", NULL, 200)),
			"/revision");
	let_time_pass();
	l.made = put(c, SHOP, "{}");
	put(c, SHOP "/toggles/fresh", "{}");
	l.then = time_of(c, l.secret);
	l.between = time_of(c, l.gone);
	return l;
}

static void
restart(struct crowd *c)
{
	ck_assert_int_eq(toggled_stop(c->t, SIGTERM), 0);
	toggled_start(c->t, NULL);
}

/* Its answer, of whatever status, has no word of the first life. */
static void
expect_hidden(struct lives *l, const char *who, const char *path, long status)
{
	struct answer *answer =
	    ask_with(l->c.t, HEADERS(who), "GET", path, NULL, status);

	ck_assert_msg(strstr(answer->body, "secret") == NULL, "%s says %s",
		      path, answer->body);
}

static void
expect_moments_hidden(struct lives *l, const char *who)
{
	struct toggled *t = l->c.t;
	const char *const moments[] = {
		toggled_text(t, "%d", (int)l->secret),
		toggled_text(t, "%d", (int)l->gone),
		toggled_text(t, "%d", (int)l->made - 1),
		l->then,
		l->between,
	};

	for (int i = 0; i < COUNT(moments); i++) {
		const char *at = moments[i];

		expect_hidden(l, who,
			      toggled_text(t, SHOP "/toggles?at=%s", at), 404);
		expect_hidden(l, who,
			      toggled_text(t, SHOP "/toggles/secret?at=%s", at),
			      404);
		ask_with(t, HEADERS(who), "POST",
			 toggled_text(t, SHOP "/evaluate?at=%s", at), "{}",
			 404);
	}
}

/* Since then is since the beginning. */
static void
expect_since_hidden(struct lives *l, const char *who)
{
	struct toggled *t = l->c.t;
	const char *const moments[] = {
		toggled_text(t, "%d", (int)l->secret),
		toggled_text(t, "%d", (int)l->gone),
		l->then,
		"yesterday",
	};

	for (int i = 0; i < COUNT(moments); i++) {
		json_t *history = get(
		    &l->c, who,
		    toggled_text(t, SHOP "/history?since=%s", moments[i]), 200);

		ck_assert(json_is_null(json_at(history, "/since")));
		ck_assert_uint_eq(json_array_size(json_at(history, "/changes")),
				  2);
		history = get(
		    &l->c, who,
		    toggled_text(t, SHOP "/history?until=%s", moments[i]), 200);
		ck_assert(json_is_null(json_at(history, "/until")));
		ck_assert_uint_eq(json_array_size(json_at(history, "/changes")),
				  0);
	}
	get(&l->c, who,
	    toggled_text(t, SHOP "/history?until=%d", (int)l->made + 9), 400);
}

static void
expect_own_life(struct lives *l)
{
	struct crowd *c = &l->c;
	struct toggled *t = c->t;
	const char *const who[] = { c->viewer, c->editor, c->every };

	for (int i = 0; i < COUNT(who); i++) {
		json_t *history = get(c, who[i], SHOP "/history", 200);

		ck_assert_int_eq(
		    (int)json_array_size(json_at(history, "/changes")), 2);
		ck_assert(json_is_null(json_at(history, "/next")));
		ck_assert_ptr_null(
		    json_at(get(c, who[i], SHOP "/history?limit=1", 200),
			    "/changes/1"));
		expect_hidden(l, who[i], SHOP "/history?key=secret", 200);
		expect_since_hidden(l, who[i]);
		expect_hidden(
		    l, who[i],
		    toggled_text(t, SHOP "/history?before=%d", (int)l->made),
		    200);
		expect_hidden(
		    l, who[i],
		    toggled_text(t, SHOP "/history/%d", (int)l->secret), 404);
		expect_moments_hidden(l, who[i]);
		get(c, who[i],
		    toggled_text(t, SHOP "/toggles?at=%d", (int)l->made), 200);
	}
	/* A client of the first life begins anew. */
	ck_assert(json_bool_at(
	    get(c, c->viewer,
		toggled_text(t, SHOP "/changes?since=%s", l->cursor), 200),
	    "/full"));
	expect_hidden(l, c->viewer,
		      toggled_text(t, SHOP "/changes?since=%s", l->cursor),
		      200);
}

static void
expect_no_way_back(struct lives *l)
{
	struct crowd *c = &l->c;
	const char *const to[] = {
		toggled_text(c->t, "{\"to\":%d}", (int)l->secret),
		toggled_text(c->t, "{\"to\":\"%s\"}", l->then),
	};

	for (int i = 0; i < COUNT(to); i++) {
		expect_says(
		    json_text_at(answer_json(ask_with(
				     c->t, HEADERS(c->editor), "POST",
				     SHOP "/rollback?dryRun=true", to[i], 400)),
				 "/detail"),
		    "environment 'shop' did not exist");
		ask_with(c->t, HEADERS(c->admin), "POST",
			 SHOP "/rollback?dryRun=true", to[i], 200);
	}
}

START_TEST(test_environment_when_made_again_then_a_life_of_its_own)
{
	struct lives l = live_twice();
	struct crowd *c = &l.c;

	expect_own_life(&l);
	expect_no_way_back(&l);
	/* An admin sees all of it. */
	expect_says(
	    ask_with(c->t, HEADERS(c->admin), "GET",
		     toggled_text(c->t, SHOP "/toggles?at=%d", (int)l.secret),
		     NULL, 200)
		->body,
	    "topsecret");
	expect_says(
	    ask_with(c->t, HEADERS(c->admin), "GET", SHOP "/history", NULL, 200)
		->body,
	    "topsecret");
	scene_close(c->t);
}
END_TEST

START_TEST(test_environment_when_made_again_and_restarted_then_the_same)
{
	struct lives l = live_twice();

	/* A change of its settings is no other life. */
	restart(&l.c);
	expect_own_life(&l);
	expect_no_way_back(&l);
	put(&l.c, SHOP, "{\"description\":\"again\"}");
	restart(&l.c);
	ck_assert_int_eq(
	    (int)json_array_size(json_at(
		get(&l.c, l.c.viewer, SHOP "/history", 200), "/changes")),
	    3);
	expect_moments_hidden(&l, l.c.viewer);
	scene_close(l.c.t);
}
END_TEST

START_TEST(test_usage_when_made_again_then_counted_anew)
{
	struct lives l = live_twice();
	json_t *usage;

	put(&l.c, SHOP "/toggles/secret", "{}");
	usage = get(&l.c, l.c.viewer, SHOP "/usage", 200);
	ck_assert_int_eq(json_int_at(usage, "/toggles/secret/evaluations"), 0);
	expect_json(json_at(usage, "/reasons"), "{}");
	ck_assert(json_is_null(json_at(usage, "/definitionsReadAt")));
	scene_close(l.c.t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc,
		       test_list_when_another_token_has_the_tag_then_no_304);
	tcase_add_test(tc, test_document_when_the_token_chooses_it_then_varies);
	tcase_add_test(tc,
		       test_metrics_when_of_one_environment_then_only_its_rows);
	tcase_add_test(
	    tc, test_ready_when_asked_without_an_admin_then_only_the_state);
	tcase_add_test(tc, test_moment_when_beyond_ones_own_then_says_ones_own);
	tcase_add_test(tc,
		       test_environment_when_made_again_then_a_life_of_its_own);
	tcase_add_test(
	    tc, test_environment_when_made_again_and_restarted_then_the_same);
	tcase_add_test(tc, test_usage_when_made_again_then_counted_anew);
}

int
main(void)
{
	return scene_main("bounds", add);
}
