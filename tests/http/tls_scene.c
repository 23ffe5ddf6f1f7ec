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
	ask(t, "PUT", T "/toggles/a", "{}", 201);
	return t;
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
