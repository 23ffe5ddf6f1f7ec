/*
 * What the one writer judges on top of what is staged: who may still do it, by
 * the kind of what would change, and what must hold over all access tokens. The
 * registry's thread is held while several orders are submitted, so that it
 * finds all of them at once.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fixture_registry.h"
#include "model/name.h"
#include "model/token.h"
#include "suite.h"
#include "wire/json.h"
#include "wire/token.h"

static struct desk desk;

static void
setup(void)
{
	desk_open(&desk);
}

static void
teardown(void)
{
	desk_close(&desk);
}

/* A token order as it lies at the registry. */
struct order {
	struct ticket ticket;
	struct token_order tokens;
};

static int64_t
now_ms(void)
{
	const struct clock clock = clock_system();

	return clock_wall_ms(&clock);
}

static void
order_init(struct order *order)
{
	struct job *job = &order->ticket.job;

	ticket_init(&order->ticket, &desk, JOB_WRITE);
	job->by = (struct principal){ .kind = PRINCIPAL_NOBODY };
	job->environment = desk_string(NAME_ACCESS_ENVIRONMENT);
	job->write.edits = order->tokens.edits;
	job->write.count = order->tokens.count;
	job->write.create_environment = true;
}

static void
order_token(struct order *order, const char *body)
{
	struct value json;

	ck_assert_int_eq(
	    json_decode(body, strlen(body), NULL, &desk.arena, &json, NULL),
	    STATUS_OK);
	ck_assert_int_eq(token_order_create(&json, now_ms(), &desk.arena,
					    &order->tokens, NULL),
			 STATUS_OK);
	order_init(order);
}

static const struct definition *
find_token(const char *id)
{
	return token_find(desk.catalog, id, CREDENTIAL_ID_LENGTH);
}

static void
order_revocation(struct order *order, const char *id)
{
	token_order_revoke(find_token(id), &order->tokens);
	order_init(order);
}

/* Whose token has that id. */
static struct principal
holder(const char *id)
{
	return principal_of(find_token(id)->token, 0);
}

static enum status
finish(struct order *order)
{
	enum status rc;

	ticket_wait(&order->ticket);
	rc = order->ticket.job.status;
	job_fini(&order->ticket.job);
	return rc;
}

static enum status
run(struct order *order)
{
	ticket_submit(&order->ticket);
	return finish(order);
}

/* Make a token by whom `by` names (NULL: nobody); its id. */
static void
make(const char *by, const char *body, char id[CREDENTIAL_ID_LENGTH + 1])
{
	struct order order;

	order_token(&order, body);
	if (by != NULL)
		order.ticket.job.by = holder(by);
	ck_assert_int_eq(run(&order), STATUS_OK);
	memcpy(id, order.tokens.id, CREDENTIAL_ID_LENGTH + 1);
}

#define ANN "{\"name\":\"ann\",\"role\":\"admin\"}"
#define BOB "{\"name\":\"bob\",\"role\":\"admin\"}"

START_TEST(test_first_token_when_it_is_no_admins_then_refused)
{
	struct order order;

	order_token(&order, "{\"name\":\"c\",\"role\":\"client\","
			    "\"environments\":[\"*\"]}");
	ck_assert_int_eq(run(&order), STATUS_CONFLICT);
	ck_assert(!token_is_needed(desk.catalog));
}
END_TEST

