/*
 * Each verb is either one request to a server or one job for a registry on the
 * database itself. Both ways end in the same JSON document, which is then
 * printed: a new credential alone on stdout, so that it can be caught, and what
 * is to be said about it on stderr.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"
#include "marker.h"
#include "model/name.h"
#include "model/token.h"
#include "offline.h"
#include "remote.h"
#include "wire/json.h"
#include "wire/token.h"

enum {
	MS_PER_HOUR = 3600 * 1000,
	HOURS_PER_DAY = 24,
	DURATION_DIGITS_MAX = 6,
	ANSWER_BYTES_MAX = 16 * 1024 * 1024,
};

struct work {
	const struct options *options;
	const struct verb *verb;
	const char *id; /* the operand, or NULL */
	struct arena arena;
	struct bytes answer; /* JSON */
};

struct verb {
	const char *name;
	bool takes_id;
	const char *method;
	const char *path; /* %s: the id */
	/* The edits and how they are answered; NULL: nothing is changed. */
	enum status (*order)(struct work *work, const struct catalog *catalog,
			     struct token_order *order, struct error *err);
	void (*print)(const struct work *work, const struct value *answer);
};

static int64_t
now_ms(void)
{
	struct clock clock = clock_system();

	return clock_wall_ms(&clock);
}

/* --- the body ------------------------------------------------------------- */

static void
put_text(struct bytes *out, const char *name, const char *text)
{
	if (!text)
		return;
	bytes_printf(out, "%s\"%s\":", out->length > 1 ? "," : "", name);
	value_encode_string(text, strlen(text), out);
}

/* "90d", "12h": from now on. Anything else is left to the server. */
static const char *
absolute_time(const char *text, char out[CLOCK_TEXT_BYTES])
{
	char *unit = NULL;
	long n;

	if (!text || strspn(text, "0123456789") > DURATION_DIGITS_MAX)
		return text;
	n = strtol(text, &unit, 10);
	if (unit == text || (strcmp(unit, "d") != 0 && strcmp(unit, "h") != 0))
		return text;
	if (*unit == 'd')
		n *= HOURS_PER_DAY;
	clock_format(now_ms() + n * (int64_t)MS_PER_HOUR, out);
	return out;
}

static void
put_body(const struct options *options, struct bytes *out)
{
	const struct texts *environments = &options->environments;
	char expires[CLOCK_TEXT_BYTES];

	bytes_append_char(out, '{');
	put_text(out, "name", options->name);
	put_text(out, "role", options->role);
	put_text(out, "expiresAt", absolute_time(options->expires, expires));
	for (size_t i = 0; i < environments->count; i++) {
		bytes_append_str(out, i > 0 ? "," : ",\"environments\":[");
		value_encode_string(environments->items[i],
				    strlen(environments->items[i]), out);
	}
	bytes_append_str(out, environments->count > 0 ? "]}" : "}");
}

/* --- a server does it ----------------------------------------------------- */

static enum status
ask(struct work *work, struct error *err)
{
	const struct verb *verb = work->verb;
	struct client_request request = { .method = verb->method,
					  .content_type = "application/json",
					  .comment = work->options->comment,
					  .limit = ANSWER_BYTES_MAX,
					  .fd = -1 };
	struct client_answer answer;
	struct bytes path;
	struct bytes body;
	enum status rc;

	bytes_init(&path);
	bytes_init(&body);
	client_answer_init(&answer);
	bytes_append_str(&path, "/v1/tokens");
	if (work->id)
		bytes_printf(&path, "/%s%s", work->id, verb->path);
	request.path = path.data;
	if (verb->takes_id || !verb->order) {
		request.content_type = NULL;
	} else {
		put_body(work->options, &body);
		request.body = body.data;
		request.length = body.length;
	}
	rc = remote_fetch(work->options, &request, &answer, err);
	if (rc == STATUS_OK)
		bytes_append(&work->answer, answer.body.data,
			     answer.body.length);
	if (answer.body.data)
		explicit_bzero(answer.body.data, answer.body.length);
	client_answer_fini(&answer);
	bytes_fini(&path);
	bytes_fini(&body);
	return rc;
}

/* --- the database itself -------------------------------------------------- */

static enum status
find(const struct work *work, const struct catalog *catalog,
     const struct definition **token, struct error *err)
{
	*token = token_find(catalog, work->id, strlen(work->id));
	if (*token)
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND, "there is no token '%s'",
			 work->id);
}

static enum status
order_create(struct work *work, const struct catalog *catalog,
	     struct token_order *order, struct error *err)
{
	struct value body;
	struct bytes text;
	enum status rc;

