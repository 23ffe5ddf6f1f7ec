#include "meaning.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Headers whose value is a list. */
static const char *const lists[] = {
	"Allow",
	"Access-Control-Allow-Methods",
	"Access-Control-Expose-Headers",
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

bool
meaning_contains(json_t *is, json_t *was)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_array(was) && json_is_array(is)) {
		if (json_array_size(was) != json_array_size(is))
			return false;
		json_array_foreach(was, i, member)
		{
			if (!meaning_contains(json_array_get(is, i), member))
				return false;
		}
		return true;
	}
	if (!json_is_object(was) || !json_is_object(is))
		return json_equal(is, was);
	json_object_foreach(was, key, member)
	{
		json_t *now = json_object_get(is, key);

		if (strcmp(key, "detail") == 0 && json_is_string(member) &&
		    json_is_string(now))
			continue;
		if (now == NULL || !meaning_contains(now, member))
			return false;
	}
	return true;
}

/* --- headers ---------------------------------------------------------------
 */

static bool
is_list(const char *line)
{
	for (size_t i = 0; i < LISTS; i++) {
		size_t length = strlen(lists[i]);

		if (strncmp(line, lists[i], length) == 0 && line[length] == ':')
			return true;
	}
	return false;
}

/* The element of `length` bytes is in the list that ends with the line. */
static bool
has_element(const char *list, const char *element, size_t length)
{
	while (*list != '\n' && *list != '\0') {
		size_t n = strcspn(list, ",\n");

		if (n == length && strncasecmp(list, element, length) == 0)
			return true;
		list += n;
		list += strspn(list, ", ");
	}
	return false;
}

static bool
has_elements(const char *is, const char *was)
{
	while (*was != '\n' && *was != '\0') {
		size_t n = strcspn(was, ",\n");

		if (!has_element(is, was, n))
			return false;
		was += n;
		was += strspn(was, ", ");
	}
	return true;
}

static const char *
next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

/* Up to the empty line or the end. */
static bool
has_header(const char *head, const char *line)
{
	const size_t length = strcspn(line, "\n");
	const size_t name = strcspn(line, ":") + 1;

	for (; *head != '\0' && *head != '\n'; head = next_line(head)) {
		if (strcspn(head, "\n") == length &&
		    strncmp(head, line, length) == 0)
			return true;
		if (is_list(line) && strncmp(head, line, name) == 0)
			return has_elements(head + name + 1, line + name + 1);
	}
	return false;
}

/* --- bodies ----------------------------------------------------------------
 */

/* Behind the empty line; "" when there is none. */
static const char *
body_of(const char *answer)
{
	const char *at = strstr(answer, "\n\n");

	return at == NULL ? "" : at + 2;
}

static bool
body_holds(const char *was, const char *is)
{
	json_t *then = json_loads(was, JSON_DECODE_ANY, NULL);
	json_t *now = json_loads(is, JSON_DECODE_ANY, NULL);
	bool holds;

	if (then == NULL || now == NULL)
		holds = *was == '\0' || strcmp(was, is) == 0;
	else
		holds = meaning_contains(now, then);
	json_decref(then);
	json_decref(now);
	return holds;
}

bool
meaning_holds(const char *was, const char *is)
{
	for (const char *line = was; *line != '\0' && *line != '\n';
	     line = next_line(line))
		if (!has_header(is, line))
			return false;
	return body_holds(body_of(was), body_of(is));
}
