/* SPDX-License-Identifier: MIT
 *
 * Refused packets that have no record of their own: the ruleset counts them, by connection, and
 * here the counts become `repeated` of the record that the first packet had. So the records of
 * refused connections stand for as many packets as there were, while they are within the shares of
 * zoned(8).
 */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "base/siphash.h"
#include "daemon/nflog.h"
#include "daemon/parent.h"

enum { TOLD_MAX = 32768, TOLD_PROBES = 32, READ_TICKS = 20 /* of the timer: 10 s */ };

/* How much of a counter is in the records. */
struct told {
	struct nft_again of; /* packets: so many */
	uint32_t turn;	     /* of the reading that last had it; 0: free */
};

struct refused {
	uint64_t key[2];
	uint32_t turn;
	unsigned ticks;
	uint64_t no_room;
	struct told told[TOLD_MAX];
};

static bool is_same(const struct nft_again *a, const struct nft_again *b)
{
	return strcmp(a->reason, b->reason) == 0 && a->l4 == b->l4 && a->dport == b->dport &&
	       addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
	       memcmp(a->interface, b->interface, sizeof(a->interface)) == 0;
}

static uint32_t hash_of(const struct refused *r, const struct nft_again *a)
{
	uint64_t w[8] = { (uint64_t)a->l4 << 32 | (uint64_t)a->dport << 8 | a->src.family,
			  (uint8_t)a->reason[0] };
	memcpy(&w[2], a->src.b, sizeof(a->src.b));
	memcpy(&w[4], a->dst.b, sizeof(a->dst.b));
	memcpy(&w[6], a->interface, sizeof(a->interface));
	return (uint32_t)siphash_words(r->key, w, sizeof(w) / sizeof(w[0]));
}

/* Its place, or a free one with nothing told; NULL: there is no room. One that the last reading
 * did not have is free: the counter was forgotten, and begins at nothing. */
static struct told *told_of(struct refused *r, const struct nft_again *a)
{
	struct told *free_one = NULL;
	uint32_t h = hash_of(r, a);
	for (uint32_t i = 0; i < TOLD_PROBES; i++) {
		struct told *t = &r->told[(h + i) % TOLD_MAX];
		bool lasts = t->turn && t->turn + 1 >= r->turn;
		if (lasts && is_same(&t->of, a))
			return t;
		if (!lasts && !free_one)
			free_one = t;
	}
	if (free_one) {
		free_one->of = *a;
		free_one->of.packets = 0;
	}
	return free_one;
}

static void record_count(struct parent *p, const struct nft_again *a, uint64_t packets)
{
	enum reason why = nflog_reason(a->reason);
	bool passes = p->model->mode == MODE_OBSERVE && why != R_ISOLATED;
	const struct event ev = { .time_ns = clock_ns(CLOCK_REALTIME),
				  .generation = p->generation,
				  .kind = EV_REFUSED_FLOW,
				  .verdict = passes ? V_OBSERVED : V_DROP,
				  .reason = (uint16_t)why,
				  .flow_id = 0xffff,
				  .rule = 0xffff,
				  .l4 = a->l4,
				  .src = a->src,
				  .dst = a->dst,
				  .dport = a->dport,
				  .no_ports = a->l4 != IPPROTO_TCP && a->l4 != IPPROTO_UDP,
				  .no_sport = true,
				  .in = if_nametoindex(a->interface) };
	pthread_mutex_lock(&p->policy_lock);
	record_repeats(p->record, p->img, &ev, packets, clock_ns(CLOCK_MONOTONIC));
	pthread_mutex_unlock(&p->policy_lock);
}

static void take_count(void *ctx, const struct nft_again *a)
{
	struct parent *p = ctx;
	struct told *t = told_of(p->refused, a);
	if (!t) {
		p->refused->no_room += a->packets;
		return;
	}
	if (a->packets < t->of.packets) /* forgotten and counted from the beginning */
		t->of.packets = 0;
	t->turn = p->refused->turn;
	if (a->packets > t->of.packets)
		record_count(p, a, a->packets - t->of.packets);
	t->of.packets = a->packets;
}

void refused_read(struct parent *p)
{
	struct refused *r = p->refused;
	r->ticks = 0;
	r->turn++;
	r->no_room = 0;
	int err = nft_again_read(p->nl, take_count, p);
	if (err)
		r->turn--;	  /* what it did not have is not forgotten */
	if (err && err != -EINTR) /* changed while it was read: the next one has it */
		say(LOG_ERR, "the counts of refused connections: %s", strerror(-err));
	if (r->no_room)
		say(LOG_WARNING,
		    "records: no room for the counts of all refused connections; %" PRIu64
		    " packets, of these and of times before, are in the counters only",
		    r->no_room);
}

void refused_tick(struct parent *p)
{
	if (++p->refused->ticks >= READ_TICKS)
		refused_read(p);
}

void refused_begin_again(struct parent *p)
{
	p->refused->turn += 2; /* so none is of the last reading */
}

int refused_open(struct parent *p)
{
	p->refused = calloc(1, sizeof(*p->refused));
	if (!p->refused)
		return -ENOMEM;
	if (getrandom(p->refused->key, sizeof(p->refused->key), 0) != sizeof(p->refused->key))
		return -errno;
	return 0;
}

void refused_close(struct parent *p)
{
	free(p->refused);
	p->refused = NULL;
}
