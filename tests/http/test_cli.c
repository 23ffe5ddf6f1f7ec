/* The commands of the program, as a person at a shell meets them. */
#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness.h"

static const char flagd[] =
    "{\"$evaluators\":{\"staff\":{\"ends_with\":[{\"var\":\"email\"},"
    "\"@x\"]}},\"flags\":{\"a\":{\"state\":\"ENABLED\",\"variants\":"
    "{\"on\":true,\"off\":false},\"defaultVariant\":\"off\",\"targeting\":"
    "{\"if\":[{\"$ref\":\"staff\"},\"on\"]}},\"b\":{\"state\":\"DISABLED\","
    "\"variants\":{\"x\":1.0},\"defaultVariant\":\"x\"}}}";

static const char broken[] =
    "{\"flags\":{\"good\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
    "\"defaultVariant\":\"on\"},\"bad\":{\"state\":\"ENABLED\",\"variants\":"
    "{\"on\":true},\"defaultVariant\":\"on\",\"targeting\":"
    "{\"no_such_operator\":[1]}}}}";

static void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no '%s' in: %s", part, text);
}

static const char *const words[] = { "serve",   "check",   "import", "export",
				     "backup",  "restore", "verify", "token",
				     "version", "help" };

static const char *const loaded[] = { "libmicrohttpd", "libevent", "SQLite",
				      "GnuTLS",        "jansson",  "zlib" };

START_TEST(test_version_when_asked_then_program_and_loaded_libraries)
{
	struct toggled *t = toggled_new();
	const struct run *run = TOGGLED_RUN(t, "version");

	ck_assert_int_eq(run->status, 0);
	ck_assert_ptr_eq(strstr(run->out, "toggled "), run->out);
	for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++)
		has(run->out, toggled_text(t, "\n%s ", loaded[i]));
	toggled_free(t);
}
END_TEST

START_TEST(test_serve_when_started_then_log_has_loaded_libraries)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--loops", "1");
	ck_assert(wait_until_logged(t, "libraries libmicrohttpd=", SOON_MS));
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_help_when_asked_of_a_command_then_lists_options)
{
	struct toggled *t = toggled_new();
	const struct run *run = TOGGLED_RUN(t, words[_i], "--help");

	ck_assert_int_eq(run->status, 0);
	ck_assert_str_eq(run->err, "");
	has(run->out, toggled_text(t, "Usage: toggled %s", words[_i]));
	has(run->out, "--help");
	has(TOGGLED_RUN(t, "help")->out, words[_i]);
	ck_assert_str_eq(TOGGLED_RUN(t, "help", words[_i])->out, run->out);
	toggled_free(t);
}
END_TEST

static const struct {
	const char *args[5];
	int status;
	const char *says;
} faults[] = {
	{ { NULL }, 2, "no command" },
	{ { "serv" }, 2, "unknown command 'serv', did you mean 'serve'?" },
	{ { "serve", "--lisen", ":0" }, 2, "did you mean 'listen'?" },
	{ { "serve", "extra" }, 2, "serve does not take 'extra'" },
	{ { "import" }, 2, "import wants FILE..." },
	{ { "backup", "a", "b" }, 2, "backup does not take 'b'" },
	{ { "help", "me" }, 2, "unknown command 'me'" },
	{ { "check", "--config", "none" }, 1, "none: No such file" },
	{ { "verify", "--database", "none.db" }, 1, "no database at none.db" },
	{ { "export", "--database", "none.db" }, 1, "no database at none.db" },
	{ { "export", "--environment", "a/b" }, 2, "no name for an env" },
	{ { "export", "--server=http://h:1", "--database=d" },
	  2,
	  "either --server or --database" },
	{ { "restore", "a.db" }, 2, "say with --database FILE" },
	{ { "token", "creat" }, 2, "did you mean 'create'?" },
	{ { "token", "create", "--role=admin" }, 2, "wants --name NAME" },
	{ { "token", "create", "--role=king", "--name=a" },
	  2,
	  "one of: evaluate, client, viewer, editor, admin" },
	{ { "token", "revoke" }, 2, "revoke wants the ID" },
	{ { "export", "--server", "http://127.0.0.1:1" }, 1, "cannot reach" },
	{ { "import", "none.json" }, 1, "none.json: No such file" },
};

