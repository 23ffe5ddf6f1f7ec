#include "hold.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/json.h"

enum { NAMES_SHOWN = 6 };

/* A toggle in the making: members are added to it. */
struct builder {
	struct arena *arena;
	struct value value;
};

static struct builder
begin(struct arena *arena, size_t room)
{
	struct builder b = { arena, { .type = VALUE_OBJECT } };

	b.value.object.members =
	    arena_zalloc(arena, room + 1, sizeof(struct member));
	return b;
}

static void
add(struct builder *b, const char *name, const struct value *value)
{
	struct member *member;

	if (value == NULL)
		return;
	member = &b->value.object.members[b->value.object.count++];
	member->name = (struct string){ name, strlen(name) };
	member->value = *value;
}

static struct value
text_value(struct string text)
{
	return (struct value){ .type = VALUE_STRING, .string = text };
}

static void
add_text(struct builder *b, const char *name, struct string text)
{
	const struct value value = text_value(text);

	add(b, name, &value);
}

static void
add_all_but(struct builder *b, const struct value *from,
	    const char *const *names)
{
	for (size_t i = 0; i < from->object.count; i++) {
		const struct member *member = &from->object.members[i];

		if (!json_is_listed(names, member->name))
			b->value.object.members[b->value.object.count++] =
			    *member;
	}
}

static size_t
count_of(const struct value *object)
{
	return object != NULL && object->type == VALUE_OBJECT
		   ? object->object.count
		   : 0;
}

static bool
is_disabled(const struct value *object)
{
	const struct value *state = value_get(object, "state");

	return state != NULL && value_is_string(state, "DISABLED");
}

void
hold_lift(const struct value *toggle, struct arena *arena, struct value *out,
	  struct hold *hold)
{
	static const char *const lifted[] = {
		"serve",          "held",      "servedSince", "servedBy",
		"defaultVariant", "targeting", NULL
	};
	static const char *const known[] = { "state", "defaultVariant",
					     "targeting", NULL };
	const struct value *serve = value_get(toggle, "serve");
	const struct value *held = value_get(toggle, "held");
	struct builder b;
	struct builder rest;

	memset(hold, 0, sizeof(*hold));
	hold->rest.type = VALUE_OBJECT;
	*out = *toggle;
	if (serve == NULL || serve->type != VALUE_STRING)
		return;
	b = begin(arena, toggle->object.count + count_of(held));
	add_all_but(&b, toggle, lifted);
	add(&b, "defaultVariant", value_get(held, "defaultVariant"));
	add(&b, "targeting", value_get(held, "targeting"));
	*out = b.value;
	rest = begin(arena, count_of(held));
	if (count_of(held) > 0)
		add_all_but(&rest, held, known);
	hold->serve = serve->string;
	hold->was_disabled = is_disabled(held);
	hold->rest = rest.value;
}

bool
hold_is_given(const struct value *asked)
{
	const struct value *held = value_get(asked, "held");

	return held != NULL && held->type != VALUE_NULL;
}

bool
hold_is_written(const struct value *asked)
{
	static const char *const names[] = { "defaultVariant", "targeting",
					     "rollout", "rules", "value" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (value_get(asked, names[i]) != NULL)
			return true;
	}
	return false;
}

struct string
hold_variant(const struct value *variants, bool on)
{
	const struct string name =
	    on ? (struct string){ "on", 2 } : (struct string){ "off", 3 };

	if (variants == NULL || value_get(variants, name.data) != NULL)
		return name;
	for (size_t i = 0; i < count_of(variants); i++) {
		const struct member *member = &variants->object.members[i];

		if (member->value.type == VALUE_BOOL &&
		    member->value.boolean == on)
			return member->name;
	}
	return (struct string){ "", 0 };
}

const char *
hold_names(const struct value *variants, struct arena *arena)
{
	const size_t count = count_of(variants);
	struct bytes text;
	const char *names;

	bytes_init(&text);
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
		const struct string name = variants->object.members[i].name;

		if (i > 0)
			bytes_append_str(&text,
					 i + 1 == count ? " and " : ", ");
		bytes_printf(&text, "'%.*s'", json_quoted(name), name.data);
	}
	if (count > NAMES_SHOWN)
		bytes_printf(&text, " and %zu more", count - NAMES_SHOWN);
	names =
	    arena_copy(arena, text.data != NULL ? text.data : "", text.length);
	bytes_fini(&text);
	return names;
}

/* --- what is asked for ---------------------------------------------------- */

enum wish {
	WISH_NOTHING, /* what stood stands */
	WISH_VARIANT, /* it is served, and the toggle is enabled */
	WISH_RULES,
};

struct placing {
	const struct hold_request *request;
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
	enum wish wish;
	struct string serve; /* that will be served; length 0: none */
};

static const char *
place_of(struct placing *p, const char *member)
{
	return json_pointer(p->arena, p->request->pointer, member,
			    strlen(member));
}

static void
read_serve(struct placing *p, const struct value *serve)
{
	if (serve->type == VALUE_NULL) {
		p->wish = WISH_RULES;
		return;
	}
	if (serve->type != VALUE_STRING || serve->string.length == 0) {
		p->status = error_at(p->err, place_of(p, "serve"),
				     "must be the name of a variant or null, "
				     "not %s",
				     serve->type == VALUE_STRING
					 ? "\"\""
					 : value_type_name(serve));
		return;
	}
	p->wish = WISH_VARIANT;
	p->serve = serve->string;
	if (value_get(p->request->asked, "state") != NULL)
		p->status =
		    error_at(p->err, place_of(p, "state"),
			     "beside 'serve' it would say two things: who is "
			     "served a variant is enabled. Leave one out");
}

