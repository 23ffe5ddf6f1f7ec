/*
 * Requests and polls by libcurl, answers as JSON. One easy handle serves all
 * plain requests, so that they share a connection; each poll has its own.
 */
#include <check.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "harness.h"

struct http {
	CURL *easy;
	CURLM *multi;
};

struct exchange {
	struct bytes head;
	struct bytes body;
	struct curl_slist *headers;
};

struct poller {
	struct toggled *t;
	CURL *easy; /* NULL: answered or abandoned */
	struct exchange exchange;
	struct answer *answer;
	double took_ms;
};

static struct http *
http(struct toggled *t)
{
	if (!t->http) {
		ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), 0);
		t->http = mem_zalloc(1, sizeof(*t->http));
		t->http->easy = curl_easy_init();
		t->http->multi = curl_multi_init();
	}
	return t->http;
}

void
http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	free(http);
}

static void
answer_release(void *p)
{
	struct answer *answer = p;

	json_decref(answer->json);
	free(answer->headers);
	free(answer->body);
	free(answer);
}

struct answer *
answer_new(struct toggled *t)
{
	return toggled_own(t, mem_zalloc(1, sizeof(struct answer)),
			   answer_release);
}

/* Headers of a further answer (after 100, say) replace those before. */
static size_t
head_cb(char *data, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;

	if (size * count > 5 && strncmp(data, "HTTP/", 5) == 0)
		bytes_clear(&x->head);
	bytes_append(&x->head, data, size * count);
	return size * count;
}

static size_t
body_cb(char *data, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;

	bytes_append(&x->body, data, size * count);
	return size * count;
}

static void
exchange_init(struct exchange *x)
{
	bytes_init(&x->head);
	bytes_init(&x->body);
	x->headers = NULL;
}

static void
exchange_fini(struct exchange *x)
{
	bytes_fini(&x->head);
	bytes_fini(&x->body);
	curl_slist_free_all(x->headers);
	x->headers = NULL;
}

static bool
is_named(const char *const *headers, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; headers && headers[i]; i++) {
		if (strncasecmp(headers[i], name, length) == 0)
			return true;
	}
	return false;
}

static void
prepare(struct toggled *t, CURL *easy, struct exchange *x, const char *path,
	const char *const *headers)
{
	const char *base = t->unix_path[0] ? "http://localhost" : t->url;

	for (size_t i = 0; headers && headers[i]; i++)
		x->headers = curl_slist_append(x->headers, headers[i]);
	curl_easy_setopt(easy, CURLOPT_URL,
			 toggled_text(t, "%s%s", base, path));
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head_cb);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_cb);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	if (t->unix_path[0])
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, t->unix_path);
	if (t->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
}

static struct answer *
answer_take(struct toggled *t, CURL *easy, struct exchange *x, bool is_whole)
{
	struct answer *answer = answer_new(t);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
	if (!is_whole)
		answer->status = 0;
	answer->length = x->body.length;
	answer->headers = bytes_take(&x->head);
	answer->body = bytes_take(&x->body);
	return answer;
}

struct answer *
toggled_request(struct toggled *t, const char *method, const char *path,
		const char *const *headers, const char *body)
{
	CURL *easy = http(t)->easy;
	struct exchange x;
	struct answer *answer;
	CURLcode rc;

	exchange_init(&x);
	curl_easy_reset(easy);
	if (body && !is_named(headers, "Content-Type:")) {
		x.headers = curl_slist_append(x.headers,
					      "Content-Type: application/json");
	}
	prepare(t, easy, &x, path, headers);
	if (body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)strlen(body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x.headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)DEADLINE_ANSWER_MS);
	rc = curl_easy_perform(easy);
	ck_assert_msg(rc != CURLE_OPERATION_TIMEDOUT &&
			  rc != CURLE_COULDNT_CONNECT,
		      "%s %s: %s", method, path, curl_easy_strerror(rc));
	answer = answer_take(t, easy, &x, rc == CURLE_OK);
	exchange_fini(&x);
	return answer;
}

struct answer *
toggled_get(struct toggled *t, const char *path)
{
	return toggled_request(t, "GET", path, NULL, NULL);
}

void
toggled_hang_up(struct toggled *t)
{
	if (!t->http)
		return;
	curl_easy_cleanup(t->http->easy);
	t->http->easy = curl_easy_init();
}

const char *
answer_header(struct toggled *t, const struct answer *answer, const char *name)
{
	size_t length = strlen(name);
	const char *line = answer->headers;

	while (line && *line) {
		size_t line_length = strcspn(line, "\r\n");

		if (line_length > length && line[length] == ':' &&
		    strncasecmp(line, name, length) == 0) {
			const char *value = line + length + 1;

			value += strspn(value, " \t");
			return toggled_text(t, "%.*s",
					    (int)(line + line_length - value),
					    value);
		}
		line += line_length;
		line += strspn(line, "\r\n");
	}
	return NULL;
}

