#include "tls_scene.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct toggled *
tls_start(const char *const *args, struct authority **out)
{
	struct toggled *t = toggled_new();
	struct authority *ca = authority_new(t, "ca");
	struct certificate c =
	    certificate_new(ca, "server", TLS_SERIAL, TLS_DAYS);
	const char *all[16] = { "serve",
				"--database",
				t->database,
				"--listen",
				"127.0.0.1:0",
				"--listen",
				"https://127.0.0.1:0",
				"--tls-certificate",
				c.path,
				"--tls-key",
				c.key };
	const char *colon;
	size_t n = 11;

	for (size_t i = 0; args && args[i]; i++)
		all[n++] = args[i];
	toggled_start_as(t, all);
	colon = strrchr(t->ready, ':');
	ck_assert_ptr_nonnull(strstr(t->ready, ", https://127.0.0.1:"));
	t->port = (int)strtol(colon + 1, NULL, 10);
	snprintf(t->url, sizeof(t->url), "https://localhost:%d", t->port);
	t->ca_file = authority_path(ca);
	if (out)
		*out = ca;
	ck_assert_int_eq(
	    toggled_request(t, "PUT", T "/toggles/a", NULL, "{}")->status, 201);
	return t;
}

int64_t
tls_metric(struct toggled *t, const char *name)
{
	const char *text = toggled_get(t, "/metrics")->body;
	const char *at = strstr(text, toggled_text(t, "\n%s ", name));

	ck_assert_msg(at != NULL, "no metric %s", name);
	return strtoll(at + strlen(name) + 2, NULL, 10);
}

struct expected {
	struct toggled *t;
	const char *name;
	int64_t value;
};

static bool
has_value(void *ctx)
{
	const struct expected *e = ctx;

	return tls_metric(e->t, e->name) == e->value;
}

void
tls_wait_for(struct toggled *t, const char *name, int64_t value)
{
	struct expected e = { t, name, value };

	ck_assert_msg(wait_until(has_value, &e, SOON_MS),
		      "%s is %lld, not %lld", name,
		      (long long)tls_metric(t, name), (long long)value);
}

static bool
have_parked(void *ctx)
{
	const struct expected *e = ctx;

	return tls_metric(e->t, "toggled_polls_outside") +
		   tls_metric(e->t, "toggled_polls_suspended") ==
	       e->value;
}

void
tls_wait_for_polls(struct toggled *t, int64_t count)
{
	struct expected e = { t, NULL, count };

	ck_assert_msg(wait_until(have_parked, &e, SOON_MS),
		      "not %lld polls wait", (long long)count);
}

void
tls_flip(struct toggled *t, const char *body)
{
	ck_assert_int_eq(
	    toggled_request(t, "PATCH", T "/toggles/a", NULL, body)->status,
	    200);
}

void
tls_expect_revision(struct raw *raw, int64_t revision)
{
	struct answer *a = raw_answer(raw, SOON_MS);

	ck_assert_int_eq(a->status, 200);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), revision);
}

void
tls_stop(struct toggled *t)
{
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}

const char *
tls_plain_url(struct toggled *t)
{
	const char *url = strstr(t->ready, "http://");

	ck_assert_ptr_nonnull(url);
	return toggled_text(t, "%.*s", (int)strcspn(url, ","), url);
}
