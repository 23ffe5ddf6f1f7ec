#include "usage_metrics.h"

#include <inttypes.h>

#include "exposition.h"
#include "usages.h"

/* A label's value: three characters have to be escaped. */
static void
put_escaped(struct bytes *out, struct string text)
{
	for (size_t i = 0; i < text.length; i++) {
		const char c = text.data[i];

		if (c == '\\' || c == '"')
			bytes_append_char(out, '\\');
		if (c == '\n')
			bytes_append_str(out, "\\n");
		else
			bytes_append_char(out, c);
	}
}

static void
put_label(struct bytes *out, const char *name, struct string value)
{
	bytes_append_str(out, name);
	bytes_append_str(out, "=\"");
	put_escaped(out, value);
	bytes_append_char(out, '"');
}

static void
put_reasons(struct bytes *out, const char *name, struct string environment,
	    const uint64_t reasons[REASON_COUNT])
{
	for (int i = 0; i < REASON_COUNT; i++) {
		if (reasons[i] == 0)
			continue;
		bytes_append_str(out, name);
		put_label(out, "{environment", environment);
		bytes_printf(out, ",reason=\"%s\"} %" PRIu64 "\n",
			     reason_name((enum reason)i), reasons[i]);
	}
}

static void
put_environments(struct bytes *out, const struct service *service,
		 const struct catalog *catalog, const struct token *token)
{
	static const char name[] = "toggled_evaluations_total";
	const struct snapshot *snapshot;
	struct tree_walk walk;

	exposition_head(out, name, "counter",
			"evaluations for services, by their reason");
	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	while ((snapshot = tree_walk_next(&walk)) != NULL) {
		const struct string environment = snapshot->environment;
		struct usages_total total;

		if (token != NULL &&
		    !token_sees(token, environment.data, environment.length))
			continue;
		usages_total(service, environment, &total);
		put_reasons(out, name, environment, total.reasons);
	}
}

static void
put_sample(struct bytes *out, const char *name, const struct busy *busy,
	   struct string variant, uint64_t count)
{
	bytes_append_str(out, name);
	put_label(out, "{environment", busy->snapshot->environment);
	put_label(out, ",toggle", busy->toggle->key);
	put_label(out, ",variant", variant);
	bytes_printf(out, "} %" PRIu64 "\n", count);
}

/* How many samples. */
static size_t
put_variants(struct bytes *out, const char *name, const struct busy *busy,
	     const struct usage_sum *sum)
{
	size_t samples = 0;

	for (size_t i = 0; i < busy->toggle->variant_count; i++) {
		if (sum->variants[i] == 0)
			continue;
		put_sample(out, name, busy, busy->toggle->variants[i].name,
			   sum->variants[i]);
		samples++;
	}
	if (sum->none > 0) {
		put_sample(out, name, busy, (struct string){ "", 0 },
			   sum->none);
		samples++;
	}
	return samples;
}

static void
put_toggles(struct bytes *out, const struct service *service,
	    const struct busy *busiest, size_t count)
{
	static const char name[] = "toggled_toggle_evaluations_total";
	size_t samples = 0;

	exposition_head(out, name, "counter",
			"evaluations of the toggles that are evaluated most; "
			"variant is empty where there was none");
	for (size_t i = 0; i < count; i++) {
		const struct busy *busy = &busiest[i];
		struct usage_sum sum;

		if (samples + busy->toggle->variant_count >=
		    USAGE_METRICS_SERIES)
			break;
		usages_gather(service, busy->snapshot->environment,
			      busy->toggle, &sum);
		samples += put_variants(out, name, busy, &sum);
	}
}

static void
put_times(struct bytes *out, const struct service *service,
	  const struct busy *busiest, size_t count)
{
	static const char name[] =
	    "toggled_toggle_last_evaluated_timestamp_seconds";

	exposition_head(out, name, "gauge",
			"when the toggles that are evaluated most were last "
			"in use");
	for (size_t i = 0; i < count; i++) {
		const struct busy *busy = &busiest[i];
		struct usage_sum sum;

		usages_gather(service, busy->snapshot->environment,
			      busy->toggle, &sum);
		bytes_append_str(out, name);
		put_label(out, "{environment", busy->snapshot->environment);
		put_label(out, ",toggle", busy->toggle->key);
		bytes_printf(out, "} %.3f\n", (double)sum.last_ms / 1000);
	}
}

void
usage_metrics_encode(const struct service *service,
		     const struct catalog *catalog, const struct token *token,
		     struct bytes *out)
{
	struct busy busiest[USAGE_METRICS_TOGGLES];
	struct usages_total total;
	size_t count;

	put_environments(out, service, catalog, token);
	count = usages_busiest(service, catalog, token, busiest,
			       USAGE_METRICS_TOGGLES);
	put_toggles(out, service, busiest, count);
	put_times(out, service, busiest, count);
	if (token != NULL && !token->everywhere)
		return;
	usages_total(service, (struct string){ "", 0 }, &total);
	exposition_count(out, "toggled_evaluations_overflow_total", "counter",
			 "evaluations of toggles beyond the number that is "
			 "counted one by one",
			 total.overflow);
}
