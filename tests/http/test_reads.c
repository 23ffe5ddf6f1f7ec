/* Reading: definitions now and then, tags and caches, the other documents. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "scene.h"

#define KEY ENV "/toggles/new-checkout"

/* Toggles a.one (tag x), a.two (tags x, y), b.one, that refer to segments s1,
 * s2 and none; revisions 2 to 6. */
static void
furnish(struct toggled *t)
{
	ask(t, "PUT", ENV "/segments/s1", "{\"var\":\"vip\"}", 201);
	ask(t, "PUT", ENV "/segments/s2", "{\"var\":\"old\"}", 201);
	put_toggle(t, "a.one",
		   "{\"tags\":[\"x\"],\"targeting\":{\"if\":[{\"$ref\":\"s1\"},"
		   "\"on\"]}}");
	put_toggle(t, "a.two",
		   "{\"tags\":[\"x\",\"y\"],\"targeting\":{\"if\":[{\"$ref\":"
		   "\"s2\"},\"on\"]}}");
	put_toggle(t, "b.one", "{}");
}

/* Which toggles and segments a selection has. */
static const struct {
	const char *query;
	const char *toggles; /* separated by blanks */
	const char *segments;
} selections[] = {
	{ "", "a.one a.two b.one", "s1 s2" },
	{ "?prefix=a.", "a.one a.two", "s1 s2" },
	{ "?prefix=a.o", "a.one", "s1" },
	{ "?prefix=b", "b.one", "" },
	{ "?prefix=c", "", "" },
	{ "?tag=x", "a.one a.two", "s1 s2" },
	{ "?tag=y", "a.two", "s2" },
	{ "?tag=y&prefix=a.o", "", "" },
	{ "?tag=z", "", "" },
};

static const char *
names(struct toggled *t, json_t *object)
{
	struct bytes out;
	const char *text, *name;
	json_t *member;

	bytes_init(&out);
	json_object_foreach(object, name, member)
	{
		bytes_printf(&out, "%s%s", out.length ? " " : "", name);
	}
	text = toggled_text(t, "%s", out.length ? out.data : "");
	bytes_fini(&out);
	return text;
}

START_TEST(test_list_when_selected_then_those_and_their_segments)
{
	struct toggled *t = scene_open();
	json_t *list;

	furnish(t);
	list = ask_json(t, "GET",
			toggled_text(t, ENV "/toggles%s", selections[_i].query),
			NULL, 200);
	ck_assert_str_eq(names(t, json_at(list, "/toggles")),
			 selections[_i].toggles);
	ck_assert_str_eq(names(t, json_at(list, "/segments")),
			 selections[_i].segments);
	ck_assert_int_eq(json_int_at(list, "/revision"), 6);
	ck_assert_str_eq(json_text_at(list, "/environment"), "default");
	scene_close(t);
}
END_TEST

/* What has an ETag; all of it changes when new-checkout does. */
static const char *const tagged[] = {
	KEY,
	ENV "/toggles",
	ENV "/toggles?prefix=new",
	ENV "/changes",
	ENV "/flags",
	"/v1/flags",
	"/v1/envs",
	"/v1/flags/default",
	"/v1/flags/flagSetId=default",
};

START_TEST(test_get_when_client_has_it_then_304_until_it_changes)
{
	struct toggled *t = scene_open();
	struct answer *answer;
	const char *tag, *match;

	put_toggle(t, "new-checkout", "{}");
	answer = ask(t, "GET", tagged[_i], NULL, 200);
	tag = answer_header(t, answer, "ETag");
	ck_assert_ptr_nonnull(tag);
	match = toggled_text(t, "If-None-Match: \"other\", W/%s", tag);
	answer = ask_with(t, HEADERS(match), "GET", tagged[_i], NULL, 304);
	ck_assert_uint_eq(answer->length, 0);
	ck_assert_str_eq(answer_header(t, answer, "ETag"), tag);
	ask_with(t, HEADERS("If-None-Match: *"), "GET", tagged[_i], NULL, 304);
	ask_with(t, HEADERS("If-None-Match: \"other\""), "GET", tagged[_i],
		 NULL, 200);
	put_toggle(t, "new-checkout", "{\"owner\":\"me\"}");
	answer = ask_with(t, HEADERS(match), "GET", tagged[_i], NULL, 200);
	ck_assert_str_ne(answer_header(t, answer, "ETag"), tag);
	scene_close(t);
}
END_TEST

