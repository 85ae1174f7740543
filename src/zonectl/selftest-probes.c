/* SPDX-License-Identifier: MIT
 * selftest, second test: first packets of connections that the model permits and that it does not,
 * and packets with somebody else's address, through the ruleset as the kernel runs it. What is
 * expected comes from the model; of which counter a packet is, from compile/reach.h. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compile/ruleset.h"
#include "packet/packet.h"
#include "zonectl/selftest.h"

enum {
	PACKET_MOST = 128,
	HOPS = 64,
	WAIT_MS = 500, /* for a packet that is to come, or to be counted */
	PORTS_TRIED = 64,
	ECHO_REPLY = 0,
	SYN = 2,
	ACK = 16,
	IP4_HEAD = 20,
	IP6_HEAD = 40,
};

struct probing {
	struct selftest *t;
	struct space *s;
	uint16_t cport; /* each connection has its own */
	bool other_mac; /* not the one that the model binds the sender to */
};

/* ---- octets ---- */

static void probe_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The header of the protocol, with its checksum's place in *sum; 0: it has none. */
static size_t put_probe_l4(uint8_t *p, const struct reach_packet *q, size_t *sum)
{
	const struct reach_ends *of = &q->of;
	*sum = 0;
	switch (of->l4) {
	case IPPROTO_TCP:
		probe_put16(p, q->answer ? of->sport : of->cport);
		probe_put16(p + 2, q->answer ? of->cport : of->sport);
		p[7] = q->answer ? 2 : 1; /* sequence numbers of both ends */
		p[11] = q->answer ? 2 : 0;
		p[12] = 5 << 4;
		p[13] = q->answer ? SYN | ACK : SYN;
		probe_put16(p + 14, 8192);
		*sum = 16;
		return 20;
	case IPPROTO_UDP:
		probe_put16(p, q->answer ? of->sport : of->cport);
		probe_put16(p + 2, q->answer ? of->cport : of->sport);
		probe_put16(p + 4, 8);
		*sum = 6;
		return 8;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p[0] = q->icmp_type;
		probe_put16(p + 4, of->cport);
		*sum = 2;
		return 8;
	default:
		return 8;
	}
}

static size_t put_probe(uint8_t p[PACKET_MOST], const struct reach_packet *q)
{
	const struct addr *src = q->answer ? &q->of.server : &q->of.client,
			  *dst = q->answer ? &q->of.client : &q->of.server;
	bool v4 = src->family == 4;
	size_t head = v4 ? IP4_HEAD : IP6_HEAD, len = v4 ? 4 : 16, at;
	memset(p, 0, PACKET_MOST);
	size_t n = put_probe_l4(p + head, q, &at);
	p[0] = v4 ? 0x45 : 0x60;
	probe_put16(p + (v4 ? 2 : 4), (unsigned)(v4 ? n + head : n));
	p[v4 ? 8 : 7] = HOPS;
	p[v4 ? 9 : 6] = q->of.l4;
	memcpy(p + (v4 ? 12 : 8), src->b, len);
	memcpy(p + (v4 ? 16 : 24), dst->b, len);
	packet_header_checksum(p, head + n);
	if (at)
		probe_put16(p + head + at, packet_l4_sum(p, head + n, head, q->of.l4));
	return head + n;
}

/* ---- one packet ---- */

static void put_asked(char *out, size_t n, const struct reach_packet *q)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	const struct reach_ends *of = &q->of;
	addr_text(q->answer ? &of->server : &of->client, src);
	addr_text(q->answer ? &of->client : &of->server, dst);
	if (of->l4 == IPPROTO_TCP || of->l4 == IPPROTO_UDP)
		snprintf(out, n, "%s %u -> %s %u %s, in by %s, out by %s", src,
			 q->answer ? of->sport : of->cport, dst, q->answer ? of->cport : of->sport,
			 of->l4 == IPPROTO_TCP ? "tcp" : "udp", q->in, q->out);
	else
		snprintf(out, n, "%s -> %s protocol %u type %u, in by %s, out by %s", src, dst,
			 of->l4, q->icmp_type, q->in, q->out);
}

static bool fails_open(const struct selftest *t, const struct reach_answer *a)
{
	const struct model *m = t->x.m;
	return a->fate == REACH_INSPECTED && a->conduit < m->n_conduits &&
	       model_fail_of(m, &m->conduits[a->conduit]) == FAIL_OPEN;
}

