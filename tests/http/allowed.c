#include "allowed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conversation.h"
#include "doc.h"

enum { SECTIONS_MAX = 200, ARGUMENTS_MAX = 16 };

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "== 0.2/feed.http: a title" or "== a title" */
static void
read_title(struct toggled *t, struct allowed_section *section,
	   const char **text)
{
	char *line = toggled_text(t, "%.*s", (int)strcspn(*text, "\n"), *text);
	char *title = line + strlen("== ");
	char *colon = strstr(title, ".http: ");

	*text += strcspn(*text, "\n");
	*text += **text == '\n';
	section->title = title;
	section->reason = "";
	section->arguments = "";
	if (colon == NULL)
		return;
	colon += strlen(".http");
	*colon = '\0';
	section->file = title;
	section->title = colon + 2;
}

static void
read_step(struct toggled *t, struct allowed_section *section, const char **text)
{
	struct allowed_step *step = &section->steps[section->step_count++];

	ck_assert_msg(section->step_count <= ALLOWED_STEPS_MAX, "%s: too long",
		      section->title);
	step->request = conversation_take(t, text, '>');
	if (**text == '<') {
		step->is = conversation_take(t, text, '<');
		return;
	}
	step->was = conversation_take(t, text, '-');
	step->is = conversation_take(t, text, '+');
}

static void
read_section(struct toggled *t, struct allowed_section *section,
	     const char **text)
{
	read_title(t, section, text);
	while (**text != '\0' && !begins(*text, "== ")) {
		if (**text == '#')
			section->reason =
			    toggled_text(t, "%s%s", section->reason,
					 conversation_take(t, text, '#'));
		else if (**text == '$')
			section->arguments = conversation_take(t, text, '$');
		else if (**text == '>')
			read_step(t, section, text);
		else {
			ck_assert_msg(**text == '\n', "%s: %.60s",
				      section->title, *text);
			*text += 1;
		}
	}
}

struct allowed *
allowed_read(struct toggled *t, const char *path)
{
	struct allowed *allowed =
	    toggled_own(t, mem_zalloc(1, sizeof(*allowed)), free);
	const char *text = doc_read(t, path);

	allowed->text = text;
	allowed->sections = toggled_own(
	    t, mem_zalloc(SECTIONS_MAX, sizeof(*allowed->sections)), free);
	while (*text != '\0' && !begins(text, "== ")) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	while (*text != '\0') {
		struct allowed_section *section =
		    &allowed->sections[allowed->count++];

		ck_assert_uint_le(allowed->count, SECTIONS_MAX);
		section->begin = (size_t)(text - allowed->text);
		read_section(t, section, &text);
		section->end = (size_t)(text - allowed->text);
	}
	return allowed;
}

struct allowed_step *
allowed_find(struct allowed *allowed, const char *file, const char *request,
	     const char *was)
{
	for (size_t i = 0; i < allowed->count; i++) {
		struct allowed_section *section = &allowed->sections[i];

		if (section->file == NULL || strcmp(section->file, file) != 0)
			continue;
		for (size_t n = 0; n < section->step_count; n++) {
			struct allowed_step *step = &section->steps[n];

			if (strcmp(step->request, request) == 0 &&
			    step->was != NULL && strcmp(step->was, was) == 0)
				return step;
		}
	}
	return NULL;
}

void
allowed_start(struct toggled *t, const struct allowed_section *section)
{
	const char *args[ARGUMENTS_MAX + 1] = { NULL };
	char *rest = toggled_text(t, "%s", section->arguments);
	size_t count = 0;

	for (char *word = strtok_r(rest, " \n", &rest); word != NULL;
	     word = strtok_r(NULL, " \n", &rest)) {
		ck_assert_uint_lt(count, ARGUMENTS_MAX);
		args[count++] = word;
	}
	toggled_start(t, args);
}
