/*
 * Where secrets lie and where they must not: in the program's memory, in what
 * is written, in files that others may read; and tickets, which a backup is not
 * enough to make.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login.h"
#include "vitals.h"

enum { SECRET_AT = 15, SECRET_LENGTH = 43, NOBODY = 65534 };

static const uint64_t mapping_most = UINT64_C(1) << 32;

#define ADMIN "{\"name\":\"ann\",\"role\":\"admin\"}"
#define BULK ENV "/ofrep/v1/evaluate/flags"

/* --- memory ----------------------------------------------------------------
 */

/* How often `text` stands between two addresses of its memory. */
static int
count_between(int fd, uint64_t from, uint64_t to, const char *text)
{
	const size_t length = (size_t)(to - from);
	char *bytes = malloc(length);
	const char *at = bytes;
	ssize_t n;
	int count = 0;

	ck_assert_ptr_nonnull(bytes);
	n = pread(fd, bytes, length, (off_t)from);
	while (n > 0 && at != NULL) {
		at = memmem(at, (size_t)(bytes + n - at), text, SECRET_LENGTH);
		if (at != NULL) {
			count++;
			at++;
		}
	}
	free(bytes);
	return count;
}

/* -1: it may not be looked into, or a sanitizer has made it too large. */
static int
count_in_memory(const struct toggled *t, const char *text)
{
	char path[64];
	char line[512];
	FILE *maps;
	int count = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)t->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	maps = fopen(path, "r");
	ck_assert_ptr_nonnull(maps);
	while (count >= 0 && fgets(line, sizeof(line), maps) != NULL) {
		uint64_t from, to;
		char rights[8];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to,
			   rights) != 3 ||
		    rights[1] != 'w')
			continue;
		if (to - from > mapping_most)
			count = -1;
		else
			count += count_between(fd, from, to, text);
	}
	fclose(maps);
	close(fd);
	return count;
}

struct looked_for {
	const struct toggled *t;
	const char *secret;
};

static bool
is_nowhere(void *ctx)
{
	const struct looked_for *secret = ctx;

	return count_in_memory(secret->t, secret->secret) <= 0;
}

static void
expect_forgotten(const struct toggled *t, const char *token)
{
	struct looked_for secret = { t, token + SECRET_AT };

	ck_assert_msg(wait_until(is_nowhere, &secret, SOON_MS),
		      "%d copies of the secret are left",
		      count_in_memory(t, secret.secret));
}

/* The head of a request for the raw socket. */
static void
send_head(struct raw *raw, struct toggled *t, const char *line,
	  const char *token)
{
	raw_send_text(raw, toggled_text(t,
					"%s HTTP/1.1\r\nHost: h\r\n"
					"Authorization: Bearer %s\r\n\r\n",
					line, token));
}

/* Not even while its client stays and waits. */
START_TEST(test_secret_when_a_request_is_answered_then_out_of_memory)
{
	struct toggled *t = scene_open_parking(_i);
	const char *token = make_token(t, NULL, ADMIN, NULL);
	struct raw *raw = raw_open(t);

	if (count_in_memory(t, token + SECRET_AT) < 0) {
		printf("secrets: memory may not be looked into here\n");
		scene_close(t);
		return;
	}
	expect_forgotten(t, token);
	send_head(raw, t, "GET " ENV "/toggles", token);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	expect_forgotten(t, token);
	send_head(raw, t, "GET " ENV "/history", token);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	expect_forgotten(t, token);
	for (int i = 0; i < 2; i++) {
		send_head(raw, t, "GET " ENV "/changes?since=2&wait=100ms",
			  token);
		ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
		expect_forgotten(t, token);
	}
	raw_close(raw);
	scene_close(t);
}
END_TEST

/* --- what is written -------------------------------------------------------
 */