json_t *
answer_json(struct answer *answer)
{
	json_error_t error;

	if (!answer->json) {
		answer->json =
		    json_loadb(answer->body, answer->length,
			       JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	}
	ck_assert_msg(answer->json != NULL, "%ld, not JSON: %s", answer->status,
		      answer->body);
	return answer->json;
}

/* One reference token of a pointer, "~1" and "~0" resolved, into `name`. */
static const char *
token(const char *pointer, char *name, size_t size)
{
	size_t used = 0;

	for (; *pointer && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~' && (pointer[1] == '0' || pointer[1] == '1')) {
			pointer++;
			c = *pointer == '1' ? '/' : '~';
		}
		ck_assert_uint_lt(used + 1, size);
		name[used++] = c;
	}
	name[used] = '\0';
	return pointer;
}

json_t *
json_at(json_t *json, const char *pointer)
{
	char name[512];

	while (json && *pointer) {
		ck_assert_msg(*pointer == '/', "no JSON pointer: %s", pointer);
		pointer = token(pointer + 1, name, sizeof(name));
		if (json_is_array(json))
			json = json_array_get(json, strtoul(name, NULL, 10));
		else
			json = json_object_get(json, name);
	}
	return json;
}

const char *
json_text_at(json_t *json, const char *pointer)
{
	json_t *at = json_at(json, pointer);

	ck_assert_msg(json_is_string(at), "no string at %s", pointer);
	return json_string_value(at);
}

int64_t
json_int_at(json_t *json, const char *pointer)
{
	json_t *at = json_at(json, pointer);

	ck_assert_msg(json_is_integer(at), "no integer at %s", pointer);
	return json_integer_value(at);
}

bool
json_bool_at(json_t *json, const char *pointer)
{
	json_t *at = json_at(json, pointer);

	ck_assert_msg(json_is_boolean(at), "no boolean at %s", pointer);
	return json_is_true(at);
}

double
json_real_at(json_t *json, const char *pointer)
{
	json_t *at = json_at(json, pointer);

	ck_assert_msg(json_is_number(at), "no number at %s", pointer);
	return json_number_value(at);
}

static void
hang_up(struct poller *p)
{
	if (!p->easy)
		return;
	curl_multi_remove_handle(http(p->t)->multi, p->easy);
	curl_easy_cleanup(p->easy);
	p->easy = NULL;
	exchange_fini(&p->exchange);
}

static void
poller_release(void *ptr)
{
	struct poller *p = ptr;

	hang_up(p);
	free(p);
}

static void
finish(struct poller *p, CURLcode rc)
{
	curl_off_t us = 0;

	curl_easy_getinfo(p->easy, CURLINFO_TOTAL_TIME_T, &us);
	p->took_ms = (double)us / 1000.0;
	p->answer = answer_take(p->t, p->easy, &p->exchange, rc == CURLE_OK);
	hang_up(p);
}

/* Let every open poll make progress, waiting up to `wait_ms` for some. */
static void
drive(struct toggled *t, int64_t wait_ms)
{
	CURLM *multi = http(t)->multi;
	int running = 0;
	int left = 0;
	CURLMsg *msg;

	if (wait_ms > 0)
		curl_multi_poll(multi, NULL, 0, (int)wait_ms, NULL);
	curl_multi_perform(multi, &running);
	while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
		char *ctx = NULL;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &ctx);
		finish((struct poller *)(void *)ctx, msg->data.result);
	}
}

static bool
is_sent(struct poller *p)
{
	long size = 0;

	if (!p->easy)
		return true;
	curl_easy_getinfo(p->easy, CURLINFO_REQUEST_SIZE, &size);
	return size > 0;
}

struct poller *
poll_start(struct toggled *t, const char *path, const char *const *headers)
{
	struct poller *p = mem_zalloc(1, sizeof(*p));
	int64_t end = now_ms() + DEADLINE_ANSWER_MS;

	p->t = t;
	p->easy = curl_easy_init();
	exchange_init(&p->exchange);
	toggled_own(t, p, poller_release);
	prepare(t, p->easy, &p->exchange, path, headers);
	curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->exchange.headers);
	curl_easy_setopt(p->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(p->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(p->easy, CURLOPT_PRIVATE, p);
	curl_multi_add_handle(http(t)->multi, p->easy);
	drive(t, 0);
	while (!is_sent(p)) {
		ck_assert_msg(now_ms() < end, "poll %s: not sent", path);
		drive(t, 20);
	}
	return p;
}

bool
poll_is_done(struct poller *p)
{
	drive(p->t, 0);
	return p->answer != NULL;
}

struct answer *
poll_finish(struct poller *p, int64_t deadline_ms)
{
	int64_t end = now_ms() + deadline_ms;

	while (!p->answer) {
		int64_t left = end - now_ms();

		ck_assert_msg(p->easy != NULL, "the poll was abandoned");
		ck_assert_msg(left > 0, "no answer to a poll within %lld ms",
			      (long long)deadline_ms);
		drive(p->t, left);
	}
	return p->answer;
}

double
poll_took_ms(struct poller *p)
{
	ck_assert_msg(p->answer != NULL, "the poll is not answered");
	return p->took_ms;
}

void
poll_abandon(struct poller *p)
{
	hang_up(p);
}
