/*
 * The command line: "--name value", "--name=value", "--switch", "--" and
 * operands, in any order. And --help, which prints the same table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "option_table.h"

enum { HELP_COLUMN = 27, HELP_WIDTH = 79 };

static void
keep_setting(struct options *options, const struct option *option,
	     const char *value)
{
	options->settings =
	    mem_resize(options->settings, options->setting_count + 1,
		       sizeof(*options->settings));
	options->settings[options->setting_count++] =
	    (struct setting){ option, arena_copy(&options->arena, value,
						 strlen(value)) };
}

static void
keep_operand(struct options *options, const char *text)
{
	struct texts *list = &options->operands;

	list->items =
	    mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] =
	    arena_copy(&options->arena, text, strlen(text));
}

/* argv[0] is "--…". Sets *used to the number of arguments it took. */
static enum status
take_option(struct options *options, const char *const *argv, size_t *used,
	    struct error *err)
{
	const char *name = argv[0] + 2;
	size_t length = strcspn(name, "=");
	const struct option *option =
	    option_find(options->command, name, length);
	const char *value = name[length] == '=' ? name + length + 1 : NULL;

	*used = 1;
	if (!option)
		return option_unknown(options->command, 0, name, length, err);
	if (!value && (option->flags & OPTION_SWITCH))
		value = "yes";
	if (!value) {
		value = argv[1];
		*used = 2;
	}
	if (!value)
		return error_set(err, STATUS_INVALID, "--%s wants %s",
				 option->name, option->argument);
	keep_setting(options, option, value);
	return option_apply(options, option, value, SOURCE_LINE, err);
}

enum status
options_take_arguments(struct options *options, const char *const *argv,
		       struct error *err)
{
	size_t i = 0;
	enum status rc = STATUS_OK;

	while (rc == STATUS_OK && argv[i]) {
		size_t used = 1;

		if (strcmp(argv[i], "--") == 0) {
			for (i++; argv[i]; i++)
				keep_operand(options, argv[i]);
			break;
		}
		if (strcmp(argv[i], "-h") == 0)
			options->help = true;
		else if (strncmp(argv[i], "--", 2) == 0)
			rc = take_option(options, argv + i, &used, err);
		else if (argv[i][0] == '-' && argv[i][1])
			rc = option_unknown(options->command, 0, argv[i] + 1,
					    strlen(argv[i] + 1), err);
		else
			keep_operand(options, argv[i]);
		i += used;
	}
	return rc;
}

enum status
options_take_file(struct options *options, struct error *err)
{
	enum status rc;

	if (!options->config)
		return STATUS_OK;
	rc = config_read(options, options->config, err);
	for (size_t i = 0; i < options->setting_count; i++)
		option_outweigh(options, options->settings[i].option);
	for (size_t i = 0; i < options->setting_count && rc == STATUS_OK; i++) {
		const struct setting *s = &options->settings[i];

		rc = option_apply(options, s->option, s->value, SOURCE_LINE,
				  err);
	}
	return rc;
}

enum status
options_again(const struct options *options, struct options **out,
	      struct error *err)
{
	struct options *fresh = options_new(options->command);
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < options->setting_count && rc == STATUS_OK; i++) {
		const struct setting *s = &options->settings[i];

		keep_setting(fresh, s->option, s->value);
		rc = option_apply(fresh, s->option, s->value, SOURCE_LINE, err);
	}
	if (rc == STATUS_OK)
		rc = options_take_file(fresh, err);
	if (rc == STATUS_OK)
		*out = fresh;
	else
		options_free(fresh);
	return rc;
}

/* `text` wrapped at HELP_WIDTH, its further lines at HELP_COLUMN. */
static void
print_wrapped(const char *text, size_t column)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column + length + 1 > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		printf("%.*s", (int)length, text);
		text += length;
		column += length;
		if (*text) {
			putchar(' ');
			text++;
			column++;
		}
	}
	putchar('\n');
}

void
options_print(enum command_bit command)
{
	for (const struct option *o = option_table; o->name; o++) {
		const char *initial =
		    o->flags & OPTION_SWITCH ? NULL : o->initial;
		char help[512];
		int column;

		if (!(o->commands & command))
			continue;
		column = printf("  --%s%s%s", o->name, o->argument ? " " : "",
				o->argument ? o->argument : "");
		if (column > HELP_COLUMN - 2)
			column = printf("\n") - 1;
		printf("%*s", HELP_COLUMN - column, "");
		snprintf(help, sizeof(help), "%s%s%s%s", o->help,
			 initial ? " (default: " : "", initial ? initial : "",
			 initial ? ")" : "");
		print_wrapped(help, HELP_COLUMN);
	}
}
