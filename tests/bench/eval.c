/*
 * What one evaluation costs: nanoseconds for the kinds of rules that people
 * write. Prints figures and asserts nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "eval/evaluate.h"
#include "eval/program.h"
#include "wire/json.h"

enum { ROUNDS = 2 * 1000 * 1000, REPEATS = 5 };

static const char context_text[] =
    "{\"targetingKey\":\"user-4711\",\"plan\":\"gold\",\"country\":\"DE\","
    "\"email\":\"jon@company.com\",\"version\":\"2.3.1\",\"age\":42,"
    "\"n\":19}";

struct row {
	const char *name;
	const char *rule; /* NULL: no targeting */
};

static const char *
branches(void)
{
	static char rule[2048] = "{\"if\":[";
	char branch[64];

	for (int i = 0; i < 19; i++) {
		snprintf(branch, sizeof(branch),
			 "{\"==\":[{\"var\":\"n\"},%d]},\"on\",", i);
		strncat(rule, branch, sizeof(rule) - strlen(rule) - 1);
	}
	strncat(rule, "\"off\"]}", sizeof(rule) - strlen(rule) - 1);
	return rule;
}

static const char *
large_set(void)
{
	static char rule[1 << 16] = "{\"if\":[{\"in\":[{\"var\":"
				    "\"targetingKey\"},[\"user-0\"";
	size_t at = strlen(rule);

	for (int i = 1; i < 3000; i++)
		at += (size_t)snprintf(rule + at, sizeof(rule) - at,
				       ",\"user-%d\"", 3 * i);
	snprintf(rule + at, sizeof(rule) - at, "]]},\"on\",\"off\"]}");
	return rule;
}

static struct program *
compile(const char *text, struct arena *arena)
{
	static const struct string variants[] = { { "on", 2 }, { "off", 3 } };
	struct value rule;
	struct error err;
	struct program *program = NULL;
	struct program_source source = {
		.targeting = &rule,
		.key = { "checkout", 8 },
		.pointer = "/targeting",
		.variants = variants,
		.variant_count = 2,
	};

	error_init(&err);
	if (json_decode(text, strlen(text), NULL, arena, &rule, &err) !=
		STATUS_OK ||
	    program_compile(&source, &program, &err) != STATUS_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return program;
}

static double
ns_per_evaluation(const struct definition *toggle,
		  const struct eval_context *context)
{
	struct clock clock = clock_system();
	struct evaluation out = { 0 };
	int64_t best = INT64_MAX;

	for (int i = 0; i < REPEATS; i++) {
		int64_t start = clock_mono_ms(&clock);
		int64_t took;

		for (int j = 0; j < ROUNDS; j++)
			evaluate(toggle, context, &out);
		took = clock_mono_ms(&clock) - start;
		best = took < best ? took : best;
	}
	if (out.variant < 0)
		fprintf(stderr, "no variant: %s\n", out.detail);
	return (double)best * 1e6 / ROUNDS;
}

/* For callgrind, which counts instructions: nothing but evaluations. */
static void
only(const struct definition *toggle, const struct eval_context *context,
     long count)
{
	struct evaluation out;

	for (long i = 0; i < count; i++)
		evaluate(toggle, context, &out);
}

/* Without arguments: every row in nanoseconds. With ROW COUNT: only that row,
 * so many times. */
int
main(int argc, char **argv)
{
	const struct row rows[] = {
		{ "static toggle", NULL },
		{ "one attribute", "{\"if\":[{\"==\":[{\"var\":\"plan\"},"
				   "\"gold\"]},\"on\",\"off\"]}" },
		{ "three attributes",
		  "{\"if\":[{\"and\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},"
		  "{\"in\":[{\"var\":\"country\"},[\"DE\",\"AT\",\"CH\"]]},"
		  "{\"ends_with\":[{\"var\":\"email\"},\"@company.com\"]}]},"
		  "\"on\",\"off\"]}" },
		{ "fractional", "{\"fractional\":[[\"on\",10],[\"off\",90]]}" },
		{ "sem_ver", "{\"if\":[{\"sem_ver\":[{\"var\":\"version\"},"
			     "\">=\",\"2.0.0\"]},\"on\",\"off\"]}" },
		{ "20 branches", branches() },
		{ "in a set of 3,000", large_set() },
	};
	struct variant variants[] = { { .name = { "on", 2 } },
				      { .name = { "off", 3 } } };
	struct definition toggle = {
		.kind = KIND_TOGGLE,
		.enabled = true,
		.variants = variants,
		.variant_count = 2,
	};
	struct eval_context context = { .fractional = FRACTIONAL_V2 };
	struct arena arena;
	struct value data;

	arena_init(&arena);
	if (json_decode(context_text, strlen(context_text), NULL, &arena, &data,
			NULL) != STATUS_OK)
		return EXIT_FAILURE;
	context.data = &data;
	context.scratch = eval_scratch_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (argc == 3 && (size_t)strtol(argv[1], NULL, 10) != i)
			continue;
		toggle.program =
		    rows[i].rule != NULL ? compile(rows[i].rule, &arena) : NULL;
		if (argc == 3)
			only(&toggle, &context, strtol(argv[2], NULL, 10));
		else
			printf("eval  %-20s %7.1f ns\n", rows[i].name,
			       ns_per_evaluation(&toggle, &context));
		program_free(toggle.program);
	}
	eval_scratch_free(context.scratch);
	arena_fini(&arena);
	return EXIT_SUCCESS;
}
