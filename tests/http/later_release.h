/*
 * A store as a later release would leave it: written by the store itself,
 *hashed and whole, with what this release does not know:
 *
 *	- the toggle `kill`, with members "serve" and "held" that it has not;
 *	- the environment's setting "approvals";
 *	- the token `auditor`, whose role it has not, with a member "groups";
 *	- the token `device`, a client's with a member "ages";
 *	- the token `ann`, an admin's like any other;
 *	- a thing of a kind that it has not, `nightly`, twice.
 *
 * Ownership: the texts are the `struct toggled`'s.
 */
#ifndef TESTS_HTTP_LATER_RELEASE_H
#define TESTS_HTTP_LATER_RELEASE_H

#include "harness.h"

struct later_release {
	const char *admin; /* their secrets */
	const char *auditor;
	const char *device;
	const char *auditor_id;
	int64_t revision; /* of the last change that it made */
};

/* In three changes, into the database of `t`, which does not run. */
void later_release_write(struct toggled *t, struct later_release *later);

/* What the store holds of a thing now; "": it was removed, or never was. */
const char *later_stored(struct toggled *t, const char *database, int kind,
			 const char *key);

/* The number of its kind, and its key. */
enum { LATER_KIND = 9 };
#define LATER_KEY "nightly"
#define LATER_TEXT "\"cron\":\"0 3 * * *\",\"edits\":{\"kill\":null}"

#endif
