/* SPDX-License-Identifier: MIT
 * Counting what was judged: see counts.h. One writer, so a row is read and written without a
 * locked instruction. */
#include "inspect/counts.h"

bool count_read_key(uint64_t key, struct count_of *of)
{
	uint64_t k = key - 1;
	*of = (struct count_of){ .name = (uint16_t)(k >> 32),
				 .reason = (uint16_t)(k >> 16),
				 .unit = (uint8_t)(k >> 8),
				 .direction = (uint8_t)(k >> 4 & 15),
				 .verdict = (uint8_t)(k & 15) };
	return key != 0 && k >> 48 == 0 && of->unit < COUNT_UNITS &&
	       of->direction < COUNT_DIRECTIONS && of->verdict < COUNT_VERDICTS;
}

uint64_t count_sum(uint64_t a, uint64_t b)
{
	return a >= COUNT_MOST || b >= COUNT_MOST - a ? COUNT_MOST : a + b;
}

void count_read_slot(const struct count_slot *s, uint64_t now_ns, uint64_t *n, uint64_t *last_ns)
{
	static const uint64_t day_ns = UINT64_C(86400) * 1000000000u;
	*n = count_sum(atomic_load_explicit(&s->n, memory_order_relaxed), 0);
	*last_ns = atomic_load_explicit(&s->last_ns, memory_order_relaxed);
	if (*last_ns > now_ns && *last_ns - now_ns > day_ns)
		*last_ns = 0;
}

static struct count_slot *count_slot_of(struct count_table *c, const struct count_of *of)
{
	uint64_t key = count_key(of);
	uint32_t h = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 40);
	for (uint32_t i = 0; i < COUNT_PROBES; i++) {
		struct count_slot *s = &c->slot[(h + i) % COUNT_SLOTS];
		uint64_t has = atomic_load_explicit(&s->key, memory_order_relaxed);
		if (has == key)
			return s;
		if (has)
			continue;
		atomic_store_explicit(&s->key, key, memory_order_relaxed);
		return s;
	}
	return &c->other[of->unit][of->verdict];
}

void count_add(struct count_table *c, const struct count_of *of, uint64_t wall_ns)
{
	struct count_slot *s = count_slot_of(c, of);
	uint64_t n = atomic_load_explicit(&s->n, memory_order_relaxed);
	atomic_store_explicit(&s->last_ns, wall_ns, memory_order_relaxed);
	atomic_store_explicit(&s->n, n + 1, memory_order_relaxed);
}
