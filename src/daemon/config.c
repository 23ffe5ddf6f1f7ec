/*
 * The configuration file: "name = value" lines with the names of the long
 * options, "#" comments (at the start of a line or behind a blank); and those
 * in the folder beside it (drop_ins.h). What a later file says takes the place
 * of what an earlier one does, all of a name that may stand on several lines.
 * Every fault names file and line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/mem.h"
#include "drop_ins.h"
#include "input.h"
#include "option_table.h"

enum { CONFIG_BYTES_MAX = 1024 * 1024 };

static const char blanks[] = " \t\r";

struct line {
	const char *name;
	size_t name_length;
	char *value;
};

/* End `text` before a comment and before trailing blanks. */
static void
cut(char *text)
{
	size_t length;

	for (char *c = text; *c; c++) {
		if (*c == '#' && (c == text || strchr(blanks, c[-1])))
			*c = '\0';
		if (*c == '\0')
			break;
	}
	length = strlen(text);
	while (length > 0 && strchr(blanks, text[length - 1]))
		text[--length] = '\0';
}

/* False: nothing stands on the line. */
static bool
split(char *text, struct line *line, struct error *err)
{
	char *equals;

	cut(text);
	text += strspn(text, blanks);
	if (*text == '\0')
		return false;
	line->name = text;
	line->name_length = strcspn(text, " \t\r=");
	equals = text + line->name_length;
	equals += strspn(equals, blanks);
	if (*equals != '=') {
		error_set(err, STATUS_INVALID,
			  "'%s' is no setting, allowed is: name = value", text);
		return true;
	}
	line->value = equals + 1 + strspn(equals + 1, blanks);
	return true;
}

/* `seen` maps the name of an option to the line it stood on. */
static enum status
take_line(struct options *options, const struct line *line, size_t number,
	  struct map *seen, struct error *err)
{
	const struct option *option =
	    option_find(FOR_SERVE, line->name, line->name_length);
	/* Another command may have a row of its own for the name. */
	const struct option *own =
	    option_find(options->command, line->name, line->name_length);
	char *before;

	if (!own)
		own = option;
	if (!option || !(option->flags & OPTION_IN_FILE))
		return option_unknown(FOR_SERVE, OPTION_IN_FILE, line->name,
				      line->name_length, err);
	before = map_find(seen, line->name, line->name_length);
	if (before && !(option->flags & OPTION_REPEATS))
		return error_set(err, STATUS_INVALID,
				 "%s is set a second time, first on line %s",
				 option->name, before);
	if (!before) {
		struct bytes text;

		bytes_init(&text);
		bytes_printf(&text, "%zu", number);
		map_put(seen, line->name, line->name_length,
			arena_copy(&options->arena, text.data, text.length));
		bytes_fini(&text);
		option_outweigh(options, own);
	}
	return option_apply(options, own, line->value, SOURCE_FILE, err);
}

enum status
config_parse(struct options *options, const char *path, const char *text,
	     size_t length, struct error *err)
{
	char *copy = mem_copy(text, length);
	char *rest = copy;
	size_t number = 0;
	struct map seen;
	struct error fault;

	map_init(&seen);
	error_init(&fault);
	if (strlen(copy) != length)
		error_set(&fault, STATUS_INVALID, "it holds a NUL byte");
	while (rest && fault.code == STATUS_OK) {
		struct line line = { NULL, 0, NULL };
		char *at = strsep(&rest, "\n");

		number++;
		if (split(at, &line, &fault) && fault.code == STATUS_OK &&
		    take_line(options, &line, number, &seen, &fault))
			break;
	}
	map_fini(&seen);
	free(copy);
	if (fault.code == STATUS_OK)
		return STATUS_OK;
	return error_set(err, fault.code, "%s:%zu: %s", path,
			 number ? number : 1, fault.text);
}

static enum status
read_file(struct options *options, const char *path, struct error *err)
{
	struct bytes text;
	enum status rc;

	bytes_init(&text);
	rc = input_read(path, CONFIG_BYTES_MAX, &text, err);
	if (rc == STATUS_OK)
		rc = config_parse(options, path, text.data ? text.data : "",
				  text.length, err);
	bytes_fini(&text);
	return rc;
}

enum status
config_read(struct options *options, const char *path, struct error *err)
{
	struct drop_ins drop_ins;
	enum status rc = read_file(options, path, err);

	if (rc != STATUS_OK)
		return rc;
	rc = drop_ins_find(&drop_ins, path, err);
	if (rc != STATUS_OK)
		return rc;
	for (size_t i = 0; i < drop_ins.count && rc == STATUS_OK; i++)
		rc = read_file(options, drop_ins.paths[i], err);
	drop_ins_fini(&drop_ins);
	return rc;
}
