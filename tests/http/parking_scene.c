#include "parking_scene.h"

#include <check.h>

const char *const parking_gauges[] = { "toggled_polls_outside",
				       "toggled_polls_suspended" };

struct toggled *
parking_start(int form)
{
	struct toggled *t =
	    SCENE_OPEN("--parking", scene_parkings[form], "--loops", "1");

	ask(t, "PUT", T "/toggles/a", "{}", 201);
	return t;
}

void
parking_poll(struct toggled *t, struct raw *raw, int64_t since, int form)
{
	ck_assert(raw_send_text(
	    raw, toggled_text(t,
			      "GET " T "/changes?since=%lld&wait=30s "
			      "HTTP/1.1\r\n" HOST "\r\n",
			      (long long)since)));
	wait_for_metric(t, parking_gauges[form], 1);
}
