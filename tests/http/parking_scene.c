#include "parking_scene.h"

#include <check.h>

enum { SOON_MS = 5000 };

const char *const parking_gauges[] = { "toggled_polls_outside",
				       "toggled_polls_suspended" };

struct expected {
	struct toggled *t;
	const char *name;
	int64_t value;
};

static bool
has_value(void *ctx)
{
	const struct expected *e = ctx;

	return metric(e->t, e->name) == e->value;
}

void
parking_wait_for(struct toggled *t, const char *name, int64_t value)
{
	struct expected e = { t, name, value };

	ck_assert_msg(wait_until(has_value, &e, SOON_MS),
		      "%s is %lld, not %lld", name, (long long)metric(t, name),
		      (long long)value);
}

struct toggled *
parking_start(int form)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--parking", scene_parkings[form], "--loops", "1");
	ck_assert_int_eq(
	    toggled_request(t, "PUT", T "/toggles/a", NULL, "{}")->status, 201);
	return t;
}

void
parking_flip(struct toggled *t, const char *body)
{
	ck_assert_int_eq(
	    toggled_request(t, "PATCH", T "/toggles/a", NULL, body)->status,
	    200);
}

struct answer *
parking_expect_revision(struct raw *raw, int64_t revision)
{
	struct answer *a = raw_answer(raw, SOON_MS);

	ck_assert_int_eq(a->status, 200);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), revision);
	return a;
}