START_TEST(test_first_token_when_staged_then_nobody_writes_behind_it)
{
	struct order first, second;
	struct ticket toggle;

	desk_hold(&desk);
	order_token(&first, ANN);
	order_token(&second, BOB);
	ticket_edit(&toggle, &desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	toggle.job.by = (struct principal){ .kind = PRINCIPAL_NOBODY };
	ticket_submit(&first.ticket);
	ticket_submit(&second.ticket);
	ticket_submit(&toggle);
	desk_release(&desk);
	ck_assert_int_eq(finish(&first), STATUS_OK);
	ck_assert_int_eq(finish(&second), STATUS_UNAUTHORIZED);
	ticket_wait(&toggle);
	ck_assert_int_eq(toggle.job.status, STATUS_UNAUTHORIZED);
	job_fini(&toggle.job);
	ck_assert_ptr_null(desk_toggle(&desk, "t"));
}
END_TEST

START_TEST(test_name_when_staged_twice_then_the_second_is_refused)
{
	char ann[CREDENTIAL_ID_LENGTH + 1];
	struct order orders[3];

	make(NULL, ANN, ann);
	desk_hold(&desk);
	for (int i = 0; i < 3; i++) {
		order_token(&orders[i], i < 2 ? BOB : ANN);
		orders[i].ticket.job.by = holder(ann);
		ticket_submit(&orders[i].ticket);
	}
	desk_release(&desk);
	ck_assert_int_eq(finish(&orders[0]), STATUS_OK);
	ck_assert_int_eq(finish(&orders[1]), STATUS_CONFLICT);
	ck_assert_int_eq(finish(&orders[2]), STATUS_CONFLICT);
}
END_TEST

/* A name is free again in the same transaction. */
START_TEST(test_name_when_its_token_is_staged_to_go_then_free)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], bob[CREDENTIAL_ID_LENGTH + 1];
	struct order gone, again;

	make(NULL, ANN, ann);
	make(ann, BOB, bob);
	desk_hold(&desk);
	order_revocation(&gone, bob);
	gone.ticket.job.by = holder(ann);
	order_token(&again, BOB);
	again.ticket.job.by = holder(ann);
	ticket_submit(&gone.ticket);
	ticket_submit(&again.ticket);
	desk_release(&desk);
	ck_assert_int_eq(finish(&gone), STATUS_OK);
	ck_assert_int_eq(finish(&again), STATUS_OK);
}
END_TEST

START_TEST(test_admins_when_they_revoke_each_other_then_the_first_is_obeyed)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], bob[CREDENTIAL_ID_LENGTH + 1];
	struct order by_ann, by_bob;

	make(NULL, ANN, ann);
	make(ann, BOB, bob);
	desk_hold(&desk);
	order_revocation(&by_ann, bob);
	by_ann.ticket.job.by = holder(ann);
	order_revocation(&by_bob, ann);
	by_bob.ticket.job.by = holder(bob);
	ticket_submit(&by_ann.ticket);
	ticket_submit(&by_bob.ticket);
	desk_release(&desk);
	ck_assert_int_eq(finish(&by_ann), STATUS_OK);
	ck_assert_int_eq(finish(&by_bob), STATUS_UNAUTHORIZED);
	ck_assert_ptr_nonnull(find_token(ann));
}
END_TEST

/* Each is let in all the while; together they would leave nobody. */
START_TEST(test_admins_when_each_goes_by_itself_then_the_last_one_stays)
{
	char ids[2][CREDENTIAL_ID_LENGTH + 1];
	struct order orders[2];

	make(NULL, ANN, ids[0]);
	make(ids[0], BOB, ids[1]);
	desk_hold(&desk);
	for (int i = 0; i < 2; i++) {
		order_revocation(&orders[i], ids[i]);
		orders[i].ticket.job.by = holder(ids[i]);
		ticket_submit(&orders[i].ticket);
	}
	desk_release(&desk);
	ck_assert_int_eq(finish(&orders[0]), STATUS_OK);
	ck_assert_int_eq(finish(&orders[1]), STATUS_CONFLICT);
}
END_TEST

START_TEST(test_admin_when_the_only_other_has_expired_then_not_revoked)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], bob[CREDENTIAL_ID_LENGTH + 1];
	char text[CLOCK_TEXT_BYTES], body[128];
	struct order order;
	const int64_t until_ms = now_ms() + 300;

	make(NULL, ANN, ann);
	clock_format(until_ms, text);
	(void)snprintf(body, sizeof(body),
		       "{\"name\":\"bob\",\"role\":\"admin\","
		       "\"expiresAt\":\"%s\"}",
		       text);
	make(ann, body, bob);
	while (now_ms() < until_ms)
		desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	order_revocation(&order, ann);
	order.ticket.job.by = holder(ann);
	ck_assert_int_eq(run(&order), STATUS_CONFLICT);
	/* The expired one is no loss. */
	order_revocation(&order, bob);
	order.ticket.job.by = holder(ann);
	ck_assert_int_eq(run(&order), STATUS_OK);
}
END_TEST

