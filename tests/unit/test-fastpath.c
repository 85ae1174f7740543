/* SPDX-License-Identifier: MIT
 *
 * The in-kernel path against the inspector, verdict by verdict.
 *
 * Two gates see the same packets in the same order of judgement. One is an
 * inspector alone. The other is the BPF program (run by BPF_PROG_TEST_RUN)
 * with an inspector behind it: what the program does not pass waits in a queue
 * of random length, and meanwhile the program may pass more. Required is
 *
 *  - what the program passes, the inspector alone passes too, unchanged;
 *  - whatever goes back to the inspector gets the same verdict and the same
 *    bytes from both: nothing is lost or made up on the way back.
 *
 * ZONED_LONG=1: 20 million packets, a minute. FAST_PACKETS, FAST_SEED: that many, another stream.
 *
 * The packets come from two ends that talk Modbus, lose, repeat, split, join
 * and reorder segments, and tell lies of every kind now and then.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fastpath/load.h"
#include "fastpath/slot.h"
#include "inspect/inspect.h"
#include "inspect/rate.h"
#include "plant.h"
#include "proto/modbus/wire.h"
#include "proto/modbus/words.h"
#include "proto/dnp3/words.h"
#include "proto/opcua/words.h"
#include "stream/stream.h"

enum {
	ETH = 14,
	PACKET = 2048,
	STREAM = 1 << 16,
	ASKED = 64,
	WAITING = 8,
	CLAIMS = 16,
	DEFAULT_PACKETS = 150000,
	LONG_PACKETS = 20000000,
};

struct out { /* what a gate made of a packet */
	enum verdict v;
	bool as_was;
	uint32_t events; /* of what it recorded; 0: nothing */
	size_t len;
	uint8_t p[PACKET];
};

struct end { /* one TCP, and what it has sent */
	uint32_t isn, snd_nxt, snd_una, rcv_nxt;
	bool open;
	uint8_t sent[STREAM]; /* by offset from isn + 1 */
	uint8_t got[STREAM];  /* in order, by offset from the other's isn + 1 */
	uint32_t n_got, used;
	uint32_t peer_isn;
};

struct waiting {
	size_t len;
	uint8_t p[PACKET];
};

struct world;

struct ua_end {					 /* an OPC UA channel */
	uint32_t channel, token, asked, answers; /* the last sequence numbers */
	unsigned idle;
};

struct iec_said { /* a connection of IEC 60870-5-104 */
	bool started;
	/* by end: I frames sent, got; octets of what it got that were looked at */
	uint32_t sent[2], got[2], read[2];
	uint32_t confirmed; /* by the master's last S frame */
};

struct talk { /* a protocol, and what is said in it */
	const char *name;
	uint16_t port;
	/* how: mode, on_violation, log */
	struct pol_image *(*plant)(uint32_t generation, struct conduit how);
	size_t (*request)(struct world *w, uint8_t *p);
	/* of the request at q; 0: not all there */
	size_t (*length)(const uint8_t *q, size_t have);
	size_t (*response)(struct world *w, const uint8_t *q, uint8_t *p); /* 0: none */
	size_t most;							   /* bytes of a message */
	bool lone; /* mostly one message in a segment */
	/* an answer before the next request, mostly; and the program looks at the clock */
	bool in_turn;
	/* the conduit has rate limits, mostly; for which the program looks at the clock too */
	bool limits;
};

struct world {
	const struct talk *talk;
	uint64_t rnd, now;
	struct fastpath *fp;
	struct pol_image *img;
	struct inspect *fast, *slow;
	struct fast_rate rate[FAST_RATES]; /* of the inspector alone */
	struct rate_shares share[2][1];	   /* there is one conduit; [0] of the inspector alone */
	unsigned long too_many;		   /* records of that */
	unsigned long may;		   /* packets while the conduit goes fast */
	bool goes;
	struct out out;
	uint32_t id;
	const uint8_t *in;
	size_t in_len;
	struct end end[2]; /* client, server */
	uint16_t cport, tid, first_tid, answered;
	uint8_t before[300]; /* the last Modbus request */
	size_t n_before;
	bool v6, wild;
	struct ua_end ua;
	struct iec_said iec;
	struct waiting queue[WAITING];
	unsigned n_queue;
	struct fast_claim claim[CLAIMS];
	unsigned n_claims;
	unsigned repeats; /* steps with too many unanswered requests: is it stuck? */
	unsigned long packets, passed, accepted, dropped, changed, resets, lies;
};

