#include "crash_crew.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "line.h"
#include "scene.h"

void
crew_write_request(const struct journal_write *w, struct bytes *request)
{
	char path[128];
	char body[256];

	if (w->is_pair) {
		(void)snprintf(path, sizeof(path), "POST " ENV "/changes");
		(void)snprintf(body, sizeof(body),
			       "{\"toggles\":{\"%sa\":{\"value\":%" PRId64
			       "},\"%sb\":{\"value\":%" PRId64 "}}}",
			       w->key, w->value, w->key, w->value);
	} else {
		(void)snprintf(path, sizeof(path), "PUT " ENV "/toggles/%s",
			       w->key);
		(void)snprintf(body, sizeof(body), "{\"value\":%" PRId64 "}",
			       w->value);
	}
	bytes_clear(request);
	bytes_printf(request,
		     "%s HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: %s\r\n"
		     "Change-Comment: %s\r\nContent-Length: %zu\r\n\r\n%s",
		     path, w->name, w->name, strlen(body), body);
}

int64_t
crew_write_revision(const struct journal_write *w, long status, json_t *body,
		    char *fault, size_t fault_size)
{
	json_t *revision = json_object_get(body, "revision");

	if ((status == 200 || status == 201) && json_is_integer(revision))
		return json_integer_value(revision);
	(void)snprintf(fault, fault_size, "%s: %ld", w->name, status);
	return 0;
}

void *
crew_write(void *ctx)
{
	struct writer *writer = ctx;
	struct bytes request;
	struct line line;
	long status = 1;

	bytes_init(&request);
	line_open(&line, writer->port);
	for (int n = 0; status != 0 && writer->fault[0] == '\0'; n++) {
		struct journal_write w = { .is_pair = writer->number % 2 == 1,
					   .value = ++writer->value };
		json_t *body;

		(void)snprintf(w.name, sizeof(w.name), "r%d-w%d-%d",
			       writer->round, writer->number, n);
		(void)snprintf(w.key, sizeof(w.key), "w%d", writer->number);
		crew_write_request(&w, &request);
		status = line_ask(&line, &request, &body);
		if (status != 0)
			w.revision =
			    crew_write_revision(&w, status, body, writer->fault,
						sizeof(writer->fault));
		if (w.revision != 0)
			atomic_fetch_add(writer->acknowledged, 1);
		journal_add_write(&writer->journal, &w);
		json_decref(body);
	}
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}

static int64_t
value_of(json_t *toggle)
{
	return json_integer_value(
	    json_object_get(json_object_get(toggle, "variants"), "value"));
}

/* Both toggles of a pair come from one change: they never differ. */
static bool
has_whole_pairs(struct follower *f)
{
	const char *key;
	json_t *toggle;

	json_object_foreach(f->state, key, toggle)
	{
		char other[JOURNAL_NAME];
		size_t length = strlen(key);

		if (key[length - 1] != 'a')
			continue;
		(void)snprintf(other, sizeof(other), "%.*sb", (int)length - 1,
			       key);
		if (value_of(json_object_get(f->state, other)) ==
		    value_of(toggle))
			continue;
		(void)snprintf(f->fault, sizeof(f->fault),
			       "at %" PRId64 " %s and %s differ", f->revision,
			       key, other);
		return false;
	}
	return true;
}

bool
crew_apply(struct follower *f, json_t *delta)
{
	int64_t revision =
	    json_integer_value(json_object_get(delta, "revision"));
	const char *key;
	json_t *toggle;

	if (json_is_true(json_object_get(delta, "full"))) {
		f->fulls++;
		json_object_clear(f->state);
	}
	if (revision < f->revision) {
		(void)snprintf(f->fault, sizeof(f->fault),
			       "from %" PRId64 " back to %" PRId64, f->revision,
			       revision);
		return false;
	}
	f->revision = revision;
	(void)snprintf(f->cursor, sizeof(f->cursor), "%s",
		       json_string_value(json_object_get(delta, "cursor")));
	journal_add_sight(&f->journal, revision, "", 0);
	json_object_foreach(json_object_get(delta, "toggles"), key, toggle)
	{
		json_object_set(f->state, key, toggle);
		journal_add_sight(
		    &f->journal,
		    json_integer_value(json_object_get(toggle, "revision")),
		    key, value_of(toggle));
	}
	return has_whole_pairs(f);
}

void *
crew_follow(void *ctx)
{
	struct follower *f = ctx;
	struct bytes request;
	struct line line;
	long status = 200;

	bytes_init(&request);
	line_open(&line, f->port);
	while (status == 200) {
		json_t *delta;

		bytes_clear(&request);
		bytes_printf(&request,
			     "GET " ENV "/changes?wait=10&since=%s HTTP/1.1\r\n"
			     "Host: localhost\r\n\r\n",
			     f->cursor);
		status = line_ask(&line, &request, &delta);
		if (status != 0 && status != 200)
			(void)snprintf(f->fault, sizeof(f->fault),
				       "follower: %ld", status);
		if (status == 200 && !crew_apply(f, delta))
			status = 0;
		json_decref(delta);
	}
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}