START_TEST(test_etag_when_restarted_then_still_good)
{
	struct toggled *t = scene_open();
	const char *tag;

	put_toggle(t, "new-checkout", "{}");
	tag = answer_header(t, ask(t, "GET", KEY, NULL, 200), "ETag");
	ck_assert_int_eq(toggled_stop(t, SIGKILL), 128 + SIGKILL);
	toggled_start(t, NULL);
	ask_with(t, HEADERS(toggled_text(t, "If-None-Match: %s", tag)), "GET",
		 KEY, NULL, 304);
	scene_close(t);
}
END_TEST

static char *
inflated(struct toggled *t, const struct answer *answer)
{
	enum { ROOM = 1 << 20 };
	z_stream z = { .zalloc = Z_NULL };
	char *out = toggled_own(t, calloc(1, ROOM), free);

	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)answer->body;
	z.avail_in = (uInt)answer->length;
	z.next_out = (Bytef *)out;
	z.avail_out = ROOM - 1;
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return out;
}

static const struct {
	const char *header;
	bool gzip;
} encodings[] = {
	{ "Accept-Encoding: gzip", true },
	{ "Accept-Encoding: br;q=1, gzip;q=0.5", true },
	{ "Accept-Encoding: gzip;q=0", false },
	{ "Accept-Encoding: gzip;q=0.0", false },
	{ "Accept-Encoding: br", false },
	{ "Accept-Encoding: identity", false },
	{ "X-None: 1", false },
};

/* The two forms of a document have tags of their own, and either is proof that
 * the client has it (RFC 9110, 8.8.3.3). */
static void
expect_forms(struct toggled *t, const char *path, const struct answer *plain,
	     const struct answer *coded)
{
	const char *tags[] = { answer_header(t, plain, "ETag"),
			       answer_header(t, coded, "ETag") };
	const char *both =
	    toggled_text(t, "If-None-Match: %s, %s", tags[1], tags[0]);
	struct answer *answer;

	ck_assert_str_ne(tags[0], tags[1]);
	ck_assert_str_eq(
	    tags[1],
	    toggled_text(t, "%.*s-gzip\"", (int)strlen(tags[0]) - 1, tags[0]));
	for (int i = 0; i < 2; i++) {
		answer = ask_with(
		    t, HEADERS(toggled_text(t, "If-None-Match: %s", tags[i])),
		    "GET", path, NULL, 304);
		ck_assert_str_eq(answer_header(t, answer, "ETag"), tags[i]);
	}
	ask_with(t, HEADERS(both, "Accept-Encoding: gzip"), "GET", path, NULL,
		 304);
}