static const struct {
	const char *method;
	const char *path; /* %s: the token */
	const char *header;
	const char *body;
	const char *says;
} pasted[] = {
	{ "PUT", ENV "/toggles/%s", "X-None: x", "{}", "the path" },
	{ "PUT", ENV "/segments/a%s", "X-None: x", "{\"==\":[1,1]}",
	  "the path" },
	{ "PUT", ENV "/toggles/a", "Change-Comment: by %s", "{}",
	  "Change-Comment" },
	{ "DELETE", ENV "/toggles/t", "Change-Comment: by %s", NULL,
	  "Change-Comment" },
	{ "PUT", ENV "/toggles/a", "Idempotency-Key: %s", "{}",
	  "Idempotency-Key" },
	{ "PUT", ENV "/toggles/a", "X-None: x", "{\"description\":\"%s\"}",
	  "the body" },
	{ "PATCH", ENV "/toggles/t", "X-None: x", "{\"tags\":[\"%s\"]}",
	  "the body" },
	{ "POST", ENV "/changes", "X-None: x", "{\"comment\":\"%s\"}",
	  "the body" },
	{ "POST", ENV "/changes", "X-None: x", "{\"toggles\":{\"%s\":{}}}",
	  "the body" },
	{ "POST", ENV "/rollback", "X-None: x", "{\"to\":1,\"comment\":\"%s\"}",
	  "the body" },
	{ "PUT", "/v1/envs/new", "X-None: x", "{\"metadata\":{\"a\":\"%s\"}}",
	  "the body" },
	{ "PUT", "/v1/envs/%.40s", "X-None: x", "{}", "the path" },
	{ "POST", "/v1/tokens", "X-None: x",
	  "{\"name\":\"%s\",\"role\":\"admin\"}", "the body" },
};

START_TEST(test_token_when_pasted_into_what_is_kept_then_refused)
{
	struct toggled *t = scene_open();
	const char *token, *admin, *text;
	struct answer *answer;
	int64_t before;

	ask(t, "PUT", ENV "/toggles/t", "{}", 201);
	token = make_token(t, NULL, ADMIN, NULL);
	admin = bearer(t, token);
	before = json_int_at(answer_json(ask_with(t, HEADERS(admin), "GET",
						  "/readyz", NULL, 200)),
			     "/revision");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	text = pasted[_i].body == NULL
		   ? NULL
		   : toggled_text(t, pasted[_i].body, token);
	answer = ask_with(
	    t, HEADERS(admin, toggled_text(t, pasted[_i].header, token)),
	    pasted[_i].method, toggled_text(t, pasted[_i].path, token), text,
	    400);
#pragma GCC diagnostic pop
	expect_problem(answer, 400, "invalid");
	expect_says(answer->body, pasted[_i].says);
	expect_says(answer->body, "access token in it");
	expect_says(answer->body, "revoke");
	ck_assert_ptr_null(strstr(answer->body, token + SECRET_AT));
	ck_assert_int_eq(
	    json_int_at(answer_json(ask_with(t, HEADERS(admin), "GET",
					     "/readyz", NULL, 200)),
			"/revision"),
	    before);
	scene_close(t);
}
END_TEST

/* What only looks like the beginning of one is a name as any other. */
START_TEST(test_key_when_it_only_begins_like_a_token_then_taken)
{
	struct toggled *t = scene_open();

	ask(t, "PUT", ENV "/toggles/tgd_0123456789_new-checkout", "{}", 201);
	ask(t, "PUT", ENV "/toggles/tgd_", "{\"description\":\"tgd_x\"}", 201);
	scene_close(t);
}
END_TEST

START_TEST(test_command_when_a_token_is_pasted_then_refused)
{
	struct toggled *t = scene_open();
	const char *token = make_token(t, NULL, ADMIN, NULL);
	const char *file = toggled_write(
	    t, "flags.json",
	    toggled_text(t, "{\"toggles\":{\"a\":{\"description\":\"%s\"}}}",
			 token));
	const struct run *run;

	scene_stop(t);
	run = TOGGLED_RUN(t, "import", file, "--database", t->database);
	ck_assert_int_ne(run->status, 0);
	expect_says(run->err, "access token in it");
	ck_assert_ptr_null(strstr(run->err, token + SECRET_AT));
	run = TOGGLED_RUN(t, "token", "create", "--database", t->database,
			  "--role", "admin", "--name", token);
	ck_assert_int_ne(run->status, 0);
	expect_says(run->err, "access token in it");
	toggled_free(t);
}
END_TEST

/* --- tickets ---------------------------------------------------------------
 */

/* The path of the stream that is advertised to who shows that header. */
static const char *
advertised(struct toggled *t, const char *header)
{
	json_t *json =
	    answer_json(ask_with(t, HEADERS(header), "POST", BULK, "{}", 200));

	return toggled_text(
	    t, "%s", json_text_at(json, "/eventStreams/0/endpoint/requestUri"));
}

/* What the stream at that path is answered; `header` as in HEADERS. */
static long
open_stream(struct toggled *t, const char *path, const char *header)
{
	struct raw *raw = raw_open(t);
	const char *answer;
	long status = 0;

	raw_send_text(
	    raw, toggled_text(t, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n",
			      path, header));
	answer = raw_until(raw, "\r\n\r\n", SOON_MS);
	ck_assert_int_eq(sscanf(answer, "HTTP/1.1 %ld", &status), 1);
	raw_close(raw);
	return status;
}

