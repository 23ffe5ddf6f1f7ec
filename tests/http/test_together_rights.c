/*
 * Legal requests at once, where something must hold over several definitions:
 * the last admin, the names of tokens, the first token of all, conditions and
 * keys. Whatever the order they come in, one of them is first.
 */
#include <check.h>
#include <string.h>

#include "held.h"
#include "login.h"

enum { ROUNDS = 20, MANY = 24 };

struct person {
	const char *header;
	const char *id;
};

/* A further admin, made by whom `by` shows. */
static struct person
make_admin(struct toggled *t, const char *by, int number)
{
	struct person person;
	const char *token = make_token(
	    t, by,
	    toggled_text(t, "{\"name\":\"p%d\",\"role\":\"admin\"}", number),
	    &person.id);

	person.header = bearer(t, token);
	return person;
}

static bool
gets_in(struct toggled *t, const struct person *person)
{
	return status_of(t, person->header, "GET", "/v1/tokens", NULL) == 200;
}

/* The id of the only token there is. */
static const char *
only_id(struct toggled *t, const char *header)
{
	json_t *list = answer_json(
	    ask_with(t, HEADERS(header), "GET", "/v1/tokens", NULL, 200));

	ck_assert_uint_eq(json_object_size(json_at(list, "/tokens")), 1);
	return json_object_iter_key(json_object_iter(json_at(list, "/tokens")));
}

/* Each revokes the next one, all at the same time. Those that are left; every
 * one that somebody was told is revoked is gone. */
static int
revoke_in_a_ring(struct toggled *t, const struct person *people, int count)
{
	struct held held[MANY];
	bool revoked[MANY] = { false };
	int left = 0;

	for (int i = 0; i < count; i++)
		held[i] = held_begin(t, people[i].header, "DELETE",
				     toggled_text(t, "/v1/tokens/%s",
						  people[(i + 1) % count].id),
				     NULL);
	for (int i = 0; i < count; i++)
		held_release(&held[i]);
	for (int i = 0; i < count; i++) {
		const long status = held_finish(&held[i]);

		ck_assert_msg(status == 200 || status == 401 || status == 409 ||
				  status == 429,
			      "%ld", status);
		revoked[(i + 1) % count] = status == 200;
	}
	for (int i = 0; i < count; i++) {
		const bool in = gets_in(t, &people[i]);

		ck_assert_msg(in == !revoked[i], "person %d of %d", i, count);
		left += in;
	}
	return left;
}

/* Somebody who still gets in. */
static const struct person *
survivor(struct toggled *t, const struct person *people, int count)
{
	for (int i = 0; i < count; i++)
		if (gets_in(t, &people[i]))
			return &people[i];
	ck_abort_msg("nobody can log in any more");
	return NULL;
}

START_TEST(test_admins_when_each_revokes_another_at_once_then_one_stays)
{
	const int count = _i;
	const int rounds = count == 2 ? ROUNDS : 2;
	struct person people[MANY];
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	const char *first = only_id(t, admin);
	int number = 0;

	for (int i = 0; i < count; i++)
		people[i] = make_admin(t, admin, number++);
	ask_with(t, HEADERS(people[0].header), "DELETE",
		 toggled_text(t, "/v1/tokens/%s", first), NULL, 200);
	for (int round = 0; round < rounds; round++) {
		const struct person *one;

		ck_assert_int_ge(revoke_in_a_ring(t, people, count), 1);
		one = survivor(t, people, count);
		for (int i = 0; i < count; i++)
			if (&people[i] != one && !gets_in(t, &people[i]))
				people[i] =
				    make_admin(t, one->header, number++);
	}
	scene_close(t);
}
END_TEST

/* The same request many times at once: how many were answered `status`. */
static int
count_of(struct toggled *t, const char *header, const char *method,
	 const char *path, const char *body, long status, long other)
{
	struct held held[MANY];
	int count = 0;

	for (int i = 0; i < MANY; i++)
		held[i] = held_begin(t, header, method, path, body);
	for (int i = 0; i < MANY; i++)
		held_release(&held[i]);
	for (int i = 0; i < MANY; i++) {
		const long got = held_finish(&held[i]);

		ck_assert_msg(got == status || got == other, "%ld", got);
		count += got == status;
	}
	return count;
}

START_TEST(test_tokens_when_made_under_one_name_at_once_then_one_is)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);

	for (int round = 0; round < ROUNDS; round++)
		ck_assert_int_eq(
		    count_of(t, admin, "POST", "/v1/tokens",
			     toggled_text(t,
					  "{\"name\":\"n%d\",\"role\":"
					  "\"client\",\"environments\":"
					  "[\"*\"]}",
					  round),
			     201, 409),
		    1);
	scene_close(t);
}
END_TEST

