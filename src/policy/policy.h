/* SPDX-License-Identifier: MIT
 *
 * The compiled policy image: one flat, position-independent, read-only block
 * that inspectors map. Built from a model by policy_build() (in compile/),
 * judged by policy_decide(). Everything is an index or an offset from the
 * start of the image, so it can live in shared memory.
 */
#ifndef ZONED_POLICY_POLICY_H
#define ZONED_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/words.h"
#include "record/event.h"

enum { POL_MAGIC = 0x5a4f4e38, POL_ZONE_UNKNOWN = 0, POL_NOT_INSPECTED = 0xffff };

struct pol_str {
	uint32_t off;
}; /* NUL-terminated text at image + off */

struct pol_zone {
	struct pol_str name;
};
/* sorted by family, then address; no address twice */
struct pol_asset {
	struct addr addr;
	struct pol_str name;
	uint16_t class; /* from n_zones on; 0: in no end of a conduit */
};
/* sorted by family, then address: binary search; no overlaps */
struct pol_net {
	struct prefix net;
	uint16_t zone;
};

/* The inspected flow of a new connection, by zones or classes of assets, which are numbered
 * together, by port and IP protocol; sorted by this key.
 * POL_NOT_INSPECTED: it is of a flow without inspection, and of none that is named less exactly. */
struct pol_key {
	uint16_t from, to, port;
	uint8_t l4, pad;
	uint16_t flow;
	uint16_t pad2;
};

struct pol_flow {
	struct pol_str conduit, policy;
	struct pol_str ticket, owner;	       /* empty: none */
	uint16_t from, to;		       /* zones */
	uint8_t proto;			       /* enum proto */
	uint8_t mode, on_violation, fail, log; /* enums of base/words.h */
	uint8_t gate;			       /* its conduit closes by the kernel's timeout */
	uint32_t max_requests, max_writes;     /* per second, per conduit; 0: none */
	uint32_t conduit_id;		       /* rate limits are shared by a conduit's flows */
	uint32_t rule0, n_rules;	       /* into this protocol's rules */
	uint16_t count; /* number of its conduit's name, for counters; 0: none */
	uint32_t head;	/* into this protocol's heads; 0xffff: it has none */
};

/* ranges r0..r0+n; any: all pass; n == 0 && !any: none */
struct pol_rset {
	uint32_t r0, n;
	bool any;
};
struct pol_range {
	uint32_t lo, hi;
};

/* The beginning of every protocol's rule: the place where the operator wrote it, and the entry's
 * own remarks. */
struct pol_rule {
	struct pol_str file;
	uint32_t line;
	struct pol_str ticket, owner; /* empty: none */
};

struct pol_image {
	uint32_t magic, size, generation;
	uint32_t mode; /* of the whole site, enum mode: what holds for packets of no conduit */
	uint32_t n_zones, n_classes, n_nets, n_keys, n_flows, n_ranges, n_conduits, n_assets;
	uint32_t zones_off, nets_off, keys_off, flows_off, ranges_off, strings_off, strings_len,
		assets_off;
	/* by enum proto: rules, and what holds for a whole policy of that protocol */
	uint32_t n_rules[PROTO_N], rules_off[PROTO_N], n_heads[PROTO_N], heads_off[PROTO_N];
	uint32_t n_items[PROTO_N], items_off[PROTO_N]; /* elements of lists in rules and heads */
};

/* Sizes of a protocol's rule, head and item, and checks of their bounds: pol_NAME_shape, one for
 * each inspected protocol. */
struct pol_shape {
	size_t rule, head, item; /* bytes; head or item 0: it has none */
	bool (*rule_ok)(const struct pol_image *img, const void *rule);
	bool (*head_ok)(const struct pol_image *img, const void *head);
	bool (*item_ok)(const struct pol_image *img, const void *item);
};
#define P(symbol, name, word, port, over) extern const struct pol_shape pol_##name##_shape;
PROTOCOLS(P)
#undef P

/* PROTO_NONE and numbers that are no protocol have an empty shape. */
const struct pol_shape *policy_shape(unsigned proto);

/* Every offset and index inside the image's bounds; do this once after mapping. */
bool policy_valid(const struct pol_image *img, size_t size);
const char *policy_str(const struct pol_image *img, struct pol_str s);
const struct pol_flow *policy_flow(const struct pol_image *img, uint16_t id); /* NULL: none */
/* The number under which what this flow's conduit says is counted. */
void policy_set_count(struct pol_image *img, uint16_t id, uint16_t count);
/* NULL: none. The rule's own struct begins with it. */
const struct pol_rule *policy_rule(const struct pol_image *img, uint8_t proto, uint32_t id);
const void *policy_head(const struct pol_image *img, const struct pol_flow *f);
/* lo..hi lies inside one range as written; for each protocol's decide.c. */
bool policy_contains(const struct pol_image *img, const struct pol_rset *s, uint32_t lo,
		     uint32_t hi);
/* The ranges of a set, s->n of them. */
const struct pol_range *policy_ranges(const struct pol_image *img, const struct pol_rset *s);
/* Checks for the shapes: is it within the bounds of an image that is not trusted? */
bool policy_str_ok(const struct pol_image *img, struct pol_str s);
bool policy_rset_ok(const struct pol_image *img, const struct pol_rset *s);
const char *policy_zone_name(const struct pol_image *img, uint16_t zone);
uint16_t policy_zone_of(const struct pol_image *img, const struct addr *a);	  /* 0: unknown */
uint16_t policy_class_of(const struct pol_image *img, const struct addr *a);	  /* 0: none */
const char *policy_asset_name(const struct pol_image *img, const struct addr *a); /* NULL: none */
/* The inspected flow for a connection opened by src to dst:dport, or 0xffff. What names an asset at
 * an end counts before what names its zone, that of the client before that of the server. */
uint16_t policy_classify(const struct pol_image *img, const struct addr *src,
			 const struct addr *dst, uint8_t l4, uint16_t dport);

#endif
