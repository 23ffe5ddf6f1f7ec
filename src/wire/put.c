#include "put.h"

#include <string.h>

#include "model/credential.h"

void
put_comma(struct bytes *out)
{
	if (out->length == 0 || strchr("{[", out->data[out->length - 1]))
		return;
	bytes_append_char(out, ',');
}

void
put_name(struct bytes *out, struct string name)
{
	put_comma(out);
	value_encode_string(name.data, name.length, out);
	bytes_append_char(out, ':');
}

void
put_member(struct bytes *out, const char *name)
{
	put_name(out, (struct string){ name, strlen(name) });
}

void
put_string(struct bytes *out, struct string string)
{
	value_encode_string(string.data, string.length, out);
}

void
put_text(struct bytes *out, const char *text)
{
	value_encode_string(text, strlen(text), out);
}

void
put_position(struct bytes *out, const char *epoch, int64_t revision)
{
	put_member(out, "revision");
	bytes_append_int(out, revision);
	put_member(out, "epoch");
	put_text(out, epoch);
	put_member(out, "cursor");
	bytes_append_char(out, '"');
	bytes_append_str(out, epoch);
	bytes_append_char(out, '.');
	bytes_append_int(out, revision);
	bytes_append_char(out, '"');
}

void
put_masked(struct bytes *out, size_t start)
{
	out->length =
	    start + credential_mask(out->data + start, out->length - start);
}
