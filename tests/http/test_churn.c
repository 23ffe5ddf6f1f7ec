/*
 * Clients that come and go as they like: for some seconds, connections that end
 * at any moment by FIN, by RST or by half, idle, in the middle of a request, in
 * a wait or in an answer. Afterwards nothing of them is left.
 *
 * CHURN_MS: how long (5000). CHURN_SEED: which; a failure prints it.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "line.h"
#include "scene.h"
#include "vitals.h"

enum {
	CLIENTS = 200, /* at a time */
	CHURN_MS = 5000,
	WARM_MS = 500,
	CALM_MS = 10000,
	FEW_KIB = 16 * 1024,
	CASE_SECONDS = 60,
};

/* What a client sends before it goes. */
static const char *const words[] = {
	"",
	"GET /v",
	"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET " ENV
	"/changes?since=2&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET " ENV
	"/values?since=2&wait=100ms HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET " ENV
	"/changes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	("PUT " ENV
	 "/toggles/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
	 "\r\n{\"owner\""),
	("GET " ENV
	 "/changes?since=2&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n"
	 "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
};

struct churn {
	struct toggled *t;
	struct random random;
	uint64_t seed;
	int fds[CLIENTS]; /* -1: none */
	int64_t count;
};

static struct toggled *
open_usual(int parking)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--parking", scene_parkings[parking]);
	return t;
}

static uint64_t
number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void
come(struct churn *churn, int i)
{
	const char *word = words[random_below(&churn->random, COUNT(words))];
	struct line line;

	line_open(&line, churn->t->port);
	ck_assert_msg(line.fd >= 0, "seed %" PRIu64 ": refused", churn->seed);
	churn->fds[i] = line.fd;
	(void)!send(line.fd, word, strlen(word), MSG_NOSIGNAL | MSG_DONTWAIT);
	churn->count++;
}

static void
go(struct churn *churn, int i)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	const int fd = churn->fds[i];

	switch (random_below(&churn->random, 4)) {
	case 0: /* RST */
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
				 sizeof(at_once));
		break;
	case 1: /* half, and the other half another time */
		if (shutdown(fd, SHUT_WR) == 0)
			return;
		break;
	default:
		break;
	}
	close(fd);
	churn->fds[i] = -1;
}

static void
go_on(struct churn *churn, int64_t ms)
{
	const int64_t end = now_ms() + ms;
	int64_t next_write = 0;

	while (now_ms() < end) {
		const int i = (int)random_below(&churn->random, CLIENTS);

		if (churn->fds[i] < 0)
			come(churn, i);
		else
			go(churn, i);
		if (now_ms() >= next_write) {
			next_write = now_ms() + 100;
			put_toggle(churn->t, "a",
				   toggled_text(churn->t,
						"{\"owner\":\"%" PRId64 "\"}",
						churn->count));
		}
	}
}

static void
all_go(struct churn *churn)
{
	for (int i = 0; i < CLIENTS; i++) {
		if (churn->fds[i] >= 0)
			close(churn->fds[i]);
		churn->fds[i] = -1;
	}
}

/* Only the connection that asks is left, and nothing waits in the kernel's
 * queue, where a client that came and went is not counted yet. */
static bool
is_calm(void *ctx)
{
	struct churn *churn = ctx;

	return vitals_sockets(churn->t, VITALS_CLOSE_WAIT) == 0 &&
	       metric(churn->t, "toggled_connections_open") == 1 &&
	       metric(churn->t, "toggled_waiters") == 0;
}

static void
expect_calm(struct churn *churn)
{
	ck_assert_msg(wait_until(is_calm, churn, CALM_MS),
		      "seed %" PRIu64 ": %" PRId64 " connections, %" PRId64
		      " waiters, %d in CLOSE_WAIT are left",
		      churn->seed, metric(churn->t, "toggled_connections_open"),
		      metric(churn->t, "toggled_waiters"),
		      vitals_sockets(churn->t, VITALS_CLOSE_WAIT));
}

START_TEST(test_churn_when_over_then_nothing_is_left)
{
	struct toggled *t = open_usual(_i);
	struct churn *churn = toggled_own(t, calloc(1, sizeof(*churn)), free);
	const int64_t ms =
	    (int64_t)number_from_environment("CHURN_MS", CHURN_MS);
	uint64_t chance;
	int64_t rss;
	int descriptors;

	random_bytes(&chance, sizeof(chance));
	churn->t = t;
	churn->seed = number_from_environment("CHURN_SEED", chance % 1000000);
	random_seed(&churn->random, churn->seed);
	memset(churn->fds, 0xff, sizeof(churn->fds));
	/* What is made once is there afterwards. */
	go_on(churn, WARM_MS);
	all_go(churn);
	expect_calm(churn);
	rss = vitals_rss_kib(t);
	descriptors = vitals_descriptors(t);
	go_on(churn, ms / SCENE_PARKINGS);
	all_go(churn);
	expect_calm(churn);
	ck_assert_int_eq(vitals_descriptors(t), descriptors);
	if (!VITALS_SANITIZED)
		ck_assert_int_le(vitals_rss_kib(t) - rss, FEW_KIB);
	printf("%s: %" PRId64 " connections in %" PRId64
	       " ms, %d descriptors, rss %" PRId64 " -> %" PRId64 " KiB\n",
	       scene_parkings[_i], churn->count, ms / SCENE_PARKINGS,
	       descriptors, rss, vitals_rss_kib(t));
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	const uint64_t ms = number_from_environment("CHURN_MS", CHURN_MS);

	tcase_set_timeout(tc, (double)(ms / 1000 + CASE_SECONDS));
	tcase_add_loop_test(tc, test_churn_when_over_then_nothing_is_left, 0,
			    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("churn", add);
}