START_TEST(test_list_when_client_takes_gzip_then_the_same_compressed)
{
	static const char *const paths[] = { ENV "/toggles", ENV "/flags",
					     ENV "/changes" };
	struct toggled *t = scene_open();

	for (int i = 0; i < 40; i++)
		put_toggle(t, toggled_text(t, "toggle-%d", i),
			   "{\"description\":\"the same text for all\"}");
	for (int i = 0; i < COUNT(paths); i++) {
		struct answer *plain = ask(t, "GET", paths[i], NULL, 200);
		struct answer *answer =
		    ask_with(t, HEADERS(encodings[_i].header), "GET", paths[i],
			     NULL, 200);
		const char *coding =
		    answer_header(t, answer, "Content-Encoding");

		expect_says(answer_header(t, answer, "Vary"),
			    "Accept-Encoding");
		if (!encodings[_i].gzip) {
			ck_assert_ptr_null(coding);
			ck_assert_str_eq(answer->body, plain->body);
			continue;
		}
		ck_assert_str_eq(coding, "gzip");
		ck_assert_uint_lt(answer->length, plain->length / 2);
		ck_assert_str_eq(inflated(t, answer), plain->body);
		expect_forms(t, paths[i], plain, answer);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_head_when_asked_then_headers_of_get_and_no_body)
{
	static const char *const paths[] = {
		KEY,
		ENV "/toggles",
		ENV "/changes",
		ENV "/history",
		"/version",
		ENV "/changes?since=2&wait=30",
		"/v1/envs",
		"/openapi.yaml",
	};
	struct toggled *t = scene_open();

	put_toggle(t, "new-checkout", "{}");
	for (int i = 0; i < COUNT(paths); i++) {
		struct answer *head = ask(t, "HEAD", paths[i], NULL, 200);

		ck_assert_uint_eq(head->length, 0);
		if (strstr(paths[i], "wait=") != NULL)
			continue; /* GET would wait, HEAD never does */
		ck_assert_str_eq(
		    answer_header(t, head, "Content-Length"),
		    toggled_text(t, "%zu",
				 ask(t, "GET", paths[i], NULL, 200)->length));
	}
	ck_assert_int_eq(
	    ask(t, "HEAD", ENV "/toggles/nowhere", NULL, 404)->status, 404);
	scene_close(t);
}
END_TEST

static json_t *
at(struct toggled *t, const char *path, const char *moment, long status)
{
	return ask_json(t, "GET", toggled_text(t, "%s?at=%s", path, moment),
			NULL, status);
}

START_TEST(test_get_when_at_a_revision_or_time_then_as_it_was)
{
	struct toggled *t = scene_open();
	json_t *first, *second;
	const char *epoch = served_epoch(t);
	const char *then;

	put_toggle(t, "new-checkout", "{\"owner\":\"first\"}");
	first = ask_json(t, "GET", KEY, NULL, 200);
	then = json_text_at(first, "/updatedAt");
	let_time_pass();
	put_toggle(t, "new-checkout", "{\"owner\":\"second\"}");
	second = ask_json(t, "GET", KEY, NULL, 200);
	let_time_pass();
	ask(t, "DELETE", KEY, NULL, 200);
	put_toggle(t, "later", "{}");

	ck_assert(json_equal(at(t, KEY, "2", 200), first));
	ck_assert(
	    json_equal(at(t, KEY, toggled_text(t, "%s.2", epoch), 200), first));
	ck_assert(json_equal(at(t, KEY, then, 200), first));
	ck_assert(json_equal(at(t, KEY, "3", 200), second));
	ck_assert(json_equal(
	    at(t, KEY, json_text_at(second, "/updatedAt"), 200), second));
	expect_problem(toggled_get(t, KEY "?at=1"), 404, "not-found");
	expect_problem(toggled_get(t, KEY "?at=4"), 404, "not-found");
	ck_assert(json_equal(
	    json_at(at(t, ENV "/toggles", "3", 200), "/toggles/new-checkout"),
	    second));
	ck_assert_int_eq(
	    json_int_at(at(t, ENV "/toggles", "3", 200), "/revision"), 3);
	ck_assert_ptr_null(
	    json_at(at(t, ENV "/toggles", "3", 200), "/toggles/later"));
	ck_assert_ptr_nonnull(
	    json_at(at(t, ENV "/toggles", "2099-01-01T00:00:00Z", 200),
		    "/toggles/later"));
	scene_close(t);
}
END_TEST

static const char *const no_moments[] = { "99",
					  "0",
					  "-1",
					  "yesterday",
					  "2020-01-01T00:00:00Z",
					  "2026-13-01T00:00:00Z",
					  "1.5.2" };

START_TEST(test_get_when_at_no_moment_then_400)
{
	struct toggled *t = scene_open();

	put_toggle(t, "new-checkout", "{}");
	expect_problem(
	    toggled_get(t, toggled_text(t, KEY "?at=%s", no_moments[_i])), 400,
	    "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_evaluate_when_at_a_revision_then_as_it_was)
{
	struct toggled *t = scene_open();
	static const char gold[] =
	    "{\"context\":{\"plan\":\"gold\"},\"keys\":[\"a\",\"nowhere\"]}";
	json_t *result;

	put_toggle(t, "a", "{}");
	put_toggle(t, "a",
		   "{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"plan\"},"
		   "\"gold\"]},\"on\"]}}");
	result = ask_json(t, "POST", ENV "/evaluate?explain=true", gold, 200);
	ck_assert(json_bool_at(result, "/results/a/value"));
	ck_assert_str_eq(json_text_at(result, "/results/a/reason"),
			 "TARGETING_MATCH");
	ck_assert_str_eq(json_text_at(result, "/results/a/variant"), "on");
	ck_assert_ptr_nonnull(json_at(result, "/results/a/path"));
	ck_assert_str_eq(json_text_at(result, "/results/nowhere/errorCode"),
			 "FLAG_NOT_FOUND");
	result = ask_json(t, "POST", ENV "/evaluate?at=2", gold, 200);
	ck_assert(!json_bool_at(result, "/results/a/value"));
	ck_assert_str_eq(json_text_at(result, "/results/a/reason"), "STATIC");
	ck_assert_ptr_null(json_at(result, "/results/a/path"));
	ck_assert_int_eq(json_int_at(result, "/revision"), 2);
	result = ask_json(t, "POST", ENV "/evaluate", "{}", 200);
	ck_assert_uint_eq(json_object_size(json_at(result, "/results")), 1);
	expect_problem(toggled_request(t, "POST", ENV "/evaluate", NULL,
				       "{\"contxt\":{}}"),
		       400, "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_flagd_when_environment_is_selected_then_its_document)
{
	struct toggled *t = scene_open();
	json_t *flags;

	ask(t, "PUT", "/v1/envs/staging", "{\"metadata\":{\"team\":\"shop\"}}",
	    201);
	ask(t, "PUT", "/v1/envs/staging/toggles/s", "{\"owner\":\"me\"}", 201);
	put_toggle(t, "d", "{}");
	ck_assert_ptr_nonnull(
	    json_at(ask_json(t, "GET", "/v1/flags", NULL, 200), "/flags/d"));
	flags = ask_json(t, "GET", "/v1/flags/staging", NULL, 200);
	expect_json(json_at(flags, "/flags"),
		    "{\"s\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,"
		    "\"off\":false},\"defaultVariant\":\"off\"}}");
	ck_assert_str_eq(json_text_at(flags, "/metadata/flagSetId"), "staging");
	ck_assert_str_eq(json_text_at(flags, "/metadata/team"), "shop");
	expect_json(json_at(flags, "/metadata"),
		    "{\"flagSetId\":\"staging\",\"team\":\"shop\"}");
	ck_assert(
	    json_equal(flags, ask_json(t, "GET", "/v1/flags/flagSetId=staging",
				       NULL, 200)));
	ck_assert(json_equal(
	    flags, answer_json(
		       ask_with(t, HEADERS("Flagd-Selector: flagSetId=staging"),
				"GET", "/v1/flags", NULL, 200))));
	ck_assert(json_equal(
	    flags, ask_json(t, "GET", "/v1/envs/staging/flags", NULL, 200)));
	expect_problem(toggled_get(t, "/v1/flags/nowhere"), 404, "not-found");
	scene_close(t);
}
END_TEST

START_TEST(test_system_when_asked_then_answered)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", "/healthz", NULL, 200), "/status"),
	    "ok");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", "/readyz", NULL, 200), "/status"),
	    "ready");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", "/version", NULL, 200), "/name"),
	    "toggled");
	answer = ask(t, "GET", "/openapi.yaml", NULL, 200);
	expect_says(answer->body, "openapi:");
	answer = ask(t, "GET", "/metrics", NULL, 200);
	expect_says(answer_header(t, answer, "Content-Type"),
		    "text/plain; version=0.0.4");
	ck_assert_int_eq(metric(t, "toggled_revision"), 1);
	put_toggle(t, "a", "{}");
	ck_assert_int_eq(metric(t, "toggled_revision"), 2);
	ck_assert_int_eq(metric(t, "toggled_toggles"), 1);
	scene_close(t);
}
END_TEST

START_TEST(test_backup_when_taken_then_serves_the_same)
{
	struct toggled *t = scene_open();
	struct answer *copy;
	json_t *before, *after;
	FILE *f;

	put_toggle(t, "a", "{\"owner\":\"me\"}");
	before = ask_json(t, "GET", ENV "/toggles", NULL, 200);
	copy = ask(t, "GET", "/v1/backup", NULL, 200);
	ck_assert_uint_gt(copy->length, 4096);
	put_toggle(t, "a", "{\"owner\":\"you\"}");
	ck_assert_int_eq(toggled_stop(t, SIGKILL), 128 + SIGKILL);
	f = fopen(toggled_path(t, "copy.db"), "w");
	ck_assert_uint_eq(fwrite(copy->body, 1, copy->length, f), copy->length);
	ck_assert_int_eq(fclose(f), 0);
	toggled_start_as(t, HEADERS("serve", "--listen", "127.0.0.1:0",
				    "--database", "copy.db"));
	after = ask_json(t, "GET", ENV "/toggles", NULL, 200);
	ck_assert(json_equal(json_at(before, "/toggles"),
			     json_at(after, "/toggles")));
	ck_assert_int_eq(json_int_at(after, "/revision"), 2);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_list_when_selected_then_those_and_their_segments, 0,
	    COUNT(selections));
	tcase_add_loop_test(
	    tc, test_get_when_client_has_it_then_304_until_it_changes, 0,
	    COUNT(tagged));
	tcase_add_test(tc, test_etag_when_restarted_then_still_good);
	tcase_add_loop_test(
	    tc, test_list_when_client_takes_gzip_then_the_same_compressed, 0,
	    COUNT(encodings));
	tcase_add_test(tc,
		       test_head_when_asked_then_headers_of_get_and_no_body);
	tcase_add_test(tc, test_get_when_at_a_revision_or_time_then_as_it_was);
	tcase_add_loop_test(tc, test_get_when_at_no_moment_then_400, 0,
			    COUNT(no_moments));
	tcase_add_test(tc, test_evaluate_when_at_a_revision_then_as_it_was);
	tcase_add_test(
	    tc, test_flagd_when_environment_is_selected_then_its_document);
	tcase_add_test(tc, test_system_when_asked_then_answered);
	tcase_add_test(tc, test_backup_when_taken_then_serves_the_same);
}

int
main(void)
{
	return scene_main("reads", add);
}