#define must(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			exit(1); \
		} \
	} while (0)

static uint32_t rnd(struct world *w, uint32_t n)
{
	w->rnd = w->rnd * 6364136223846793005u + 1442695040888963407u;
	return n ? (uint32_t)(w->rnd >> 33) % n : 0;
}

static bool one_in(struct world *w, uint32_t n)
{
	return rnd(w, n) == 0;
}

/* What is refused, or ends a connection's way through the kernel: often only where it is wild. */
static bool odd(struct world *w, uint32_t n)
{
	return one_in(w, w->wild ? n : 60 * n);
}

static uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, v >> 16);
	put_be16(p + 2, v);
}

/* ---- the gates ---- */

/* Judged by the clock, both begin with the same words. The inspector alone comes later than the
 * program, so that whatever the program permits is permitted still. */
static void look_at_clock(struct world *w)
{
	if (w->talk->in_turn || w->talk->limits)
		w->now = clock_ns();
}

static void same_rates(struct world *w)
{
	w->rate[0] = fastpath_rates(w->fp)[0]; /* there is one conduit */
	w->share[0][0] = w->share[1][0];
}

/* As many tokens as an inspector takes, at some time since then. */
static bool took_alike(const struct world *w, uint64_t since)
{
	const struct fast_rate *took = fastpath_rates(w->fp);
	uint64_t later = w->talk->limits ? w->now - since : 0;
	return w->rate[0].requests - took->requests <= later &&
	       w->rate[0].writes - took->writes <= later;
}

static void in_force(struct world *w, uint32_t generation, struct conduit how)
{
	struct pol_image *old = w->img;
	w->img = w->talk->plant(generation, how);
	w->goes = how.log != LOG_ALL;
	must(fastpath_policy(w->fp, w->img) == 0);
	fastpath_switch(w->fp, 0);
	inspect_policy(w->fast, w->img);
	inspect_policy(w->slow, w->img);
	if (!one_in(w, 4))
		fastpath_rates(w->fp)[0] = (struct fast_rate){ 0, 0 };
	fastpath_switch(w->fp, generation);
	free(old);
}

/* A word that is over means the same as any other that is. */
static bool took_nothing(const struct world *w)
{
	const struct fast_rate *is = fastpath_rates(w->fp), *was = w->rate;
	return (is->requests == was->requests ||
		(is->requests <= w->now && was->requests <= w->now)) &&
	       (is->writes == was->writes || (is->writes <= w->now && was->writes <= w->now));
}

static bool program_passes(const struct world *w, const uint8_t *p, size_t n)
{
	uint8_t frame[ETH + PACKET] = { 0 };
	put_be16(frame + 12, p[0] >> 4 == 6 ? 0x86dd : 0x0800);
	memcpy(frame + ETH, p, n);
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = (uint32_t)(ETH + n),
		    .repeat = 1);
	int err = bpf_prog_test_run_opts(fastpath_late(w->fp), &o);
	/* less than two headers: the kernel does not even make an skb of it */
	must(!err || n < 40);
	return !err && o.retval != 0;
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	must(id == w->id && len <= PACKET);
	w->out.v = v;
	w->out.as_was = !data;
	w->out.len = data ? len : w->in_len;
	memcpy(w->out.p, data ? data : w->in, w->out.len);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct world *w = ctx;
	must(ev->reason < R_COUNT);
	/* the record of a gap comes when the connection is dropped, which is a matter of time */
	if (ev->kind != EV_GAP)
		w->out.events = w->out.events * 31 + ev->reason + ev->verdict + 1u;
	w->too_many += ev->reason == R_REQUEST_RATE || ev->reason == R_WRITE_RATE;
}

