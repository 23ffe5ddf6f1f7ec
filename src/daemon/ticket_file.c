#include "ticket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "output.h"

/* The digits and a newline. */
enum { TEXT_BYTES = SHA256_HEX_BYTES };

_Static_assert((int)TICKET_KEY_BYTES == (int)SHA256_BYTES,
	       "a key is written as a digest is");

char *
ticket_file_path(const char *database)
{
	struct bytes path;

	bytes_init(&path);
	bytes_printf(&path, "%s.ticket-key", database);
	return bytes_take(&path);
}

static enum status
read_key(const char *path, struct ticket_key *key, struct error *err)
{
	char text[TEXT_BYTES + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return error_set(err,
				 errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
				 "open: %s", strerror(errno));
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n != TEXT_BYTES || text[TEXT_BYTES - 1] != '\n' ||
	    !sha256_parse(text, TEXT_BYTES - 1, key->bytes))
		error_set(err, STATUS_CORRUPT,
			  "it is not 64 hexadecimal digits and a newline");
	explicit_bzero(text, sizeof(text));
	return err->code;
}

static enum status
keep_key(const char *path, const struct ticket_key *key, struct error *err)
{
	struct output output = { .fd = -1 };
	char text[TEXT_BYTES + 1];
	enum status rc = output_open(&output, path, err);

	sha256_hex(key->bytes, text);
	text[TEXT_BYTES - 1] = '\n';
	if (rc == STATUS_OK)
		rc = output_write(&output, text, TEXT_BYTES, err);
	if (rc == STATUS_OK)
		rc = output_commit(&output, err);
	output_close(&output);
	explicit_bzero(text, sizeof(text));
	return rc;
}

void
ticket_file_open(const char *database, struct log *log, struct ticket_key *key)
{
	char *path = ticket_file_path(database);
	struct error err;
	enum status rc;

	error_init(&err);
	rc = read_key(path, key, &err);
	if (rc != STATUS_OK)
		random_bytes(key->bytes, sizeof(key->bytes));
	if (rc == STATUS_NOT_FOUND) {
		error_init(&err);
		rc = keep_key(path, key, &err);
	}
	if (rc != STATUS_OK)
		log_to(log, LOG_WARN,
		       "the key of the event streams' tickets is not kept: "
		       "they end with this process",
		       LOG_S("file", path), LOG_S("error", err.text));
	free(path);
}
