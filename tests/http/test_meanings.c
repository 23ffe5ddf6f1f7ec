/*
 * A request means what it meant: what older releases answered (release.h) is
 * answered still, but for what tests/compat/X.Y/allowed.http lists. A
 * difference that is not listed fails, and so does a listed one that does not
 * occur.
 *
 * TOGGLED_PREVIOUS names the binary of the release before (`make compat`): then
 * its side of the list, and of its recordings, is tried as well.
 *
 * With COMPAT_UPDATE set both sides of the list are written from what the two
 * binaries answer, and what is not listed yet is put at its end.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allowed.h"
#include "conversation.h"
#include "doc.h"
#include "golden.h"
#include "meaning.h"
#include "release.h"
#include "scene.h"

enum { CASE_SECONDS = 120, REASON_MIN = 20 };

#define LIST_OF(release) "tests/compat/" release "/allowed.http"
#define LIST LIST_OF(RELEASE)

/* Newest first. What differs from a release long ago may stand in the list of
 * any that came after it. */
static const char *const lists[] = { LIST, LIST_OF("0.3") };

enum { LISTS = COUNT(lists) };

static bool
is_updating(void)
{
	return getenv("COMPAT_UPDATE") != NULL;
}

static void
serve_previous(struct toggled *t)
{
	ck_assert_ptr_nonnull(realpath(getenv("TOGGLED_PREVIOUS"), t->binary));
}

/* --- recordings ------------------------------------------------------------
 */

/* The next request of a recording with its answer; false at the end. */
static bool
next_exchange(struct toggled *t, const char **text, const char **request,
	      const char **answer)
{
	while (**text != '\0' && **text != '>') {
		*text += strcspn(*text, "\n");
		*text += **text == '\n';
	}
	if (**text == '\0')
		return false;
	*request = conversation_take(t, text, '>');
	*answer = conversation_take(t, text, '<');
	return true;
}

/* Not listed yet: at the end of the list, for somebody to say why. */
static void
append_difference(struct toggled *t, const char *recording, const char *request,
		  const char *was, const char *is)
{
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, doc_read(t, LIST));
	bytes_printf(&text, "\n== %s: \n# \n", recording);
	conversation_put(&text, '>', request);
	conversation_put(&text, '-', was);
	conversation_put(&text, '+', is);
	conversation_write_file(LIST, &text);
	bytes_fini(&text);
}

static void
judge_difference(struct toggled *t, struct allowed *const *allowed,
		 const char *recording, const char *request, const char *was,
		 const char *is)
{
	struct allowed_step *step = NULL;
	bool is_overtaken = false;

	for (int i = 0; i < LISTS && step == NULL; i++) {
		step = allowed_find(allowed[i], recording, request, was);
		is_overtaken =
		    step != NULL && i > 0 && !meaning_holds(step->is, is);
	}
	if ((step == NULL || is_overtaken) && is_updating()) {
		append_difference(t, recording, request, was, is);
		return;
	}
	ck_assert_msg(step != NULL,
		      "%s: this is answered otherwise, and " LIST
		      " does not allow it:\n%s--- was\n%s--- is\n%s",
		      recording, request, was, is);
	ck_assert_msg(meaning_holds(step->is, is),
		      "%s: " LIST " allows another difference:\n%s--- says\n"
		      "%s--- is\n%s",
		      recording, request, step->is, is);
	step->used = true;
}

/* In the newest list: in an older one a row may have been overtaken. */
static void
expect_all_used(const struct allowed *allowed, const char *recording)
{
	for (size_t i = 0; i < allowed->count; i++) {
		const struct allowed_section *s = &allowed->sections[i];

		for (size_t n = 0; n < s->step_count; n++)
			ck_assert_msg(s->file == NULL ||
					  strcmp(s->file, recording) != 0 ||
					  s->steps[n].used,
				      "'%s' is listed, but does not occur:\n%s",
				      s->title, s->steps[n].request);
	}
}

START_TEST(test_recording_when_asked_again_then_means_the_same)
{
	struct toggled *t = toggled_new();
	const char *recording = release_recording(t, _i);
	const char *text =
	    doc_read(t, toggled_text(t, "tests/compat/%s", recording));
	struct allowed *allowed[LISTS];
	struct conversation *c;
	const char *request;
	const char *was;

	for (int i = 0; i < LISTS; i++)
		allowed[i] = allowed_read(t, lists[i]);
	release_serve(t, recording);
	c = conversation_open(t);
	while (next_exchange(t, &text, &request, &was)) {
		const char *is = conversation_ask(c, request);

		if (!meaning_holds(was, is))
			judge_difference(t, allowed, recording, request, was,
					 is);
	}
	expect_all_used(allowed[0], recording);
	scene_stop(t);
	expect_verified(t, t->database);
	toggled_free(t);
}
END_TEST

/* What a recording says is what that release says, to the letter. GOLDEN_UPDATE
 * makes it. */
START_TEST(test_recording_when_its_release_is_asked_then_is_true)
{
	struct toggled *t = toggled_new();
	const char *recording = release_recording(t, _i);
	const char *previous = release_of_previous(t);

	serve_previous(t);
	if (strncmp(recording, previous, strlen(previous)) == 0) {
		release_serve(t, recording);
		golden_replay(t, toggled_text(t, "tests/compat/%s", recording));
	}
	toggled_free(t);
}
END_TEST

/* --- the list --------------------------------------------------------------
 */

