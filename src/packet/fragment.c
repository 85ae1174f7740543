/* SPDX-License-Identifier: MIT
 * IP fragments: a table of unfinished packets, each with its octets in place and the runs of them
 * that are there. */
#include "packet/fragment.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "packet/packet.h"

enum {
	PACKET_MAX = 65535,
	TIMEOUT4_S = 30, /* net.ipv4.ipfrag_time */
	TIMEOUT6_S = 60, /* net.netfilter.nf_conntrack_frag6_timeout */
	IP4_HEADER = 20,
	IP6_HEADER = 40
};

struct run {
	uint32_t from, to;
};

/* The octets stand behind room for the header, so that a finished packet is one piece. An IPv4
 * fragment may reach behind the longest packet; it is seen when the packet is finished. */
struct room {
	uint8_t octets[FRAGMENT_HEADER_MAX + 2 * (PACKET_MAX + 1)];
	struct run runs[FRAGMENT_RUNS];
};

struct unfinished {
	bool used, first, last;
	bool done; /* delivered, and its octets still in use */
	struct addr src, dst;
	uint32_t id;
	uint8_t protocol; /* IPv4: a part of the name; IPv6: the first one's */
	uint8_t ecn;	  /* of all, one bit for each of the four values */
	uint64_t since_ns;
	uint32_t end, have; /* where it ends as far as is known; octets that are there */
	uint32_t n_runs;
	uint32_t others; /* fragments of the same sender since the last one of this */
	uint64_t frames, octets;
	size_t header_len, next_at;
	uint8_t header[FRAGMENT_HEADER_MAX];
};

struct fragments {
	struct unfinished v[FRAGMENT_PACKETS];
	struct room *rooms; /* as many */
	unsigned n_done;
	uint16_t done[CAPTURE_LAYERS]; /* those of v */
	unsigned reach;		       /* none in use from here on */
	struct {
		uint64_t frames, octets;
	} lost[CAPTURE_UNREAD_N];
};

/* The two congestion bits of all fragments (RFC 3168 5.3), one bit for each value that came. What
 * the packet gets, or that it is dropped: capable and not capable do not go together. */
enum { ECN_NOT = 1 << 0, ECN_1 = 1 << 1, ECN_0 = 1 << 2, ECN_CE = 1 << 3, ECN_MARKED = 3 };

struct fragments *fragments_new(void)
{
	struct fragments *t = pages_map(sizeof(*t));
	if (!t)
		return NULL;
	t->rooms = pages_map(FRAGMENT_PACKETS * sizeof(*t->rooms));
	if (!t->rooms) {
		pages_unmap(t, sizeof(*t));
		return NULL;
	}
	return t;
}

void fragments_free(struct fragments *t)
{
	if (!t)
		return;
	pages_unmap(t->rooms, FRAGMENT_PACKETS * sizeof(*t->rooms));
	pages_unmap(t, sizeof(*t));
}

static void forget_unfinished(struct fragments *t, struct unfinished *q, enum capture_unread why)
{
	t->lost[why].frames += q->frames;
	t->lost[why].octets += q->octets;
	q->used = false;
	while (t->reach > 0 && !t->v[t->reach - 1].used)
		t->reach--;
}

static bool packet_expired(const struct unfinished *q, uint64_t now_ns)
{
	uint64_t s = q->src.family == 4 ? TIMEOUT4_S : TIMEOUT6_S;
	return now_ns > q->since_ns && now_ns - q->since_ns >= s * 1000000000u;
}

static bool is_of(const struct unfinished *q, const struct fragment *f)
{
	return q->id == f->id && addr_eq(&q->src, &f->src) && addr_eq(&q->dst, &f->dst) &&
	       (f->src.family == 6 || q->protocol == f->protocol);
}

/* The one that f belongs to, or NULL; others are told of f, and what is out of time goes. */
static struct unfinished *find_unfinished(struct fragments *t, const struct fragment *f,
					  uint64_t now_ns)
{
	struct unfinished *found = NULL;
	for (unsigned i = 0; i < t->reach; i++) {
		struct unfinished *q = &t->v[i];
		if (!q->used || q->done)
			continue;
		if (packet_expired(q, now_ns))
			forget_unfinished(t, q, CAPTURE_FRAGMENT_TIMEOUT);
		else if (is_of(q, f))
			found = q;
		else if (q->src.family == 4 && addr_eq(&q->src, &f->src))
			q->others++;
	}
	return found;
}

