/* SPDX-License-Identifier: MIT
 * What the files of the comparison share. */
#ifndef ZONED_COMPARE_INTERNAL_H
#define ZONED_COMPARE_INTERNAL_H

#include "base/sb.h"
#include "compare/compare.h"
#include "policy/policy.h"

/* A part of the addresses: of which zones it is in both models (0: of none). */
struct part {
	size_t old_zone, new_zone;
	char buf[400]; /* its intervals as text; `more` of them did not fit */
	size_t more;
};

/* Addresses that neither model tells apart by the ends of conduits: those of a zone that no asset
 * has, or an asset's. In the old model, and in the new one; 0: none. */
struct point {
	size_t zone[2], class[2];
};

/* One of the two models. */
struct side {
	const struct model *m;
	const struct pol_image *img;
};

/* Policies that were compared, so that it is done and reported once for each pair. */
struct pair {
	const struct policy *old, *new;
	size_t first, n; /* its findings, in order */
	char *conduits;
	struct pair *next;
};

/* A part of what a flow permits. */
struct piece {
	uint8_t l4;
	uint16_t lo, hi; /* ports; of ICMP the type */
	size_t at;	 /* where piece_next() is, */
	bool begun;	 /* and whether it is anywhere */
};

struct cuts;

struct compare_run {
	struct comparison *c;
	struct side old, new;
	struct part *parts;
	size_t n_parts;
	struct point *points;
	size_t n_points;
	/* of each model: points in the order of their zones, and where each zone's begin */
	const struct point **by_zone[2];
	size_t *zone_first[2];
	/* of each zone the one of the other model with its name and some of its addresses, or else
	 * with any of its addresses, or else with its name; 0: none */
	size_t *old_of, *new_of;
	struct pair *pairs;
	struct cuts *cuts;    /* of pieces */
	size_t conduit_first; /* the first finding about the conduit that is looked at */
};

void pieces_cut(struct compare_run *r); /* before what follows */
/* The next piece of a flow; begin with zeros. False: there are no more. */
bool piece_next(const struct compare_run *r, const struct flow *f, struct piece *p);
bool piece_is_of(const struct piece *p, const struct flow *f);
/* How it is called as a part of this flow. */
void piece_words(const struct piece *p, const struct flow *f, struct sb *out);
void piece_list(const struct piece *p, const struct flow *f, struct sb *out); /* behind others */

/* text: printf */
struct compare_finding *compare_add(struct compare_run *r, const struct compare_finding *f,
				    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool compare_addresses(struct compare_run *r); /* false: no memory */
/* Fills points; after the addresses. */
void compare_points(struct compare_run *r);
/* For people, in the model `side`: "NAME", "asset:NAME" */
const char *point_text(const struct compare_run *r, const struct point *p, unsigned side,
		       char out[MODEL_END_TEXT]);
void compare_zones(struct compare_run *r);
void compare_conduits(struct compare_run *r);
/* Policies of two flows of one protocol; user: the conduit of the new one. */
void compare_policies(struct compare_run *r, const struct flow *old, const struct flow *new,
		      const char *user);
/* Of a conduit that has flows of the old one. */
void compare_gates(struct compare_run *r, const struct compare_finding *places,
		   const struct gate *old, const struct gate *new);
void compare_settings(struct compare_run *r);

#endif
