/*
 * Run what a document prints: its "```sh" blocks, in order, as one shell
 * script, so that variables and background jobs carry on from block to block.
 * In it http://127.0.0.1:8016 is the server under test, and curl fails on an
 * HTTP error. The working directory is the server's.
 *
 * A "```json" block behind a "```sh" block is what that block prints: one JSON
 * value or several. "```json waiting" is what the last block with a job in the
 * background printed, by the time that all are done. Times stand for any time,
 * 16 hexadecimal digits for any epoch; "…" for any value, and as a member's
 * name for any further members. Without a problem document there, the block has
 * to succeed.
 */
#ifndef TESTS_HTTP_DOC_H
#define TESTS_HTTP_DOC_H

#include <stddef.h>

#include "harness.h"

/* Returns how many blocks it ran; fails the test where one does not do what the
 * document says. `path` is relative to the root of the source tree. */
size_t doc_run(struct toggled *t, const char *path);

/* Type it all with a slip: `to` wherever it says `from` (NULL: as it stands).
 * What comes of it is not judged. */
void doc_type(struct toggled *t, const char *path, const char *from,
	      const char *to);

/* The whole file. */
const char *doc_read(struct toggled *t, const char *path);

#endif