static void on_claim(void *ctx, const struct fast_claim *c)
{
	struct world *w = ctx;
	if (w->n_claims < CLAIMS)
		w->claim[w->n_claims++] = *c;
}

/* The parent's part, some time later. */
static void answer_claims(struct world *w)
{
	for (unsigned i = 0; i < w->n_claims; i++) {
		struct fast_claim *c = &w->claim[i];
		c->generation = fastpath_claim(w->fp, 0, c, w->img) ? 0 : w->img->generation;
		inspect_claimed(w->fast, c);
	}
	w->n_claims = 0;
}

static struct out judge(struct world *w, struct inspect *in, const uint8_t *p, size_t n)
{
	struct inspect_out o = {
		.ctx = w, .verdict = on_verdict, .event = on_event, .claim = on_claim
	};
	struct inspect_pkt k = { .id = ++w->id,
				 .now_ns = w->now,
				 .wall_ns = w->now,
				 .ip = p,
				 .len = n,
				 .check_sum = true };
	w->in = p;
	w->in_len = n;
	w->out.events = 0;
	inspect_packet(in, &k, &o);
	return w->out;
}

/* ---- the ends ---- */

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A TCP that takes only what is next in order. */
static void receive(struct world *w, const uint8_t *p, size_t n)
{
	struct packet k;
	if (packet_parse(p, n, false, &k) != R_NONE || k.fragment || k.l4 != IPPROTO_TCP)
		return;
	int to = k.dport == w->talk->port;
	struct end *e = &w->end[to];
	if ((to ? k.sport : k.dport) != w->cport)
		return;
	if (k.flags & TCP_RST) {
		w->end[0].open = w->end[1].open = false;
		return;
	}
	if (k.flags & TCP_SYN || !e->open)
		return;
	if (k.flags & TCP_ACK && seq_lt(e->snd_una, k.ack) && seq_le(k.ack, e->snd_nxt))
		e->snd_una = k.ack;
	uint32_t skip = e->rcv_nxt - k.seq;
	if (skip >= k.len || e->n_got + k.len - skip > STREAM)
		return;
	memcpy(e->got + e->n_got, k.data + skip, k.len - skip);
	e->n_got += (uint32_t)(k.len - skip);
	e->rcv_nxt += (uint32_t)(k.len - skip);
}

static void deliver(struct world *w, const struct out *o)
{
	w->accepted += o->v == V_ACCEPT;
	w->changed += o->v == V_ACCEPT && !o->as_was;
	w->dropped += o->v == V_DROP;
	w->resets += o->v == V_RESET;
	if (o->v == V_RESET)
		w->end[0].open = w->end[1].open = false;
	if (o->v == V_ACCEPT)
		receive(w, o->p, o->len);
}

/* Both judge it now. */
static void through_queue(struct world *w, const uint8_t *p, size_t n)
{
	same_rates(w);
	look_at_clock(w);
	struct out a = judge(w, w->fast, p, n), b = judge(w, w->slow, p, n);
	must(took_alike(w, w->now));
	if (a.v != b.v || a.events != b.events)
		fprintf(stderr, "at %llu ns: verdicts %d %d, events %08x %08x, %zu octets\n",
			(unsigned long long)w->now, (int)a.v, (int)b.v, a.events, b.events, n);
	must(a.v == b.v && a.events == b.events);
	must(a.v != V_ACCEPT ||
	     (a.as_was == b.as_was && a.len == b.len && memcmp(a.p, b.p, a.len) == 0));
	deliver(w, &a);
}

static void run_queue(struct world *w, unsigned leave)
{
	while (w->n_queue > leave) {
		struct waiting first = w->queue[0];
		w->n_queue--;
		memmove(w->queue, w->queue + 1, w->n_queue * sizeof(w->queue[0]));
		through_queue(w, first.p, first.len);
	}
	if (one_in(w, 3))
		answer_claims(w);
}

