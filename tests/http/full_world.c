#include "full_world.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "login.h"

enum {
	TOGGLES = 300,
	SEGMENTS = 30,
	ENVIRONMENTS = 20,
	TOKENS = 20,
	CHANGES = 60,
};

#define DEFAULT "/v1/envs/default"

const char *
world_text(struct world *w, const char *text, int n)
{
	const struct {
		const char *name;
		const char *value;
	} names[] = {
		{ "{n}", toggled_text(w->t, "%d", n) },
		{ "{id}", w->id },
		{ "{rev}", toggled_text(w->t, "%" PRId64, w->revision) },
	};

	for (int i = 0; text != NULL && i < COUNT(names); i++) {
		const char *at = strstr(text, names[i].name);

		if (at != NULL)
			return world_text(
			    w,
			    toggled_text(w->t, "%.*s%s%s", (int)(at - text),
					 text, names[i].value,
					 at + strlen(names[i].name)),
			    n);
	}
	return text;
}

struct answer *
world_ask(struct world *w, const char *method, const char *path,
	  const char *body, long status)
{
	return ask_with(w->t, HEADERS(w->admins[0]), method, path, body,
			status);
}

void
world_add_token(struct world *w)
{
	(void)make_token(w->t, w->admins[0],
			 toggled_text(w->t,
				      "{\"name\":\"spare%d\",\"role\":"
				      "\"client\",\"environments\":[\"*\"]}",
				      w->tokens++),
			 &w->id);
}

static void
fill_default(struct world *w)
{
	struct bytes body;

	bytes_init(&body);
	bytes_append_str(&body, "{\"segments\":{");
	for (int i = 0; i < SEGMENTS; i++)
		bytes_printf(&body,
			     "%s\"s%d\":{\"==\":[{\"var\":\"plan\"},\"p%d\"]}",
			     i > 0 ? "," : "", i, i);
	bytes_append_str(&body, "},\"toggles\":{\"a\":{}");
	for (int i = 0; i < TOGGLES; i++)
		bytes_printf(&body,
			     ",\"t%d\":{\"targeting\":{\"if\":[{\"$ref\":"
			     "\"s%d\"},\"on\",\"off\"]}}",
			     i, i % SEGMENTS);
	bytes_append_str(&body, "}}");
	world_ask(w, "POST", DEFAULT "/changes", body.data, 200);
	bytes_fini(&body);
}

struct world
world_open(void)
{
	struct world w = { .t = scene_open() };

	w.admins[0] = bearer(
	    w.t, make_token(w.t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}",
			    NULL));
	w.admins[1] = bearer(w.t, make_token(w.t, w.admins[0],
					     "{\"name\":\"bob\",\"role\":"
					     "\"admin\"}",
					     NULL));
	for (int i = 0; i < TOKENS; i++)
		world_add_token(&w);
	fill_default(&w);
	for (int i = 0; i < ENVIRONMENTS; i++)
		world_ask(&w, "PUT", toggled_text(w.t, "/v1/envs/e%d", i), "{}",
			  201);
	w.revision = head_revision_as(w.t, w.admins[0]);
	for (int i = 0; i < CHANGES; i++)
		world_ask(&w, "PATCH",
			  toggled_text(w.t, DEFAULT "/toggles/t%d", i % 3),
			  toggled_text(w.t, "{\"owner\":\"o%d\"}", i), 200);
	return w;
}

void
world_close(struct world *w)
{
	ask(w->t, "GET", "/readyz", NULL, 200);
	scene_stop(w->t);
	expect_verified(w->t, w->t->database);
	toggled_free(w->t);
}
