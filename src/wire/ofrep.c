#include "wire/ofrep.h"

#include <string.h>

#include "model/name.h"
#include "put.h"
#include "wire/json.h"

enum status
ofrep_decode_context(struct string body, struct arena *arena,
		     struct value *context, struct error *err)
{
	static const struct json_limits limits = { .foreign = true };
	const struct value *given;
	struct value root;
	enum status rc;

	*context = (struct value){ .type = VALUE_OBJECT };
	if (strspn(body.data == NULL ? "" : body.data, " \t\r\n") ==
	    body.length)
		return STATUS_OK;
	rc = json_decode(body.data, body.length, &limits, arena, &root, err);
	if (rc != STATUS_OK)
		return rc;
	if (root.type != VALUE_OBJECT)
		return error_at(err, "", "must be an object, not %s",
				value_type_name(&root));
	given = value_get(&root, "context");
	if (given == NULL || given->type == VALUE_NULL)
		return STATUS_OK;
	if (given->type != VALUE_OBJECT)
		return error_at(err, "/context", "must be an object, not %s",
				value_type_name(given));
	*context = *given;
	return STATUS_OK;
}

/* --- metadata -----------------------------------------------------------
 *
 * Both objects are flat and in the compact form that we store, so they are
 * joined as text: nothing is parsed for a flag of a bulk answer. A quote inside
 * a string is escaped, so `,"name":` can only be the beginning of a member.
 */

/* Behind the string that begins at `at` with its quote. */
static size_t
skip_string(struct string text, size_t at)
{
	for (at++; at < text.length && text.data[at] != '"'; at++) {
		if (text.data[at] == '\\')
			at++;
	}
	return at + 1;
}

/* The member at *at (behind '{' or ','), and its name with the quotes. */
static bool
next_member(struct string object, size_t *at, struct string *name,
	    struct string *member)
{
	const char *start = object.data + *at;
	size_t end;

	if (*at >= object.length || *start != '"')
		return false;
	end = skip_string(object, *at);
	*name = (struct string){ start, end - *at };
	end++;
	if (end < object.length && object.data[end] == '"')
		end = skip_string(object, end);
	while (end < object.length && object.data[end] != ',' &&
	       object.data[end] != '}')
		end++;
	*member = (struct string){ start, end - *at };
	*at = end + 1;
	return true;
}

static bool
has_member(struct string object, struct string name)
{
	const char *at = object.data;
	const char *end = object.data + object.length;

	while ((at = memmem(at, (size_t)(end - at), name.data, name.length)) !=
	       NULL) {
		if ((at[-1] == '{' || at[-1] == ',') && at[name.length] == ':')
			return true;
		at += name.length;
	}
	return false;
}

/* The members of `over`, and of `under` those that `over` has not. */
static void
put_metadata(struct string under, struct string over, struct bytes *out)
{
	struct string name, member;
	bool first = true;
	size_t at = 1;

	bytes_append_char(out, '{');
	while (next_member(under, &at, &name, &member)) {
		if (over.length > 2 && has_member(over, name))
			continue;
		if (!first)
			bytes_append_char(out, ',');
		first = false;
		bytes_append(out, member.data, member.length);
	}
	if (over.length > 2) {
		if (!first)
			bytes_append_char(out, ',');
		bytes_append(out, over.data + 1, over.length - 2);
	}
	bytes_append_char(out, '}');
}

static struct string
shared_metadata(const struct snapshot *snapshot)
{
	if (snapshot == NULL || snapshot->settings == NULL)
		return (struct string){ "", 0 };
	return snapshot->settings->metadata;
}

/* --- one flag ----------------------------------------------------------- */

static void
put_value(const struct definition *toggle, int variant, struct bytes *out)
{
	const struct variant *chosen;

	if (variant < 0) {
		/* A client of typed language wants the member, empty. */
		bytes_append_str(out, ",\"variant\":\"\"");
		return;
	}
	chosen = &toggle->variants[variant];
	bytes_append_str(out, ",\"value\":");
	bytes_append(out, chosen->json.data, chosen->json.length);
	bytes_append_str(out, ",\"variant\":");
	value_encode_string(chosen->name.data, chosen->name.length, out);
}

static void
put_failure(const char *code, const char *details, struct bytes *out)
{
	bytes_append_str(out, "\"errorCode\":\"");
	bytes_append_str(out, code);
	bytes_append_str(out, "\",\"errorDetails\":");
	value_encode_string(details, strlen(details), out);
}

void
ofrep_encode_flag(const struct snapshot *snapshot, struct string key,
		  const struct definition *toggle,
		  const struct evaluation *evaluation, struct bytes *out)
{
	bytes_append_str(out, "{\"key\":");
	value_encode_string(key.data, key.length, out);
	bytes_append_char(out, ',');
	if (evaluation->reason == REASON_ERROR) {
		put_failure(eval_error_name(evaluation->error),
			    evaluation->detail, out);
	} else {
		bytes_append_str(out, "\"reason\":\"");
		bytes_append_str(out, reason_name(evaluation->reason));
		bytes_append_char(out, '"');
		put_value(toggle, evaluation->variant, out);
	}
	bytes_append_str(out, ",\"metadata\":");
	put_metadata(
	    shared_metadata(snapshot),
	    toggle == NULL ? (struct string){ "", 0 } : toggle->metadata, out);
	bytes_append_char(out, '}');
}

unsigned
ofrep_status(const struct evaluation *evaluation)
{
	if (evaluation->reason != REASON_ERROR)
		return 200;
	return evaluation->error == EVAL_ERROR_FLAG_NOT_FOUND ? 404 : 400;
}

/* --- all flags ---------------------------------------------------------- */

/* No origin: a client takes the one that it has called. */
static void
put_event_streams(struct string stream, struct bytes *out)
{
	bytes_append_str(out, ",\"eventStreams\":[{\"type\":\"sse\","
			      "\"endpoint\":{\"requestUri\":");
	value_encode_string(stream.data, stream.length, out);
	bytes_append_str(out, "},\"inactivityDelaySec\":120}]");
}

void
ofrep_encode_bulk(const struct snapshot *snapshot,
		  const struct eval_context *context, struct string stream,
		  struct bytes *out)
{
	const struct string shared = shared_metadata(snapshot);
	const struct definition *toggle;
	struct snapshot_walk walk;
	bool first = true;

	bytes_append_str(out, "{\"flags\":[");
	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE,
			   (struct string){ "", 0 });
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		struct evaluation evaluation;

		if (!first)
			bytes_append_char(out, ',');
		first = false;
		evaluate(toggle, context, &evaluation);
		ofrep_encode_flag(snapshot, toggle->key, toggle, &evaluation,
				  out);
	}
	bytes_append_char(out, ']');
	/* Some clients refuse members that they do not know at this level, so
	 * each is only there when it says something. */
	if (shared.length > 2) {
		bytes_append_str(out, ",\"metadata\":");
		bytes_append(out, shared.data, shared.length);
	}
	if (stream.length > 0)
		put_event_streams(stream, out);
	bytes_append_char(out, '}');
}

void
ofrep_encode_error(struct string key, const char *code, const char *details,
		   struct bytes *out)
{
	const size_t start = out->length;

	bytes_append_char(out, '{');
	if (key.length > 0) {
		bytes_append_str(out, "\"key\":");
		value_encode_string(key.data, key.length, out);
		bytes_append_char(out, ',');
	}
	put_failure(code, details, out);
	bytes_append_str(out, ",\"metadata\":{}}");
	put_masked(out, start);
}
