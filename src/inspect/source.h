/* SPDX-License-Identifier: MIT
 *
 * Number of connections in the connection table by source. Fixed size, keyed hashing, no
 * allocation after sources_init(), constant work per call.
 *
 * A source is an IPv4 address, or the /64 of an IPv6 address: whoever is on a
 * link may take any address of its /64 (RFC 4291 2.5.1, RFC 8981), so that single
 * addresses would count nothing.
 *
 * There is an entry only for who has a connection, so a table as large as the connection
 * table is never full. Entries of the same count are on one list; counts change by
 * one, so the source with the most is always known.
 */
#ifndef ZONED_INSPECT_SOURCE_H
#define ZONED_INSPECT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* A list of slots of a table, oldest first; index + 1, 0 is none. */
struct connection_list {
	uint32_t first, last, n;
};

/* A slot's neighbours in its list. */
struct connection_link {
	uint32_t older, newer;
};

/* links: that of the table's first slot; the next is `stride` bytes on. slot: index + 1. */
void list_append(struct connection_list *l, struct connection_link *links, size_t stride,
		 uint32_t slot);
void list_remove(struct connection_list *l, struct connection_link *links, size_t stride,
		 uint32_t slot);

struct source {
	struct addr key;
	/* places.n is the count; by time of the last good message */
	struct connection_list places;
	uint32_t chain;	   /* next in bucket; next free */
	uint32_t up, down; /* others with the same count */
};

struct sources {
	struct source *v;
	uint32_t *bucket, *rank; /* rank[n]: the first of those that have n */
	uint32_t n, n_buckets, used, free, most;
	uint32_t unused; /* the last so many have never been in use */
	uint64_t key[2];
};

bool sources_init(struct sources *s, uint32_t n, const uint64_t key[2]);
void sources_free(struct sources *s);
/* One source: the same IPv4 address, the same /64. */
bool source_same(const struct addr *a, const struct addr *b);
struct source *source_find(const struct sources *s, const struct addr *a); /* NULL: has none */
/* Room for as many sources as connections: never NULL while each has one. The new entry must be
 * counted with source_count() before anything else is done. */
struct source *source_get(struct sources *s, const struct addr *a);
/* places.n became one more, or one less, than was. At zero the entry is given back. */
void source_count(struct sources *s, struct source *e, uint32_t was);
struct source *source_heaviest(const struct sources *s); /* NULL: nobody has any */

#endif
