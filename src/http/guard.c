#include "guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* RFC 9110, 5.6.2 */
bool
guard_is_token(struct string text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c > 126 || (!isalnum(c) && strchr(marks, c) == NULL))
			return false;
		if (c == '\0')
			return false;
	}
	return text.length > 0;
}

static bool
is_text(struct string text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == 127 || (c < 32 && c != '\t'))
			return false;
	}
	return true;
}

static bool
is_name(struct string name, const char *wanted)
{
	return strcasecmp(name.data, wanted) == 0;
}

/* Is `token` in a comma-separated list? */
static bool
lists(const char *list, const char *token)
{
	size_t length = strlen(token);

	while (*list != '\0') {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t");
		if (item == length && strncasecmp(list, token, length) == 0)
			return true;
		list += item;
	}
	return false;
}

static bool
parse_length(struct string text, uint64_t *out)
{
	uint64_t n = 0;

	if (text.length == 0 || text.length > 18)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.data[i] - '0');
	}
	*out = n;
	return true;
}

static enum status
check_length(struct string value, struct guard_message *out, struct error *err)
{
	if (out->has_length)
		return error_set(err, STATUS_INVALID,
				 "more than one Content-Length");
	if (!parse_length(value, &out->length))
		return error_set(err, STATUS_INVALID,
				 "Content-Length is no number");
	out->has_length = true;
	return STATUS_OK;
}

static enum status
check_encoding(struct string value, struct guard_message *out,
	       struct error *err)
{
	if (out->chunked || strcasecmp(value.data, "chunked") != 0)
		return error_set(err, STATUS_NOT_IMPLEMENTED,
				 "no Transfer-Encoding but chunked is known");
	out->chunked = true;
	return STATUS_OK;
}

static enum status
check_host(struct string value, size_t *hosts, struct error *err)
{
	(*hosts)++;
	if (!guard_is_host(value.data))
		return error_set(err, STATUS_INVALID,
				 "Host is no name or address with or without "
				 "a port");
	return STATUS_OK;
}

static enum status
check_header(const struct request_pair *header, size_t *hosts,
	     struct guard_message *out, struct error *err)
{
	if (!guard_is_token(header->name))
		return error_set(err, STATUS_INVALID,
				 "a header's name is no token");
	if (!is_text(header->value))
		return error_set(err, STATUS_INVALID,
				 "the header %s holds a control character",
				 header->name.data);
	if (is_name(header->name, "Content-Length"))
		return check_length(header->value, out, err);
	if (is_name(header->name, "Transfer-Encoding"))
		return check_encoding(header->value, out, err);
	if (is_name(header->name, "Host"))
		return check_host(header->value, hosts, err);
	if (is_name(header->name, "Connection"))
		out->close = out->close || lists(header->value.data, "close");
	else if (is_name(header->name, "Expect"))
		out->expects = true;
	return STATUS_OK;
}

enum status
guard_start(const char *method, const char *target, struct error *err)
{
	if (!guard_is_token((struct string){ method, strlen(method) }))
		return error_set(err, STATUS_INVALID, "the method is no token");
	for (const char *at = target; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 127)
			return error_set(err, STATUS_INVALID,
					 "the target holds a control character "
					 "or a space");
	return STATUS_OK;
}

enum status
guard_headers(const struct request_pair *headers, size_t count,
	      const char *version, struct guard_message *out, struct error *err)
{
	size_t hosts = 0;

	memset(out, 0, sizeof(*out));
	if (count > GUARD_HEADERS_MAX)
		return error_set(err, STATUS_HEADERS_TOO_LARGE,
				 "more than %d headers", GUARD_HEADERS_MAX);
	for (size_t i = 0; i < count; i++) {
		enum status rc = check_header(&headers[i], &hosts, out, err);

		if (rc != STATUS_OK)
			return rc;
	}
	if (out->has_length && out->chunked)
		return error_set(err, STATUS_INVALID,
				 "both Content-Length and Transfer-Encoding");
	if (hosts > 1 || (hosts == 0 && strcmp(version, "HTTP/1.0") != 0))
		return error_set(err, STATUS_INVALID,
				 "one Host header is needed");
	return STATUS_OK;
}