static struct unfinished *new_unfinished(struct fragments *t, const struct fragment *f,
					 uint64_t now_ns)
{
	unsigned i = 0;
	while (i < FRAGMENT_PACKETS && t->v[i].used)
		i++;
	if (i == FRAGMENT_PACKETS)
		return NULL;
	struct unfinished *q = &t->v[i];
	/* the header is written when the first one comes */
	memset(q, 0, offsetof(struct unfinished, header));
	q->used = true;
	q->src = f->src;
	q->dst = f->dst;
	q->id = f->id;
	q->protocol = f->protocol;
	q->since_ns = now_ns;
	if (i >= t->reach)
		t->reach = i + 1;
	return q;
}

/* Too many others in between: it is taken for a new packet with an old number. */
static void begin_packet_again(struct fragments *t, struct unfinished *q, uint64_t now_ns)
{
	t->lost[CAPTURE_FRAGMENT_TIMEOUT].frames += q->frames;
	t->lost[CAPTURE_FRAGMENT_TIMEOUT].octets += q->octets;
	q->first = q->last = false;
	q->end = q->have = q->n_runs = 0;
	q->frames = q->octets = 0;
	q->ecn = 0;
	q->since_ns = now_ns;
}

/* What the end of a fragment says of the packet's: CAPTURE_READ where it fits. */
static enum capture_unread check_end(struct unfinished *q, const struct fragment *f, uint32_t end)
{
	if (!f->more) {
		if (end < q->end || (q->last && end != q->end))
			return CAPTURE_FRAGMENT_OVERLAP;
		q->last = true;
		q->end = end;
	} else if (end > q->end) {
		if (q->last)
			return CAPTURE_FRAGMENT_OVERLAP;
		q->end = end;
	}
	return end == f->offset ? CAPTURE_FRAGMENT_BAD : CAPTURE_READ;
}

/* Put a run in. CAPTURE_READ; CAPTURE_COPY: its octets are there already. Only what follows the
 * last run joins one, so that a fragment over the border of two others overlaps both. */
static enum capture_unread insert_run(struct unfinished *q, struct run *runs, struct run r)
{
	struct run *last = q->n_runs ? &runs[q->n_runs - 1] : NULL;
	if (last && last->to < r.to && r.from <= last->to) {
		if (r.from < last->to)
			return CAPTURE_FRAGMENT_OVERLAP;
		last->to = r.to;
		return CAPTURE_READ;
	}
	uint32_t low = 0, high = q->n_runs; /* the first run that ends behind r.from */
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (runs[mid].to <= r.from)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < q->n_runs && runs[low].from < r.to)
		return r.from >= runs[low].from && r.to <= runs[low].to ? CAPTURE_COPY
									: CAPTURE_FRAGMENT_OVERLAP;
	if (q->n_runs == FRAGMENT_RUNS)
		return CAPTURE_FRAGMENT_ROOM;
	memmove(&runs[low + 1], &runs[low], (q->n_runs - low) * sizeof(*runs));
	runs[low] = r;
	q->n_runs++;
	return CAPTURE_READ;
}

