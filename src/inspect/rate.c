/* SPDX-License-Identifier: MIT
 * Rate limits, fair among sources. */
#include "inspect/rate.h"

#include <string.h>

uint64_t rate_who(const struct addr *a)
{
	uint64_t w = 0;
	if (a->family != 4) {
		memcpy(&w, a->b, ADDR_SOURCE); /* no /64 in use begins with 32 zeros and a one */
		return w ? w : 1;
	}
	for (unsigned i = 0; i < 4; i++)
		w = w << 8 | a->b[i];
	return w | UINT64_C(1) << 32;
}

static uint64_t due_of(const struct rate_source *e)
{
	return __atomic_load_n(&e->due, __ATOMIC_RELAXED);
}

static bool active(const struct rate_source *e, uint64_t now)
{
	return __atomic_load_n(&e->who, __ATOMIC_RELAXED) && due_of(e) + RATE_LATELY_NS > now;
}

/* The entry of this source, and how many others are active. */
static struct rate_source *find(struct rate_source *v, uint64_t who, uint64_t now, uint32_t *others)
{
	struct rate_source *own = NULL, *least = &v[0];
	*others = 0;
	for (unsigned i = 0; i < RATE_SOURCES; i++) {
		if (__atomic_load_n(&v[i].who, __ATOMIC_RELAXED) == who)
			own = &v[i];
		else
			*others += active(&v[i], now);
		if (due_of(&v[i]) < due_of(least))
			least = &v[i];
	}
	if (own)
		return own;
	if (!active(least, now)) /* unused, or its source is not active any more */
		__atomic_store_n(&least->who, who, __ATOMIC_RELAXED);
	return least;
}

/* Is it within its share? Then that is counted. Else it is remembered that it wanted something. */
static bool within_share(struct rate_source *e, uint64_t step, uint32_t sources, uint64_t now)
{
	uint64_t due = due_of(e), most = now + RATE_BURST_NS + (RATE_SOURCES + 1) * step;
	/* further ahead than any: of another limit, from before a reload */
	if (due < now || due > most)
		due = now;
	bool is = due <= now + RATE_BURST_NS;
	__atomic_store_n(&e->due, is ? due + (sources + 1) * step : due, __ATOMIC_RELAXED);
	return is;
}

/* Note that the source is active. Its use stays what it was. */
static void remember(struct rate_source *e, uint64_t due, uint64_t now)
{
	__atomic_store_n(&e->due, due < now ? now : due, __ATOMIC_RELAXED);
}

bool rate_take(uint64_t *word, struct rate_source v[RATE_SOURCES], uint32_t per_second,
	       uint64_t who, uint64_t now)
{
	uint64_t step = fast_rate_step(per_second), was = 0;
	struct rate_source *own = NULL;
	if (step == 0)
		return true;
	uint64_t due = __atomic_load_n(word, __ATOMIC_RELAXED);
	for (int tries = 0; tries < 64; tries++) {
		uint64_t next = fast_rate_next(due, now, step, 1);
		uint32_t others = 0;
		if (!fast_rate_plenty(next, now) && !own) {
			own = find(v, who, now, &others);
			was = due_of(own);
			/* alone, and the bucket is full or too small to have halves */
			if (others == 0 && (next == now + step || per_second <= RATE_FEW))
				remember(own, was, now);
			else if (!within_share(own, step, others + 1, now))
				return false;
		}
		if (next == 0) { /* it gets its share back */
			remember(own, was, now);
			return false;
		}
		if (__atomic_compare_exchange_n(word, &due, next, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}