static void send_packet(struct world *w, const uint8_t *p, size_t n)
{
	w->packets++;
	w->may += w->goes;
	w->now += 1000000;
	same_rates(w);
	uint64_t before = clock_ns();
	bool passes = program_passes(w, p, n);
	look_at_clock(w);
	if (passes) {
		struct out b = judge(w, w->slow, p, n);
		must(b.v == V_ACCEPT && b.as_was && !b.events); /* the invariant */
		must(took_alike(w, before));
		w->passed++;
		deliver(w, &b);
		return;
	}
	must(took_nothing(w));
	if (w->n_queue == WAITING)
		run_queue(w, WAITING - 1);
	memcpy(w->queue[w->n_queue].p, p, n);
	w->queue[w->n_queue++].len = n;
	run_queue(w, one_in(w, 8) ? rnd(w, WAITING) : 0);
}

/* ---- packets ---- */

#include "fastpath-packets.h"

static void connect_again(struct world *w)
{
	run_queue(w, 0);
	/* few: ports come again */
	w->cport = one_in(w, 16) ? w->talk->port : (uint16_t)(20000 + rnd(w, 64));
	w->first_tid = w->tid;
	w->answered = w->tid;
	w->repeats = 0;
	w->iec = (struct iec_said){ .started = false };
	w->v6 = one_in(w, 3);
	w->wild = one_in(w, 3);
	for (int i = 0; i < 2; i++) {
		struct end *e = &w->end[i];
		*e = (struct end){ .isn = (uint32_t)w->rnd, .open = true };
		rnd(w, 2);
		e->snd_nxt = e->snd_una = e->isn + 1;
	}
	w->end[0].rcv_nxt = w->end[0].peer_isn = w->end[1].isn;
	w->end[0].rcv_nxt++;
	w->end[1].rcv_nxt = w->end[0].isn + 1;
	segment(w, 0, TCP_SYN, w->end[0].isn, NULL, 0);
	segment(w, 1, TCP_SYN | TCP_ACK, w->end[1].isn, NULL, 0);
	segment(w, 0, TCP_ACK, w->end[0].isn + 1, NULL, 0);
	run_queue(w, 0);
}

/* ---- what they say ---- */

#include "fastpath-modbus.h"
#include "fastpath-dnp3.h"
#include "fastpath-opcua.h"
#include "fastpath-iec104.h"

/* clang-format off */
static const struct talk talks[] = {
	{ "modbus", 502, plant, one_request, one_length, one_response, 300, false, false, false },
	{ "dnp3", 20000, dnp_plant, dnp_request, dnp_length, dnp_response, 300, true, true, false },
	{ "opcua", 4840, ua_plant, ua_request, ua_length, ua_response, 1000, true, false, false },
	{ "iec104", 2404, iec_fast_plant, iec_request, iec_length, iec_response, 300, false, false, false },
	{ "modbus, limited", 502, plant, one_request, one_length, one_response, 300, false, false, true },
	{ "dnp3, limited", 20000, dnp_plant, dnp_request, dnp_length, dnp_response, 300, true, true, true },
	{ "opcua, limited", 4840, ua_plant, ua_request, ua_length, ua_response, 1000, true, false, true },
	{ "iec104, limited", 2404, iec_fast_plant, iec_request, iec_length, iec_response, 300, false, false, true },
};
/* clang-format on */

/* New bytes of one end, in segments of any size. */
static void say(struct world *w, int from, const uint8_t *p, size_t n)
{
	struct end *e = &w->end[from];
	uint32_t at = e->snd_nxt - e->isn - 1;
	if (at + n > STREAM) {
		e->open = false;
		return;
	}
	memcpy(e->sent + at, p, n);
	for (size_t done = 0; done < n;) {
		size_t k = n - done;
		if (odd(w, 12))
			k = 1 + rnd(w, (uint32_t)k);
		uint32_t seq = e->snd_nxt;
		e->snd_nxt += (uint32_t)k;
		if (!odd(w, 50)) /* else lost before the gate */
			segment(w, from, (uint8_t)(TCP_ACK | TCP_PSH), seq, p + done, k);
		done += k;
	}
}

