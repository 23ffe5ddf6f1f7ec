#include "trial.h"

#include <check.h>
#include <inttypes.h>

#include "scene.h"

void
trial_read_history(struct toggled *t, struct journal *journal, int64_t known)
{
	const char *path = ENV "/history?limit=1000";

	while (path != NULL) {
		json_t *page = ask_json(t, "GET", path, NULL, 200);
		json_t *next = json_at(page, "/next");
		json_t *change;
		size_t i;

		json_array_foreach(json_at(page, "/changes"), i, change)
		{
			if (json_int_at(change, "/revision") > known)
				journal_add_change(journal, change);
		}
		path = json_is_null(next) || json_integer_value(next) <= known
			   ? NULL
			   : toggled_text(t,
					  ENV "/history?limit=1000&before="
					      "%" PRId64,
					  (int64_t)json_integer_value(next));
	}
}

void
trial_judge(const struct journal *journal, int64_t head, const char *when)
{
	struct journal_why why = { "" };

	ck_assert_msg(journal_is_dense(journal, head, &why) &&
			  journal_is_durable(journal, &why) &&
			  journal_has_no_phantom(journal, &why),
		      "%s: %s", when, why.text);
}

void
trial_catch_up(struct toggled *t, struct follower *followers, int count,
	       int64_t head, const char *when)
{
	json_t *now =
	    json_at(ask_json(t, "GET", ENV "/toggles", NULL, 200), "/toggles");

	for (int i = 0; i < count; i++) {
		struct follower *f = &followers[i];

		if (f->revision < head)
			ck_assert(crew_apply(
			    f, ask_json(t, "GET",
					toggled_text(t, ENV "/changes?since=%s",
						     f->cursor),
					NULL, 200)));
		ck_assert_int_eq(f->revision, head);
		ck_assert_msg(f->fulls == 1, "%s: a cursor died", when);
		ck_assert(json_equal(f->state, now));
	}
}

void
trial_verify(struct toggled *t)
{
	const struct run *run =
	    TOGGLED_RUN(t, "verify", "--database", t->database);

	ck_assert_msg(run->status == 0, "verify: %d %s%s", run->status,
		      run->out, run->err);
}
