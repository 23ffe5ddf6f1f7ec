/*
 * The program is killed while it writes, again and again, on one database. What
 * it acknowledged has to be there, once; what it showed has to be there; what
 * nobody knows of is settled by sending it again under its key.
 *
 * CRASH_ROUNDS: how often (12). CRASH_SEED: which moments; a failure prints it.
 */
#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "line.h"
#include "scene.h"
#include "trial.h"

enum {
	WRITERS = 8,
	FOLLOWERS = 8,
	ROUNDS = 12,
	ROUND_SECONDS = 60, /* what one round may take at most */
	KILL_MIN_MS = 5,
	KILL_MAX_MS = 250,
};

struct crash {
	struct toggled *t;
	struct random random;
	uint64_t seed;
	int round;
	atomic_int acknowledged;
	struct writer writers[WRITERS];
	struct follower followers[FOLLOWERS];
	struct journal journal; /* of everybody */
};

static uint64_t
number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool
has_acknowledged(void *ctx)
{
	struct crash *crash = ctx;

	return atomic_load(&crash->acknowledged) > 0;
}

static bool
is_never(void *ctx)
{
	(void)ctx;
	return false;
}

static void
start_crew(struct crash *crash)
{
	atomic_store(&crash->acknowledged, 0);
	for (int i = 0; i < WRITERS; i++) {
		struct writer *w = &crash->writers[i];

		w->number = i;
		w->round = crash->round;
		w->port = crash->t->port;
		w->acknowledged = &crash->acknowledged;
		ck_assert_int_eq(
		    pthread_create(&w->thread, NULL, crew_write, w), 0);
	}
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &crash->followers[i];

		f->port = crash->t->port;
		ck_assert_int_eq(
		    pthread_create(&f->thread, NULL, crew_follow, f), 0);
	}
}

static void
join_crew(struct crash *crash)
{
	for (int i = 0; i < WRITERS; i++) {
		struct writer *w = &crash->writers[i];

		pthread_join(w->thread, NULL);
		ck_assert_msg(w->fault[0] == '\0', "seed %" PRIu64 ": %s",
			      crash->seed, w->fault);
		journal_join(&crash->journal, &w->journal);
		journal_fini(&w->journal);
	}
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &crash->followers[i];

		pthread_join(f->thread, NULL);
		ck_assert_msg(f->fault[0] == '\0', "seed %" PRIu64 ": %s",
			      crash->seed, f->fault);
		journal_join(&crash->journal, &f->journal);
		journal_fini(&f->journal);
	}
}

/* Let all work, and kill the program a moment after it acknowledged a write. */
static void
crash_once(struct crash *crash)
{
	int64_t moment =
	    KILL_MIN_MS + (int64_t)random_below(&crash->random,
						KILL_MAX_MS - KILL_MIN_MS + 1);

	start_crew(crash);
	ck_assert(wait_until(has_acknowledged, crash, DEADLINE_ANSWER_MS));
	ck_assert(!wait_until(is_never, NULL, moment));
	ck_assert_int_eq(toggled_stop(crash->t, SIGKILL), 128 + SIGKILL);
	join_crew(crash);
}

/* Writes of which nobody knows the outcome are sent again under their keys. */
static size_t
settle_unknown(struct crash *crash)
{
	struct bytes request;
	struct line line;
	size_t unknown = 0;

	bytes_init(&request);
	line_open(&line, crash->t->port);
	for (size_t i = 0; i < crash->journal.write_count; i++) {
		struct journal_write *w = &crash->journal.writes[i];
		char fault[300] = "";
		json_t *body;
		long status;

		if (w->revision != 0)
			continue;
		crew_write_request(w, &request);
		status = line_ask(&line, &request, &body);
		w->revision =
		    crew_write_revision(w, status, body, fault, sizeof(fault));
		ck_assert_msg(w->revision != 0, "seed %" PRIu64 ": %s",
			      crash->seed, fault);
		json_decref(body);
		unknown++;
	}
	line_close(&line);
	bytes_fini(&request);
	return unknown;
}

/* A good record, and what makes each judge refuse it. */
static void
expect_judges_refuse(struct journal *j, int64_t head)
{
	struct journal_why why = { "" };
	struct journal_entry lost;
	size_t i = 0;

	/* A change that was acknowledged, out of the middle of the history. */
	while (j->entries[i].revision != j->writes[j->write_count / 2].revision)
		i++;
	lost = j->entries[i];
	j->entries[i] = j->entries[--j->entry_count];
	ck_assert(!journal_is_durable(j, &why));
	ck_assert(!journal_is_dense(j, head, &why));
	j->entries[j->entry_count++] = lost;
	ck_assert(journal_is_durable(j, &why));
	/* It is there and says something else. */
	j->entries[j->entry_count - 1].first_value++;
	ck_assert(!journal_is_durable(j, &why));
	j->entries[j->entry_count - 1].first_value--;
	/* It is there twice. */
	(void)snprintf(j->entries[0].comment, sizeof(j->entries[0].comment),
		       "%s", lost.comment);
	ck_assert(!journal_is_durable(j, &why));
	/* A revision that was shown and is not there. */
	journal_add_sight(j, head + 1, "", 0);
	ck_assert(!journal_has_no_phantom(j, &why));
}

