#include "base/clock.h"

#include <string.h>
#include <time.h>

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400 };

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * MS_PER_SECOND + ts.tv_nsec / 1000000;
}

static int64_t
system_wall_ms(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_REALTIME);
}

static int64_t
system_mono_ms(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_stopwatch_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct clock
clock_system(void)
{
	return (struct clock){ system_wall_ms, system_mono_ms, NULL };
}

static void
put_digits(char *at, int n, int digits)
{
	while (digits-- > 0) {
		at[digits] = (char)('0' + n % 10);
		n /= 10;
	}
}

void
clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	/* RFC 3339 has no other years than 0000 to 9999. */
	const int64_t first_ms = -62167219200000;
	const int64_t last_ms = 253402300799999;
	struct tm tm = { 0 };
	time_t seconds;
	int64_t ms;

	if (wall_ms < first_ms)
		wall_ms = first_ms;
	if (wall_ms > last_ms)
		wall_ms = last_ms;
	ms = wall_ms % MS_PER_SECOND;
	if (ms < 0)
		ms += MS_PER_SECOND;
	seconds = (time_t)((wall_ms - ms) / MS_PER_SECOND);
	(void)gmtime_r(&seconds, &tm);
	memcpy(text, form, sizeof(form));
	put_digits(text, tm.tm_year + 1900, 4);
	put_digits(text + 5, tm.tm_mon + 1, 2);
	put_digits(text + 8, tm.tm_mday, 2);
	put_digits(text + 11, tm.tm_hour, 2);
	put_digits(text + 14, tm.tm_min, 2);
	put_digits(text + 17, tm.tm_sec, 2);
	put_digits(text + 20, (int)ms, 3);
}

/* The reader of clock_parse: what is left, and whether all fitted so far. */
struct reader {
	const char *at;
	bool good;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
read_number(struct reader *reader, int digits, int min, int max)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		if (!is_digit(*reader->at)) {
			reader->good = false;
			return min;
		}
		n = n * 10 + (*reader->at++ - '0');
	}
	if (n < min || n > max)
		reader->good = false;
	return n;
}

/* One character of `set`, or '\0'. */
static char
read_one(struct reader *reader, const char *set)
{
	if (*reader->at == '\0' || strchr(set, *reader->at) == NULL) {
		reader->good = false;
		return '\0';
	}
	return *reader->at++;
}

static int
read_fraction_ms(struct reader *reader)
{
	int ms = 0;
	int weight = 100;

	if (*reader->at != '.')
		return 0;
	reader->at++;
	if (!is_digit(*reader->at))
		reader->good = false;
	for (; is_digit(*reader->at); reader->at++) {
		ms += (*reader->at - '0') * weight;
		weight /= 10;
	}
	return ms;
}

static int
read_offset_seconds(struct reader *reader)
{
	char sign = read_one(reader, "Zz+-");
	int hours;
	int minutes;

	if (sign != '+' && sign != '-')
		return 0;
	hours = read_number(reader, 2, 0, 23);
	(void)read_one(reader, ":");
	minutes = read_number(reader, 2, 0, 59);
	return (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The day before the first of each month, in a year that is no leap year. */
static const int days_before[] = { 0,   31,  59,  90,  120, 151, 181,
				   212, 243, 273, 304, 334, 365 };

static int
days_in_month(int year, int month)
{
	return days_before[month] - days_before[month - 1] +
	       (month == 2 && is_leap(year));
}

/* Days from 1970-01-01. The years before `year` hold 365 days each and one
 * more for every leap year among them, of which 1970 has 477 behind it. */
static int64_t
days_from_epoch(int year, int month, int day)
{
	int64_t past = (int64_t)year - 1;
	int64_t leaps = past / 4 - past / 100 + past / 400;

	/* The year 0 is a leap year that the sum above does not know. */
	if (year == 0)
		leaps = -1;
	return ((int64_t)year - 1970) * 365 + leaps - 477 +
	       days_before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

bool
clock_parse(const char *text, int64_t *wall_ms)
{
	struct reader reader = { text, true };
	int year = read_number(&reader, 4, 0, 9999);
	int month;
	int day;
	int64_t seconds;
	int ms;

	(void)read_one(&reader, "-");
	month = read_number(&reader, 2, 1, 12);
	(void)read_one(&reader, "-");
	day = read_number(&reader, 2, 1, 31);
	(void)read_one(&reader, "Tt");
	seconds = (int64_t)read_number(&reader, 2, 0, 23) * 3600;
	(void)read_one(&reader, ":");
	seconds += (int64_t)read_number(&reader, 2, 0, 59) * 60;
	(void)read_one(&reader, ":");
	/* 60 is a leap second; like everywhere else it is the next second. */
	seconds += read_number(&reader, 2, 0, 60);
	ms = read_fraction_ms(&reader);
	seconds -= read_offset_seconds(&reader);
	if (!reader.good || *reader.at != '\0' ||
	    day > days_in_month(year, month))
		return false;
	seconds += days_from_epoch(year, month, day) * SECONDS_PER_DAY;
	*wall_ms = seconds * MS_PER_SECOND + ms;
	return true;
}