START_TEST(test_command_when_wrong_then_status_and_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run = toggled_run(t, faults[_i].args);

	ck_assert_int_eq(run->status, faults[_i].status);
	ck_assert_str_eq(run->out, "");
	has(run->err, faults[_i].says);
	ck_assert_int_eq(strncmp(run->err, "toggled: ", 9), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_check_when_config_is_good_then_says_so)
{
	struct toggled *t = toggled_new();
	const char *good = toggled_write(t, "good",
					 "listen = :1\n"
					 "allow-unauthenticated = "
					 "yes\n");
	const char *bad = toggled_write(t, "bad", "listen = :1\n");
	const struct run *run =
	    TOGGLED_RUN(t, "check", "--config", good, "--database", "new.db");

	ck_assert_int_eq(run->status, 0);
	has(run->out, "the configuration is good");
	ck_assert_int_ne(access(toggled_path(t, "new.db"), F_OK), 0);
	run = TOGGLED_RUN(t, "check", "--config", bad);
	ck_assert_int_eq(run->status, 0);
	has(run->out, "unless there are tokens already");
	run = TOGGLED_RUN(t, "check", "--config", bad, "--database", "new.db");
	ck_assert_int_eq(run->status, 1);
	has(run->err, "--allow-unauthenticated");
	toggled_write(t, "junk.db",
		      "this is no database, and long enough to "
		      "be taken for the head of one if need be");
	run = TOGGLED_RUN(t, "check", "--database", "junk.db");
	ck_assert_int_eq(run->status, 1);
	has(run->err, "junk.db");
	toggled_free(t);
}
END_TEST

/* Where the commands work: on a server, or on the database itself. */
static const bool is_online[] = { true, false };

static const char *
target_name(bool online)
{
	return online ? "--server" : "--database";
}

static const char *
target(struct toggled *t, bool online)
{
	return online ? t->url : t->database;
}

START_TEST(test_import_when_exported_again_then_the_same)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const char *in = toggled_write(t, "in.json", flagd);
	const struct run *run;
	json_t *was;
	json_t *is;

	if (online)
		toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  "--comment", "moved", in);
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "2 toggles and 1 segments in 1 change, revision 2");
	run = TOGGLED_RUN(t, "export", target_name(online), target(t, online),
			  "--format", "flagd", "out.json");
	ck_assert_msg(run->status == 0, "%s", run->err);
	was = json_loads(flagd, 0, NULL);
	is = json_loads(toggled_read(t, "out.json"), 0, NULL);
	ck_assert(json_equal(json_at(was, "/$evaluators"),
			     json_at(is, "/$evaluators")));
	ck_assert(json_equal(json_at(was, "/flags/a/targeting"),
			     json_at(is, "/flags/a/targeting")));
	ck_assert_str_eq(json_text_at(is, "/flags/b/state"), "DISABLED");
	ck_assert(json_is_real(json_at(is, "/flags/b/variants/x")));
	json_decref(was);
	json_decref(is);
	run = TOGGLED_RUN(t, "export", target_name(online), target(t, online),
			  "own.json");
	ck_assert_int_eq(run->status, 0);
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  "own.json");
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "0 toggles and 0 segments in 1 change, revision 2");
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_targeting_is_broken_then_stored_and_reported)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const char *in = toggled_write(t, "in.json", broken);
	const struct run *run;

	if (online)
		toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  in);
	ck_assert_msg(run->status == 3, "%s", run->err);
	has(run->out, "2 toggles");
	has(run->out, "1 faults in targeting");
	has(run->err, "/flags/bad/targeting");
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  "--dry-run", in);
	ck_assert_int_eq(run->status, 3);
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_strict_and_targeting_is_broken_then_refused)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const char *in = toggled_write(t, "in.json", broken);
	const struct run *run;

	if (online)
		toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", "--strict", target_name(online),
			  target(t, online), in);
	ck_assert_int_eq(run->status, 1);
	has(run->err, "/flags/bad/targeting");
	run = TOGGLED_RUN(t, "export", target_name(online), target(t, online));
	ck_assert_int_eq(run->status, 0);
	ck_assert_ptr_null(strstr(run->out, "bad"));
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_it_disables_then_stored_and_warned)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const char *in = toggled_write(
	    t, "in.json",
	    "{\"flags\":{\"a\":{\"state\":\"DISABLED\",\"variants\":{\"on\":"
	    "true,\"off\":false}}}}");
	const struct run *run;

	if (online)
		toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  in);
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "1 toggles");
	has(run->err, "/flags/a/state: warning: 'a' is DISABLED");
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_dry_then_nothing_is_stored)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const char *in = toggled_write(t, "in.json", flagd);
	const struct run *run;

	if (online)
		toggled_start(t, NULL);
	else
		(void)TOGGLED_RUN(t, "import", "--database", t->database,
				  toggled_write(t, "0.json", "{\"flags\":{}}"));
	run = TOGGLED_RUN(t, "import", "--dry-run", target_name(online),
			  target(t, online), in);
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "would change 2 toggles");
	run = TOGGLED_RUN(t, "export", target_name(online), target(t, online));
	has(run->out, "\"toggles\":{}");
	toggled_free(t);
}
END_TEST

