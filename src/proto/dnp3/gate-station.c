/* SPDX-License-Identifier: MIT
 * Table of the connections that are sending a request of several frames, by DNP3 station. */
#include "proto/dnp3/gate-station.h"

#include <string.h>

#include "base/siphash.h"

enum { UNIT = 24, TRIES = 64 }; /* times are kept in 2^24 ns; nobody loses a race so often */

static uint64_t *dnp_place_of(struct dnp_stations *t, const struct dnp_holder *h)
{
	uint64_t w[3];
	memcpy(w, h->station.b, 16);
	w[2] = (uint64_t)h->station.family << 16 | h->link;
	return &t->holder[siphash_words(t->key, w, 3) % DNP_STATIONS];
}

/* Keyed hash of the holder, in 32 bits. Never 0. */
static uint64_t name_of(const struct dnp_stations *t, const struct dnp_holder *h)
{
	return (siphash_words(t->key, &h->who, 1) | 1) << 32 >> 32;
}

static bool is_fresh(uint64_t word, uint64_t now)
{
	/* another inspector's clock may be a little ahead */
	return (int32_t)((uint32_t)(now >> UNIT) - (uint32_t)word) <=
	       (int32_t)(DNP_HOLD_NS >> UNIT);
}

bool dnp_station_hold(struct dnp_stations *t, const struct dnp_holder *h, bool held)
{
	uint64_t *at = dnp_place_of(t, h), name = name_of(t, h);
	uint64_t word = __atomic_load_n(at, __ATOMIC_RELAXED);
	for (int i = 0; i < TRIES; i++) {
		bool ours = word >> 32 == name;
		if (!ours && (held || (word && is_fresh(word, h->now))))
			return false;
		uint64_t next = name << 32 | (uint32_t)(h->now >> UNIT);
		if (__atomic_compare_exchange_n(at, &word, next, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

void dnp_station_release(struct dnp_stations *t, const struct dnp_holder *h)
{
	uint64_t *at = dnp_place_of(t, h), word = __atomic_load_n(at, __ATOMIC_RELAXED);
	if (word >> 32 == name_of(t, h))
		__atomic_compare_exchange_n(at, &word, 0, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
}