static void client_says(struct world *w)
{
	uint8_t b[1400];
	size_t n = 0;
	bool many = w->talk->lone ? odd(w, 10) : one_in(w, 4);
	for (uint32_t i = many ? 1 + rnd(w, 5) : 1; i > 0 && n + w->talk->most <= sizeof(b); i--)
		n += w->talk->request(w, b + n);
	say(w, 0, b, n);
}

static void server_says(struct world *w)
{
	struct end *e = &w->end[1];
	uint8_t b[1800]; /* the last of them may be 400 longer than most are */
	size_t n = 0;
	bool many = w->talk->lone ? odd(w, 10) : one_in(w, 4);
	for (uint32_t i = many ? 1 + rnd(w, 4) : 1; i > 0 && n + w->talk->most <= sizeof(b) - 400;
	     i--) {
		const uint8_t *q = e->got + e->used;
		uint32_t have = e->n_got - e->used;
		size_t len = w->talk->length(q, have);
		if (!len)
			break;
		e->used += (uint32_t)len;
		if (!odd(w, 100))
			n += w->talk->response(w, q, b + n);
	}
	if (n)
		say(w, 1, b, n);
}

/* From the oldest byte not acknowledged, or from before; sometimes with other content. */
static void repeat(struct world *w, int from)
{
	struct end *e = &w->end[from];
	uint32_t una = e->snd_una - e->isn - 1, nxt = e->snd_nxt - e->isn - 1;
	if (one_in(w, 5))
		una -= una > 60 ? rnd(w, 60) : una;
	uint32_t n = nxt - una;
	if (n == 0)
		return;
	n = one_in(w, 2) ? n : 1 + rnd(w, n);
	n = n > 1400 ? 1400 : n;
	uint8_t b[1400];
	memcpy(b, e->sent + una, n);
	if (odd(w, 10))
		b[rnd(w, n)] ^= 1;
	segment(w, from, TCP_ACK, e->isn + 1 + una, b, n);
}

static void finish(struct world *w, int who)
{
	segment(w, who, TCP_ACK | TCP_FIN, w->end[who].snd_nxt, NULL, 0);
	w->repeats += w->talk->lone ? 40 : 0; /* nothing is left to say */
}

static void step(struct world *w)
{
	int who = one_in(w, 2);
	uint32_t what = rnd(w, 100);
	uint32_t late[2] = { w->end[0].snd_nxt - w->end[0].snd_una,
			     w->end[1].snd_nxt - w->end[1].snd_una };
	bool stuck = late[0] > 6000 || late[1] > 6000 || w->repeats > 30 ||
		     (uint16_t)(w->tid - w->first_tid) > 1200;
	w->repeats =
		(uint16_t)(w->tid - w->answered) > (w->talk->in_turn ? 0 : 12) ? w->repeats + 1 : 0;
	if (!w->end[0].open || !w->end[1].open || stuck || one_in(w, 1500))
		connect_again(w);
	else if (w->repeats > 8 || late[who] > 1500) /* something is lost */
		one_in(w, 2) ? repeat(w, who) : server_says(w);
	else if (what < 40 && (!w->talk->in_turn || w->tid == w->answered || one_in(w, 20)))
		client_says(w);
	else if (what < 80)
		server_says(w);
	else if (what < 90)
		segment(w, who, TCP_ACK, w->end[who].snd_nxt - one_in(w, 8), NULL, 0);
	else if (what < 98 && (w->wild || one_in(w, 8)))
		repeat(w, who);
	else if (one_in(w, 40))
		finish(w, who);
	else
		repeat(w, 0);
}

#include "fastpath-slots.h"

