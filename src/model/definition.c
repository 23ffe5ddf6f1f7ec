/*
 * One block: the struct, then the arrays (variants, tags, references), then the
 * bytes of the strings. What is itself a part of `text` is not copied a second
 * time but moved to the same offset of the copy.
 */
#include "model/definition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/token.h"

static const char *const kind_names[KIND_COUNT] = {
	[KIND_ENVIRONMENT] = "environment",
	[KIND_SEGMENT] = "segment",
	[KIND_TOGGLE] = "toggle",
	[KIND_TOKEN] = "token",
};

static const char *const type_names[] = {
	[VARIANT_BOOLEAN] = "boolean", [VARIANT_STRING] = "string",
	[VARIANT_INTEGER] = "integer", [VARIANT_FLOAT] = "float",
	[VARIANT_OBJECT] = "object",
};

enum { TYPE_COUNT = sizeof(type_names) / sizeof(type_names[0]) };

const char *
kind_name(enum kind kind)
{
	return kind_names[kind];
}

const char *
variant_type_name(enum variant_type type)
{
	return type_names[type];
}

bool
variant_type_parse(const char *name, enum variant_type *type)
{
	for (unsigned i = 0; i < TYPE_COUNT; i++) {
		if (strcmp(name, type_names[i]) == 0) {
			*type = (enum variant_type)i;
			return true;
		}
	}
	return false;
}

static bool
lies_in(struct string text, struct string part)
{
	uintptr_t begin = (uintptr_t)text.data;
	uintptr_t at = (uintptr_t)part.data;

	return at >= begin && at - begin <= text.length &&
	       part.length <= text.length - (at - begin);
}

/* Bytes that a string of its own takes, its NUL included. */
static size_t
own_size(struct string s)
{
	return s.length == 0 ? 0 : s.length + 1;
}

/* The same for one that may be a part of `text`. */
static size_t
part_size(struct string text, struct string part)
{
	return lies_in(text, part) ? 0 : own_size(part);
}

size_t
definition_size(const struct definition *d)
{
	size_t size = sizeof(*d);

	size += d->variant_count * sizeof(*d->variants);
	size += d->tag_count * sizeof(*d->tags);
	size += d->reference_count * sizeof(*d->references);
	size += own_size(d->key) + own_size(d->text);
	size += part_size(d->text, d->stored) + part_size(d->text, d->core);
	size += part_size(d->text, d->metadata);
	for (size_t i = 0; i < d->variant_count; i++) {
		size += own_size(d->variants[i].name);
		size += part_size(d->text, d->variants[i].json);
	}
	for (size_t i = 0; i < d->tag_count; i++)
		size += own_size(d->tags[i]);
	for (size_t i = 0; i < d->reference_count; i++)
		size += own_size(d->references[i]);
	return size;
}

/* Where the next piece of the block goes, and the text that was packed. */
struct packer {
	char *at;
	struct string old_text;
	struct string text;
};

static void *
pack_array(struct packer *packer, size_t size)
{
	char *array = packer->at;

	packer->at += size;
	return array;
}

static struct string
pack(struct packer *packer, struct string s)
{
	struct string packed = { "", 0 };

	if (s.length == 0)
		return packed;
	packed.data = packer->at;
	packed.length = s.length;
	memcpy(packer->at, s.data, s.length);
	packer->at[s.length] = '\0';
	packer->at += s.length + 1;
	return packed;
}

static struct string
pack_part(struct packer *packer, struct string part)
{
	struct string moved = { NULL, part.length };

	if (part.length == 0 || !lies_in(packer->old_text, part))
		return pack(packer, part);
	moved.data = packer->text.data + (part.data - packer->old_text.data);
	return moved;
}

static void
pack_all(struct packer *packer, struct string *out, const struct string *in,
	 size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = pack(packer, in[i]);
}

struct definition *
definition_new(const struct definition *parts)
{
	size_t size = definition_size(parts);
	struct definition *d = mem_alloc(size);
	struct packer packer = { .at = (char *)(d + 1) };

	/* What is stored of a token must not be in what is shown. */
	assert(parts->stored.length == 0 ||
	       lies_in(parts->text, parts->stored) ==
		   (parts->kind != KIND_TOKEN));
	assert(parts->core.length == 0 || lies_in(parts->text, parts->core));
	memcpy(d, parts, sizeof(*d));
	atomic_init(&d->refs, 1);
	d->variants =
	    pack_array(&packer, parts->variant_count * sizeof(*d->variants));
	d->tags = pack_array(&packer, parts->tag_count * sizeof(*d->tags));
	d->references = pack_array(&packer, parts->reference_count *
						sizeof(*d->references));
	d->key = pack(&packer, parts->key);
	packer.old_text = parts->text;
	packer.text = pack(&packer, parts->text);
	d->text = packer.text;
	d->stored = pack_part(&packer, parts->stored);
	d->core = pack_part(&packer, parts->core);
	d->metadata = pack_part(&packer, parts->metadata);
	for (size_t i = 0; i < parts->variant_count; i++) {
		d->variants[i].name = pack(&packer, parts->variants[i].name);
		d->variants[i].json =
		    pack_part(&packer, parts->variants[i].json);
	}
	pack_all(&packer, d->tags, parts->tags, parts->tag_count);
	pack_all(&packer, d->references, parts->references,
		 parts->reference_count);
	assert(packer.at == (char *)d + size);
	return d;
}

struct definition *
definition_new_removed(enum kind kind, struct string key, int64_t revision)
{
	struct definition parts = {
		.kind = kind,
		.removed = true,
		.revision = revision,
		.key = key,
		.default_variant = -1,
	};

	return definition_new(&parts);
}

struct definition *
definition_ref(const struct definition *definition)
{
	/* The count is no part of what const promises. */
	struct definition *counted = (struct definition *)(uintptr_t)definition;

	if (counted != NULL)
		(void)atomic_fetch_add_explicit(&counted->refs, 1,
						memory_order_relaxed);
	return counted;
}

void
definition_unref(struct definition *definition)
{
	if (definition == NULL)
		return;
	if (atomic_fetch_sub_explicit(&definition->refs, 1,
				      memory_order_acq_rel) != 1)
		return;
	if (definition->program != NULL && definition->program_free != NULL)
		definition->program_free(definition->program);
	token_free(definition->token);
	free(definition);
}

int
definition_find_variant(const struct definition *toggle, const char *name,
			size_t length)
{
	const struct string wanted = { name, length };

	for (size_t i = 0; i < toggle->variant_count; i++) {
		if (string_equal(toggle->variants[i].name, wanted))
			return (int)i;
	}
	return -1;
}

bool
definition_has_tag(const struct definition *toggle, const char *tag)
{
	for (size_t i = 0; i < toggle->tag_count; i++) {
		if (string_is(toggle->tags[i], tag))
			return true;
	}
	return false;
}

bool
definition_refers_to(const struct definition *toggle, const char *segment,
		     size_t length)
{
	const struct string wanted = { segment, length };

	for (size_t i = 0; i < toggle->reference_count; i++) {
		if (string_equal(toggle->references[i], wanted))
			return true;
	}
	return false;
}