static enum status
overlooked(struct error *err)
{
	return error_set(err, STATUS_INVALID,
			 "the header holds a NUL, a folded line, or a line "
			 "that does not end with CR LF");
}

/* CR LF stood here. */
static bool
is_line_end(const char *at, const char *end)
{
	return at + 2 <= end && at[0] == '\0' && at[1] == '\0';
}

enum status
guard_gaps(const struct guard_layout *layout,
	   const struct request_pair *headers, size_t count, struct error *err)
{
	const char *end = layout->method + layout->size;
	const char *at;

	if (layout->method + strlen(layout->method) + 1 != layout->target ||
	    layout->target + layout->target_length + 1 != layout->version)
		return overlooked(err);
	at = layout->version + strlen(layout->version);
	for (size_t i = 0; i < count; i++) {
		const char *name = headers[i].name.data;
		const char *value = headers[i].value.data;

		if (!is_line_end(at, end) || name != at + 2)
			return overlooked(err);
		at = name + headers[i].name.length + 1;
		at += strspn(at, " \t");
		if (value != at)
			return overlooked(err);
		at += headers[i].value.length;
	}
	if (!is_line_end(at, end) || !is_line_end(at + 2, end) || at + 4 != end)
		return overlooked(err);
	return STATUS_OK;
}

/* The length of `host` without the port that the scheme implies. */
static size_t
host_length(const char *host, const char *implied)
{
	size_t length = strlen(host);
	size_t tail = strlen(implied);

	if (length > tail && strcmp(host + length - tail, implied) == 0)
		length -= tail;
	return length;
}

bool
guard_is_foreign(const char *origin, const char *host)
{
	const char *implied = ":80";
	size_t length;

	if (strncasecmp(origin, "https://", 8) == 0) {
		implied = ":443";
		origin += 8;
	} else if (strncasecmp(origin, "http://", 7) == 0) {
		origin += 7;
	} else {
		return true;
	}
	length = host_length(origin, implied);
	return host == NULL || length != host_length(host, implied) ||
	       strncasecmp(origin, host, length) != 0;
}

size_t
guard_value_length(struct string value)
{
	size_t length = value.length;

	while (length > 0 && (value.data[length - 1] == ' ' ||
			      value.data[length - 1] == '\t'))
		length--;
	return length;
}

static bool
is_port(const char *port)
{
	const size_t length = strspn(port, "0123456789");

	return length <= 5 && port[length] == '\0';
}

bool
guard_is_host(const char *host)
{
	static const char marks[] = "-._~!$&'()*+;=%";
	size_t length = 0;

	if (*host == '[') {
		length = strspn(host + 1, "0123456789abcdefABCDEF:.") + 1;
		if (length < 3 || host[length++] != ']')
			return false;
	} else {
		while (host[length] != '\0' &&
		       ((host[length] > 0 &&
			 isalnum((unsigned char)host[length])) ||
			strchr(marks, host[length]) != NULL))
			length++;
	}
	if (length == 0)
		return false;
	return host[length] == '\0' ||
	       (host[length] == ':' && is_port(host + length + 1));
}

bool
guard_is_literal(const char *host)
{
	const bool bracket = *host == '[';
	const size_t length = strcspn(host += bracket, bracket ? "]" : ":");
	unsigned char address[sizeof(struct in6_addr)];
	char name[INET6_ADDRSTRLEN];

	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	if (bracket)
		return inet_pton(AF_INET6, name, address) == 1;
	return strcasecmp(name, "localhost") == 0 ||
	       inet_pton(AF_INET, name, address) == 1;
}