START_TEST(test_ticket_when_server_starts_again_then_still_good)
{
	const char *admin, *path;
	struct toggled *t = open_guarded(0, &admin);

	path = advertised(t, admin);
	scene_stop(t);
	toggled_start(t, NULL);
	ck_assert_int_eq(open_stream(t, path, "X-None: x"), 200);
	ck_assert_str_eq(advertised(t, admin), path);
	scene_close(t);
}
END_TEST

/* Who has a copy of the database has the tokens' hashes, but not the key. And
 * who serves it answers anew: a 304 would keep clients on a dead ticket. */
START_TEST(test_ticket_when_only_the_database_is_there_then_another)
{
	const char *admin, *path, *tag, *key;
	struct toggled *t = open_guarded(0, &admin);
	struct answer *answer;
	struct stat st;

	answer = ask_with(t, HEADERS(admin), "POST", BULK, "{}", 200);
	tag = answer_header(t, answer, "ETag");
	path = advertised(t, admin);
	key = toggled_text(t, "%s.ticket-key", t->database);
	ck_assert_int_eq(stat(key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	scene_stop(t);
	ck_assert_int_eq(remove(key), 0);
	toggled_start(t, NULL);
	ck_assert_int_eq(open_stream(t, path, "X-None: x"), 401);
	answer = ask_with(
	    t, HEADERS(admin, toggled_text(t, "If-None-Match: %s", tag)),
	    "POST", BULK, "{}", 200);
	ck_assert_str_ne(advertised(t, admin), path);
	ck_assert_int_eq(open_stream(t, advertised(t, admin), "X-None: x"),
			 200);
	scene_close(t);
}
END_TEST

START_TEST(test_ticket_key_when_it_is_none_then_said_and_served)
{
	const char *admin, *path;
	struct toggled *t = open_guarded(0, &admin);

	path = advertised(t, admin);
	scene_stop(t);
	toggled_write(t, "toggled.db.ticket-key", "x\n");
	toggled_start(t, NULL);
	ck_assert(wait_until_logged(t, "ticket-key", SOON_MS));
	ck_assert_int_eq(open_stream(t, path, "X-None: x"), 401);
	/* Whose it is, nobody knows: it is left alone. */
	ck_assert_str_eq(toggled_read(t, "toggled.db.ticket-key"), "x\n");
	scene_close(t);
}
END_TEST

/* Who leaked the old secret has its ticket, and loses both. */
START_TEST(test_ticket_when_drawn_by_an_old_secret_then_goes_with_it)
{
	const char *admin, *id, *rotate, *tokens[3], *paths[3];
	struct toggled *t = open_guarded(0, &admin);

	tokens[0] = make_token(t, admin,
			       "{\"name\":\"c\",\"role\":\"client\","
			       "\"environments\":[\"default\"]}",
			       &id);
	rotate = toggled_text(t, "/v1/tokens/%s/rotate", id);
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			tokens[i] = json_text_at(
			    answer_json(ask_with(t, HEADERS(admin), "POST",
						 rotate, NULL, 200)),
			    "/token");
		/* Also when it is the older of two. */
		if (i == 1)
			ck_assert_str_eq(advertised(t, bearer(t, tokens[0])),
					 paths[0]);
		paths[i] = advertised(t, bearer(t, tokens[i]));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(paths[i], paths[j]);
	}
	ck_assert_int_eq(open_stream(t, paths[0], "X-None: x"), 401);
	ck_assert_int_eq(open_stream(t, paths[1], "X-None: x"), 200);
	ck_assert_int_eq(open_stream(t, paths[2], "X-None: x"), 200);
	scene_close(t);
}
END_TEST

START_TEST(test_ticket_when_a_header_shows_a_token_then_the_header_counts)
{
	const char *admin, *path;
	struct toggled *t = open_guarded(0, &admin);

	path = advertised(t, admin);
	ck_assert_int_eq(
	    open_stream(t, ENV "/ofrep/v1/sse?ticket=stale", admin), 200);
	ck_assert_int_eq(open_stream(t, path, "X-API-Key: tgd_x"), 401);
	/* That of a proxy before us says nothing to us. */
	ck_assert_int_eq(open_stream(t, path, "Authorization: Basic eDp5"),
			 200);
	scene_close(t);
}
END_TEST

/* --- other processes -------------------------------------------------------
 */

/* The kernel gives what it shows of a process that may not be looked into to
 * root. Where root runs the test another user has to run the program, from a
 * copy and in a directory that are that user's. */
START_TEST(test_memory_when_another_process_of_the_user_looks_then_closed)
{
	struct toggled *t = toggled_new();
	const char *copy = toggled_path(t, "program");
	char about[64];
	struct stat process, shown;

	/* At its end the leak checker looks into it, as another would. */
	if (VITALS_SANITIZED) {
		toggled_free(t);
		return;
	}
	if (geteuid() == 0) {
		ck_assert_int_eq(
		    system(toggled_text(t, "cp %s %s", t->binary, copy)), 0);
		ck_assert_int_eq(chown(toggled_path(t, "."), NOBODY, NOBODY),
				 0);
		snprintf(t->binary, sizeof(t->binary), "%s", copy);
		vitals_wrap(t, toggled_text(t,
					    "exec setpriv --reuid %d --regid "
					    "%d --clear-groups \"$BINARY\" "
					    "\"$@\"",
					    NOBODY, NOBODY));
	}
	toggled_start(t, NULL);
	snprintf(about, sizeof(about), "/proc/%d", (int)t->pid);
	ck_assert_int_eq(stat(about, &process), 0);
	ck_assert_uint_ne(process.st_uid, 0);
	snprintf(about, sizeof(about), "/proc/%d/mem", (int)t->pid);
	ck_assert_int_eq(stat(about, &shown), 0);
	ck_assert_uint_eq(shown.st_uid, 0);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* --- files -----------------------------------------------------------------
 */

static const struct {
	const char *name;
	mode_t mode;
	const char *says; /* NULL: nothing */
} files[] = {
	{ "toggled.db", 0600, NULL },
	{ "toggled.db", 0640, NULL },
	{ "toggled.db", 0644, "other users may read this file" },
	{ "toggled.db", 0602, "other users may change this file" },
	{ "toggled.db.ticket-key", 0644, "other users may read this file" },
	{ "toggled.db.ticket-key", 0622, "other users may change this file" },
	{ "conf", 0644, NULL },
	{ "conf", 0666, "other users may change this file" },
	{ "conf.d/a.conf", 0644, NULL },
	{ "conf.d/a.conf", 0666, "other users may change this file" },
	{ "conf.d", 0777, "other users may add to, or replace," },
	{ ".", 0777, "other users may replace what lies in this directory" },
};

START_TEST(test_file_when_others_may_change_or_read_it_then_said_at_start)
{
	struct toggled *t = scene_open();
	const char *conf = toggled_write(t, "conf", "log-level = info\n");
	const char *path = toggled_path(t, files[_i].name);

	ck_assert_int_eq(mkdir(toggled_path(t, "conf.d"), 0700), 0);
	(void)toggled_write(t, "conf.d/a.conf", "loops = 1\n");
	ck_assert_int_eq(chmod(toggled_path(t, "conf.d/a.conf"), 0600), 0);
	ck_assert_ptr_null(strstr(toggled_log(t), "other users"));
	scene_stop(t);
	ck_assert_int_eq(chmod(conf, 0600), 0);
	ck_assert_int_eq(chmod(path, files[_i].mode), 0);
	TOGGLED_START(t, "--config", conf);
	ck_assert(wait_until_logged(t, "ready", SOON_MS));
	toggled_stop(t, SIGTERM);
	if (files[_i].says == NULL)
		ck_assert_ptr_null(strstr(toggled_log(t), "other users"));
	else
		expect_logged(t, files[_i].says);
	ck_assert_int_eq(chmod(toggled_path(t, "."), 0700), 0);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_secret_when_a_request_is_answered_then_out_of_memory, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_token_when_pasted_into_what_is_kept_then_refused, 0,
	    COUNT(pasted));
	tcase_add_test(tc,
		       test_key_when_it_only_begins_like_a_token_then_taken);
	tcase_add_test(tc, test_command_when_a_token_is_pasted_then_refused);
	tcase_add_test(tc,
		       test_ticket_when_server_starts_again_then_still_good);
	tcase_add_test(
	    tc, test_ticket_when_only_the_database_is_there_then_another);
	tcase_add_test(tc,
		       test_ticket_key_when_it_is_none_then_said_and_served);
	tcase_add_test(
	    tc, test_ticket_when_drawn_by_an_old_secret_then_goes_with_it);
	tcase_add_test(
	    tc, test_ticket_when_a_header_shows_a_token_then_the_header_counts);
	tcase_add_test(
	    tc, test_memory_when_another_process_of_the_user_looks_then_closed);
	tcase_add_loop_test(
	    tc, test_file_when_others_may_change_or_read_it_then_said_at_start,
	    0, COUNT(files));
}

int
main(void)
{
	return scene_main("secrets", add);
}
