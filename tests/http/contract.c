#include "contract.h"

#include <check.h>
#include <string.h>

#include "base/embedded.h"
#include "schema.h"
#include "yaml.h"

json_t *
contract_load(void)
{
	for (const struct embedded_file *f = embedded_assets; f->name; f++) {
		if (strcmp(f->name, "openapi.yaml") == 0)
			return yaml_load(f->text);
	}
	ck_abort_msg("openapi.yaml is not compiled in");
}

/* An example as it stands in a URL or a header. */
static const char *
example_text(struct call *call, json_t *example)
{
	if (json_is_string(example))
		return json_string_value(example);
	if (json_is_boolean(example))
		return json_is_true(example) ? "true" : "false";
	return toggled_text(call->t, "%lld",
			    (long long)json_integer_value(example));
}

static void
fill_in(struct call *call, const char *name, const char *value)
{
	const char *hole =
	    strstr(call->path, toggled_text(call->t, "{%s}", name));

	ck_assert_msg(hole != NULL, "%s has no {%s}", call->path, name);
	call->path = toggled_text(call->t, "%.*s%s%s", (int)(hole - call->path),
				  call->path, value, hole + strlen(name) + 2);
}

void
contract_parameter(struct call *call, json_t *parameter)
{
	json_t *example;
	const char *in, *name, *value;

	parameter = schema_resolve(call->document, parameter);
	example = json_object_get(parameter, "example");
	if (example == NULL)
		return;
	in = json_string_value(json_object_get(parameter, "in"));
	name = json_string_value(json_object_get(parameter, "name"));
	value = example_text(call, example);
	if (strcmp(in, "path") == 0 && strcmp(name, "id") == 0 &&
	    call->login->id != NULL)
		value = call->login->id;
	if (strcmp(in, "path") == 0) {
		fill_in(call, name, value);
	} else if (strcmp(in, "query") == 0) {
		call->path = toggled_text(call->t, "%s%c%s=%s", call->path,
					  strchr(call->path, '?') ? '&' : '?',
					  name, value);
	} else {
		ck_assert_uint_lt(call->header_count, CONTRACT_HEADERS_MAX);
		call->headers[call->header_count++] =
		    toggled_text(call->t, "%s: %s", name, value);
	}
}

char *
contract_method(struct toggled *t, const char *method)
{
	char *copy = toggled_text(t, "%s", method);

	for (char *c = copy; *c; c++)
		*c = (char)(*c - 'a' + 'A');
	return copy;
}
