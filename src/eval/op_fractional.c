/*
 * {"fractional": [bucketBy, [variant, weight], …]}: a part of the users for
 * each variant, always the same users.
 *
 * A 32-bit hash of whom the evaluation is for is scaled to the sum of the
 * weights; the variant whose share of 0 .. sum - 1 it falls into is the result.
 * Because the scaling is monotonic and shares stand in the order of the rule,
 * raising the first share only adds users to it.
 *
 * Any fault in it makes the result null. Weights are usually constant: then
 * their running sums are computed at compile time.
 */
#include <math.h>

#include "eval/cbor.h"
#include "eval/coerce.h"
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/murmur3.h"
#include "eval/operation.h"
#include "eval/path.h"

static const struct string targeting_key = {
	PATH_TARGETING_KEY,
	sizeof(PATH_TARGETING_KEY) - 1,
};

struct plan {
	bool has_key; /* operand 0 says by what to bucket */
	bool is_constant;
	uint32_t count;  /* of shares; they are the other operands */
	uint32_t total;  /* is_constant: of all weights */
	uint32_t ends[]; /* is_constant: running sums of the weights */
};

/* The weight of a share. False when it makes the whole operator invalid. */
static bool
read_weight(const struct value *value, uint32_t *weight)
{
	double number = 1;

	if (value_is_number(value))
		number = number_of(value);
	else if (value->type != VALUE_NULL)
		return false;
	if (!isfinite(number) || number != trunc(number) || number > INT32_MAX)
		return false;
	*weight = number > 0 ? (uint32_t)number : 0;
	return true;
}

/* By default the toggle and the targeting key together. */
static bool
hash_default(struct machine *machine, const struct node *node, uint32_t *hash)
{
	const struct string key = machine->program->key;
	const struct value *user;
	struct murmur3 murmur;

	if (node->slot == SLOT_NONE)
		user = path_find(machine, targeting_key);
	else
		user = path_find_slot(machine, targeting_key, node->slot);
	if (user == NULL || user->type != VALUE_STRING ||
	    user->string.length == 0)
		return false;
	murmur3_init(&murmur);
	if (machine->context->fractional == FRACTIONAL_V3) {
		cbor_hash_array(2, &murmur);
		cbor_hash_text(key, &murmur);
		cbor_hash_text(user->string, &murmur);
	} else {
		murmur3_update(&murmur, key.data, key.length);
		murmur3_update(&murmur, user->string.data, user->string.length);
	}
	*hash = murmur3_final(&murmur);
	return true;
}

static bool
hash_key(struct machine *machine, const struct value *key, uint32_t *hash)
{
	struct murmur3 murmur;

	murmur3_init(&murmur);
	if (machine->context->fractional == FRACTIONAL_V3) {
		if (key->type == VALUE_NULL ||
		    !cbor_hash(machine, key, &murmur))
			return false;
	} else {
		if (key->type != VALUE_STRING)
			return false;
		machine_spend(machine, key->string.length, 64);
		murmur3_update(&murmur, key->string.data, key->string.length);
	}
	*hash = murmur3_final(&murmur);
	return true;
}

static uint32_t
bucket_of(struct machine *machine, uint32_t hash, uint32_t total)
{
	uint32_t bucket = (uint32_t)((uint64_t)hash * total >> 32);

	if (machine->trace != NULL) {
		trace_note(machine, "bucket", bucket);
		trace_note(machine, "buckets", total);
	}
	return bucket;
}