START_TEST(test_write_when_its_token_is_staged_to_go_then_unauthorized)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], eve[CREDENTIAL_ID_LENGTH + 1];
	struct order gone;
	struct ticket toggle, rollback;

	make(NULL, ANN, ann);
	make(ann,
	     "{\"name\":\"eve\",\"role\":\"editor\",\"environments\":[\"*\"]}",
	     eve);
	desk_hold(&desk);
	order_revocation(&gone, eve);
	gone.ticket.job.by = holder(ann);
	ticket_edit(&toggle, &desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	toggle.job.by = holder(eve);
	toggle.job.dry_run = _i == 1;
	ticket_init(&rollback, &desk, JOB_ROLLBACK);
	rollback.job.by = holder(eve);
	rollback.job.rollback.to.revision = 1;
	ticket_submit(&gone.ticket);
	ticket_submit(&toggle);
	ticket_submit(&rollback);
	desk_release(&desk);
	ck_assert_int_eq(finish(&gone), STATUS_OK);
	ticket_wait(&toggle);
	ticket_wait(&rollback);
	ck_assert_int_eq(toggle.job.status, STATUS_UNAUTHORIZED);
	ck_assert_int_eq(rollback.job.status, STATUS_UNAUTHORIZED);
	job_fini(&toggle.job);
	job_fini(&rollback.job);
	ck_assert_ptr_null(desk_toggle(&desk, "t"));
}
END_TEST

/* Each kind of edit by each role that writes. */
static const struct {
	enum edit_verb verb;
	enum kind kind;
	const char *key;
	const char *json;
	enum role least;
} edits[] = {
	{ EDIT_PUT, KIND_TOGGLE, "new", "{}", ROLE_EDITOR },
	{ EDIT_PATCH, KIND_TOGGLE, "t", "{\"state\":\"DISABLED\"}",
	  ROLE_EDITOR },
	{ EDIT_FLAG, KIND_TOGGLE, "t", "{\"state\":\"DISABLED\"}",
	  ROLE_EDITOR },
	{ EDIT_REMOVE, KIND_TOGGLE, "t", NULL, ROLE_EDITOR },
	{ EDIT_PUT, KIND_SEGMENT, "new", "{\"==\":[1,1]}", ROLE_EDITOR },
	{ EDIT_PUT, KIND_SEGMENT, "s", "{\"==\":[1,2]}", ROLE_EDITOR },
	{ EDIT_REMOVE, KIND_SEGMENT, "s", NULL, ROLE_EDITOR },
	{ EDIT_PUT, KIND_ENVIRONMENT, "", "{\"metadata\":{\"a\":1}}",
	  ROLE_ADMIN },
	{ EDIT_PATCH, KIND_ENVIRONMENT, "", "{\"metadata\":{\"a\":1}}",
	  ROLE_ADMIN },
};

START_TEST(test_edit_when_made_by_each_role_then_its_kind_decides)
{
	static const enum role roles[] = { ROLE_EVALUATE, ROLE_CLIENT,
					   ROLE_VIEWER, ROLE_EDITOR,
					   ROLE_ADMIN };
	char ann[CREDENTIAL_ID_LENGTH + 1];

	make(NULL, ANN, ann);
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"==\":[1,1]}");
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const bool may = roles[i] >= edits[_i].least;
		char id[CREDENTIAL_ID_LENGTH + 1], body[128];
		struct ticket t;

		(void)snprintf(body, sizeof(body),
			       "{\"name\":\"%s\",\"role\":\"%s\","
			       "\"environments\":[\"*\"]}",
			       role_name(roles[i]), role_name(roles[i]));
		make(ann, body, id);
		ticket_edit(&t, &desk, edits[_i].verb, edits[_i].kind,
			    edits[_i].key, edits[_i].json);
		t.job.by = holder(id);
		/* So that each role finds the same. */
		t.job.dry_run = true;
		ck_assert_int_eq(ticket_run(&t),
				 may ? STATUS_OK : STATUS_FORBIDDEN);
		job_fini(&t.job);
	}
}
END_TEST