	bytes_init(&text);
	put_body(work->options, &text);
	(void)catalog;
	rc =
	    json_decode(text.data, text.length, NULL, &work->arena, &body, err);
	if (rc == STATUS_OK)
		rc = token_order_create(&body, now_ms(), &work->arena, order,
					err);
	bytes_fini(&text);
	return rc;
}

static enum status
order_rotate(struct work *work, const struct catalog *catalog,
	     struct token_order *order, struct error *err)
{
	const struct definition *token;
	enum status rc = find(work, catalog, &token, err);

	if (rc == STATUS_OK)
		token_order_rotate(token, now_ms(), &work->arena, order);
	return rc;
}

static enum status
order_revoke(struct work *work, const struct catalog *catalog,
	     struct token_order *order, struct error *err)
{
	const struct definition *token;
	enum status rc = find(work, catalog, &token, err);

	if (rc == STATUS_OK)
		token_order_revoke(token, order);
	return rc;
}

/* What a server would answer. */
static void
put_answer(struct work *work, const struct job *job,
	   const struct token_order *order)
{
	const struct change *change = job->change;

	for (size_t i = 0; i < change->count; i++) {
		if (change->items[i].kind != KIND_TOKEN)
			continue;
		if (change->items[i].after)
			document_new_token(order->secret,
					   change->items[i].after,
					   &work->answer);
		else
			bytes_printf(&work->answer,
				     "{\"id\":\"%s\",\"revision\":%" PRId64 "}",
				     order->id, job->revision);
	}
}

static enum status
run(struct work *work, struct offline *offline, struct token_order *order,
    struct error *err)
{
	const char *comment = work->options->comment;
	struct job job;
	enum status rc;

	job_init(&job, JOB_WRITE);
	job.by.kind = PRINCIPAL_PROGRAM;
	job.environment =
	    (struct string){ NAME_ACCESS_ENVIRONMENT,
			     sizeof(NAME_ACCESS_ENVIRONMENT) - 1 };
	job.actor = (struct string){ "toggled token", 13 };
	job.comment = (struct string){ comment ? comment : "",
				       comment ? strlen(comment) : 0 };
	job.write.edits = order->edits;
	job.write.count = order->count;
	job.write.create_environment = true;
	rc = offline_run(offline, &job, err);
	if (rc == STATUS_OK && job.status != STATUS_OK) {
		rc = job.status;
		*err = job.error;
	}
	if (rc == STATUS_OK)
		put_answer(work, &job, order);
	job_fini(&job);
	return rc;
}

static enum status
change_file(struct work *work, struct error *err)
{
	struct offline offline = { 0 };
	struct token_order order = { .count = 0 };
	const char *database = work->options->database;
	enum store_mode mode = work->verb->order ? STORE_WRITE : STORE_READ;
	enum status rc = STATUS_OK;

	/* The first token may come before the first start. */
	if (work->verb->order == order_create)
		rc = marker_judge(work->options, &mode, err);
	else
		rc = offline_check(database, err);
	if (rc == STATUS_OK)
		rc = offline_open(&offline, database, mode, err);
	if (rc == STATUS_OK && work->verb->order)
		rc = work->verb->order(work, offline.catalog, &order, err);
	if (rc == STATUS_OK && work->verb->order)
		rc = run(work, &offline, &order, err);
	else if (rc == STATUS_OK)
		document_tokens(offline.catalog, &work->answer);
	token_order_wipe(&order);
	offline_close(&offline);
	return rc;
}

/* --- what is printed ------------------------------------------------------ */

static const char *
text_of(const struct value *object, const char *name)
{
	const struct value *value = value_get(object, name);

	return value && value->type == VALUE_STRING ? value->string.data : "";
}

static void
print_secret(const struct work *work, const struct value *answer)
{
	(void)work;
	printf("%s\n", text_of(answer, "token"));
	fprintf(stderr,
		"toggled: token %s of '%s', %s; it is shown this one time\n",
		text_of(answer, "id"), text_of(answer, "name"),
		text_of(answer, "role"));
}

static void
print_revoked(const struct work *work, const struct value *answer)
{
	const struct value *revision = value_get(answer, "revision");

	printf("toggled: token %s is revoked, revision %" PRId64 "\n", work->id,
	       revision && revision->type == VALUE_INTEGER ? revision->integer
							   : 0);
}

