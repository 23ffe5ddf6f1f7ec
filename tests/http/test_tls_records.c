/*
 * TLS records that carry nothing: they may come at any time, and neither hold
 * up what comes behind them nor the other clients of the loop.
 */
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "http/scene.h"
#include "http/secure.h"
#include "http/tls_scene.h"

enum { TIMES = 3, FLOOD = 20000 };

#define REQUEST "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"

/* What is sent while it is on leaves in as few segments as can be. */
static void
set_cork(const struct raw *raw, int on)
{
	ck_assert_int_eq(
	    setsockopt(raw_fd(raw), IPPROTO_TCP, TCP_CORK, &on, sizeof(on)), 0);
}

/* The key is updated, and `text` comes in the same segment. */
static void
send_behind_update(struct raw *raw, const char *text)
{
	set_cork(raw, 1);
	ck_assert(secure_update_key(raw_secure(raw)));
	ck_assert(raw_send_text(raw, text));
	set_cork(raw, 0);
}

START_TEST(test_request_when_key_is_updated_before_it_then_answered)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);

	for (int i = 0; i < TIMES; i++) {
		send_behind_update(raw, REQUEST);
		ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	}
	tls_stop(t);
}
END_TEST

START_TEST(test_poll_when_key_is_updated_before_it_then_waits_and_answered)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);

	for (int i = 0; i < TIMES; i++) {
		send_behind_update(
		    raw, toggled_text(t,
				      "GET " T "/changes?since=%d&wait=30s "
				      "HTTP/1.1\r\n" HOST "\r\n",
				      i + 2));
		wait_for_waiters(t, 1);
		flip_toggle(t, i % 2 == 0 ? "{\"state\":\"DISABLED\"}"
					  : "{\"state\":\"ENABLED\"}");
		expect_revision(raw, i + 3);
	}
	tls_stop(t);
}
END_TEST

/* TLS 1.2, which has warnings. */
static struct secure *
open_older(struct toggled *t, struct raw *raw)
{
	struct secure *s =
	    secure_new(raw_fd(raw), t->ca_file, "NORMAL:-VERS-TLS1.3");

	ck_assert_ptr_nonnull(s);
	return s;
}

/* Some warnings are in order, and the request behind them is answered. */
START_TEST(test_request_when_warned_before_it_then_answered)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open_plain(t);
	struct secure *s = open_older(t, raw);
	char text[64];

	ck_assert(secure_warn(s));
	ck_assert_int_gt(secure_send(s, REQUEST, sizeof(REQUEST) - 1), 0);
	ck_assert(secure_await(s, SOON_MS));
	ck_assert_int_gt(secure_receive(s, text, sizeof(text)), 12);
	ck_assert_mem_eq(text, "HTTP/1.1 200", 12);
	secure_free(s);
	tls_stop(t);
}
END_TEST

START_TEST(test_warnings_when_without_end_then_cut_off)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open_plain(t);
	struct secure *s = open_older(t, raw);
	int sent = 0;

	set_cork(raw, 1);
	while (sent < FLOOD && secure_warn(s))
		sent++;
	set_cork(raw, 0);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	secure_free(s);
	tls_stop(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(
	    tc, test_request_when_key_is_updated_before_it_then_answered);
	tcase_add_test(
	    tc,
	    test_poll_when_key_is_updated_before_it_then_waits_and_answered);
	tcase_add_test(tc, test_request_when_warned_before_it_then_answered);
	tcase_add_test(tc, test_warnings_when_without_end_then_cut_off);
}

int
main(void)
{
	return scene_main("tls_records", add);
}
