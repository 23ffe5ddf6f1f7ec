/*
 * What a test did to a program and what it saw of it, and the judges over that:
 * each says whether the record is that of a store which kept its promises.
 *
 *   durable   every acknowledged write is in the history, once, as it was sent
 *   dense     the history has each revision from 1 to the head, once
 *   no phantom  whatever a follower was shown is in the history
 *
 * The judges only read the record, so that a doctored one shows that they can
 * say no.
 *
 * Ownership: lists are malloc'ed; journal_fini releases them.
 * Thread: none of its own; a list belongs to one thread at a time.
 */
#ifndef TESTS_HTTP_JOURNAL_H
#define TESTS_HTTP_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_NAME = 40 };

/* One write: of `key`, or of "<key>a" and "<key>b" together. */
struct journal_write {
	char name[JOURNAL_NAME]; /* Idempotency-Key and comment */
	char key[JOURNAL_NAME];
	bool is_pair;
	int64_t value;
	int64_t revision; /* 0: nobody has said yet what became of it */
};

/* One change of the history. */
struct journal_entry {
	int64_t revision;
	char comment[JOURNAL_NAME];
	size_t count;             /* of toggles */
	char first[JOURNAL_NAME]; /* the toggles, in their order */
	char second[JOURNAL_NAME];
	int64_t first_value;
	int64_t second_value;
};

/* A follower was told that `key` has this value since this revision; key "":
 * only that there is such a revision. */
struct journal_sight {
	int64_t revision;
	char key[JOURNAL_NAME];
	int64_t value;
};

struct journal {
	struct journal_write *writes;
	size_t write_count;
	struct journal_entry *entries;
	size_t entry_count;
	struct journal_sight *sights;
	size_t sight_count;
};

/* Why a judge said no. */
struct journal_why {
	char text[200];
};

void journal_fini(struct journal *journal);
void journal_add_write(struct journal *journal,
		       const struct journal_write *write);
void journal_add_sight(struct journal *journal, int64_t revision,
		       const char *key, int64_t value);

/* A change as GET …/history shows it. */
void journal_add_change(struct journal *journal, json_t *change);

/* All that is in `from` as well. */
void journal_join(struct journal *journal, const struct journal *from);

bool journal_is_durable(const struct journal *journal, struct journal_why *why);
bool journal_is_dense(const struct journal *journal, int64_t head,
		      struct journal_why *why);
bool journal_has_no_phantom(const struct journal *journal,
			    struct journal_why *why);

#endif