static void put_length(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The congestion bits into the header's class. */
static void mark_congestion(uint8_t *ip)
{
	if (ip[0] >> 4 == 4)
		ip[1] |= ECN_MARKED;
	else
		ip[1] |= ECN_MARKED << 4;
}

static enum capture_unread finish_packet(struct fragments *t, struct unfinished *q,
					 const struct fragment *f, struct whole_packet *out)
{
	struct room *room = &t->rooms[q - t->v];
	bool v4 = q->src.family == 4, marked = q->ecn & ECN_CE;
	size_t len = q->header_len + q->end;
	const struct whole_packet whole = { .ip = room->octets + FRAGMENT_HEADER_MAX -
						  q->header_len,
					    .len = len,
					    .frames = q->frames + f->frames,
					    .octets = q->octets + f->octets };
	uint8_t *ip = whole.ip;
	bool capable = (q->ecn & (ECN_0 | ECN_1)) != 0;
	if ((v4 ? len : len - IP6_HEADER) > PACKET_MAX ||
	    ((q->ecn & ECN_NOT) && (marked || capable))) {
		forget_unfinished(t, q, CAPTURE_FRAGMENT_BAD);
		return CAPTURE_FRAGMENT_BAD;
	}
	memcpy(ip, q->header, q->header_len);
	if (marked && capable)
		mark_congestion(ip);
	if (v4) {
		put_length(ip + 2, len);
		put_length(ip + 6, 0);
		packet_header_checksum(ip, len);
	} else {
		put_length(ip + 4, len - IP6_HEADER);
		ip[q->next_at] = q->protocol;
	}
	q->frames = q->octets = 0; /* nothing of it is lost */
	q->done = true;
	t->done[t->n_done++] = (uint16_t)(q - t->v);
	*out = whole;
	return CAPTURE_READ;
}

static bool fits_in_packet(const struct fragment *f, uint32_t end)
{
	if (f->header_len < (f->src.family == 4 ? IP4_HEADER : IP6_HEADER) ||
	    f->header_len > FRAGMENT_HEADER_MAX || f->next_at >= f->header_len)
		return false;
	return f->len <= PACKET_MAX && f->offset <= PACKET_MAX &&
	       (f->src.family == 4 || end <= PACKET_MAX);
}

/* Of IPv6 the first fragment must have the whole header behind it (RFC 8200, 4.5): the kernel puts
 * none together that has less. */
static bool is_header_cut(const struct fragment *f)
{
	size_t least = f->protocol == IPPROTO_TCP				     ? 20
		       : f->protocol == IPPROTO_UDP || f->protocol == IPPROTO_ICMPV6 ? 8
										     : 1;
	return f->src.family == 6 && f->offset == 0 && f->more && f->len < least;
}

/* Of IPv6 a fragment that contradicts the end that is known is dropped alone. */
static enum capture_unread drop_fragment(struct fragments *t, struct unfinished *q,
					 enum capture_unread why, bool alone)
{
	if (!alone)
		forget_unfinished(t, q, why);
	return why;
}

enum capture_unread fragments_add(struct fragments *t, const struct fragment *f, uint64_t now_ns,
				  struct whole_packet *out)
{
	bool v4 = f->src.family == 4;
	size_t len = f->more && v4 ? f->len & ~(size_t)7 : f->len;
	uint32_t end = f->offset + (uint32_t)len;
	struct unfinished *q = find_unfinished(t, f, now_ns);
	if (!fits_in_packet(f, end) || t->n_done == CAPTURE_LAYERS)
		return CAPTURE_FRAGMENT_BAD;
	if (!q && !(q = new_unfinished(t, f, now_ns)))
		return CAPTURE_FRAGMENT_ROOM;
	if (v4 && q->n_runs && q->others >= FRAGMENT_DISTANCE)
		begin_packet_again(t, q, now_ns);
	q->others = 0;
	if (!v4 && f->more && end % 8 != 0)
		return drop_fragment(t, q, CAPTURE_FRAGMENT_BAD, false);
	if (is_header_cut(f))
		return drop_fragment(t, q, CAPTURE_FRAGMENT_BAD, true);
	enum capture_unread why = check_end(q, f, end);
	if (why != CAPTURE_READ)
		return drop_fragment(t, q, why, !v4);
	struct room *room = &t->rooms[q - t->v];
	why = insert_run(q, room->runs, (struct run){ f->offset, end });
	if (why == CAPTURE_COPY)
		return why;
	if (why != CAPTURE_READ)
		return drop_fragment(t, q, why, false);
	memcpy(room->octets + FRAGMENT_HEADER_MAX + f->offset, f->data, len);
	q->have += (uint32_t)len;
	q->ecn |= (uint8_t)(1u << (f->ecn & 3));
	if (f->offset == 0) {
		q->first = true;
		q->protocol = f->protocol;
		q->header_len = f->header_len;
		q->next_at = f->next_at;
		memcpy(q->header, f->header, f->header_len);
	}
	if (q->first && q->last && q->have == q->end)
		return finish_packet(t, q, f, out);
	q->frames += f->frames;
	q->octets += f->octets;
	return CAPTURE_FRAGMENT_KEPT;
}

void fragments_release(struct fragments *t)
{
	while (t->n_done > 0)
		forget_unfinished(t, &t->v[t->done[--t->n_done]], CAPTURE_READ);
}

void fragments_lost(const struct fragments *t, struct capture_counts *out)
{
	for (int i = 0; i < CAPTURE_UNREAD_N; i++) {
		out->unread[i].frames += t->lost[i].frames;
		out->unread[i].octets += t->lost[i].octets;
	}
	for (unsigned i = 0; i < t->reach; i++) {
		const struct unfinished *q = &t->v[i];
		out->unread[CAPTURE_FRAGMENT_INCOMPLETE].frames += q->used ? q->frames : 0;
		out->unread[CAPTURE_FRAGMENT_INCOMPLETE].octets += q->used ? q->octets : 0;
	}
}