/* There is no inspector here: what is for one is dropped, or passes with fail = "open". */
static bool is_to_pass(const struct selftest *t, const struct reach_answer *a)
{
	return a->fate == REACH_PLAIN || a->fate == REACH_INSIDE || a->fate == REACH_OBSERVED ||
	       fails_open(t, a);
}

static void put_fate(char *out, size_t n, bool passes, bool inspected, const char *counter)
{
	snprintf(out, n, "%s, counted as %.48s",
		 inspected ? "permitted, for an inspector"
		 : passes  ? "passes"
			   : "dropped",
		 counter ? counter : "nothing");
}

/* Has it grown? */
static bool was_counted(struct space *s, const char *counter, uint64_t before)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	for (int i = 0; i < WAIT_MS; i++) {
		uint64_t now = space_counted(s, counter);
		if (now != UINT64_MAX && now > before)
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

/* The asset whose packets must have its MAC address, or NULL. */
static const struct asset *bound_asset(const struct selftest *t, const struct addr *a)
{
	const struct zone *zn = &t->x.m->zones[reach_zone(t->x.reach, a)];
	for (size_t i = 0; i < zn->n_assets; i++)
		if (zn->assets[i].bound && addr_eq(&zn->assets[i].addr, a))
			return &zn->assets[i];
	return NULL;
}

static void put_sender_mac(const struct probing *p, const struct reach_packet *q, uint8_t mac[6])
{
	static const uint8_t any[6] = { 2, 0, 0, 0, 0, 1 }; /* locally administered */
	const struct asset *of = bound_asset(p->t, q->answer ? &q->of.server : &q->of.client);
	memcpy(mac, of ? of->mac : any, sizeof(any));
	if (p->other_mac)
		mac[5] ^= 1;
}

static void try_probe(struct probing *p, const char *what, const char *conduit,
		      const struct reach_packet *q, const struct reach_answer *a)
{
	uint8_t packet[PACKET_MOST], mac[6];
	struct selftest_sample row = { "probes", conduit, what, "", "", "" };
	size_t n = put_probe(packet, q);
	bool to_pass = is_to_pass(p->t, a), inspected = a->fate == REACH_INSPECTED;
	uint64_t before = a->counter ? space_counted(p->s, a->counter) : 0;
	put_asked(row.asked, sizeof(row.asked), q);
	put_fate(row.expected, sizeof(row.expected), to_pass, inspected, a->counter);
	put_sender_mac(p, q, mac);
	if (!space_send(p->s, q->in, mac, packet, n)) {
		selftest_leave(p->t, "%s: it cannot be sent", row.asked);
		return;
	}
	bool counted = !a->counter || was_counted(p->s, a->counter, before);
	bool out = space_came_out(p->s, q->out, packet, n, to_pass ? WAIT_MS : 0);
	put_fate(row.got, sizeof(row.got), out, inspected && counted && out == to_pass,
		 counted ? a->counter : "something else");
	selftest_note(p->t, &row);
}

/* Permitted by the model, whatever the ruleset says of it. */
static void note_not_permitted(struct selftest *t, const char *conduit,
			       const struct reach_packet *q, const struct reach_answer *a)
{
	struct selftest_sample row = { "probes", conduit, "permitted", "", "passes", "" };
	put_asked(row.asked, sizeof(row.asked), q);
	snprintf(row.got, sizeof(row.got), "%s", reason_name(a->why));
	selftest_note(t, &row);
}

/* ---- where packets come and go ---- */

/* An interface of the zone; a zone that has none is behind one that no zone names. */
static void put_zone_interface(const struct model *m, size_t zone, char out[16])
{
	const struct zone *owner = zone ? model_path_owner(m, &m->zones[zone]) : NULL;
	if (owner)
		snprintf(out, 16, "%.15s", owner->interfaces[0]);
	else
		snprintf(out, 16, "zt-%u", (unsigned)zone);
}

struct path {
	char in[16], out[16];
};

static bool set_probe_path(struct probing *p, struct reach_packet *q, struct path *way)
{
	const struct reach *r = p->t->x.reach;
	put_zone_interface(p->t->x.m, reach_zone(r, &q->of.client), way->in);
	put_zone_interface(p->t->x.m, reach_zone(r, &q->of.server), way->out);
	q->in = way->in;
	q->out = way->out;
	q->answer = false;
	q->state = REACH_OPENS;
	if (q->of.cport && q->of.l4 != IPPROTO_ICMP && q->of.l4 != IPPROTO_ICMPV6)
		q->of.cport = p->cport++;
	return space_route(p->s, way->out, &q->of.server) &&
	       space_route(p->s, way->in, &q->of.client);
}

static bool has_probe_room(const struct probing *p)
{
	if (p->t->probes < SELFTEST_PROBES)
		return true;
	selftest_leave(p->t, "packets: more than %d", SELFTEST_PROBES);
	return false;
}

static void probe_refused(struct probing *p, const char *what, const char *conduit,
			  const struct reach_packet *q)
{
	const struct reach_answer a = reach_of(p->t->x.reach, q);
	if (reach_refuses(&a) && has_probe_room(p))
		try_probe(p, what, conduit, q, &a);
}

/* ---- what is tried of a flow ---- */

static bool probe_permitted(struct probing *p, const struct conduit *c, struct reach_packet *q)
{
	struct reach_answer a = reach_of(p->t->x.reach, q);
	if (reach_refuses(&a)) {
		note_not_permitted(p->t, c->name, q, &a);
		return false;
	}
	try_probe(p, "permitted", c->name, q, &a);
	if (a.fate != REACH_PLAIN || q->of.l4 != IPPROTO_TCP)
		return true;
	struct reach_packet answer = *q;
	answer.answer = true;
	answer.state = REACH_CONTINUES;
	answer.in = q->out;
	answer.out = q->in;
	a = reach_of(p->t->x.reach, &answer);
	try_probe(p, "its answer", c->name, &answer, &a);
	return true;
}

static void probe_other_port(struct probing *p, const struct conduit *c, struct reach_packet q)
{
	struct path way;
	for (unsigned i = 1; q.of.sport && i < PORTS_TRIED; i++) {
		q.of.sport++;
		const struct reach_answer a = reach_of(p->t->x.reach, &q);
		if (!reach_refuses(&a))
			continue;
		if (set_probe_path(p, &q, &way))
			probe_refused(p, "another port", c->name, &q);
		return;
	}
}

static void probe_spoofed(struct probing *p, const struct conduit *c, struct reach_packet q)
{
	struct path way;
	if (!set_probe_path(p, &q, &way))
		return;
	q.in = "zt-elsewhere";
	probe_refused(p, "another's address", c->name, &q);
}

static void probe_other_mac(struct probing *p, const struct conduit *c, struct reach_packet q)
{
	const struct reach_answer a = { .fate = p->t->x.m->mode == MODE_OBSERVE ? REACH_OBSERVED
										: REACH_REFUSED,
					.why = R_WRONG_MAC,
					.counter = RS_WRONG_MAC };
	struct path way;
	if (!bound_asset(p->t, &q.of.client) || !has_probe_room(p) || !set_probe_path(p, &q, &way))
		return;
	p->other_mac = true;
	try_probe(p, "another MAC address", c->name, &q, &a);
	p->other_mac = false;
}

static void probe_turned(struct probing *p, const struct conduit *c, struct reach_packet q)
{
	struct path way;
	const struct addr client = q.of.client;
	q.of.client = q.of.server;
	q.of.server = client;
	if (set_probe_path(p, &q, &way))
		probe_refused(p, "the other direction", c->name, &q);
}

static void probe_flow(struct probing *p, const struct conduit *c, const struct flow *f)
{
	struct reach_packet q = { .state = REACH_OPENS };
	struct path way;
	if (!has_probe_room(p))
		return;
	if (!selftest_ends(p->t, c, &q.of)) {
		selftest_leave(p->t, "%s: no two addresses of one family at its ends", c->name);
		return;
	}
	if (!selftest_first_packet(f, &q)) {
		selftest_leave(p->t, "%s: what has no packets of the family of its ends", c->name);
		return;
	}
	if (!set_probe_path(p, &q, &way)) {
		selftest_leave(p->t, "%s: no interface %s or %s can be made here", c->name, way.in,
			       way.out);
		return;
	}
	if (!probe_permitted(p, c, &q))
		return;
	bool ports = q.of.l4 == IPPROTO_TCP || q.of.l4 == IPPROTO_UDP;
	if (ports)
		probe_other_port(p, c, q);
	probe_spoofed(p, c, q);
	probe_other_mac(p, c, q);
	if (ports)
		probe_turned(p, c, q);
}

/* ---- what no conduit is about ---- */

static void probe_pair(struct probing *p, size_t from, size_t to)
{
	const struct model *m = p->t->x.m;
	struct reach_packet q = { .state = REACH_OPENS };
	struct path way;
	char name[2 * MODEL_NAME_MAX + 8];
	for (size_t i = 0; i < m->n_conduits; i++)
		if (model_leg(&m->conduits[i], from, to))
			return;
	if (!selftest_zone_ends(p->t, from, to, &q.of))
		return;
	q.of.l4 = IPPROTO_TCP;
	q.of.cport = 1;
	q.of.sport = 502;
	snprintf(name, sizeof(name), "%s -> %s", m->zones[from].name, m->zones[to].name);
	if (set_probe_path(p, &q, &way))
		probe_refused(p, "no conduit", name, &q);
}

static void probe_unknown(struct probing *p)
{
	/* of networks for documentation (RFC 5737, RFC 3849) */
	static const char *const unknown[] = { "192.0.2.77", "2001:db8:77::77" };
	struct reach_packet q = { .state = REACH_OPENS };
	struct path way;
	for (size_t i = 0; i < p->t->x.m->n_conduits; i++) {
		if (!selftest_ends(p->t, &p->t->x.m->conduits[i], &q.of) ||
		    !addr_parse(unknown[q.of.client.family == 6], &q.of.client) ||
		    reach_zone(p->t->x.reach, &q.of.client))
			continue;
		q.of.l4 = IPPROTO_TCP;
		q.of.cport = 1;
		q.of.sport = 502;
		if (set_probe_path(p, &q, &way))
			probe_refused(p, "unknown address", p->t->x.m->conduits[i].name, &q);
		return;
	}
}

static void probe_all(struct probing *p)
{
	const struct model *m = p->t->x.m;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			probe_flow(p, &m->conduits[i], &m->conduits[i].flows[k]);
	probe_unknown(p);
	for (size_t from = 1; from < m->n_zones; from++)
		for (size_t to = 1; to < m->n_zones && p->t->probes < SELFTEST_PROBES; to++)
			if (from != to)
				probe_pair(p, from, to);
}

/* ---- in a process of its own ---- */

static void give_findings(struct selftest *t, int fd, bool made)
{
	json_t *o = json_pack("{s:b,s:i,s:i,s:O,s:O,s:O}", "made", made, "probes", (int)t->probes,
			      "failed", (int)t->failed, "failures", t->failures, "left", t->left,
			      "samples", t->samples ? t->samples : t->failures);
	json_dumpfd(o, fd, JSON_COMPACT);
	json_decref(o);
}

static void probe_apart(struct selftest *t, int fd)
{
	char why[SELFTEST_TEXT] = "";
	struct probing p = { .t = t, .cport = 42000 };
	t->failed = 0;
	json_array_clear(t->failures);
	json_array_clear(t->left);
	if (t->samples)
		json_array_clear(t->samples);
	p.s = space_new(why);
	bool made = p.s && space_commit(p.s, t->x.m, why);
	if (made)
		probe_all(&p);
	else
		selftest_leave(t, "packets through the ruleset: %s", why);
	if (p.s)
		space_free(p.s);
	give_findings(t, fd, made);
}

static bool take_findings(struct selftest *t, int fd)
{
	json_t *o = json_loadfd(fd, 0, NULL), *left = json_object_get(o, "left");
	size_t i;
	const json_t *one;
	bool made = json_is_true(json_object_get(o, "made"));
	t->probes = (uint32_t)json_integer_value(json_object_get(o, "probes"));
	t->failed += (uint32_t)json_integer_value(json_object_get(o, "failed"));
	json_array_extend(t->failures, json_object_get(o, "failures"));
	if (t->samples)
		json_array_extend(t->samples, json_object_get(o, "samples"));
	json_array_foreach (left, i, one)
		selftest_leave(t, "%s", json_string_value(one));
	if (!o)
		selftest_leave(t, "packets through the ruleset: the test ended early");
	json_decref(o);
	return made;
}

bool selftest_probes(struct selftest *t)
{
	int fd[2];
	fflush(stdout);
	if (pipe(fd)) {
		selftest_leave(t, "packets through the ruleset: no pipe");
		return false;
	}
	pid_t child = fork();
	if (child == 0) {
		close(fd[0]);
		probe_apart(t, fd[1]);
		_exit(0);
	}
	close(fd[1]);
	bool made = child > 0 && take_findings(t, fd[0]);
	close(fd[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return made;
}
