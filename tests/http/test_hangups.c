/*
 * Clients that leave while they wait or while they are answered, and those that
 * read their answer slowly, in both forms of waiting.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "parking_scene.h"

enum { LARGE_TOGGLES = 12, LARGE_BYTES = 60000 };

START_TEST(test_poll_when_client_hangs_up_then_freed)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw[3];

	(void)toggled_get(t, "/healthz");
	for (int i = 0; i < 3; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], POLL("2") HOST "\r\n"));
	}
	wait_for_metric(t, parking_gauges[_i], 3);
	raw_close(raw[0]);
	raw_reset(raw[1]);
	/* Half closed counts as gone. */
	raw_shutdown(raw[2]);
	wait_for_metric(t, parking_gauges[_i], 0);
	wait_for_metric(t, "toggled_polls_hung_up_total", 3);
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert(raw_is_closed(raw[2], AT_ONCE_MS));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_hung_up_after_a_first_one_then_freed)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	parking_poll(t, raw, 2, _i);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	parking_poll(t, raw, 3, _i);
	raw_close(raw);
	wait_for_metric(t, parking_gauges[_i], 0);
	wait_for_metric(t, "toggled_connections_open", 1);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_answered_and_idle_then_hang_up_is_seen)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	parking_poll(t, raw, 2, _i);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	raw_close(raw);
	wait_for_metric(t, "toggled_connections_open", 1);
	toggled_free(t);
}
END_TEST

/* A change set whose delta does not fit into a socket's buffers. */
static char *
large_change(struct toggled *t)
{
	size_t room = (size_t)LARGE_TOGGLES * (LARGE_BYTES + 200) + 200;
	char *text = toggled_text(t, "%*s", (int)room, "");
	char *at = text + sprintf(text, "{\"toggles\":{");

	for (int i = 0; i < LARGE_TOGGLES; i++) {
		at += sprintf(at, "%s\"l%d\":{\"variants\":{\"x\":\"",
			      i > 0 ? "," : "", i);
		memset(at, 'x', LARGE_BYTES);
		at += LARGE_BYTES;
		at += sprintf(at, "\"},\"defaultVariant\":\"x\"}");
	}
	sprintf(at, "}}");
	return text;
}

/* A client that is told of it and cannot take all of it yet. */
static struct raw *
tell_much(struct toggled *t, int form)
{
	struct raw *raw = raw_open(t);
	const int small = 32768;

	ck_assert_int_eq(setsockopt(raw_fd(raw), SOL_SOCKET, SO_RCVBUF, &small,
				    sizeof(small)),
			 0);
	parking_poll(t, raw, 2, form);
	ask(t, "POST", T "/changes", large_change(t), 200);
	wait_for_metric(t, parking_gauges[form], 0);
	return raw;
}

START_TEST(test_poll_when_client_reads_slowly_then_gets_all)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = tell_much(t, _i);
	struct answer *a;

	/* Others are served meanwhile, and the next request may come. */
	ck_assert_int_eq(toggled_get(t, "/healthz")->status, 200);
	ck_assert(raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 200);
	ck_assert_uint_gt(a->length, (size_t)LARGE_TOGGLES * LARGE_BYTES);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_client_leaves_amid_the_answer_then_freed)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = tell_much(t, _i);

	raw_reset(raw);
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc, test_poll_when_client_hangs_up_then_freed, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_poll_when_hung_up_after_a_first_one_then_freed,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_answered_and_idle_then_hang_up_is_seen, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_poll_when_client_reads_slowly_then_gets_all, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_client_leaves_amid_the_answer_then_freed, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("http/hangups", add);
}
