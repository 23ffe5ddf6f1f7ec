/*
 * A line is built in memory. It leaves in one write(2), so that lines of
 * several threads do not mix; from log_start on by a thread of its own
 * (log_queue.h), which nobody waits for and which counts what is lost.
 *
 * Text: time, level, event, then name=value; a value with spaces, quotes, '='
 * or characters that are not to be seen stands in quotes, with C escapes.
 *
 *
 * On the way to the journal a line begins with "<N>", its priority, and text
 * has no time, which the journal knows.
 */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "log_queue.h"

enum { VALUE_BYTES_MAX = 1024, FLUSH_MS = 1000 };

struct log {
	int fd;
	atomic_int level;
	enum log_format format;
	bool is_journal;
	size_t (*mask)(char *text, size_t length); /* or NULL */
	struct log_queue *queue;                   /* NULL: who logs writes */
};

/* As syslog(3) numbers them. */
static const int priorities[] = {
	[LOG_ERROR] = 3,
	[LOG_WARN] = 4,
	[LOG_INFO] = 6,
	[LOG_DEBUG] = 7,
};

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static const char *const format_names[] = {
	[LOG_TEXT] = "text",
	[LOG_JSON] = "json",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct log *
log_new(int fd, enum log_level level, enum log_format format)
{
	struct log *log = mem_alloc(sizeof(*log));

	log->fd = fd;
	atomic_init(&log->level, (int)level);
	log->format = format;
	log->is_journal = log_is_journal(fd);
	log->mask = NULL;
	log->queue = NULL;
	return log;
}

void
log_free(struct log *log)
{
	if (log != NULL)
		log_queue_end(log->queue, FLUSH_MS);
	free(log);
}

/* Systemd says which file it has made standard output and error; a program that
 * was told so may have been given others since. */
bool
log_is_journal(int fd)
{
	const char *said = getenv("JOURNAL_STREAM");
	unsigned long long device;
	char *end = NULL;
	struct stat st;

	if (said == NULL || fstat(fd, &st) != 0)
		return false;
	device = strtoull(said, &end, 10);
	return *end == ':' && device == (unsigned long long)st.st_dev &&
	       strtoull(end + 1, NULL, 10) == (unsigned long long)st.st_ino;
}

void
log_set_mask(struct log *log, size_t (*mask)(char *text, size_t length))
{
	log->mask = mask;
}

void
log_set_level(struct log *log, enum log_level level)
{
	atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool
log_enabled(const struct log *log, enum log_level level)
{
	return log != NULL &&
	       (int)level <=
		   atomic_load_explicit(&log->level, memory_order_relaxed);
}

bool
log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < COUNT_OF(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool
log_format_parse(const char *name, enum log_format *format)
{
	for (size_t i = 0; i < COUNT_OF(format_names); i++) {
		if (strcmp(name, format_names[i]) == 0) {
			*format = (enum log_format)i;
			return true;
		}
	}
	return false;
}

/* Lead bytes of UTF-8 and what the byte behind them may be, which shuts out
 * overlong forms, surrogates, everything above U+10FFFF, and the control
 * characters U+0080 to U+009F. */
struct utf8_lead {
	unsigned char first, last;
	unsigned char next_min, next_max;
	size_t length;
};

static const struct utf8_lead utf8_leads[] = {
	{ 0x20, 0x7e, 0x00, 0xff, 1 }, { 0xc2, 0xc2, 0xa0, 0xbf, 2 },
	{ 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The length of the printable character at `text`, or 0. The text's NUL ends
 * every sequence that is cut off. */
static size_t
printable(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	const struct utf8_lead *lead = NULL;

	for (size_t i = 0; i < COUNT_OF(utf8_leads) && lead == NULL; i++) {
		if (at[0] >= utf8_leads[i].first && at[0] <= utf8_leads[i].last)
			lead = &utf8_leads[i];
	}
	if (lead == NULL)
		return 0;
	if (at[1] < lead->next_min || at[1] > lead->next_max)
		return 0;
	for (size_t i = 2; i < lead->length; i++) {
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	}
	return lead->length;
}

/* Characters that turn the direction of what follows, or are not to be seen: in
 * a log they make one text look like another. Of three bytes each, but for the
 * Arabic mark. */
struct hidden {
	unsigned first, last;
};

static const struct hidden hidden_characters[] = {
	{ 0x00ad, 0x00ad }, { 0x061c, 0x061c }, { 0x180e, 0x180e },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
};

/* The code of a printable character that is hidden, else 0. */
static unsigned
hidden_code(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned code = 0;

	if (length == 2)
		code = (at[0] & 0x1fU) << 6 | (at[1] & 0x3fU);
	else if (length == 3)
		code = (at[0] & 0x0fU) << 12 | (at[1] & 0x3fU) << 6 |
		       (at[2] & 0x3fU);
	for (size_t i = 0; i < COUNT_OF(hidden_characters); i++) {
		if (code >= hidden_characters[i].first &&
		    code <= hidden_characters[i].last)
			return code;
	}
	return 0;
}

/* The escape of a byte that has a short one, or NULL. */
static const char *
short_escape(char c)
{
	static const char from[] = "\"\\\n\r\t";
	static const char *const to[] = { "\\\"", "\\\\", "\\n", "\\r", "\\t" };
	const char *at = c == '\0' ? NULL : strchr(from, c);

	return at == NULL ? NULL : to[at - from];
}

static void
put_escaped(struct bytes *line, const char *text, enum log_format format)
{
	const char *at = text;

	while (*at != '\0') {
		const char *escape = short_escape(*at);
		size_t length = printable(at);
		unsigned byte = (unsigned char)*at;
		unsigned hidden = hidden_code(at, length);

		if ((size_t)(at - text) + length > VALUE_BYTES_MAX) {
			bytes_append_str(line, "...(cut)");
			return;
		}
		if (escape != NULL)
			bytes_append_str(line, escape);
		else if (hidden != 0)
			bytes_printf(line, "\\u%04x", hidden);
		else if (length > 0)
			bytes_append(line, at, length);
		else if (format == LOG_TEXT)
			bytes_printf(line, "\\x%02x", byte);
		else if (byte < 0x80)
			bytes_printf(line, "\\u%04x", byte);
		else
			bytes_append_str(line, "\\ufffd");
		at += length > 0 ? length : 1;
	}
}

static void
put_quoted(struct bytes *line, const char *text, enum log_format format)
{
	bytes_append_char(line, '"');
	put_escaped(line, text, format);
	bytes_append_char(line, '"');
}

static bool
has_special(const char *text)
{
	const char *at = text;

	while (*at != '\0') {
		size_t length = printable(at);

		if (length == 0 || strchr(" \"\\=", *at) != NULL ||
		    hidden_code(at, length) != 0)
			return true;
		at += length;
	}
	return at == text;
}

static void
build_text(struct bytes *line, enum log_level level, const char *event,
	   const struct log_field *fields)
{
	bytes_append_str(line, level_names[level]);
	bytes_append_char(line, ' ');
	put_escaped(line, event, LOG_TEXT);
	for (; fields->name != NULL; fields++) {
		bytes_append_char(line, ' ');
		bytes_append_str(line, fields->name);
		bytes_append_char(line, '=');
		if (fields->text == NULL)
			bytes_append_int(line, fields->number);
		else if (has_special(fields->text))
			put_quoted(line, fields->text, LOG_TEXT);
		else
			put_escaped(line, fields->text, LOG_TEXT);
	}
}

static void
build_json(struct bytes *line, enum log_level level, const char *event,
	   const struct log_field *fields)
{
	bytes_append_str(line, ",\"level\":");
	put_quoted(line, level_names[level], LOG_JSON);
	bytes_append_str(line, ",\"event\":");
	put_quoted(line, event, LOG_JSON);
	for (; fields->name != NULL; fields++) {
		bytes_append_char(line, ',');
		put_quoted(line, fields->name, LOG_JSON);
		bytes_append_char(line, ':');
		if (fields->text == NULL)
			bytes_append_int(line, fields->number);
		else
			put_quoted(line, fields->text, LOG_JSON);
	}
}

static void
build(const struct log *log, enum log_level level, const char *event,
      const struct log_field *fields, struct bytes *line)
{
	struct clock clock = clock_system();
	char now[CLOCK_TEXT_BYTES];

	clock_format(clock_wall_ms(&clock), now);
	if (log->is_journal)
		bytes_printf(line, "<%d>", priorities[level]);
	if (log->format == LOG_TEXT) {
		if (!log->is_journal)
			bytes_printf(line, "%s ", now);
		build_text(line, level, event, fields);
	} else {
		bytes_printf(line, "{\"time\":\"%s\"", now);
		build_json(line, level, event, fields);
		bytes_append_char(line, '}');
	}
	bytes_append_char(line, '\n');
	if (log->mask != NULL)
		line->length = log->mask(line->data, line->length);
}

static void
put(struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, bool waits)
{
	int saved_errno = errno;
	struct bytes line;
	ssize_t written;

	if (!log_enabled(log, level))
		return;
	bytes_init(&line);
	build(log, level, event, fields, &line);
	if (log->queue != NULL) {
		log_queue_put(log->queue, line.data, line.length, waits);
	} else {
		do {
			written = write(log->fd, line.data, line.length);
		} while (written < 0 && errno == EINTR);
	}
	bytes_fini(&line);
	errno = saved_errno;
}

void
log_event(struct log *log, enum log_level level, const char *event,
	  const struct log_field *fields)
{
	put(log, level, event, fields, true);
}

void
log_event_later(struct log *log, enum log_level level, const char *event,
		const struct log_field *fields)
{
	put(log, level, event, fields, false);
}

static void
put_notice(void *ctx, uint64_t lost, struct bytes *line)
{
	const struct log_field fields[] = { LOG_N("lines", (int64_t)lost),
					    LOG_S(NULL, NULL) };

	build(ctx, LOG_WARN,
	      "lines of the log are lost: nobody read them, or they could not "
	      "be written",
	      fields, line);
}

void
log_start(struct log *log)
{
	log->queue = log_queue_new(log->fd, put_notice, log);
}

void
log_flush(struct log *log)
{
	if (log != NULL && log->queue != NULL)
		log_queue_flush(log->queue, FLUSH_MS);
}

uint64_t
log_lost(struct log *log)
{
	return log == NULL || log->queue == NULL ? 0
						 : log_queue_lost(log->queue);
}
