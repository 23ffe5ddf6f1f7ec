#include "golden.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "conversation.h"
#include "doc.h"

/* Have the conversation: requests and comments as they stand in the file, the
 * answers as they are now. */
static void
converse(struct toggled *t, const char *text, struct bytes *out)
{
	struct conversation *c = conversation_open(t);

	while (*text) {
		const char *start = text;
		const char *request;

		if (*text != '>') {
			text += strcspn(text, "\n");
			text += *text == '\n';
			if (*start != '<')
				bytes_append(out, start,
					     (size_t)(text - start));
			continue;
		}
		request = conversation_take(t, &text, '>');
		bytes_append(out, start, (size_t)(text - start));
		conversation_put(out, '<', conversation_ask(c, request));
	}
}

/* The line at which two texts part, and what stands there. */
static void
compare(struct toggled *t, const char *path, const char *said, const char *is)
{
	size_t line = 1;

	while (*said && *said == *is) {
		line += *said == '\n';
		said++;
		is++;
	}
	ck_assert_msg(*said == *is, "%s:%zu: was '%s', is '%s'", path, line,
		      toggled_text(t, "%.*s", (int)strcspn(said, "\n"), said),
		      toggled_text(t, "%.*s", (int)strcspn(is, "\n"), is));
}

void
golden_replay(struct toggled *t, const char *path)
{
	const char *text = doc_read(t, path);
	struct bytes out;

	bytes_init(&out);
	converse(t, text, &out);
	if (getenv("GOLDEN_UPDATE"))
		conversation_write_file(path, &out);
	else
		compare(t, path, text, out.data);
	bytes_fini(&out);
}
