#include "field.h"

#include <stdbool.h>
#include <strings.h>

#include "base/bytes.h"

enum field_kind { FIELD_ONCE, FIELD_LIST };

/* Host, Content-Length, Transfer-Encoding and Connection are guard.c's. */
static const struct {
	const char *name;
	enum field_kind kind;
} rows[] = {
	{ "Accept-Encoding", FIELD_LIST },
	{ "Content-Encoding", FIELD_LIST },
	{ "If-Match", FIELD_LIST },
	{ "If-None-Match", FIELD_LIST },
	{ "Forwarded", FIELD_LIST },
	{ "Prefer", FIELD_LIST },
	{ "X-Forwarded-For", FIELD_LIST },

	{ "Authorization", FIELD_ONCE },
	{ "X-API-Key", FIELD_ONCE },
	{ "Content-Type", FIELD_ONCE },
	{ "Change-Comment", FIELD_ONCE },
	{ "Flagd-Selector", FIELD_ONCE },
	{ "Idempotency-Key", FIELD_ONCE },
	{ "If-Modified-Since", FIELD_ONCE },
	{ "If-Range", FIELD_ONCE },
	{ "If-Unmodified-Since", FIELD_ONCE },
	{ "Last-Event-ID", FIELD_ONCE },
	{ "Origin", FIELD_ONCE },
	{ "Sec-Fetch-Dest", FIELD_ONCE },
	{ "Sec-Fetch-Mode", FIELD_ONCE },
	{ "Sec-Fetch-Site", FIELD_ONCE },
	{ "Toggled-Client", FIELD_ONCE },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ROWS: it has none. */
static size_t
row_of(struct string name)
{
	size_t i = 0;

	/* Nearly all differ in the first letter. */
	while (i < ROWS && (((name.data[0] ^ rows[i].name[0]) & ~32) != 0 ||
			    strcasecmp(name.data, rows[i].name) != 0))
		i++;
	return i;
}

/* All lines of a list into the first of them. */
static void
join(struct request_pair *first, const struct request_pair *end, size_t row,
     struct arena *arena)
{
	struct bytes list;

	bytes_init(&list);
	for (const struct request_pair *at = first; at < end; at++) {
		if (at != first && row_of(at->name) != row)
			continue;
		if (at != first)
			bytes_append_str(&list, ", ");
		bytes_append(&list, at->value.data, at->value.length);
	}
	first->value.data = arena_copy(arena, list.data, list.length);
	first->value.length = list.length;
	bytes_fini(&list);
}

enum status
fields_settle(struct request_pair *fields, size_t count, struct arena *arena,
	      struct error *err)
{
	struct request_pair *first[ROWS] = { NULL };
	bool joined[ROWS] = { false };

	for (size_t i = 0; i < count; i++) {
		const size_t row = row_of(fields[i].name);

		if (row == ROWS || joined[row])
			continue;
		if (first[row] == NULL) {
			first[row] = &fields[i];
		} else if (rows[row].kind == FIELD_LIST) {
			join(first[row], fields + count, row, arena);
			joined[row] = true;
		} else {
			return error_set(err, STATUS_INVALID,
					 "the header %s stands twice, but may "
					 "stand once",
					 rows[row].name);
		}
	}
	return STATUS_OK;
}
