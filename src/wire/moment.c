#include "wire/moment.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "wire/cursor.h"
#include "wire/json.h"

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
	WEEK_MS = 7 * DAY_MS,
};

enum {
	DIGITS_MAX = 9, /* of a count, so that no sum of a text is too large */
	AGO_MAX = 64,   /* characters of how long ago */
	DATE = 10,      /* characters of 2026-11-22 */
	TIME_MAX = 48,
};

static const char digits[] = "0123456789";
static const char blanks[] = " ";

/* To add a unit: add a row, and a line in docs/API.md ("Moments"). */
static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{ "s", SECOND_MS },      { "sec", SECOND_MS },
	{ "second", SECOND_MS }, { "seconds", SECOND_MS },
	{ "m", MINUTE_MS },      { "min", MINUTE_MS },
	{ "minute", MINUTE_MS }, { "minutes", MINUTE_MS },
	{ "h", HOUR_MS },        { "hour", HOUR_MS },
	{ "hours", HOUR_MS },    { "d", DAY_MS },
	{ "day", DAY_MS },       { "days", DAY_MS },
	{ "w", WEEK_MS },        { "week", WEEK_MS },
	{ "weeks", WEEK_MS },
};

/* --- how long ago ------------------------------------------------------- */

static const struct unit *
find_unit(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == length &&
		    memcmp(units[i].name, name, length) == 0)
			return &units[i];
	return NULL;
}

/* "10m" or "10 minutes" at *text, which moves behind it. */
static bool
take_count(const char **text, int64_t *ms)
{
	const size_t length = strspn(*text, digits);
	const struct unit *unit;
	const char *name;
	int64_t count = 0;
	size_t letters;

	if (length == 0 || length > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		count = count * 10 + ((*text)[i] - '0');
	name = *text + length;
	name += strspn(name, blanks);
	letters = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	unit = find_unit(name, letters);
	if (unit == NULL)
		return false;
	*ms += count * unit->ms;
	*text = name + letters;
	return true;
}

/* "-10m", "10m ago", "1h 30m ago". */
static bool
parse_ago(const char *text, int64_t *ago_ms)
{
	const bool is_signed = *text == '-';
	int64_t ms = 0;

	if (strlen(text) > AGO_MAX)
		return false;
	text += is_signed;
	do {
		if (!take_count(&text, &ms))
			return false;
		text += strspn(text, blanks);
	} while (*text >= '0' && *text <= '9');
	if (strcmp(text, is_signed ? "" : "ago") != 0)
		return false;
	*ago_ms = ms;
	return true;
}

/* --- times ---------------------------------------------------------------- */

/* A time is completed to RFC 3339, which clock_parse reads and judges. */
struct completion {
	char text[TIME_MAX];
	size_t length;
};

static void
add(struct completion *full, const char *text, size_t length)
{
	if (full->length + length >= sizeof(full->text))
		return;
	memcpy(full->text + full->length, text, length);
	full->length += length;
	full->text[full->length] = '\0';
}

/* "+01:00", "+0100", and with a blank where a query had a plus. */
static void
add_zone(struct completion *full, const char *zone)
{
	const size_t hours = 3;

	if (*zone == ' ' && strchr("+-Zz", zone[1]) != NULL && zone[1] != '\0')
		zone++;
	if (*zone == '\0') {
		add(full, "Z", 1);
		return;
	}
	if (*zone == ' ') {
		add(full, "+", 1);
		zone++;
	} else {
		add(full, zone, 1);
		zone++;
	}
	if (strspn(zone, digits) == strlen("0100")) {
		add(full, zone, hours - 1);
		add(full, ":", 1);
		zone += hours - 1;
	}
	add(full, zone, strlen(zone));
}

static bool
parse_time(const char *text, int64_t *at_ms)
{
	struct completion full = { .length = 0 };
	const char *time = text + DATE;
	size_t length;

	if (strlen(text) < DATE || strlen(text) >= TIME_MAX - DATE)
		return false;
	add(&full, text, DATE);
	if (*time == '\0') {
		add(&full, "T00:00:00Z", strlen("T00:00:00Z"));
		return clock_parse(full.text, at_ms);
	}
	if (strchr("Tt ", *time) == NULL)
		return false;
	add(&full, "T", 1);
	time++;
	length = strspn(time, "0123456789:.");
	add(&full, time, length);
	if (length == strlen("14:03"))
		add(&full, ":00", strlen(":00"));
	add_zone(&full, time + length);
	return clock_parse(full.text, at_ms);
}

/* -------------------------------------------------------------------------- */

static bool
parse(const char *text, int64_t now_ms, struct moment *out)
{
	struct moment moment = { .is_time = false };
	struct cursor cursor;
	int64_t ago_ms = 0;

	if (*text == '\0')
		return false;
	if (cursor_decode(text, &cursor, NULL) == STATUS_OK) {
		moment.revision = cursor.revision;
		*out = moment;
		return true;
	}
	moment.is_time = true;
	moment.is_relative =
	    *text < '0' || *text > '9' || strstr(text, "ago") != NULL;
	if (strcmp(text, "yesterday") == 0)
		moment.at_ms = now_ms - DAY_MS;
	else if (parse_ago(text, &ago_ms))
		moment.at_ms = now_ms - ago_ms;
	else if (!parse_time(text, &moment.at_ms))
		return false;
	*out = moment;
	return true;
}

enum status
moment_decode(const char *text, const char *name, int64_t now_ms,
	      struct moment *out, struct error *err)
{
	const char *given = text == NULL ? "" : text;

	if (parse(given, now_ms, out))
		return STATUS_OK;
	return error_set(
	    err, STATUS_INVALID,
	    "%s%s'%.*s' is no moment: a revision or cursor, a "
	    "time such as 2026-11-22T14:03 (UTC, where it names no "
	    "zone), a date, 'yesterday', '-10m' or '10m ago' was "
	    "expected",
	    name, *name == '\0' ? "" : ": ",
	    json_quoted((struct string){ given, strlen(given) }), given);
}
