#include "exposition.h"

#include <inttypes.h>

void
exposition_head(struct bytes *out, const char *name, const char *type,
		const char *help)
{
	bytes_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		     type);
}

void
exposition_count(struct bytes *out, const char *name, const char *type,
		 const char *help, uint64_t value)
{
	exposition_head(out, name, type, help);
	bytes_printf(out, "%s %" PRIu64 "\n", name, value);
}

void
exposition_real(struct bytes *out, const char *name, const char *type,
		const char *help, double value)
{
	exposition_head(out, name, type, help);
	bytes_printf(out, "%s %.3f\n", name, value);
}

uint64_t
histogram_total(const struct histogram *histogram)
{
	uint64_t total = 0;

	for (size_t i = 0; i < histogram->count; i++)
		total += histogram->buckets[i];
	return total;
}

void
exposition_histogram(struct bytes *out, const char *name, const char *labels,
		     const struct histogram *histogram)
{
	const char *comma = labels[0] == '\0' ? "" : ",";
	const char *open = labels[0] == '\0' ? "" : "{";
	const char *close = labels[0] == '\0' ? "" : "}";
	uint64_t total = 0;

	for (size_t i = 0; i + 1 < histogram->count; i++) {
		total += histogram->buckets[i];
		bytes_printf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n",
			     name, labels, comma,
			     (double)histogram->bounds[i] * histogram->unit,
			     total);
	}
	total += histogram->buckets[histogram->count - 1];
	bytes_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name,
		     labels, comma, total);
	if (histogram->unit < 1)
		bytes_printf(out, "%s_sum%s%s%s %.6f\n", name, open, labels,
			     close, (double)histogram->sum * histogram->unit);
	else
		bytes_printf(out, "%s_sum%s%s%s %" PRIu64 "\n", name, open,
			     labels, close, histogram->sum);
	bytes_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels,
		     close, total);
}
