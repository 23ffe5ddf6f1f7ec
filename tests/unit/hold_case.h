/*
 * A toggle that is written as the registry does it: revision 42 is alice's, who
 * made it, and 43 is bob's, who changes it.
 */
#ifndef TESTS_UNIT_HOLD_CASE_H
#define TESTS_UNIT_HOLD_CASE_H

#include "base/arena.h"
#include "base/error.h"
#include "model/definition.h"
#include "model/value.h"

enum hold_verb { PUT, PATCH, FLAG, ROLLBACK };

/* Of a test; it begins with hold_case_setup. */
struct hold_case {
	struct arena arena;
	struct error err; /* of the last write */
};

void hold_case_setup(struct hold_case *c);
void hold_case_teardown(struct hold_case *c);

enum status hold_case_write(struct hold_case *c,
			    const struct definition *before,
			    enum hold_verb verb, const struct value *request,
			    struct definition **after);
enum status hold_case_try(struct hold_case *c, const struct definition *before,
			  enum hold_verb verb, const char *request,
			  struct definition **after);

/* The same, and it has to be done. */
struct definition *hold_case_written(struct hold_case *c,
				     const struct definition *before,
				     enum hold_verb verb, const char *request);

/* Out of the store. */
struct definition *hold_case_loaded(struct hold_case *c, const char *stored);

#define GOLD "{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},\"on\",\"off\"]}"
#define STAFF "{\"if\":[{\"$ref\":\"staff\"},\"on\"]}"
#define BOTH "\"variants\":{\"on\":true,\"off\":false}"
#define RULES                                                                  \
	"{" BOTH ",\"defaultVariant\":\"on\",\"targeting\":" GOLD              \
	",\"owner\":\"o\"}"
#define SERVED                                                                 \
	"{" BOTH ",\"defaultVariant\":\"on\",\"targeting\":" GOLD              \
	",\"owner\":\"o\",\"serve\":\"off\"}"
#define HELD "\"held\":{\"defaultVariant\":\"on\",\"targeting\":" GOLD "}"
#define BY(since, who) "\"servedSince\":" since ",\"servedBy\":\"" who "\""
#define OFF                                                                    \
	"\"owner\":\"o\",\"serve\":\"off\"," HELD                              \
	"," BY("42", "alice") ",\"state\":\"ENABLED\"," BOTH                   \
			      ",\"defaultVariant\":\"off\""
#define BY_RULES                                                               \
	"\"owner\":\"o\",\"state\":\"ENABLED\"," BOTH                          \
	",\"defaultVariant\":\"on\",\"targeting\":" GOLD

#endif
