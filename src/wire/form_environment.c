#include "form.h"

#include <string.h>

#include "exact.h"
#include "toggle.h"
#include "wire/json.h"

enum { ORIGINS_MAX = 64, ORIGIN_MAX = 255 };

/* What flagd's document says about an environment by itself; "version" until
 * 0.3, to which one may go back. */
static const char *const reserved[] = { "flagSetId", "version", NULL };

static void
check_description(struct form *form, const struct value *value,
		  const char *pointer, enum status *status)
{
	if (!toggle_check_text(value, pointer, form->err))
		*status = STATUS_INVALID;
}

static void
check_fractional(struct form *form, const struct value *value,
		 const char *pointer, enum status *status)
{
	if (!value_is_string(value, "v2") && !value_is_string(value, "v3"))
		*status =
		    error_at(form->err, pointer, "must be \"v2\" or \"v3\"");
}

static void
check_event_streams(struct form *form, const struct value *value,
		    const char *pointer, enum status *status)
{
	if (value->type != VALUE_BOOL)
		*status = error_at(form->err, pointer,
				   "must be true or false, not %s",
				   value_type_name(value));
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* "https://shop.example", as browsers say it; "*": all. */
static bool
is_origin(struct string text)
{
	const size_t scheme = strspn(text.data, LETTERS DIGITS "+.-");
	const char *host = text.data + scheme + 3;
	size_t length;

	if (string_is(text, "*"))
		return true;
	if (strspn(text.data, LETTERS) == 0 ||
	    strncmp(text.data + scheme, "://", 3) != 0)
		return false;
	length = strspn(host, LETTERS DIGITS "._:[]-");
	return length > 0 && scheme + 3 + length == text.length &&
	       text.length <= ORIGIN_MAX;
}

static void
check_origins(struct form *form, const struct value *value, const char *pointer,
	      enum status *status)
{
	if (value->type != VALUE_ARRAY) {
		*status = error_at(form->err, pointer,
				   "must be an array of origins, not %s",
				   value_type_name(value));
		return;
	}
	if (value->array.count > ORIGINS_MAX)
		*status = error_at(form->err, pointer,
				   "has %zu origins; at most %d are kept",
				   value->array.count, ORIGINS_MAX);
	for (size_t i = 0; i < value->array.count; i++) {
		const struct value *item = &value->array.items[i];

		if (item->type == VALUE_STRING && is_origin(item->string))
			continue;
		*status = error_at(
		    form->err, json_pointer_index(form->scratch, pointer, i),
		    "must be an origin such as \"https://shop.example\" or "
		    "\"http://localhost:3000\", without a path, or \"*\"");
	}
}

static void
check_metadata(struct form *form, const struct value *value,
	       const char *pointer, enum status *status)
{
	if (!toggle_check_metadata(value, pointer, form->scratch, form->err) ||
	    !exact_check_new(form->scope, "metadata", value, pointer,
			     form->scratch, form->err))
		*status = STATUS_INVALID;
	for (const char *const *name = reserved; *name != NULL; name++) {
		if (value_get(value, *name) != NULL)
			*status =
			    error_at(form->err, pointer,
				     "'%s' is given by the server", *name);
	}
}

/* To add a setting: add a row, and a line in docs/API.md ("Environments"). */
static const struct {
	const char *name;
	void (*check)(struct form *form, const struct value *value,
		      const char *pointer, enum status *status);
} settings[] = {
	{ "description", check_description },
	{ "fractional", check_fractional },
	{ "eventStreams", check_event_streams },
	{ "corsOrigins", check_origins },
	{ "metadata", check_metadata },
};

enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]) };

static const char *const names[] = {
	"description", "fractional", "eventStreams", "corsOrigins", "metadata",
	"name",        "revision",   "updatedAt",    "updatedBy",   NULL
};

bool
form_environment_knows(struct string member)
{
	return json_is_listed(names, member);
}

static enum status
check(struct form *form, const struct value *json)
{
	const char *base = form->scope->pointer;
	enum status status = STATUS_OK;

	if (!form_known_members(form, json, names))
		status = STATUS_INVALID;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings[i].name;
		const struct value *value = value_get(json, name);

		if (value != NULL)
			settings[i].check(form, value,
					  json_pointer(form->scratch, base,
						       name, strlen(name)),
					  &status);
	}
	return status;
}

static void
put_settings(struct bytes *text, const struct value *json)
{
	static const struct value v2 = { .type = VALUE_STRING,
					 .string = { "v2", 2 } };

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct value *value = value_get(json, settings[i].name);

		if (value == NULL && settings[i].check == check_fractional)
			value = &v2;
		if (value == NULL)
			continue;
		bytes_append_char(text, '"');
		bytes_append_str(text, settings[i].name);
		bytes_append_str(text, "\":");
		value_encode(value, text);
		bytes_append_char(text, ',');
	}
	text->length--;
	form_put_later(json, names, text);
}

/* What is stored may be of a newer release, and is not as checked here. */
static void
take_origins(struct form *form, const struct value *origins)
{
	struct definition *parts = &form->parts;

	if (origins == NULL || origins->type != VALUE_ARRAY)
		return;
	parts->has_origins = true;
	parts->tags = arena_zalloc(form->scratch, origins->array.count + 1,
				   sizeof(*parts->tags));
	for (size_t i = 0; i < origins->array.count; i++)
		if (origins->array.items[i].type == VALUE_STRING)
			parts->tags[parts->tag_count++] =
			    origins->array.items[i].string;
}

enum status
form_read_environment(struct form *form, const struct value *json)
{
	static const char member[] = "\"fractional\":";
	enum status status = STATUS_OK;
	const struct value *streams;
	struct string stored;

	if (json->type != VALUE_OBJECT)
		return error_at(form->err, form->scope->pointer,
				"must be an object, not %s",
				value_type_name(json));
	if (form->trusted.length == 0)
		status = check(form, json);
	else if (!form_known_members(form, json, names))
		status = STATUS_INVALID;
	form->parts.metadata =
	    form_object_text(form, value_get(json, "metadata"));
	streams = value_get(json, "eventStreams");
	form->parts.enabled =
	    streams == NULL || streams->type != VALUE_BOOL || streams->boolean;
	take_origins(form, value_get(json, "corsOrigins"));
	form_begin(form, "name");
	form_begin_stored(form);
	if (form->trusted.length > 0)
		form_put_trusted(form);
	else
		put_settings(&form->text, json);
	stored.data = form->text.data + form->stored;
	stored.length = form->text.length - form->stored;
	form->core = form->stored + form_find_member(stored, member) +
		     sizeof(member) - 1;
	form->core_length = sizeof("\"v2\"") - 1;
	form_end(form);
	return status;
}