static void
read_enabled(struct placing *p, const struct value *enabled)
{
	const struct value *variants =
	    value_get(p->request->toggle, "variants");

	p->wish = WISH_RULES;
	if (enabled->boolean)
		return;
	p->wish = WISH_VARIANT;
	p->serve = hold_variant(variants, false);
	if (p->serve.length == 0)
		p->status =
		    error_at(p->err, place_of(p, "enabled"),
			     "no variant is named 'off' or is false, there "
			     "%s %s: name one with 'serve'",
			     count_of(variants) == 1 ? "is" : "are",
			     hold_names(variants, p->arena));
}

/* Who takes away what is held, without saying what then is served, loses the
 * rules. */
static void
read_held(struct placing *p)
{
	const struct value *held = value_get(p->request->asked, "held");

	if (held != NULL && p->wish != WISH_RULES &&
	    p->request->before->serve.length > 0)
		p->status = error_at(p->err, place_of(p, "held"),
				     "is put back by {\"serve\":null}");
}

/* --- and what comes of it ------------------------------------------------- */

static bool
is_rule(const struct value *value)
{
	return value != NULL && value->type != VALUE_NULL &&
	       (value->type != VALUE_OBJECT || value->object.count > 0);
}

static struct value
make_held(const struct placing *p)
{
	const struct value *toggle = p->request->toggle;
	const struct value *rest = &p->request->before->rest;
	const struct value *otherwise = value_get(toggle, "defaultVariant");
	const struct value *targeting = value_get(toggle, "targeting");
	static const char *const none[] = { NULL };
	struct builder b = begin(p->arena, count_of(rest) + 3);

	if (p->request->before->was_disabled ||
	    (p->wish == WISH_VARIANT && is_disabled(toggle)))
		add_text(&b, "state", (struct string){ "DISABLED", 8 });
	if (otherwise == NULL && value_get(toggle, "variants") == NULL)
		add_text(&b, "defaultVariant", hold_variant(NULL, false));
	else if (is_rule(otherwise))
		add(&b, "defaultVariant", otherwise);
	if (is_rule(targeting))
		add(&b, "targeting", targeting);
	add_all_but(&b, rest, none);
	return b.value;
}

static struct value
with_hold(const struct placing *p)
{
	static const char *const replaced[] = { "serve",     "enabled",
						"held",      "servedSince",
						"servedBy",  "defaultVariant",
						"targeting", NULL };
	static const char *const enabling[] = { "state", NULL };
	const struct value *toggle = p->request->toggle;
	const struct value held = make_held(p);
	struct builder plain = begin(p->arena, toggle->object.count);
	struct builder b = begin(p->arena, toggle->object.count + 4);

	add_all_but(&plain, toggle, replaced);
	if (p->wish == WISH_VARIANT) {
		add_all_but(&b, &plain.value, enabling);
		add_text(&b, "state", (struct string){ "ENABLED", 7 });
	} else {
		add_all_but(&b, &plain.value, replaced);
	}
	add_text(&b, "serve", p->serve);
	add(&b, "held", &held);
	add_text(&b, "defaultVariant", p->serve);
	return b.value;
}

static struct value
without_hold(const struct placing *p)
{
	static const char *const gone[] = { "serve",       "enabled",  "held",
					    "servedSince", "servedBy", "state",
					    NULL };
	static const char *const none[] = { NULL };
	const struct value *toggle = p->request->toggle;
	const struct value *asked = p->request->asked;
	const struct value *rest = &p->request->before->rest;
	struct builder b =
	    begin(p->arena, toggle->object.count + count_of(rest) + 1);

	add_all_but(&b, toggle, gone);
	add_all_but(&b, rest, none);
	if (value_get(asked, "enabled") != NULL)
		add_text(&b, "state", (struct string){ "ENABLED", 7 });
	else if (value_get(asked, "state") == NULL &&
		 p->request->before->was_disabled)
		add_text(&b, "state", (struct string){ "DISABLED", 8 });
	else
		add(&b, "state", value_get(toggle, "state"));
	return b.value;
}

enum status
hold_place(const struct hold_request *request, struct arena *arena,
	   struct value *out, struct error *err)
{
	const struct value *serve = value_get(request->asked, "serve");
	const struct value *enabled = value_get(request->asked, "enabled");
	const struct value *held = value_get(request->asked, "held");
	struct placing p = { .request = request,
			     .arena = arena,
			     .err = err,
			     .status = STATUS_OK,
			     .serve = request->before->serve };

	*out = *request->toggle;
	if (serve == NULL && enabled == NULL && held == NULL &&
	    p.serve.length == 0)
		return STATUS_OK;
	if (serve != NULL)
		read_serve(&p, serve);
	if (enabled != NULL)
		read_enabled(&p, enabled);
	read_held(&p);
	if (p.status != STATUS_OK)
		return p.status;
	if (p.wish == WISH_RULES)
		p.serve.length = 0;
	*out = p.serve.length > 0 ? with_hold(&p) : without_hold(&p);
	return STATUS_OK;
}
