/*
 * A server whose clients wait in a given form, and what the tests of waiting
 * ask for again and again.
 */
#ifndef TESTS_HTTP_PARKING_SCENE_H
#define TESTS_HTTP_PARKING_SCENE_H

#include "scene.h"

#define T ENV
#define HOST "Host: localhost\r\n"
#define POLL(since) "GET " T "/changes?since=" since "&wait=30s HTTP/1.1\r\n"

/* The gauge of those that wait in each of scene_parkings. */
extern const char *const parking_gauges[];

/* A server with the toggle `a` at revision 2. */
struct toggled *parking_start(int form);

/* Send a poll and wait until it waits, alone in that form. */
void parking_poll(struct toggled *t, struct raw *raw, int64_t since, int form);

#endif
