/* SPDX-License-Identifier: MIT
 *
 * What one rule or head of a compiled policy permits, as dimensions: keys of the model with the
 * values that each permits. A message is permitted by a rule when it lies in all dimensions of the
 * rule that are about its operation, so a rule permits no more than another one when it does not in
 * any dimension. That needs no knowledge of the protocol, which only fills them in.
 */
#ifndef ZONED_COMPARE_SCOPE_H
#define ZONED_COMPARE_SCOPE_H

#include "base/sb.h"
#include "policy/policy.h"

enum scope_kind {
	SCOPE_RANGES, /* what a message has lies in one range */
	SCOPE_VALUES, /* likewise, and it has single numbers: ranges that touch are one */
	SCOPE_WORDS,  /* bits by number, each with a word */
	SCOPE_SPANS,  /* pairs of the least and the most */
	SCOPE_ITEMS,  /* texts or patterns */
	SCOPE_MORE,   /* one number: a greater one permits more */
	SCOPE_LESS,   /* one number: a smaller one permits more */
	SCOPE_OTHER,  /* one number: any other permits something else */
};

/* Elements of a list of a protocol's own. */
struct scope_items {
	const struct pol_image *img;
	const void *v;
	size_t n, size;
	/* Does one item permit all that the other one (of the other image) permits? */
	bool (*covers)(const struct pol_image *img, const void *item,
		       const struct pol_image *other_img, const void *other);
	void (*text)(const struct pol_image *img, const void *item, struct sb *out);
};

struct scope_dim {
	const char *key; /* of the model */
	enum scope_kind kind;
	bool off;   /* no message of this operation is restricted by it */
	bool quiet; /* told only of an entry that is compared with another one */
	bool any;   /* more than every value that can be written */
	const struct pol_range *ranges;
	struct pol_range whole; /* in place of ranges, where n_whole is 1 */
	size_t n, n_whole;
	uint64_t number; /* bits of SCOPE_WORDS too */
	/* of a bit of SCOPE_WORDS; of a number of ranges, NULL: in decimal */
	void (*word)(unsigned number, struct sb *out);
	const double (*spans)[2];
	struct scope_items items;
};

enum { SCOPE_DIMS = 24 };
struct scope {
	size_t n;
	struct scope_dim v[SCOPE_DIMS];
};

/* Contract of a protocol, scope_NAME: both fill the dimensions in the same order for every rule
 * (head). */
struct scope_ops {
	unsigned operations; /* numbers of operations are below this */
	void (*name)(unsigned operation, struct sb *out);
	/* Does it change something in the device: values, outputs, settings, programs? What is not
	 * known does. */
	bool (*changes)(unsigned operation);
	/* Does the rule permit any message of this operation? Which ones is in *out. */
	bool (*rule)(const struct pol_image *img, const struct pol_rule *rule, unsigned operation,
		     struct scope *out);
	void (*head)(const struct pol_image *img, const void *head, struct scope *out);
};
#define P(symbol, name, word, port, over) extern const struct scope_ops scope_##name;
PROTOCOLS(P)
#undef P
const struct scope_ops *scope_ops_of(unsigned proto); /* NULL: PROTO_NONE */

/* For the protocols. Each adds the next dimension. */
struct scope_dim *scope_add(struct scope *s, const char *key, enum scope_kind kind, bool off);
/* A set of the image, as SCOPE_RANGES. */
void scope_add_ranges(struct scope *s, const char *key, bool off, const struct pol_range *v,
		      const struct pol_rset *set);
void scope_add_number(struct scope *s, const char *key, enum scope_kind kind, uint64_t number);
/* "any" of the dimension added last is the numbers from lo to hi, and no more than these. */
void scope_any_is(struct scope *s, uint32_t lo, uint32_t hi);

/* Is all that one permits permitted by the other? */
bool scope_within(const struct scope_dim *narrow, const struct scope_dim *wide);
bool scope_is_within(const struct scope *narrow, const struct scope *wide);
/* What one permits and the other does not, as text: "values 1001-2000". */
void scope_beyond(const struct scope_dim *more, const struct scope_dim *than, struct sb *out);

#endif
