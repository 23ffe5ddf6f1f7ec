/*
 * The target of a request: what is decoded of it, and the route that fits. What
 * was decoded, with every byte of it escaped again, names the same place.
 */
#include <stdint.h>
#include <string.h>

#include "http/router.h"
#include "http/uri.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route *const tables[] = {
	routes_toggles, routes_segments, routes_changes, routes_values,
	routes_history, routes_evaluate, routes_ofrep,   routes_environments,
	routes_flagd,   routes_tokens,   routes_system,  NULL,
};

static void
put_escaped(struct string text, struct bytes *out)
{
	for (size_t i = 0; i < text.length; i++)
		bytes_printf(out, "%%%02x", (unsigned char)text.data[i]);
}

/* The same target, with nothing in it that stands for itself. */
static void
escape(const struct uri *uri, struct bytes *out)
{
	for (size_t i = 0; i < uri->segment_count; i++) {
		bytes_append_char(out, '/');
		put_escaped(uri->segments[i], out);
	}
	for (size_t i = 0; i < uri->query_count; i++) {
		bytes_append_char(out, i == 0 ? '?' : '&');
		put_escaped(uri->query[i].name, out);
		bytes_append_char(out, '=');
		put_escaped(uri->query[i].value, out);
	}
}

static void
check_same(struct string a, struct string b)
{
	if (!string_equal(a, b))
		finding("'%s' and '%s' are the same", a.data, b.data);
}

static void
check_text(struct string text)
{
	if (text.data != NULL && strlen(text.data) != text.length)
		finding("a NUL in '%s'", text.data);
}

static void
check_decoded(const struct uri *a, const struct uri *b)
{
	if (a->segment_count != b->segment_count ||
	    a->query_count != b->query_count)
		finding("%zu segments and %zu parameters, escaped: %zu, %zu",
			a->segment_count, a->query_count, b->segment_count,
			b->query_count);
	for (size_t i = 0; i < a->segment_count; i++) {
		check_text(a->segments[i]);
		check_same(a->segments[i], b->segments[i]);
		if (strcmp(a->rests[i], b->rests[i]) != 0)
			finding("rests '%s' and '%s'", a->rests[i],
				b->rests[i]);
	}
	for (size_t i = 0; i < a->query_count; i++) {
		check_text(a->query[i].name);
		check_text(a->query[i].value);
		check_same(a->query[i].name, b->query[i].name);
		check_same(a->query[i].value, b->query[i].value);
	}
}

static void
check_route(const struct router *router, enum method method,
	    const struct uri *uri)
{
	struct router_match match;
	struct bytes allow;

	router_find(router, method, uri, &match);
	if (match.route == NULL) {
		if (match.allowed >> method & 1)
			finding("allowed, but there is no route");
		return;
	}
	if (match.route->method != method ||
	    router_route(router, match.number) != match.route ||
	    (match.flags & match.route->flags) != match.route->flags)
		finding("not the route that was asked for");
	for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
		check_text(match.params[i]);
	bytes_init(&allow);
	router_allow(match.allowed, &allow);
	if (strstr(allow.data, method_name(method)) == NULL)
		finding("Allow: %s without %s", allow.data,
			method_name(method));
	bytes_fini(&allow);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct router *router = router_new(tables);
	struct uri uri, again;
	struct arena arena;
	struct bytes escaped;

	arena_init(&arena);
	bytes_init(&escaped);
	if (uri_decode(arena_copy(&arena, data, size), &arena, &uri, NULL) ==
	    STATUS_OK) {
		escape(&uri, &escaped);
		if (uri_decode(escaped.data == NULL ? "" : escaped.data, &arena,
			       &again, NULL) != STATUS_OK)
			finding("not taken: %s", escaped.data);
		check_decoded(&uri, &again);
		for (int m = METHOD_GET; m < METHOD_OTHER; m++)
			check_route(router, (enum method)m, &uri);
	}
	bytes_fini(&escaped);
	arena_fini(&arena);
	router_free(router);
	return 0;
}
