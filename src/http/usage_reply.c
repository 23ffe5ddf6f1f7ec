#include "usage_reply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop.h"
#include "usages.h"

enum { DIGITS_MAX = 9 };

static void
put_time(struct bytes *out, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (at_ms == 0) {
		bytes_printf(out, "\"%s\":null", name);
		return;
	}
	clock_format(at_ms, text);
	bytes_printf(out, "\"%s\":\"%s\"", name, text);
}

/* "key":{…}, with a comma in front unless it is the first. */
static void
put_toggle(struct bytes *out, const struct definition *toggle,
	   const struct usage_sum *sum)
{
	if (out->length > 0)
		bytes_append_char(out, ',');
	value_encode_string(toggle->key.data, toggle->key.length, out);
	bytes_printf(out,
		     ":{\"evaluations\":%" PRIu64 ",\"errors\":%" PRIu64 ",",
		     sum->evaluations, sum->errors);
	put_time(out, "lastEvaluatedAt", sum->last_ms);
	bytes_append_str(out, ",\"variants\":{");
	for (size_t i = 0; i < toggle->variant_count; i++) {
		const struct string *name = &toggle->variants[i].name;

		if (i > 0)
			bytes_append_char(out, ',');
		value_encode_string(name->data, name->length, out);
		bytes_printf(out, ":%" PRIu64, sum->variants[i]);
	}
	bytes_append_str(out, "}}");
}

static struct string
query(const struct request *r, const char *name)
{
	const char *text = request_query(r, name);

	return text == NULL ? (struct string){ "", 0 }
			    : (struct string){ text, strlen(text) };
}

/* --- all -------------------------------------------------------------------
 */

static void
put_all(const struct request *r, struct bytes *out)
{
	const struct service *service = r->loop->service;
	const struct string tag = query(r, "tag");
	const struct definition *toggle;
	struct snapshot_walk walk;
	struct usage_sum sum;
	struct bytes toggles;

	bytes_init(&toggles);
	snapshot_walk_from(&walk, r->snapshot, KIND_TOGGLE, query(r, "prefix"));
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		if (tag.length > 0 && !definition_has_tag(toggle, tag.data))
			continue;
		usages_gather(service, r->snapshot->environment, toggle, &sum);
		put_toggle(&toggles, toggle, &sum);
	}
	bytes_append(out, toggles.data, toggles.length);
	bytes_fini(&toggles);
}

static void
put_reasons(const uint64_t reasons[REASON_COUNT], struct bytes *out)
{
	const char *comma = "";

	for (int i = 0; i < REASON_COUNT; i++) {
		if (reasons[i] == 0)
			continue;
		bytes_printf(out, "%s\"%s\":%" PRIu64, comma,
			     reason_name((enum reason)i), reasons[i]);
		comma = ",";
	}
}

static enum step
reply(struct request *r, struct bytes *body)
{
	reply_json(r, 200, body);
	reply_header(r, "Cache-Control", "no-store");
	return STEP_REPLY;
}

enum step
usage_reply(struct request *r)
{
	static const char *const known[] = { "prefix", "tag", NULL };
	const struct string environment = r->snapshot->environment;
	struct usages_total total;
	struct bytes body;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	usages_total(r->loop->service, environment, &total);
	bytes_init(&body);
	bytes_append_str(&body, "{\"environment\":");
	value_encode_string(environment.data, environment.length, &body);
	bytes_append_char(&body, ',');
	put_time(&body, "since", total.since_ms);
	bytes_append_char(&body, ',');
	put_time(&body, "definitionsReadAt", total.handed_out_ms);
	bytes_append_str(&body, ",\"reasons\":{");
	put_reasons(total.reasons, &body);
	bytes_append_str(&body, "},\"toggles\":{");
	put_all(r, &body);
	bytes_append_str(&body, "}}");
	return reply(r, &body);
}

/* --- what is not in use ----------------------------------------------------
 */

/* To add a unit: a row, and the form in the text of take_age. */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
};

static bool
parse_age(const char *text, int64_t *age_ms)
{
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		*age_ms = strtoll(text, NULL, 10) * units[i].ms;
		return true;
	}
	return false;
}

struct search {
	const struct request *r;
	struct usages_total total;
	int64_t before_ms;  /* used later than this: in use */
	struct bytes found; /* their usage */
};

static bool
covers_the_time(const struct search *search)
{
	return search->total.since_ms <= search->before_ms;
}

/* Does selection.wants. */
static bool
is_unused(const struct definition *toggle, void *ctx)
{
	struct search *search = ctx;
	struct usage_sum sum;

	usages_gather(search->r->loop->service,
		      search->r->snapshot->environment, toggle, &sum);
	if (sum.last_ms != 0 &&
	    (!covers_the_time(search) || sum.last_ms > search->before_ms))
		return false;
	put_toggle(&search->found, toggle, &sum);
	return true;
}

/* Does selection.put_more. */
static void
put_usage(struct bytes *out, void *ctx)
{
	const struct search *search = ctx;
	const struct usages_total *total = &search->total;
	/* Nobody knows what the readers of definitions evaluate, nor which
	 * toggles were too many to be counted. */
	const bool complete = covers_the_time(search) && total->overflow == 0 &&
			      total->handed_out_ms <= search->before_ms;

	bytes_append_str(out, ",\"usage\":{");
	put_time(out, "since", total->since_ms);
	bytes_printf(out, ",\"complete\":%s,", complete ? "true" : "false");
	put_time(out, "definitionsReadAt", total->handed_out_ms);
	bytes_append_str(out, ",\"toggles\":{");
	bytes_append(out, search->found.data, search->found.length);
	bytes_append_str(out, "}}");
}

enum step
usage_reply_unused(struct request *r, const char *unused_for,
		   const struct selection *selection)
{
	struct search search = { .r = r };
	struct selection unused = *selection;
	struct bytes body;
	int64_t age_ms;

	if (request_query(r, "at") != NULL) {
		reply_fail(r, STATUS_INVALID,
			   "unusedFor is about the present: it does not go "
			   "with at");
		return STEP_REPLY;
	}
	if (!parse_age(unused_for, &age_ms)) {
		reply_fail(r, STATUS_INVALID,
			   "unusedFor is '%.32s': 30d, 12h, 10m or 90s was "
			   "expected",
			   unused_for);
		return STEP_REPLY;
	}
	usages_total(r->loop->service, r->snapshot->environment, &search.total);
	search.before_ms = clock_wall_ms(&r->loop->service->clock) - age_ms;
	unused.wants = is_unused;
	unused.put_more = put_usage;
	unused.ctx = &search;
	bytes_init(&search.found);
	bytes_init(&body);
	document_toggles(r->snapshot, r->catalog->epoch, &unused, &body);
	bytes_fini(&search.found);
	return reply(r, &body);
}