static const struct {
	const char *document;
	const char *says;
} refusals[] = {
	{ "{\"flags\":", "line 1" },
	{ "[]", "must be an object" },
	{ "{\"flagz\":{}}", "/flagz" },
	{ "{\"flags\":{\"a\":{\"state\":\"ON\"}}}", "/flags/a" },
};

static void
has_once(const char *text, const char *part)
{
	has(text, part);
	ck_assert_msg(strstr(strstr(text, part) + 1, part) == NULL, "%s", text);
}

START_TEST(test_import_when_no_good_document_then_refused_with_the_place)
{
	struct toggled *t = toggled_new();
	const char *in = toggled_write(t, "in.json", refusals[_i].document);
	const struct run *run =
	    TOGGLED_RUN(t, "import", "--database", t->database, in);

	ck_assert_int_eq(run->status, 1);
	has(run->err, "in.json");
	has_once(run->err, refusals[_i].says);
	toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", "--server", t->url, in);
	ck_assert_int_eq(run->status, 1);
	has(run->err, "in.json");
	has_once(run->err, refusals[_i].says);
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_environment_is_not_there_then_says_how_to_make_it)
{
	const bool online = is_online[_i];
	struct toggled *t = toggled_new();
	const char *in =
	    toggled_write(t, "in.json", "{\"toggles\":{\"a\":{}}}");
	const struct run *run;

	toggled_start(t, NULL);
	if (!online)
		ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	run = TOGGLED_RUN(t, "import", target_name(online), target(t, online),
			  "--environment", "nope", in);
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(
	    strstr(run->err, "there is no environment 'nope'"));
	ck_assert_ptr_nonnull(strstr(run->err, "PUT /v1/envs/nope"));
	toggled_free(t);
}
END_TEST

START_TEST(test_import_when_large_then_several_changes)
{
	enum { COUNT = 12000 };
	struct toggled *t = toggled_new();
	struct bytes text;
	const struct run *run;
	struct answer *a;

	bytes_init(&text);
	bytes_append_str(&text, "{\"flags\":{");
	for (int i = 0; i < COUNT; i++)
		bytes_printf(&text,
			     "%s\"k%d\":{\"state\":\"ENABLED\",\"variants\":{"
			     "\"on\":true},\"defaultVariant\":\"on\"}",
			     i ? "," : "", i);
	bytes_append_str(&text, "}}");
	toggled_write(t, "in.json", text.data);
	bytes_fini(&text);
	toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "import", "--server", t->url, "in.json");
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "12000 toggles and 0 segments in 2 changes, revision 3");
	a = toggled_get(t, "/v1/envs/default/toggles");
	ck_assert_uint_eq(json_object_size(json_at(answer_json(a), "/toggles")),
			  COUNT);
	toggled_free(t);
}
END_TEST

