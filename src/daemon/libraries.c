#include "libraries.h"

#include <assert.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <zlib.h>

#include "http/server.h"
#include "store/store.h"
#include "wire/json.h"

static const char *
gnutls_version(void)
{
	return gnutls_check_version(NULL);
}

/*
 * To add a version: run `make check` on a system that has it (`make debian13`,
 * RELEASE=… for another Debian), read what HACKING says about what rests on
 * that library, and write here what `toggled version` calls it. CI fails where
 * it meets one that does not stand here.
 */
const struct library libraries[] = {
	{ "libmicrohttpd", server_libmicrohttpd_version, "0.9.75 1.0.1" },
	{ "libevent", server_libevent_version, "2.1.12-stable 2.1.13-stable" },
	{ "SQLite", store_sqlite_version, "3.40.1 3.46.1" },
	{ "GnuTLS", gnutls_version, "3.7.9 3.8.9" },
	{ "jansson", json_jansson_version, "2.14" },
	{ "zlib", zlibVersion, "1.2.13 1.3.1" },
	{ .name = NULL },
};

enum { FIELDS_MAX = sizeof(libraries) / sizeof(libraries[0]) };

bool
library_is_tested(const struct library *library)
{
	const char *version = library->version();
	const size_t length = strlen(version);

	for (const char *at = library->tested; *at != '\0';) {
		const size_t word = strcspn(at, " ");

		if (word == length && memcmp(at, version, length) == 0)
			return true;
		at += word;
		at += strspn(at, " ");
	}
	return false;
}

void
libraries_log(const struct library *rows, struct log *log)
{
	struct log_field fields[FIELDS_MAX] = { { .name = NULL } };
	size_t count = 0;

	for (const struct library *row = rows; row->name != NULL; row++) {
		assert(count + 1 < FIELDS_MAX);
		fields[count++] = LOG_S(row->name, row->version());
	}
	log_event(log, LOG_INFO, "libraries", fields);
	for (const struct library *row = rows; row->name != NULL; row++) {
		if (library_is_tested(row))
			continue;
		log_to(log, LOG_WARN,
		       "this version of a library was never tested",
		       LOG_S("library", row->name),
		       LOG_S("version", row->version()),
		       LOG_S("tested", row->tested));
	}
}
