/*
 * Semantic versions (https://semver.org), as flagd reads them: one leading v
 * is skipped, "1" and "1.2" are filled up with zeros, build metadata does not
 * count.
 */
#ifndef EVAL_SEMVER_H
#define EVAL_SEMVER_H

#include <stdbool.h>

#include "base/attr.h"
#include "model/value.h"

/* The parts point into the text. */
struct semver {
	struct string numbers[3]; /* major, minor, patch */
	struct string prerelease; /* without its '-'; length 0: a release */
};

/* False when the text is no version. */
bool semver_parse(struct string text, struct semver *version) MUST_CHECK;

/* <0, 0, >0 by precedence. */
int semver_compare(const struct semver *a, const struct semver *b);

/* Whether the first `count` of major, minor, patch are the same. */
bool semver_same_numbers(const struct semver *a, const struct semver *b,
			 unsigned count);

#endif