static void
one_round(struct crash *crash, int64_t *head, bool is_last)
{
	const char *when = toggled_text(crash->t, "round %d, seed %" PRIu64,
					crash->round, crash->seed);
	size_t acknowledged = crash->journal.write_count;
	size_t unknown;

	crash_once(crash);
	trial_verify(crash->t);
	toggled_start(crash->t, NULL);
	unknown = settle_unknown(crash);
	acknowledged = crash->journal.write_count - acknowledged - unknown;
	ck_assert_uint_gt(acknowledged, 0);
	if (is_last) { /* all of it, once more */
		crash->journal.entry_count = 0;
		*head = 0;
	}
	trial_read_history(crash->t, &crash->journal, *head);
	*head = head_revision(crash->t);
	trial_judge(&crash->journal, *head, when);
	trial_catch_up(crash->t, crash->followers, FOLLOWERS, *head, when);
	printf("round %d: %zu acknowledged, %zu settled, head %" PRId64 "\n",
	       crash->round, acknowledged, unknown, *head);
}

START_TEST(test_kill_when_writing_then_no_promise_is_broken)
{
	struct toggled *t = scene_open();
	struct crash *crash = toggled_own(t, calloc(1, sizeof(*crash)), free);
	uint64_t chance;
	int rounds = (int)number_from_environment("CRASH_ROUNDS", ROUNDS);
	int64_t head = 0;

	random_bytes(&chance, sizeof(chance));
	crash->t = t;
	crash->seed = number_from_environment("CRASH_SEED", chance % 1000000);
	random_seed(&crash->random, crash->seed);
	for (int i = 0; i < FOLLOWERS; i++)
		crash->followers[i].state = json_object();
	for (crash->round = 1; crash->round <= rounds; crash->round++)
		one_round(crash, &head, crash->round == rounds);
	scene_stop(t);
	trial_verify(t);
	expect_judges_refuse(&crash->journal, head);
	for (int i = 0; i < FOLLOWERS; i++) {
		json_decref(crash->followers[i].state);
		journal_fini(&crash->followers[i].journal);
	}
	journal_fini(&crash->journal);
	toggled_free(t);
}
END_TEST

/* A small record of a store that kept its promises: revision 1 made the
 * environment, then came a single write and a pair. */
#define VALUE(n) "{\"after\":{\"variants\":{\"value\":" #n "}}}"
static void
write_record(struct journal *j)
{
	static const char *const changes[] = {
		("{\"revision\":3,\"comment\":\"two\",\"toggles\":{"
		 "\"pa\":" VALUE(7) ",\"pb\":" VALUE(7) "}}"),
		("{\"revision\":2,\"comment\":\"one\",\"toggles\":{"
		 "\"s\":" VALUE(5) "}}"),
		"{\"revision\":1,\"comment\":\"\",\"toggles\":{}}",
	};
	const struct journal_write one = {
		.name = "one", .key = "s", .value = 5, .revision = 2
	};
	const struct journal_write two = { .name = "two",
					   .key = "p",
					   .is_pair = true,
					   .value = 7,
					   .revision = 3 };

	memset(j, 0, sizeof(*j));
	for (int i = 0; i < COUNT(changes); i++) {
		json_t *change = json_loads(changes[i], 0, NULL);

		journal_add_change(j, change);
		json_decref(change);
	}
	journal_add_write(j, &one);
	journal_add_write(j, &two);
	journal_add_sight(j, 3, "", 0);
	journal_add_sight(j, 2, "s", 5);
	journal_add_sight(j, 3, "pb", 7);
}

static bool
is_good(const struct journal *j)
{
	struct journal_why why;

	return journal_is_dense(j, 3, &why) && journal_is_durable(j, &why) &&
	       journal_has_no_phantom(j, &why);
}

START_TEST(test_judges_when_record_is_doctored_then_they_refuse)
{
	struct journal good, j;

	write_record(&good);
	ck_assert(is_good(&good));
#define DOCTORED(doctoring)                                                    \
	do {                                                                   \
		write_record(&j);                                              \
		doctoring;                                                     \
		ck_assert_msg(!is_good(&j), "passed: %s", #doctoring);         \
		journal_fini(&j);                                              \
	} while (0)
	DOCTORED(j.entry_count--);
	DOCTORED(j.entries[0] = j.entries[--j.entry_count]);
	DOCTORED(j.entries[0].revision = 4);
	DOCTORED(j.entries[1].revision = 3);
	DOCTORED(j.entries[1].first_value = 6);
	DOCTORED(j.entries[0].second_value = 6);
	DOCTORED(j.entries[0].count = 1);
	DOCTORED(j.entries[1].first[0] = 'x');
	DOCTORED(j.entries[0].second[0] = 'x');
	DOCTORED(j.entries[1].comment[0] = 'x');
	DOCTORED(j.entries[2] = j.entries[1]; j.entries[2].revision = 1);
	DOCTORED(j.writes[0].revision = 0);
	DOCTORED(j.writes[0].revision = 3);
	DOCTORED(j.writes[1].revision = 9);
	DOCTORED(j.sights[0].revision = 4);
	DOCTORED(j.sights[1].value = 6);
	DOCTORED(j.sights[2].key[0] = 'x');
#undef DOCTORED
	journal_fini(&good);
}
END_TEST

static void
add(struct TCase *tc)
{
	uint64_t rounds = number_from_environment("CRASH_ROUNDS", ROUNDS);

	tcase_set_timeout(tc, (double)(rounds * ROUND_SECONDS));
	tcase_add_test(tc,
		       test_judges_when_record_is_doctored_then_they_refuse);
	tcase_add_test(tc, test_kill_when_writing_then_no_promise_is_broken);
}

int
main(void)
{
	return scene_main("crash", add);
}