static void report(const struct world *w, uint32_t generation)
{
	printf("%s: %lu packets: %lu passed in the kernel, %lu by inspectors (%lu of them "
	       "changed), %lu dropped, "
	       "%lu reset, %lu lies, %lu too many, %u generations, %lu may\n",
	       w->talk->name, w->packets, w->passed, w->accepted - w->passed, w->changed,
	       w->dropped, w->resets, w->lies, w->too_many, generation, w->may);
}

static struct conduit any_conduit(struct world *w)
{
	static const uint32_t requests[] = { 0, 50, 5000, 1000000 }, writes[] = { 0, 0, 5, 2000 };
	struct conduit c = {
		.mode = one_in(w, 4) ? MODE_OBSERVE : MODE_ENFORCE,
		.on_violation = one_in(w, 4) ? VIOLATION_RESET : VIOLATION_DROP,
		.log = one_in(w, 8) ? LOG_ALL : LOG_VIOLATIONS,
	};
	if (w->talk->limits) {
		c.max_requests = requests[rnd(w, 4)];
		c.max_writes = writes[rnd(w, 4)];
	}
	return c;
}

/* False: there is no in-kernel path here, *why. */
static bool run(const struct talk *talk, unsigned long n, uint64_t seed, const char **why)
{
	static struct world w;
	w = (struct world){ .talk = talk, .rnd = seed };
	w.fp = fastpath_open(&(struct fast_room){ .inspectors = 1,
						  .max_connections = 64,
						  .flows = 1,
						  .mark_mask = 0xffff0000 },
			     true, why);
	if (!w.fp)
		return false;
	struct inspect_conf c = {
		.max_connections = 4096, .hash_key = { 1, 2 }, .rates = w.rate, .shares = w.share[0]
	};
	w.slow = inspect_new(&c);
	c.rates = fastpath_rates(w.fp);
	c.shares = w.share[1];
	c.fast = fastpath_map(w.fp, 0);
	c.n_fast = fastpath_slots(w.fp);
	w.fast = inspect_new(&c);
	must(w.slow && w.fast);
	w.now = 1000000000;
	uint32_t generation = 1;
	in_force(&w, generation, (struct conduit){ .log = LOG_VIOLATIONS });
	n = talk->limits ? n / 3 : n;
	while (w.packets < n) {
		step(&w);
		if (one_in(&w, 3000)) {
			run_queue(&w, 0);
			generation++;
			in_force(&w, generation, any_conduit(&w));
		}
	}
	run_queue(&w, 0);
	report(&w, generation);
	/* A connection with a refused request, which is cut out, stays with its inspector. The
	 * kernel's clock decides, too: with limits fewer pass the faster the machine is, and of
	 * DNP3 fewer the busier it is. Of IEC 60870-5-104 all that
	 * the master asks comes back to an inspector, and whatever is refused ends the connection.
	 */
	must(w.passed > w.may / (talk->limits || talk == &talks[3] ? 40 : 28));
	must((w.too_many != 0) == talk->limits);
	in_force(&w, generation + 1, (struct conduit){ .log = LOG_VIOLATIONS });
	if (talk == &talks[3])
		test_iec104_bits(&w);
	if (talk == &talks[0]) {
		fastpath_unplug(w.fp, 0); /* an empty table */
		test_crafted(&w);
		test_answers_in_kernel(&w);
		test_race(&w, 2000);
		test_exchange(&w, 4000);
		test_table(&w);
	}
	inspect_free(w.fast);
	inspect_free(w.slow);
	fastpath_close(w.fp);
	free(w.img);
	return true;
}

int main(void)
{
	const char *why, *many = getenv("FAST_PACKETS"), *seed = getenv("FAST_SEED"),
			 *one = getenv("FAST_TALK");
	unsigned long n = many			 ? strtoul(many, NULL, 10)
			  : getenv("ZONED_LONG") ? LONG_PACKETS
						 : DEFAULT_PACKETS;
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)
		if ((!one || strcmp(one, talks[i].name) == 0) &&
		    !run(&talks[i], n, seed ? strtoull(seed, NULL, 10) : 1, &why)) {
			printf("SKIP: %s\n", why);
			return 77;
		}
	return 0;
}