static uint32_t
find_end(const uint32_t *ends, uint32_t count, uint32_t bucket)
{
	uint32_t low = 0;
	uint32_t high = count - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (bucket < ends[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* What a share's first element came to. */
static struct value
as_variant(struct value value)
{
	if (value.type == VALUE_ARRAY || value.type == VALUE_OBJECT)
		return value_null();
	return value;
}

struct share {
	struct value variant;
	uint32_t weight;
};

/* A share whose parts have to be evaluated first. */
static bool
read_share(struct machine *machine, const struct node *node,
	   struct share *share)
{
	struct value pair = node_eval(machine, node);
	struct value weight = value_null();

	if (pair.type != VALUE_ARRAY || pair.array.count == 0)
		return false;
	if (pair.array.count > 1)
		weight = pair.array.items[1];
	share->variant = pair.array.items[0];
	return read_weight(&weight, &share->weight);
}

static struct value
pick_evaluated(struct machine *machine, const struct node *shares,
	       uint32_t count, uint32_t hash)
{
	struct share *read = machine_alloc(machine, count, sizeof(*read));
	uint64_t total = 0;
	uint64_t end = 0;
	uint32_t bucket;

	if (read == NULL)
		return value_null();
	for (uint32_t i = 0; i < count; i++) {
		if (!read_share(machine, &shares[i], &read[i]))
			return value_null();
		total += read[i].weight;
	}
	if (total == 0 || total > INT32_MAX)
		return value_null();
	bucket = bucket_of(machine, hash, (uint32_t)total);
	for (uint32_t i = 0; i < count; i++) {
		end += read[i].weight;
		if (bucket < end)
			return as_variant(read[i].variant);
	}
	return value_null();
}

struct value
op_fractional(struct machine *machine, const struct node *node)
{
	const struct plan *plan = node->plan;
	const struct node *shares = node->args + (plan->has_key ? 1 : 0);
	struct value key = value_null();
	uint32_t hash = 0;
	uint32_t chosen;

	if (plan->has_key)
		key = node_eval(machine, &node->args[0]);
	if (plan->has_key ? !hash_key(machine, &key, &hash)
			  : !hash_default(machine, node, &hash))
		return value_null();
	if (!plan->is_constant)
		return pick_evaluated(machine, shares, plan->count, hash);
	chosen = find_end(plan->ends, plan->count,
			  bucket_of(machine, hash, plan->total));
	return as_variant(node_eval(machine, &shares[chosen].args[0]));
}

unsigned
role_fractional(uint32_t index, uint32_t count)
{
	(void)index;
	(void)count;
	return ROLE_BUCKET | ROLE_RESULT;
}

/* A share as it stands in the rule: brackets around a variant and maybe a
 * weight. Anything else in the first place is what to bucket by. */
static bool
is_share(const struct node *node)
{
	return node->op == NULL && node->count > 0;
}

static void
add_weight(struct compiler *compiler, const struct node *node, uint32_t index,
	   struct plan *plan)
{
	static const struct value one = { .type = VALUE_INTEGER, .integer = 1 };
	const struct node *share = &node->args[index];
	const struct value *value = &one;
	uint32_t weight = 0;

	if (!is_share(share)) {
		plan->is_constant = false;
		if (node_is_literal(share))
			compiler_fault_at(compiler, node, index,
					  "a share is [variant, weight]");
		return;
	}
	if (share->count > 1) {
		if (!node_is_literal(&share->args[1])) {
			plan->is_constant = false;
			return;
		}
		value = &share->args[1].literal;
	}
	if (!read_weight(value, &weight)) {
		plan->is_constant = false;
		compiler_fault_at(compiler, node, index,
				  "a weight is a whole number up to %d",
				  INT32_MAX);
		return;
	}
	if (weight > INT32_MAX - plan->total) {
		plan->is_constant = false;
		compiler_fault_at(compiler, node, index,
				  "the weights sum up to more than %d",
				  INT32_MAX);
		return;
	}
	plan->total += weight;
}

void
prepare_fractional(struct compiler *compiler, struct node *node)
{
	bool has_key = node->count > 0 && !is_share(&node->args[0]);
	uint32_t first = has_key ? 1 : 0;
	uint32_t count = node->count - first;
	struct plan *plan =
	    arena_alloc(&compiler->program->arena,
			sizeof(*plan) + count * sizeof(plan->ends[0]));

	*plan = (struct plan){ has_key, true, count, 0 };
	for (uint32_t i = 0; i < count; i++) {
		add_weight(compiler, node, first + i, plan);
		plan->ends[i] = plan->total;
	}
	if (plan->total == 0)
		plan->is_constant = false;
	node->plan = plan;
	if (count == 0)
		compiler_fault(compiler, "fractional has no share to give");
	if (has_key)
		return;
	compiler_uses_context(compiler);
	if (!compiler->in_body)
		node->slot = compiler_slot(compiler, targeting_key);
}
