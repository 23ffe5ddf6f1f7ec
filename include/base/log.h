/*
 * The daemon's log: one line an event on standard error, for people or as JSON
 * lines. Callable from any thread. Logging never changes behaviour: it keeps
 * errno and has no failure of its own, and once it is started it holds nobody
 * up for more than two milliseconds, whoever does not read it; what is lost by
 * that is counted.
 *
 * An event is a fixed sentence and named fields; values that came from outside
 * are escaped, so no input can forge a line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log;

/* `fd` is borrowed. */
struct log *log_new(int fd, enum log_level level,
		    enum log_format format) MUST_CHECK;
void log_free(struct log *log);

/* From now on a thread of its own writes. Before the log is shared; without the
 * thread it stays as it was. */
void log_start(struct log *log);

/* Wait until all is written, for a second at most; before _exit. */
void log_flush(struct log *log);

/* How many lines are lost. Any thread. */
uint64_t log_lost(struct log *log);

/* Is that descriptor the journal's (systemd says so in JOURNAL_STREAM)? */
bool log_is_journal(int fd);

/* Before the log is shared: `mask` blots out what no line may hold, in place,
 * and returns the new length of the NUL-terminated text. */
void log_set_mask(struct log *log, size_t (*mask)(char *text, size_t length));

/* Takes effect at once, from any thread. */
void log_set_level(struct log *log, enum log_level level);
bool log_enabled(const struct log *log, enum log_level level);

/* Names as they stand in the configuration; false when unknown. */
bool log_level_parse(const char *name, enum log_level *level) MUST_CHECK;
bool log_format_parse(const char *name, enum log_format *format) MUST_CHECK;

/* One field of an event. */
struct log_field {
	const char *name; /* NULL ends the list */
	const char *text; /* NULL: `number` is the value */
	int64_t number;
};

#define LOG_S(name_, text_) ((struct log_field){ (name_), (text_), 0 })
#define LOG_N(name_, number_)                                                  \
	((struct log_field){ (name_), NULL, (int64_t)(number_) })

/* Write an event. `fields` ends with a field whose name is NULL. A NULL `log`
 * is allowed and writes nothing. */
void log_event(struct log *log, enum log_level level, const char *event,
	       const struct log_field *fields);

/* The same where there are many, and where nobody looks for the line at once.
 */
void log_event_later(struct log *log, enum log_level level, const char *event,
		     const struct log_field *fields);

/* log_to(log, LOG_INFO, "listening", LOG_S("address", a), LOG_N("port", p)) */
#define log_to(log, level, ...)                                                \
	log_to_(log, level, __VA_ARGS__, LOG_S(NULL, NULL))
#define log_later(log, level, ...)                                             \
	log_later_(log, level, __VA_ARGS__, LOG_S(NULL, NULL))
#define log_later_(log, level, event, ...)                                     \
	log_event_later(log, level, event,                                     \
			(const struct log_field[]){ __VA_ARGS__ })
#define log_to_(log, level, event, ...)                                        \
	log_event(log, level, event, (const struct log_field[]){ __VA_ARGS__ })

#endif
