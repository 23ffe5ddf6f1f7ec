/*
 * The configuration file. A fault names its line; what is accepted, written
 * down again as the program understood it, sets the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/option_table.h"
#include "daemon/options.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char path[] = "fuzz.conf";

static void
check_fault(const struct error *err, size_t lines)
{
	const char *number = err->text + sizeof(path);
	char *end = NULL;
	unsigned long line;

	if (strncmp(err->text, path, sizeof(path) - 1) != 0 ||
	    err->text[sizeof(path) - 1] != ':')
		finding("no file in '%s'", err->text);
	line = strtoul(number, &end, 10);
	if (line < 1 || line > lines || strncmp(end, ": ", 2) != 0 ||
	    end[2] == '\0')
		finding("'%s', but there are %zu lines", err->text, lines);
}

/* One line for each value that the file set. */
static void
write_down(struct options *options, struct bytes *out)
{
	for (size_t i = 0; option_table[i].name != NULL; i++) {
		const struct option *option = &option_table[i];
		const struct texts *texts = option_member(options, option);

		if (options->given[i].source != SOURCE_FILE)
			continue;
		if ((option->flags & OPTION_REPEATS) == 0) {
			bytes_printf(out, "%s=%s\n", option->name,
				     options->given[i].text);
			continue;
		}
		for (size_t n = 0; n < texts->count; n++)
			bytes_printf(out, "%s=%s\n", option->name,
				     texts->items[n]);
	}
}

static void
differs(void *ctx, const struct option *option)
{
	finding("%s differs, read again from\n%s", option_name(option),
		(const char *)ctx);
}

static void
check_again(struct options *first)
{
	struct options *again = options_new(FOR_SERVE);
	struct bytes text;
	struct error err;

	error_init(&err);
	bytes_init(&text);
	bytes_append_str(&text, "# written down\r\n");
	write_down(first, &text);
	if (config_parse(again, path, text.data, text.length, &err) !=
	    STATUS_OK)
		finding("%s, read again from\n%s", err.text, text.data);
	options_differ(first, again, differs, text.data);
	bytes_fini(&text);
	options_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options *options = options_new(FOR_SERVE);
	struct error err;
	size_t lines = 1;

	error_init(&err);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (config_parse(options, path, (const char *)data, size, &err) ==
	    STATUS_OK)
		check_again(options);
	else
		check_fault(&err, lines);
	options_free(options);
	return 0;
}