static void
print_token(const struct value *token)
{
	const struct value *environments = value_get(token, "environments");
	const char *expires = text_of(token, "expiresAt");

	printf("%s  %-6s  made %s  %-24s  ", text_of(token, "id"),
	       text_of(token, "role"), text_of(token, "createdAt"),
	       *expires ? expires : "never expires");
	for (size_t i = 0; environments && environments->type == VALUE_ARRAY &&
			   i < environments->array.count;
	     i++)
		printf("%s%s", i > 0 ? "," : "",
		       environments->array.items[i].type == VALUE_STRING
			   ? environments->array.items[i].string.data
			   : "?");
	printf("  %s\n", text_of(token, "name"));
}

static void
print_list(const struct work *work, const struct value *answer)
{
	const struct value *tokens = value_get(answer, "tokens");

	(void)work;
	if (!tokens || tokens->type != VALUE_OBJECT)
		return;
	for (size_t i = 0; i < tokens->object.count; i++)
		print_token(&tokens->object.members[i].value);
}

/* To add one: a row, and a line in docs/man/toggled.8. */
static const struct verb verbs[] = {
	{ "create", false, "POST", "", order_create, print_secret },
	{ "list", false, "GET", "", NULL, print_list },
	{ "revoke", true, "DELETE", "", order_revoke, print_revoked },
	{ "rotate", true, "POST", "/rotate", order_rotate, print_secret },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static enum status
find_verb(const char *name, const struct verb **verb, struct error *err)
{
	const char *names[VERBS + 1] = { NULL };
	const char *hint;

	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(verbs[i].name, name) == 0) {
			*verb = &verbs[i];
			return STATUS_OK;
		}
	}
	hint = json_hint(names, name, strlen(name));
	return error_set(err, STATUS_INVALID,
			 "there is create, list, revoke and rotate, not "
			 "'%s'%s%s%s",
			 name, hint ? "; did you mean '" : "", hint ? hint : "",
			 hint ? "'?" : "");
}

static enum status
check_role(const char *name, struct error *err)
{
	enum role role;

	if (role_parse(name, &role))
		return STATUS_OK;
	return error_set(err, STATUS_INVALID,
			 "role is '%s', allowed is one of: evaluate, "
			 "client, viewer, editor, admin",
			 name);
}

static enum status
read_operands(struct work *work, struct error *err)
{
	const struct options *options = work->options;
	const struct texts *operands = &options->operands;
	enum status rc = find_verb(operands->items[0], &work->verb, err);

	if (rc != STATUS_OK)
		return rc;
	work->id = operands->count > 1 ? operands->items[1] : NULL;
	if (work->verb->takes_id != (work->id != NULL))
		return error_set(err, STATUS_INVALID,
				 work->id ? "%s takes no ID"
					  : "%s wants the ID of a token",
				 work->verb->name);
	if (work->id && !credential_is_id(work->id, strlen(work->id)))
		return error_set(err, STATUS_INVALID,
				 "'%s' is no ID of a token; `toggled token "
				 "list` shows them",
				 work->id);
	if (work->verb->order != order_create)
		return STATUS_OK;
	if (!options->name || !options->role)
		return error_set(err, STATUS_INVALID,
				 "create wants --name NAME and --role ROLE");
	return check_role(options->role, err);
}

enum status
command_token_check(const struct options *options, struct error *err)
{
	const char *const kept[] = { options->name, options->comment };
	struct work work = { .options = options };
	enum status rc = read_operands(&work, err);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (rc == STATUS_OK && kept[i] != NULL &&
		    credential_is_within(kept[i], strlen(kept[i])))
			rc = error_set(err, STATUS_INVALID,
				       "the name or the comment has an access "
				       "token in it: they are kept for good "
				       "and shown to others");
	}
	if (rc != STATUS_OK)
		return error_wrap(err, "token");
	return remote_check(options, err);
}

enum status
command_token(const struct options *options, struct error *err)
{
	struct work work = { .options = options };
	struct value answer = { .type = VALUE_NULL };
	enum status rc = read_operands(&work, err);

	bytes_init(&work.answer);
	arena_init(&work.arena);
	if (rc == STATUS_OK)
		rc = remote_is_meant(options) ? ask(&work, err)
					      : change_file(&work, err);
	if (rc == STATUS_OK)
		rc = json_decode(work.answer.data, work.answer.length, NULL,
				 &work.arena, &answer, err);
	if (rc == STATUS_OK)
		work.verb->print(&work, &answer);
	else
		error_wrap(err, "token");
	if (work.answer.data)
		explicit_bzero(work.answer.data, work.answer.length);
	bytes_fini(&work.answer);
	arena_fini(&work.arena);
	return rc;
}
