/*
 * An answer that ends a connection reaches its client, also one that first
 * sends all it has to say and only then reads (RFC 9112, 9.6). But nobody is
 * listened to for ever.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_scene.h"

enum {
	PIECE = 1 << 20,
	PIECES =
	    40, /* what is read of a refused body is less than half of it */
	PIECES_DOOR = 8, /* more than the kernels hold between us */
	PIECES_MAX = 200,
	CASE_SECONDS = 120,
};

static const struct form {
	const char *name;
	const char *head;
	bool chunked;
	long status;
} forms[] = {
	{ "a long one",
	  "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	  "Content-Length: 900000000\r\n\r\n",
	  false, 413 },
	{ "chunks",
	  "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n",
	  true, 413 },
	{ "a malformed head",
	  "PUT " T "/toggles/a HTTP/1.1\r\n" HOST HOST
	  "Content-Length: 900000000\r\n\r\n",
	  false, 400 },
};

static struct toggled *
open_by(bool tls)
{
	struct toggled *t;

	if (tls)
		return tls_start(NULL, NULL);
	t = SCENE_OPEN("--loops", "1");
	ask(t, "PUT", T "/toggles/a", "{}", 201);
	return t;
}

/* Of the body; false: it was cut off. */
static bool
send_pieces(struct toggled *t, struct raw *raw, bool chunked, int count)
{
	char *piece = toggled_own(t, malloc(PIECE), free);

	memset(piece, 'a', PIECE);
	for (int i = 0; i < count; i++)
		if ((chunked && !raw_send_text(raw, "100000\r\n")) ||
		    !raw_send(raw, piece, PIECE) ||
		    (chunked && !raw_send_text(raw, "\r\n")))
			return false;
	return true;
}

START_TEST(test_answer_when_body_goes_on_then_it_is_read)
{
	const struct form *form = &forms[_i % COUNT(forms)];
	struct toggled *t = open_by(_i >= COUNT(forms));
	struct raw *raw = raw_open(t);

	(void)raw_send_text(raw, form->head);
	ck_assert_msg(send_pieces(t, raw, form->chunked, PIECES), "%s: cut off",
		      form->name);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, form->status);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	raw_close(raw);
	wait_for_metric(t, "toggled_connections_open", 1);
	toggled_free(t);
}
END_TEST

/* The client reads nothing and hangs up never. */
START_TEST(test_connection_when_body_has_no_end_then_cut)
{
	const struct form *form = &forms[_i % COUNT(forms)];
	struct toggled *t = open_by(_i >= COUNT(forms));
	struct raw *raw = raw_open(t);

	(void)raw_send_text(raw, form->head);
	ck_assert(!send_pieces(t, raw, form->chunked, PIECES_MAX));
	wait_for_metric(t, "toggled_connections_open", 1);
	toggled_free(t);
}
END_TEST

START_TEST(test_connection_when_client_falls_silent_then_cut)
{
	const struct form *form = &forms[_i % COUNT(forms)];
	struct toggled *t = open_by(_i >= COUNT(forms));
	struct raw *raw = raw_open(t);

	(void)raw_send_text(raw, form->head);
	ck_assert(send_pieces(t, raw, form->chunked, 1));
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, form->status);
	toggled_free(t);
}
END_TEST

/* Refused at the door. */
START_TEST(test_answer_when_too_many_then_it_is_read)
{
	static const char *const limit[] = { "--connections-per-address", "2",
					     "--loops", "1", NULL };
	struct toggled *t =
	    _i == 0 ? scene_open_with(limit) : tls_start(limit, NULL);
	struct raw *held;
	struct raw *raw;

	/* My own is the first. */
	ask(t, "GET", "/healthz", NULL, 200);
	held = raw_open(t);
	(void)raw_send_text(held, "GET / HTTP/1.1\r\n");
	raw = raw_open(t);
	(void)raw_send_text(raw, "GET " T "/toggles HTTP/1.1\r\n" HOST
				 "Content-Length: 900000000\r\n\r\n");
	ck_assert(send_pieces(t, raw, false, PIECES_DOOR));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 503);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(tc, test_answer_when_body_goes_on_then_it_is_read,
			    0, 2 * COUNT(forms));
	tcase_add_loop_test(tc, test_connection_when_body_has_no_end_then_cut,
			    0, 2 * COUNT(forms));
	tcase_add_loop_test(tc,
			    test_connection_when_client_falls_silent_then_cut,
			    0, 2 * COUNT(forms));
	tcase_add_loop_test(tc, test_answer_when_too_many_then_it_is_read, 0,
			    2);
}

int
main(void)
{
	return scene_main("linger", add);
}