START_TEST(test_list_when_read_then_each_says_what_and_why)
{
	struct toggled *t = toggled_new();
	const struct allowed *allowed = allowed_read(t, LIST);

	ck_assert_int_gt(release_recordings(), 0);
	for (size_t i = 0; i < allowed->count; i++) {
		const struct allowed_section *s = &allowed->sections[i];
		int differences = 0;

		ck_assert_msg(*s->title != '\0' &&
				  strlen(s->reason) > REASON_MIN,
			      LIST ": '%s' does not say what or why", s->title);
		for (size_t n = 0; n < s->step_count; n++) {
			const struct allowed_step *step = &s->steps[n];

			if (step->was == NULL)
				continue;
			differences++;
			ck_assert_msg(!meaning_holds(step->was, step->is),
				      "'%s' is no difference:\n%s", s->title,
				      step->request);
		}
		ck_assert_msg(differences > 0 || is_updating(),
			      "'%s' lists no difference", s->title);
	}
	toggled_free(t);
}
END_TEST

/* The name of a list among the recordings, as a section's title has it. */
static const char *
list_name(const char *list)
{
	return list + strlen("tests/compat/");
}

static void
ask_section(struct allowed *const *allowed, const char *list,
	    const struct allowed_section *s)
{
	struct toggled *t = toggled_new();
	struct conversation *c;

	allowed_start(t, s);
	c = conversation_open(t);
	for (size_t n = 0; n < s->step_count; n++) {
		const struct allowed_step *step = &s->steps[n];
		const char *is = conversation_ask(c, step->request);

		if (meaning_holds(step->is, is))
			continue;
		ck_assert_msg(strcmp(list, LIST) != 0,
			      "'%s' allows something else:\n%s--- says\n"
			      "%s--- is\n%s",
			      s->title, step->request, step->is, is);
		judge_difference(t, allowed, list_name(list), step->request,
				 step->is, is);
	}
	toggled_free(t);
}

/* Each section that has no recording is a conversation with a fresh server. The
 * lists of older releases are recordings of what was new in them. */
START_TEST(test_list_when_asked_then_answers_as_it_says)
{
	struct toggled *t = toggled_new();
	const struct allowed *list = allowed_read(t, lists[_i]);
	struct allowed *allowed[LISTS];

	for (int i = 0; i < LISTS; i++)
		allowed[i] = allowed_read(t, lists[i]);
	for (size_t i = 0; i < list->count; i++) {
		const struct allowed_section *s = &list->sections[i];

		if (s->file == NULL && !(is_updating() && _i == 0))
			ask_section(allowed, lists[_i], s);
	}
	expect_all_used(allowed[0], list_name(lists[_i]));
	toggled_free(t);
}
END_TEST

/* Both sides of it as the two binaries answer; the section as it is written. */
static void
ask_both(const struct allowed_section *s, struct bytes *out)
{
	struct toggled *t[] = { toggled_new(), toggled_new() };
	struct conversation *c[2];

	serve_previous(t[0]);
	for (int i = 0; i < 2; i++) {
		allowed_start(t[i], s);
		c[i] = conversation_open(t[i]);
	}
	for (size_t n = 0; n < s->step_count; n++) {
		const struct allowed_step *step = &s->steps[n];
		const char *was = conversation_ask(c[0], step->request);
		const char *is = conversation_ask(c[1], step->request);
		const bool differs = !meaning_holds(was, is);

		bytes_append_str(out, "\n");
		conversation_put(out, '>', step->request);
		conversation_put(out, differs ? '-' : '<', was);
		if (differs)
			conversation_put(out, '+', is);
		if (is_updating())
			continue;
		ck_assert_msg(
		    differs == (step->was != NULL),
		    "'%s': the list is wrong about this:\n%s--- " RELEASE_BEFORE
		    "\n%s--- now\n%s",
		    s->title, step->request, was, is);
		ck_assert_str_eq(was, differs ? step->was : step->is);
	}
	toggled_free(t[0]);
	toggled_free(t[1]);
}

START_TEST(test_list_when_both_releases_are_asked_then_is_true)
{
	struct toggled *t = toggled_new();
	const struct allowed *allowed = allowed_read(t, LIST);
	const char *text = allowed->text;
	const bool is_before =
	    strcmp(release_of_previous(t), RELEASE_BEFORE) == 0;
	struct bytes out;

	bytes_init(&out);
	bytes_append(&out, text,
		     allowed->count > 0 ? allowed->sections[0].begin
					: strlen(text));
	for (size_t i = 0; i < allowed->count && is_before; i++) {
		const struct allowed_section *s = &allowed->sections[i];
		const char *step = strstr(text + s->begin, "\n>");

		if (s->file != NULL || step == NULL) {
			bytes_append(&out, text + s->begin, s->end - s->begin);
			continue;
		}
		bytes_append(&out, text + s->begin,
			     (size_t)(step - (text + s->begin)));
		ask_both(s, &out);
		bytes_append_str(&out, i + 1 == allowed->count ? "" : "\n");
	}
	if (is_updating() && is_before)
		conversation_write_file(LIST, &out);
	bytes_fini(&out);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	const int recordings = release_recordings();

	tcase_set_timeout(tc, CASE_SECONDS);
	if (getenv("TOGGLED_PREVIOUS") == NULL) {
		printf("meanings: the release before is not asked: "
		       "TOGGLED_PREVIOUS names no binary\n");
	} else {
		tcase_add_test(
		    tc, test_list_when_both_releases_are_asked_then_is_true);
		tcase_add_loop_test(
		    tc, test_recording_when_its_release_is_asked_then_is_true,
		    0, recordings);
	}
	tcase_add_loop_test(tc,
			    test_recording_when_asked_again_then_means_the_same,
			    0, recordings);
	tcase_add_test(tc, test_list_when_read_then_each_says_what_and_why);
	tcase_add_loop_test(tc, test_list_when_asked_then_answers_as_it_says, 0,
			    LISTS);
}

int
main(void)
{
	return scene_main("meanings", add);
}
