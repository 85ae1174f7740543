/* SPDX-License-Identifier: MIT
 * One frame seen twice: packets of the last moments by their content, each with the ways by which
 * it came. */
#include "packet/repeat.h"

#include <netinet/in.h>
#include <string.h>

#include "base/pages.h"

enum { IP4_HEADER = 20, IP6_HEADER = 40, MAC = 6 };

struct seen {
	size_t len; /* 0: nothing */
	uint64_t since_ns;
	bool numbered;
	uint16_t sequence;
	uint8_t mac[MAC];
	uint32_t times; /* the most by one way */
	unsigned n_ways;
	struct {
		uint32_t path, times;
	} ways[REPEAT_WAYS];
	uint8_t octets[REPEAT_OCTETS]; /* of the packet, without what a router changes */
};

struct repeats {
	struct seen v[REPEAT_PLACES];
	uint8_t octets[REPEAT_OCTETS]; /* of the one that is asked about */
};

struct repeats *repeats_new(void)
{
	return pages_map(sizeof(struct repeats));
}

void repeats_free(struct repeats *t)
{
	pages_unmap(t, sizeof(*t));
}

static bool is_datagram(const uint8_t *ip, size_t len)
{
	bool v4 = ip[0] >> 4 == 4;
	return len >= (v4 ? (size_t)IP4_HEADER : IP6_HEADER) && (v4 ? ip[9] : ip[6]) == IPPROTO_UDP;
}

/* The packet without its hops and header checksum. */
static void put_comparable(uint8_t *to, const uint8_t *ip, size_t len)
{
	memcpy(to, ip, len);
	if (ip[0] >> 4 == 4)
		to[8] = to[10] = to[11] = 0;
	else
		to[7] = 0;
}

static uint32_t content_sum(const uint8_t *p, size_t n)
{
	uint64_t h = n, word;
	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (; n > 0; p++, n--)
		h = (h ^ *p) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 32);
}

static bool same_packet(const struct seen *s, const struct walk *w, const uint8_t *octets,
			uint64_t now_ns)
{
	uint64_t limit = w->numbered ? REPEAT_NUMBERED_NS : REPEAT_WAY_NS;
	if (s->len != w->f->len || s->numbered != w->numbered ||
	    (now_ns > s->since_ns ? now_ns - s->since_ns : s->since_ns - now_ns) > limit)
		return false;
	if (s->numbered && (s->sequence != w->sequence || !w->f->src_mac ||
			    memcmp(s->mac, w->f->src_mac, MAC) != 0))
		return false;
	return memcmp(s->octets, octets, s->len) == 0;
}

static void note_packet(struct seen *s, const struct walk *w, const uint8_t *octets)
{
	memset(s, 0, offsetof(struct seen, octets));
	s->len = w->f->len;
	s->since_ns = w->now_ns;
	s->numbered = w->numbered;
	s->sequence = w->sequence;
	if (w->f->src_mac)
		memcpy(s->mac, w->f->src_mac, MAC);
	s->n_ways = 1;
	s->ways[0].path = w->path;
	s->ways[0].times = s->times = 1;
	memcpy(s->octets, octets, s->len);
}

/* Has the packet been seen this often already, by another way? */
static bool by_other_way(struct seen *s, uint32_t path)
{
	unsigned i = 0;
	while (i < s->n_ways && s->ways[i].path != path)
		i++;
	if (i == REPEAT_WAYS)
		return false;
	if (i == s->n_ways) {
		s->ways[i].path = path;
		s->ways[i].times = 0;
		s->n_ways++;
	}
	if (++s->ways[i].times <= s->times)
		return true;
	s->times = s->ways[i].times;
	return false;
}

bool repeats_seen(struct repeats *t, const struct walk *w)
{
	const struct frame *f = w->f;
	if (f->len == 0 || f->len > REPEAT_OCTETS || f->partial || w->unsized ||
	    !(w->numbered || is_datagram(f->ip, f->len)))
		return false;
	put_comparable(t->octets, f->ip, f->len);
	struct seen *s = &t->v[content_sum(t->octets, f->len) % REPEAT_PLACES];
	if (!same_packet(s, w, t->octets, w->now_ns)) {
		note_packet(s, w, t->octets);
		return false;
	}
	return w->numbered || by_other_way(s, w->path);
}
