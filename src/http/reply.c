#include "reply.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "cors.h"
#include "loop.h"
#include "reply_queue.h"
#include "request.h"
#include "stream.h"
#include "wire/document.h"
#include "wire/ofrep.h"

enum { STREAM_BLOCK_BYTES = 1024 };

#define JSON_TYPE "application/json"
#define PROBLEM_TYPE "application/problem+json"

void
reply_header(struct request *r, const char *name, const char *value)
{
	struct reply *reply = &r->reply;

	assert(reply->header_count < REPLY_HEADERS_MAX);
	reply->headers[reply->header_count++] =
	    (struct reply_header){ name, value };
}

void
reply_headerf(struct request *r, const char *name, const char *fmt, ...)
{
	char *value;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	value = arena_alloc(&r->arena, (size_t)length + 1);
	va_start(args, fmt);
	(void)vsnprintf(value, (size_t)length + 1, fmt, args);
	va_end(args);
	reply_header(r, name, value);
}

static bool
has_header(const struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++)
		if (strcasecmp(reply->headers[i].name, name) == 0)
			return true;
	return false;
}

void
reply_blob(struct request *r, unsigned status, const char *content_type,
	   struct blob *body)
{
	blob_unref(r->reply.body);
	r->reply.status = status;
	r->reply.content_type = content_type;
	r->reply.body = body;
}

void
reply_json(struct request *r, unsigned status, struct bytes *body)
{
	reply_blob(r, status, JSON_TYPE, blob_from_bytes(body));
}

void
reply_empty(struct request *r, unsigned status)
{
	reply_blob(r, status, NULL, NULL);
}

/* What OFREP clients understand; everything else breaks them. */
static unsigned
failure_status(enum status code)
{
	switch (status_http(code)) {
	case 401:
	case 403:
	case 404:
	case 405:
	case 500:
		return status_http(code);
	case 429:
	case 503:
		return 429;
	case 501:
	case 507:
		return 500;
	default:
		return 400;
	}
}

static const char *
failure_code(const struct request *r, enum status code)
{
	switch (status_http(code)) {
	case 400:
	case 413:
	case 415:
		return "INVALID_CONTEXT";
	case 404:
		return r->route == NULL ? "GENERAL" : "FLAG_NOT_FOUND";
	default:
		return "GENERAL";
	}
}

/* The key that an evaluation of one flag is about, else "". */
static struct string
ofrep_key(const struct request *r)
{
	struct string key = { "", 0 };

	if (r->route == NULL || strstr(r->route->pattern, "{key") == NULL)
		return key;
	for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
		if (r->params[i].data != NULL)
			key = r->params[i];
	return key;
}

static void
fill_ofrep_error(struct request *r, const struct error *err)
{
	struct string key = ofrep_key(r);
	struct bytes out;

	bytes_init(&out);
	ofrep_encode_error(key, failure_code(r, err->code), err->text, &out);
	reply_json(r, failure_status(err->code), &out);
}

void
reply_error(struct request *r, const struct error *err)
{
	if (r->is_ofrep) {
		fill_ofrep_error(r, err);
	} else {
		struct bytes out;

		bytes_init(&out);
		document_problem(err, NULL, (struct string){ 0 }, &out);
		reply_blob(r, status_http(err->code), PROBLEM_TYPE,
			   blob_from_bytes(&out));
	}
	if ((r->reply.status == 503 || r->reply.status == 429) &&
	    !has_header(&r->reply, "Retry-After"))
		reply_header(r, "Retry-After", "1");
}

void
reply_fail(struct request *r, enum status code, const char *fmt, ...)
{
	char text[ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_init(&r->error);
	(void)error_set(&r->error, code, "%s", text);
	reply_error(r, &r->error);
}

size_t
reply_length(const struct request *r)
{
	struct stat st;

	if (r->reply.body != NULL)
		return r->reply.body->length;
	if (r->reply.fd >= 0 && fstat(r->reply.fd, &st) == 0)
		return (size_t)st.st_size;
	return 0;
}

static void
release_blob(void *cls)
{
	blob_unref(cls);
}

/* Of a body that nobody else has. */
static void
wipe_blob(void *cls)
{
	struct blob *blob = cls;

	explicit_bzero(blob->data, blob->length);
	blob_unref(blob);
}

/* Takes body or descriptor out of the reply. NULL when the library fails. */
static struct MHD_Response *
make_response(struct request *r)
{
	struct reply *reply = &r->reply;
	struct blob *body = reply->body;
	struct MHD_Response *response;
	const uint64_t length = reply_length(r);
	int fd = reply->fd;

	if (reply->stream != NULL) {
		struct stream *stream = reply->stream;

		reply->stream = NULL;
		response = MHD_create_response_from_callback(
		    MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, stream,
		    stream_free);
		if (response == NULL)
			stream_free(stream);
		return response;
	}
	if (body != NULL) {
		reply->body = NULL;
		response =
		    MHD_create_response_from_buffer_with_free_callback_cls(
			body->length, body->data,
			reply->secret ? wipe_blob : release_blob, body);
		if (response == NULL)
			blob_unref(body);
		return response;
	}
	if (fd >= 0) {
		reply->fd = -1;
		response = MHD_create_response_from_fd64(length, fd);
		if (response == NULL)
			close(fd);
		return response;
	}
	return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
}

typedef void (*header_fn)(void *ctx, const char *name, const char *value);

static void
each_header(const struct request *r, bool close, header_fn visit, void *ctx)
{
	const struct reply *reply = &r->reply;

	for (size_t i = 0; i < reply->header_count; i++)
		visit(ctx, reply->headers[i].name, reply->headers[i].value);
	if (reply->content_type != NULL)
		visit(ctx, "Content-Type", reply->content_type);
	if (!has_header(reply, "Cache-Control"))
		visit(ctx, "Cache-Control", "no-store");
	visit(ctx, "X-Content-Type-Options", "nosniff");
	for (const struct reply_header *h = cors_always;
	     r->is_ofrep && h->name != NULL; h++)
		visit(ctx, h->name, h->value);
	if (r->id[0] != '\0')
		visit(ctx, "X-Request-Id", r->id);
	if (close || reply->close)
		visit(ctx, "Connection", "close");
}

static void
add_header(void *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value);
}

static void
append_header(void *out, const char *name, const char *value)
{
	bytes_printf(out, "%s: %s\r\n", name, value);
}

bool
reply_queue(struct request *r, struct MHD_Connection *mhd, bool close)
{
	struct MHD_Response *response;
	enum MHD_Result queued;

	response = make_response(r);
	if (response == NULL)
		return false;
	each_header(r, close, add_header, response);
	queued = MHD_queue_response(mhd, r->reply.status, response);
	MHD_destroy_response(response);
	return queued == MHD_YES;
}

void
reply_encode(const struct request *r, struct bytes *out)
{
	const struct blob *body = r->reply.body;

	bytes_printf(out, "HTTP/1.1 %u %s\r\n", r->reply.status,
		     MHD_get_reason_phrase_for(r->reply.status));
	answer_date(&r->loop->service->clock, out);
	each_header(r, true, append_header, out);
	bytes_printf(out, "Content-Length: %zu\r\n\r\n",
		     body == NULL ? (size_t)0 : body->length);
	if (body != NULL && !r->head_only)
		bytes_append(out, body->data, body->length);
}