START_TEST(test_backup_when_served_or_not_then_whole)
{
	struct toggled *t = toggled_new();
	bool online = is_online[_i];
	const struct run *run;

	toggled_write(t, "in.json", flagd);
	run = TOGGLED_RUN(t, "import", "--database", t->database, "in.json");
	ck_assert_int_eq(run->status, 0);
	if (online)
		toggled_start(t, NULL);
	for (int i = 0; i < 2; i++) {
		run = TOGGLED_RUN(t, "backup", target_name(online),
				  target(t, online), "copy.db");
		ck_assert_msg(run->status == 0, "%s", run->err);
	}
	ck_assert_int_ne(access(toggled_path(t, "copy.db.part"), F_OK), 0);
	run = TOGGLED_RUN(t, "verify", "--database", "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	has(run->out, "2 changes");
	run = TOGGLED_RUN(t, "export", "--database", "copy.db");
	has(run->out, "\"a\":{");
	toggled_free(t);
}
END_TEST

START_TEST(test_backup_when_server_is_gone_then_database_is_the_fallback)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	toggled_write(t, "in.json", flagd);
	TOGGLED_RUN(t, "import", "--database", t->database, "in.json");
	run = TOGGLED_RUN(t, "backup", "--server", "http://127.0.0.1:1",
			  "copy.db");
	ck_assert_int_eq(run->status, 1);
	has(run->err, "cannot reach");
	ck_assert_int_ne(access(toggled_path(t, "copy.db"), F_OK), 0);
	run = TOGGLED_RUN(t, "backup", "--server", "http://127.0.0.1:1",
			  "--database", t->database, "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	toggled_free(t);
}
END_TEST

START_TEST(test_example_when_imported_then_nothing_is_broken)
{
	char path[PATH_MAX];
	struct toggled *t = toggled_new();
	const struct run *run;

	ck_assert_ptr_nonnull(realpath("conf/example.json", path));
	run = TOGGLED_RUN(t, "import", "--database", t->database, path);
	ck_assert_int_eq(run->status, 0);
	ck_assert_str_eq(run->err, "");
	has(run->out, "13 toggles and 3 segments");
	toggled_free(t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

int
main(void)
{
	Suite *suite = suite_create("cli");
	TCase *tc = tcase_create("cli");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, test_help_when_asked_of_a_command_then_lists_options, 0,
	    COUNT(words));
	tcase_add_loop_test(tc,
			    test_command_when_wrong_then_status_and_sentence, 0,
			    COUNT(faults));
	tcase_add_test(
	    tc, test_version_when_asked_then_program_and_loaded_libraries);
	tcase_add_test(tc,
		       test_serve_when_started_then_log_has_loaded_libraries);
	tcase_add_test(tc, test_check_when_config_is_good_then_says_so);
	tcase_add_loop_test(tc, test_import_when_exported_again_then_the_same,
			    0, COUNT(is_online));
	tcase_add_loop_test(
	    tc, test_import_when_strict_and_targeting_is_broken_then_refused, 0,
	    2);
	tcase_add_loop_test(
	    tc, test_import_when_targeting_is_broken_then_stored_and_reported,
	    0, COUNT(is_online));
	tcase_add_loop_test(tc,
			    test_import_when_it_disables_then_stored_and_warned,
			    0, COUNT(is_online));
	tcase_add_loop_test(tc, test_import_when_dry_then_nothing_is_stored, 0,
			    COUNT(is_online));
	tcase_add_loop_test(
	    tc, test_import_when_no_good_document_then_refused_with_the_place,
	    0, COUNT(refusals));
	tcase_add_loop_test(
	    tc,
	    test_import_when_environment_is_not_there_then_says_how_to_make_it,
	    0, 2);
	tcase_add_test(tc, test_import_when_large_then_several_changes);
	tcase_add_loop_test(tc, test_backup_when_served_or_not_then_whole, 0,
			    COUNT(is_online));
	tcase_add_test(
	    tc, test_backup_when_server_is_gone_then_database_is_the_fallback);
	tcase_add_test(tc, test_example_when_imported_then_nothing_is_broken);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
