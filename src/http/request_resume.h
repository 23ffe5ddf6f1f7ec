/*
 * The way back from the registry to a suspended request.
 */
#ifndef SRC_HTTP_REQUEST_RESUME_H
#define SRC_HTTP_REQUEST_RESUME_H

struct task;

/* The job of an exchange (which embeds `task`) is done: call `then`, send the
 * reply. On the loop's thread. */
void request_resume(struct task *task);

#endif