/* Nobody's second request finds an open server any more. */
START_TEST(test_first_token_when_made_at_once_then_one_is)
{
	for (int round = 0; round < 3; round++) {
		struct toggled *t = scene_open();
		struct held held[MANY];
		int made = 0;

		for (int i = 0; i < MANY; i++)
			held[i] = held_begin(
			    t, NULL, "POST", "/v1/tokens",
			    toggled_text(
				t, "{\"name\":\"p%d\",\"role\":\"admin\"}", i));
		for (int i = 0; i < MANY; i++)
			held_release(&held[i]);
		for (int i = 0; i < MANY; i++) {
			const long status = held_finish(&held[i]);

			ck_assert_msg(status == 201 || status == 401 ||
					  status == 429,
				      "%ld", status);
			made += status == 201;
		}
		ck_assert_int_eq(made, 1);
		scene_close(t);
	}
}
END_TEST

START_TEST(test_rotation_when_asked_for_at_once_then_once)
{
	const char *admin, *id;
	struct toggled *t = open_guarded(0, &admin);

	(void)make_token(t, admin,
			 "{\"name\":\"c\",\"role\":\"client\","
			 "\"environments\":[\"*\"]}",
			 &id);
	for (int round = 0; round < 3; round++)
		ck_assert_int_ge(
		    count_of(t, admin, "POST",
			     toggled_text(t, "/v1/tokens/%s/rotate", id), NULL,
			     200, 412),
		    1);
	scene_close(t);
}
END_TEST

/* The header says it: If-None-Match, If-Match. */
static const struct {
	const char *header;
	const char *method;
	const char *path;
	const char *body;
	long once;
} conditions[] = {
	{ "If-None-Match: *", "PUT", ENV "/toggles/t", "{}", 201 },
	{ "If-None-Match: *", "PUT", ENV "/segments/s", "{}", 201 },
	{ "If-None-Match: *", "PUT", "/v1/envs/e", "{}", 201 },
	{ "If-Match: \"2\"", "PATCH", ENV "/toggles/a",
	  "{\"description\":\"x\"}", 200 },
	{ "If-Match: \"2\"", "DELETE", ENV "/toggles/a", NULL, 200 },
};

START_TEST(test_condition_when_many_state_it_at_once_then_it_holds_once)
{
	struct toggled *t = scene_open();

	ck_assert_int_eq(put_toggle(t, "a", "{}"), 2);
	ck_assert_int_eq(count_of(t, conditions[_i].header,
				  conditions[_i].method, conditions[_i].path,
				  conditions[_i].body, conditions[_i].once,
				  412),
			 1);
	scene_close(t);
}
END_TEST

START_TEST(test_key_when_many_show_it_at_once_then_one_change)
{
	struct toggled *t = scene_open();
	const int64_t before = head_revision(t);

	ck_assert_int_eq(count_of(t, "Idempotency-Key: k", "PUT",
				  ENV "/toggles/t", "{}", 201, 201),
			 MANY);
	ck_assert_int_eq(head_revision(t), before + 1);
	scene_close(t);
}
END_TEST

/* A segment goes while toggles come to refer to it: never a toggle without. */
START_TEST(test_segment_when_removed_beside_new_references_then_none_is_broken)
{
	struct toggled *t = scene_open();

	for (int round = 0; round < ROUNDS; round++) {
		struct held held[2];
		long removed, made;

		ask(t, "PUT", ENV "/segments/s", "{\"==\":[1,1]}",
		    round == 0 ? 201 : 200);
		held[0] =
		    held_begin(t, NULL, "DELETE", ENV "/segments/s", NULL);
		held[1] = held_begin(
		    t, NULL, "PUT", toggled_text(t, ENV "/toggles/t%d", round),
		    "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}");
		held_release(&held[round % 2]);
		held_release(&held[1 - round % 2]);
		removed = held_finish(&held[0]);
		made = held_finish(&held[1]);
		ck_assert_msg((removed == 200) != (made == 201), "%ld %ld",
			      removed, made);
		if (made == 201)
			ask(t, "DELETE",
			    toggled_text(t, ENV "/toggles/t%d", round), NULL,
			    200);
		if (removed == 200)
			ask(t, "PUT", ENV "/segments/s", "{\"==\":[1,1]}", 201);
	}
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	static const int rings[] = { 2, MANY };

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		tcase_add_loop_test(
		    tc,
		    test_admins_when_each_revokes_another_at_once_then_one_stays,
		    rings[i], rings[i] + 1);
	tcase_add_test(
	    tc, test_tokens_when_made_under_one_name_at_once_then_one_is);
	tcase_add_test(tc, test_first_token_when_made_at_once_then_one_is);
	tcase_add_test(tc, test_rotation_when_asked_for_at_once_then_once);
	tcase_add_loop_test(
	    tc, test_condition_when_many_state_it_at_once_then_it_holds_once, 0,
	    COUNT(conditions));
	tcase_add_test(tc, test_key_when_many_show_it_at_once_then_one_change);
	tcase_add_test(
	    tc,
	    test_segment_when_removed_beside_new_references_then_none_is_broken);
}

int
main(void)
{
	return scene_main("together_rights", add);
}
