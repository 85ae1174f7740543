/* SPDX-License-Identifier: MIT
 * Inside compile/: how each protocol's policies get into the image. */
#ifndef ZONED_COMPILE_BUILD_H
#define ZONED_COMPILE_BUILD_H

#include "model/model.h"
#include "policy/policy.h"
#include "proto/list.h"

struct counts {
	size_t nets, assets, keys, flows, ranges, strings;
	size_t rules[PROTO_N], heads[PROTO_N], items[PROTO_N];
};

/* Ports at which some flow is inspected, each once. */
struct services {
	struct service_port {
		uint16_t port;
		uint8_t l4;
	} * v;
	size_t n;
};

struct build {
	const struct model *m;
	struct pol_image *img;
	struct pol_zone *zones;
	struct pol_net *nets;
	struct pol_asset *assets;
	struct pol_key *keys;
	struct pol_flow *flows;
	struct pol_range *ranges;
	char *strings;
	uint32_t n_keys, n_flows, n_ranges, n_nets, n_assets, n_strings; /* written so far */
	uint32_t n_rules[PROTO_N], n_heads[PROTO_N], n_items[PROTO_N];
	const struct services *services; /* that are inspected */
	bool failed;			 /* out of memory */
};

/* Functions, one set for each inspected protocol: build_NAME. Two passes over the same policy:
 * count says how much put will take. */
struct build_ops {
	size_t (*rules)(const struct policy *p); /* number of rules */
	/* ranges, items and strings of rules and head */
	void (*count)(const struct policy *p, struct counts *c);
	/* every rule, and the head if there is one */
	void (*put)(struct build *b, const struct policy *p);
};

#define P(symbol, name, word, port, over) extern const struct build_ops build_##name;
PROTOCOLS(P)
#undef P

size_t build_str_size(const char *s); /* in the image */
struct pol_str build_str(struct build *b, const char *s);
struct pol_rset build_ranges(struct build *b, const struct ranges *r);
/* The next rule (head) of this protocol, zeroed; the rule's place in the model and
 * its remarks are written. */
void *build_rule(struct build *b, enum proto proto, struct where at, const struct remarks *remarks);
/* What its strings take. */
size_t build_rule_strings(struct where at, const struct remarks *r);
void *build_head(struct build *b, enum proto proto);
/* The next item of this protocol, zeroed. */
void *build_item(struct build *b, enum proto proto);

#endif