/* What changes nothing needs no right to change it: an editor takes a document
 * out and puts it back. */
START_TEST(
    test_settings_when_they_stay_as_they_are_then_an_editor_may_send_them)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], eve[CREDENTIAL_ID_LENGTH + 1];
	struct ticket t;

	make(NULL, ANN, ann);
	make(ann,
	     "{\"name\":\"eve\",\"role\":\"editor\",\"environments\":[\"*\"]}",
	     eve);
	desk_write(&desk, EDIT_PATCH, KIND_ENVIRONMENT, "",
		   "{\"metadata\":{\"a\":1}}");
	ticket_edit(&t, &desk, EDIT_PATCH, KIND_ENVIRONMENT, "",
		    "{\"metadata\":{\"a\":1}}");
	t.job.by = holder(eve);
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_rollback_when_an_editors_then_settings_stay_and_it_is_said)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], eve[CREDENTIAL_ID_LENGTH + 1];
	const char *const who[] = { eve, ann };
	struct ticket t;
	int64_t revision;

	make(NULL, ANN, ann);
	make(ann,
	     "{\"name\":\"eve\",\"role\":\"editor\",\"environments\":[\"*\"]}",
	     eve);
	revision = desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_ENVIRONMENT, "",
		   "{\"metadata\":{\"a\":1}}");
	desk_write(&desk, EDIT_REMOVE, KIND_TOGGLE, "t", NULL);
	for (int i = 0; i < 2; i++) {
		ticket_init(&t, &desk, JOB_ROLLBACK);
		t.job.by = holder(who[i]);
		t.job.rollback.to.revision = revision;
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		ck_assert_int_eq(t.job.warnings.count > 0, i == 0);
		ck_assert_uint_eq(t.job.change->count, 1);
		ck_assert_int_eq(t.job.change->items[0].kind,
				 i == 0 ? KIND_TOGGLE : KIND_ENVIRONMENT);
		job_fini(&t.job);
	}
}
END_TEST

/* Of an environment that is not the token's, whatever the loop thought. */
START_TEST(test_write_when_its_token_is_for_another_environment_then_forbidden)
{
	char ann[CREDENTIAL_ID_LENGTH + 1], eve[CREDENTIAL_ID_LENGTH + 1];
	struct ticket t;

	make(NULL, ANN, ann);
	make(ann,
	     "{\"name\":\"eve\",\"role\":\"editor\",\"environments\":[\"eu\"]}",
	     eve);
	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "t", "{}");
	t.job.by = holder(eve);
	ck_assert_int_eq(ticket_run(&t), STATUS_FORBIDDEN);
	job_fini(&t.job);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_first_token_when_it_is_no_admins_then_refused);
	tcase_add_test(
	    tc, test_first_token_when_staged_then_nobody_writes_behind_it);
	tcase_add_test(tc,
		       test_name_when_staged_twice_then_the_second_is_refused);
	tcase_add_test(tc, test_name_when_its_token_is_staged_to_go_then_free);
	tcase_add_test(
	    tc,
	    test_admins_when_they_revoke_each_other_then_the_first_is_obeyed);
	tcase_add_test(
	    tc, test_admins_when_each_goes_by_itself_then_the_last_one_stays);
	tcase_add_test(
	    tc, test_admin_when_the_only_other_has_expired_then_not_revoked);
	tcase_add_loop_test(
	    tc, test_write_when_its_token_is_staged_to_go_then_unauthorized, 0,
	    2);
	tcase_add_loop_test(
	    tc, test_edit_when_made_by_each_role_then_its_kind_decides, 0,
	    (int)(sizeof(edits) / sizeof(edits[0])));
	tcase_add_test(
	    tc,
	    test_settings_when_they_stay_as_they_are_then_an_editor_may_send_them);
	tcase_add_test(
	    tc,
	    test_rollback_when_an_editors_then_settings_stay_and_it_is_said);
	tcase_add_test(
	    tc,
	    test_write_when_its_token_is_for_another_environment_then_forbidden);
}

int
main(void)
{
	return suite_main("registry_rules", add);
}
