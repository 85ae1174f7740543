/* SPDX-License-Identifier: MIT
 * Same events in a short time. The key is flow, reason, ends, and what
 * the protocol says keeps two messages apart. */
#include "record/aggregate.h"

#include <string.h>

#include "record/facts.h"

static uint64_t fact_key_of(const struct event *ev)
{
	const struct fact_ops *facts = facts_of(ev);
	return facts ? facts->key(ev) : 0;
}

static bool same_event(const struct event *a, const struct event *b)
{
	/* what the kernel counted by source tells no interface behind the gate */
	bool same_out = a->out == b->out || !a->out || !b->out;
	return same_out && a->in == b->in && a->generation == b->generation && a->kind == b->kind &&
	       a->verdict == b->verdict && a->response == b->response && a->no_dir == b->no_dir &&
	       a->reason == b->reason && a->flow_id == b->flow_id && a->l4 == b->l4 &&
	       a->proto == b->proto && addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
	       memcmp(a->tap, b->tap, sizeof(a->tap)) == 0 && fact_key_of(a) == fact_key_of(b);
}

static uint32_t mix_hash(uint32_t h, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 16777619u; /* FNV-1a: a collision only costs a merge */
	return h;
}

static uint32_t hash(const struct event *ev)
{
	uint32_t h = mix_hash(2166136261u, ev->src.b, sizeof(ev->src.b));
	h = mix_hash(h, ev->dst.b, sizeof(ev->dst.b));
	h = mix_hash(h, &ev->reason, sizeof(ev->reason));
	h = mix_hash(h, &ev->flow_id, sizeof(ev->flow_id));
	uint64_t key = fact_key_of(ev);
	return mix_hash(h, &key, sizeof(key));
}

/* The slot of such events, or else a free one; NULL: there is none. */
static struct agg_slot *slot_of(struct agg *a, const struct event *ev)
{
	struct agg_slot *free_slot = NULL;
	uint32_t h = hash(ev);
	for (uint32_t i = 0; i < AGG_PROBES; i++) {
		struct agg_slot *s = &a->slot[(h + i) % AGG_SLOTS];
		if (s->used && same_event(&s->last, ev))
			return s;
		if (!s->used && !free_slot)
			free_slot = s;
	}
	return free_slot;
}

/* A free slot; its other parts were left empty. */
static void begin_slot(struct agg_slot *s, const struct event *ev, uint64_t now_ns)
{
	s->used = true;
	s->until_ns = now_ns + AGG_WINDOW_NS;
	s->last = *ev;
}

bool agg_add(struct agg *a, const struct event *ev, uint64_t now_ns)
{
	struct agg_slot *s = slot_of(a, ev);
	if (s && s->used) {
		uint32_t unjudged = s->repeats ? s->last.unjudged : 0;
		s->repeats++;
		s->last = *ev;
		s->last.unjudged += unjudged;
		varied_add(&s->varied, ev);
		return true;
	}
	if (s)
		begin_slot(s, ev, now_ns);
	return false;
}

bool agg_add_many(struct agg *a, const struct event *ev, uint64_t n, uint64_t now_ns)
{
	struct agg_slot *s = slot_of(a, ev);
	if (!s)
		return false;
	if (s->used)
		s->last.time_ns = ev->time_ns;
	else
		begin_slot(s, ev, now_ns);
	s->repeats += n;
	varied_add(&s->varied, ev);
	return true;
}

void agg_sweep(struct agg *a, uint64_t now_ns, bool all,
	       void (*told)(void *ctx, const struct agg_slot *s), void *ctx)
{
	uint32_t from = a->hand, n = 0;
	for (uint32_t i = 0; i < AGG_SLOTS && (all || n < AGG_TOLD); i++) {
		struct agg_slot *s = &a->slot[(from + i) % AGG_SLOTS];
		a->hand = (from + i + 1) % AGG_SLOTS;
		if (!s->used || (!all && now_ns < s->until_ns))
			continue;
		n += s->repeats != 0;
		if (s->repeats)
			told(ctx, s);
		/* still going on: the next window opens without a line of its own */
		s->used = s->repeats != 0 && !all;
		s->repeats = 0;
		varied_clear(&s->varied);
		s->until_ns = now_ns + AGG_WINDOW_NS;
	}
}
