#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/name.h"
#include "wire/json.h"

enum {
	ANSWER_MAX = 256 * 1024 * 1024,
	IDLE_TIMEOUT_MS = 60 * 1000,
};

static const char default_server[] = "http://127.0.0.1:8016";

bool
remote_is_meant(const struct options *options)
{
	return options_source(options, "database") != SOURCE_LINE;
}

enum status
remote_check(const struct options *options, struct error *err)
{
	const char *environment = options->environment;

	if (options->server && !remote_is_meant(options))
		return error_set(err, STATUS_INVALID,
				 "either --server or --database");
	if (!name_is_environment(environment, strlen(environment)))
		return error_set(err, STATUS_INVALID,
				 "'%s' is no name for an environment",
				 environment);
	return STATUS_OK;
}

static const char *
text_of(const struct value *object, const char *name)
{
	const struct value *value = value_get(object, name);

	return value && value->type == VALUE_STRING ? value->string.data : NULL;
}

static void
take_places(const struct value *errors, struct error *err)
{
	if (!errors || errors->type != VALUE_ARRAY)
		return;
	for (size_t i = 0; i < errors->array.count; i++) {
		const struct value *place = &errors->array.items[i];
		const char *pointer = text_of(place, "pointer");
		const char *detail = text_of(place, "detail");

		if (pointer && detail)
			error_at(err, pointer, "%s", detail);
	}
}

/* A problem document (RFC 9457) as an error. */
static enum status
refused(const struct client_request *request,
	const struct client_answer *answer, struct error *err)
{
	struct arena arena;
	struct value problem = { .type = VALUE_NULL };
	const char *detail = NULL;

	arena_init(&arena);
	if (answer->body.length > 0 &&
	    json_decode(answer->body.data, answer->body.length, NULL, &arena,
			&problem, NULL) == STATUS_OK)
		detail = text_of(&problem, "detail");
	error_set(err, STATUS_INVALID, "%s refused it (%u): %s",
		  request->server, answer->status,
		  detail ? detail : "it gave no reason");
	take_places(value_get(&problem, "errors"), err);
	arena_fini(&arena);
	return STATUS_INVALID;
}

enum status
remote_fetch(const struct options *options, struct client_request *request,
	     struct client_answer *answer, struct error *err)
{
	const char *token = getenv("TOGGLED_TOKEN");
	enum status rc;

	if (token && !name_is_token(token, strlen(token)))
		return error_set(err, STATUS_INVALID,
				 "TOGGLED_TOKEN is no access token");
	request->server = options->server ? options->server : default_server;
	request->token = token;
	request->ca_file = options->ca_file;
	if (request->limit == 0)
		request->limit = ANSWER_MAX;
	if (request->idle_timeout_ms == 0)
		request->idle_timeout_ms = IDLE_TIMEOUT_MS;
	rc = client_fetch(request, answer, err);
	if (rc == STATUS_OK && answer->status / 100 != 2)
		rc = refused(request, answer, err);
	return rc;
}
