#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

/* The byte order mark that some editors put in front of UTF-8. */
static void
drop_mark(struct bytes *text)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t length = sizeof(mark) - 1;

	if (text->length < length || memcmp(text->data, mark, length) != 0)
		return;
	text->length -= length;
	memmove(text->data, text->data + length, text->length + 1);
}

enum status
input_read(const char *path, size_t limit, struct bytes *text,
	   struct error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	enum status rc = STATUS_OK;

	while (n > 0 && text->length <= limit) {
		bytes_reserve(text, PIECE_BYTES);
		n = read(fd, text->data + text->length, PIECE_BYTES);
		if (n > 0) {
			text->length += (size_t)n;
			text->data[text->length] = '\0';
		}
	}
	if (n < 0)
		rc = error_set(err, STATUS_IO, "%s: %s", path, strerror(errno));
	else if (text->length > limit)
		rc = error_set(err, STATUS_TOO_LARGE,
			       "%s has more than %zu bytes", path, limit);
	if (fd >= 0 && !is_stdin)
		close(fd);
	drop_mark(text);
	return rc;
}
