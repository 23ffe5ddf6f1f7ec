#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "option_table.h"
#include "wire/json.h"

static size_t
row(const struct option *option)
{
	return (size_t)(option - option_table);
}

static size_t
rows(void)
{
	size_t n = 0;

	while (option_table[n].name)
		n++;
	return n;
}

struct options *
options_new(enum command_bit command)
{
	struct options *options = mem_zalloc(1, sizeof(*options));

	options->command = command;
	options->given = mem_zalloc(rows(), sizeof(*options->given));
	arena_init(&options->arena);
	for (const struct option *o = option_table; o->name; o++) {
		/* The defaults of the table are right: nothing to report. */
		if (o->initial &&
		    option_apply(options, o, o->initial, SOURCE_DEFAULT, NULL))
			abort();
	}
	return options;
}

void
options_free(struct options *options)
{
	if (!options)
		return;
	free(options->listen.items);
	free(options->environments.items);
	free(options->trusted_proxies.items);
	free(options->operands.items);
	free(options->settings);
	free(options->given);
	arena_fini(&options->arena);
	free(options);
}

const struct option *
option_find(enum command_bit command, const char *name, size_t length)
{
	for (const struct option *o = option_table; o->name; o++) {
		if ((o->commands & command) && strlen(o->name) == length &&
		    memcmp(o->name, name, length) == 0)
			return o;
	}
	return NULL;
}

enum status
option_unknown(enum command_bit command, unsigned flags, const char *name,
	       size_t length, struct error *err)
{
	const char **names = mem_zalloc(rows() + 1, sizeof(*names));
	const char *hint;
	size_t n = 0;

	for (const struct option *o = option_table; o->name; o++) {
		if ((o->commands & command) && (o->flags & flags) == flags)
			names[n++] = o->name;
	}
	hint = json_hint(names, name, length);
	free(names);
	return error_set(err, STATUS_INVALID, "unknown option '%.*s'%s%s%s",
			 (int)length, name, hint ? ", did you mean '" : "",
			 hint ? hint : "", hint ? "'?" : "");
}

enum status
option_apply(struct options *options, const struct option *option,
	     const char *value, enum source source, struct error *err)
{
	struct given *given = &options->given[row(option)];
	bool adds = (option->flags & OPTION_REPEATS) && given->text &&
		    given->source == source;
	char *copy = arena_copy(&options->arena, value, strlen(value));
	struct bytes text;
	enum status rc;

	if ((option->flags & OPTION_REPEATS) && !adds)
		((struct texts *)option_member(options, option))->count = 0;
	rc = option->set(options, option, copy, err);
	if (rc != STATUS_OK)
		return rc;
	bytes_init(&text);
	if (adds)
		bytes_printf(&text, "%s, ", given->text);
	bytes_append_str(&text, value);
	given->text = arena_copy(&options->arena, text.data, text.length);
	given->source = source;
	bytes_fini(&text);
	return STATUS_OK;
}

void
option_outweigh(struct options *options, const struct option *option)
{
	options->given[row(option)].source = SOURCE_DEFAULT;
}

enum source
options_source(const struct options *options, const char *name)
{
	const struct option *o =
	    option_find(options->command, name, strlen(name));

	return o ? options->given[row(o)].source : SOURCE_DEFAULT;
}

const char *
option_name(const struct option *option)
{
	return option->name;
}

bool
option_is_reloadable(const struct option *option)
{
	return option->flags & OPTION_RELOADABLE;
}

void
options_differ(const struct options *a, const struct options *b,
	       void (*fn)(void *ctx, const struct option *option), void *ctx)
{
	for (const struct option *o = option_table; o->name; o++) {
		const char *was = a->given[row(o)].text;
		const char *is = b->given[row(o)].text;

		if (was != is && (!was || !is || strcmp(was, is) != 0))
			fn(ctx, o);
	}
}
