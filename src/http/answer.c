#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "document_reply.h"
#include "effort.h"
#include "wire/document.h"
#include "wire/ofrep.h"

void
answer_forget(struct answer *answer)
{
	blob_unref(answer->body);
	blob_unref(answer->wire);
	memset(answer, 0, sizeof(*answer));
}

/* RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT */
void
answer_date(const struct clock *clock, struct bytes *out)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)(clock_wall_ms(clock) / 1000);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL)
		return;
	bytes_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
		     days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
		     tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
append_tail(size_t length, bool close, struct bytes *out)
{
	bytes_printf(out,
		     "Cache-Control: no-store\r\n"
		     "X-Content-Type-Options: nosniff\r\n"
		     "Content-Length: %zu\r\n%s\r\n",
		     length, close ? "Connection: close\r\n" : "");
}

static struct blob *
build_ok(const struct clock *clock, const struct answer_tag *tag,
	 const struct blob *body, bool close)
{
	char text[VALUES_TAG_BYTES];
	struct bytes out;

	bytes_init(&out);
	bytes_reserve(&out, body->length + 320);
	bytes_append_str(&out, "HTTP/1.1 200 OK\r\n");
	answer_date(clock, &out);
	bytes_append_str(&out, "Content-Type: application/json\r\n");
	if (tag->of_values)
		values_tag(tag->epoch, tag->revision, body, text);
	else
		(void)snprintf(text, sizeof(text), "%s.%" PRId64, tag->epoch,
			       tag->revision);
	bytes_printf(&out, "ETag: \"%s\"\r\n", text);
	append_tail(body->length, close, &out);
	bytes_append(&out, body->data, body->length);
	return blob_from_bytes(&out);
}

/* `head` ends with the end of a line. */
static struct blob *
build_problem(const struct clock *clock, const char *head,
	      const struct error *err, bool close)
{
	struct bytes body;
	struct bytes out;

	bytes_init(&body);
	bytes_init(&out);
	document_problem(err, NULL, (struct string){ 0 }, &body);
	bytes_append_str(&out, head);
	answer_date(clock, &out);
	bytes_append_str(&out, "Content-Type: application/problem+json\r\n");
	append_tail(body.length, close, &out);
	bytes_append(&out, body.data, body.length);
	bytes_fini(&body);
	return blob_from_bytes(&out);
}

static struct blob *
build_gone(const struct clock *clock, bool close)
{
	struct error err;

	error_init(&err);
	(void)error_set(&err, STATUS_NOT_FOUND, "the environment is gone");
	return build_problem(clock, "HTTP/1.1 404 Not Found\r\n", &err, close);
}

static const struct {
	const char *head;
	enum status code;
	const char *text;
} refusals[] = {
	[REFUSAL_TOKEN] = { "HTTP/1.1 401 Unauthorized\r\n"
			    "WWW-Authenticate: Bearer realm=\"toggled\"\r\n",
			    STATUS_UNAUTHORIZED,
			    "the access token was revoked, or has expired" },
	[REFUSAL_COSTLY] = { "HTTP/1.1 429 Too Many Requests\r\n"
			     "Retry-After: 1\r\n",
			     STATUS_TOO_MANY, EFFORT_REFUSED },
	[REFUSAL_STOPPED] = { "HTTP/1.1 503 Service Unavailable\r\n"
			      "Retry-After: 1\r\n",
			      STATUS_BUSY, "the server stops" },
};

struct blob *
answer_refusal(struct answer *answer, const struct clock *clock,
	       enum refusal why, bool close)
{
	struct error err;

	error_init(&err);
	(void)error_set(&err, refusals[why].code, "%s", refusals[why].text);
	answer_forget(answer);
	answer->wire = build_problem(clock, refusals[why].head, &err, close);
	return answer->wire;
}

struct blob *
answer_too_many(const struct clock *clock, bool ofrep)
{
	static const char text[] = "too many connections, try again";
	struct error err;
	struct bytes body;
	struct bytes out;

	error_init(&err);
	(void)error_set(&err, STATUS_BUSY, text);
	if (!ofrep)
		return build_problem(clock,
				     "HTTP/1.1 503 Service Unavailable\r\n"
				     "Retry-After: 1\r\n",
				     &err, true);
	bytes_init(&body);
	bytes_init(&out);
	ofrep_encode_error((struct string){ "", 0 }, "GENERAL", text, &body);
	bytes_append_str(&out, "HTTP/1.1 429 Too Many Requests\r\n"
			       "Retry-After: 1\r\n"
			       "Access-Control-Allow-Origin: *\r\n"
			       "Content-Type: application/json\r\n");
	answer_date(clock, &out);
	append_tail(body.length, true, &out);
	bytes_append(&out, body.data, body.length);
	bytes_fini(&body);
	return blob_from_bytes(&out);
}

struct blob *
answer_wire(struct answer *answer, const struct clock *clock,
	    const struct answer_tag *tag, struct blob *body, bool close)
{
	if (answer->wire != NULL && body != NULL && answer->body == body &&
	    answer->close == close)
		return answer->wire;
	answer_forget(answer);
	answer->close = close;
	if (body == NULL) {
		answer->wire = build_gone(clock, close);
	} else {
		answer->body = blob_ref(body);
		answer->wire = build_ok(clock, tag, body, close);
	}
	return answer->wire;
}
