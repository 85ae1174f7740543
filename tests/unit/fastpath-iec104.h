/* SPDX-License-Identifier: MIT
 * What a controlling and a controlled station of IEC 60870-5-104 say in test-fastpath.c, whose
 * world this uses. */
#include "iec104-bench.h"
#include "iec104-samples.h"

enum { IEC_REPORTS = 32, IEC_STARTS = 40 }; /* rows of sample_types; tries */

/* Reports of any kind; or those of common addresses 6 to 9 and some types, causes and objects. */
static struct pol_image *iec_fast_plant(uint32_t generation, struct conduit how)
{
	static struct range stations = { 6, 9 }, objects[] = { { 0, 1999 }, { 3000, 0xfffff0 } };
	struct iec104_allow a[] = {
		iec_allow(UINT64_C(1) << 45, UINT64_C(0xf) << (100 - 64), IEC_SELECT_OR_DIRECT),
		iec_allow(UINT64_C(0x1ffffe), 0, IEC_SELECT_OR_DIRECT),
		iec_allow(UINT64_C(7) << 30 | UINT64_C(1) << 36, 0, IEC_SELECT_OR_DIRECT),
	};
	a[1].ranges[IEC_COMMON_ADDRESSES] = (struct ranges){ .v = &stations, .n = 1, .set = true };
	a[1].ranges[IEC_OBJECT_ADDRESSES] = (struct ranges){ .v = objects, .n = 2, .set = true };
	a[2].limits.causes = 1 << IEC_SPONTANEOUS | 1 << IEC_INROGEN;
	struct iec104_policy o = { .allow = a,
				   .n_allow = sizeof(a) / sizeof(a[0]),
				   .k = generation & 1 ? IEC_K_DEFAULT : 9,
				   .monitor_listed = generation & 2,
				   .first_number_one = generation & 4,
				   .server_is_controlling = generation % 16 == 9,
				   .started_masters = IEC_MASTERS_DEFAULT,
				   .redundancy_group = IEC_GROUP_DEFAULT,
				   .select_timeout = IEC_SELECT_DEFAULT };
	struct flow flow = { .proto = PROTO_IEC104, .l4 = IPPROTO_TCP, .policy = "p" };
	struct policy policy = { .name = "p", .proto = PROTO_IEC104, .of = &o };
	how.flows = &flow;
	how.n_flows = 1;
	struct pol_image *img = plant_image(how, &policy, 1, generation);
	must(img != NULL);
	return img;
}

/* I frames that this end has got. */
static uint32_t iec_got(struct world *w, int who)
{
	struct iec_said *k = &w->iec;
	const struct end *e = &w->end[who];
	while (e->n_got - k->read[who] >= IEC_APCI) {
		const uint8_t *p = e->got + k->read[who];
		if (p[0] != IEC_START || e->n_got - k->read[who] < 2u + p[1])
			break;
		k->got[who] += !(p[2] & 1);
		k->read[who] += 2u + p[1];
	}
	return k->got[who];
}

/* Something is wrong with it at times. */
static size_t iec_break(struct world *w, uint8_t *p, size_t n)
{
	static const uint8_t functions[] = { IEC_STOPDT_ACT, IEC_STOPDT_CON, IEC_STARTDT_CON,
					     0x0f };
	if (odd(w, 400))
		return iec_u(p, functions[rnd(w, 4)]);
	if (odd(w, 400)) /* one of its numbers */
		p[(rnd(w, 2) ? 2 : 4)] += (uint8_t)(2 * (1 + rnd(w, 3)));
	if (odd(w, 400))
		p[rnd(w, (uint32_t)n)] ^= (uint8_t)(1u << rnd(w, 8));
	if (odd(w, 600)) /* its end never comes */
		return n - 1;
	return n;
}

static size_t iec_request(struct world *w, uint8_t *p)
{
	static const char *const asks[] = { "64 01 06 00 0700 000000 14",
					    "65 01 06 00 0700 000000 05",
					    "2d 01 06 00 0700 e80300 01",
					    "2e 01 06 00 0700 e80300 01" };
	struct iec_said *k = &w->iec;
	uint32_t got = iec_got(w, 0), what = rnd(w, 120);
	size_t n;
	if (k->started && got == k->confirmed && !one_in(w, 5))
		return 0; /* nothing new to confirm */
	w->tid++;
	if (!k->started) {
		k->started = true;
		return iec_u(p, IEC_STARTDT_ACT);
	}
	if (what == 0)
		n = iec_i(p, k->sent[0]++ & 0x7fff, got & 0x7fff, asks[odd(w, 3) ? 3 : rnd(w, 3)]);
	else if (what < 3)
		n = iec_u(p, what == 1 ? IEC_TESTFR_CON : IEC_TESTFR_ACT);
	else
		n = iec_s(p, (k->confirmed = got) & 0x7fff);
	return iec_break(w, p, n);
}

static size_t iec_length(const uint8_t *q, size_t have)
{
	return have < IEC_APCI || q[0] != IEC_START || have < 2u + q[1] ? 0 : 2u + q[1];
}

/* One report as an I frame, of these numbers. */
static size_t iec_report(struct world *w, uint8_t *p)
{
	static const uint32_t first[] = { 100, 1998, 3000, 70000, 0xfffffd };
	const struct sample_type *t = &sample_types[rnd(w, IEC_REPORTS)];
	unsigned n = one_in(w, 2) ? 1 : 1 + rnd(w, 4);
	bool sq = iec_type(t->number)->sq && one_in(w, 3);
	uint8_t cause = odd(w, 10) ? (uint8_t)rnd(w, 64) : t->tells;
	size_t len = sample_asdu(t, cause, n, sq, first[odd(w, 4) ? rnd(w, 5) : rnd(w, 3) * 2 % 5],
				 p + IEC_APCI);
	p[0] = IEC_START;
	p[1] = (uint8_t)(4 + len);
	iec_numbers(p, w->iec.sent[1]++ & 0x7fff, iec_got(w, 1) & 0x7fff);
	return IEC_APCI + len;
}

/* What the station says next: as many reports as its master may leave unconfirmed, mostly. */
static size_t iec_burst(struct world *w, uint32_t unconfirmed, uint8_t *p)
{
	uint32_t most = odd(w, 40) ? 14 : 8;
	size_t n = 0;
	for (uint32_t i = 1 + rnd(w, 8); i > 0 && unconfirmed < most && n < 300;
	     i--, unconfirmed++) {
		size_t len = iec_report(w, p + n);
		n += iec_break(w, p + n, len);
	}
	if (n == 0)
		n = iec_s(p, iec_got(w, 1) & 0x7fff);
	return n;
}

static size_t iec_confirm(struct world *w, const uint8_t *q, uint8_t *p)
{
	memcpy(p, q, 2u + q[1]);
	iec_numbers(p, w->iec.sent[1]++ & 0x7fff, iec_got(w, 1) & 0x7fff);
	p[8] = (uint8_t)((p[8] & 0xc0) | IEC_ACTCON);
	return 2u + q[1];
}

static size_t iec_response(struct world *w, const uint8_t *q, uint8_t *p)
{
	w->answered = w->tid;
	if (!(q[2] & 1) && q[1] >= 4 + IEC_ASDU_HEAD)
		return iec_confirm(w, q, p);
	if ((q[2] & 3) == 1)
		return iec_burst(w, (w->iec.sent[1] - (unsigned)(q[4] >> 1 | q[5] << 7)) & 0x7fff,
				 p);
	switch (q[2]) {
	case IEC_STARTDT_ACT:
		return iec_u(p, IEC_STARTDT_CON);
	case IEC_STOPDT_ACT:
		return iec_u(p, IEC_STOPDT_CON);
	case IEC_TESTFR_ACT:
		return iec_u(p, one_in(w, 9) ? IEC_TESTFR_ACT : IEC_TESTFR_CON);
	default:
		return 0;
	}
}

/* ---- every bit and every truncation of a report ---- */

static void iec_say(struct world *w, int from, const uint8_t *p, size_t n)
{
	struct end *e = &w->end[from];
	segment(w, from, TCP_ACK | TCP_PSH, e->snd_nxt, p, n);
	e->snd_nxt += (uint32_t)n;
	run_queue(w, 0);
	answer_claims(w);
}

/* A connection in step, which the program judges. */
static void iec_in_kernel(struct world *w)
{
	uint8_t p[16];
	for (unsigned tries = 0; tries < IEC_STARTS; tries++) {
		connect_again(w);
		w->wild = false;
		iec_say(w, 0, p, iec_u(p, IEC_STARTDT_ACT));
		iec_say(w, 1, p, iec_u(p, IEC_STARTDT_CON));
		for (unsigned i = 0; i < 24 && w->end[0].open; i++) {
			unsigned long before = w->passed;
			iec_say(w, 1, p, iec_s(p, 0));
			iec_say(w, 0, p, 0);
			if (w->passed == before + 2)
				return;
		}
	}
	must(false && "the program gets a connection");
}

/* Does the program pass these octets of the station, when they are next? A packet is made odd at
 * times (segment()), so if only the inspector passes them that is tried again. */
static bool iec_passes(struct world *w, const uint8_t *p, size_t n, bool *accepted)
{
	bool passed = false;
	*accepted = true;
	for (unsigned i = 0; i < 3 && !passed && *accepted; i++) {
		iec_in_kernel(w);
		unsigned long kernel = w->passed;
		iec_say(w, 1, p, n);
		passed = w->passed != kernel;
		*accepted = w->end[0].open && w->end[0].rcv_nxt == w->end[1].snd_nxt;
	}
	return passed;
}

static size_t iec_sample(const struct sample_type *t, unsigned n, bool sq, uint8_t *p)
{
	size_t len = sample_asdu(t, t->tells, n, sq, 1000, p + IEC_APCI);
	p[0] = IEC_START;
	p[1] = (uint8_t)(4 + len);
	iec_numbers(p, 0, 0);
	return IEC_APCI + len;
}

/* A packet that was made odd may be refused. */
static bool iec_passes_once(struct world *w, const uint8_t *p, size_t n)
{
	bool accepted, passed = false;
	for (unsigned i = 0; i < 3 && !passed; i++)
		passed = iec_passes(w, p, n, &accepted);
	return passed;
}

/* What the program passes the inspector passes (send_packet()). all: and the other way round. */
static void iec_every_bit(struct world *w, const uint8_t *sample, size_t n, bool all)
{
	uint8_t p[300];
	bool accepted;
	memcpy(p, sample, n);
	must(iec_passes_once(w, p, n) || !all);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		bool passed = iec_passes(w, p, n, &accepted);
		must(passed || !accepted || !all);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t k = 1; k < n; k++)
		must(!iec_passes(w, p, k, &accepted) && !accepted);
	p[n] = 0;
	must(!iec_passes(w, p, n + 1, &accepted) && !accepted);
}

static void iec_many(struct world *w)
{
	uint8_t p[6 * (FAST_MESSAGES + 1)];
	bool accepted;
	for (unsigned i = 0; i <= FAST_MESSAGES; i++)
		i % 2 ? iec_s(p + 6 * i, 0) : iec_u(p + 6 * i, IEC_TESTFR_CON);
	for (unsigned i = 1; i <= FAST_MESSAGES; i++)
		must(iec_passes_once(w, p, 6 * i));
	must(!iec_passes(w, p, sizeof(p), &accepted));
}

/* A report with this N(S). Has the program passed it? */
static bool iec_say_report(struct world *w, unsigned ns)
{
	uint8_t p[300];
	unsigned long before = w->passed;
	size_t n = iec_sample(&sample_types[0], 1, false, p);
	iec_numbers(p, ns, 0);
	iec_say(w, 1, p, n);
	return w->passed != before;
}

/* As many reports as may wait for their confirmation, and not one more. */
static void iec_window(struct world *w)
{
	const struct pol_iec104_head *head = policy_head(w->img, policy_flow(w->img, 0));
	unsigned ns, tries = 0;
	do { /* a packet may have been made odd, the one too many, too */
		iec_in_kernel(w);
		for (ns = 0; iec_say_report(w, ns);)
			ns++;
		must(ns <= head->k);
	} while (ns < head->k || (w->end[0].open && ++tries < 8));
	must(!w->end[0].open);
}

/* What the program passed, the inspector knows to have been sent: after it 1 is no first number any
 * more, which the policy tolerates. */
static void iec_first_number(struct world *w, uint32_t generation)
{
	unsigned tries = 0;
	in_force(w, generation + 4, (struct conduit){ .log = LOG_VIOLATIONS });
	do { /* a packet may have been made odd */
		do
			iec_in_kernel(w);
		while (!iec_say_report(w, 0) || !iec_say_report(w, 1) || !iec_say_report(w, 2));
		must(!iec_say_report(w, 1));
	} while (w->end[0].open && ++tries < 8);
	must(!w->end[0].open);
}

/* Behind STOPDT nothing goes fast, however often it is tried. */
static void iec_stopped(struct world *w)
{
	uint8_t p[16];
	iec_in_kernel(w);
	iec_say(w, 0, p, iec_u(p, IEC_STOPDT_ACT));
	iec_say(w, 1, p, iec_u(p, IEC_STOPDT_CON));
	unsigned long before = w->passed;
	for (unsigned i = 0; i < 40; i++)
		iec_say(w, i & 1, p, iec_u(p, i & 1 ? IEC_TESTFR_CON : IEC_TESTFR_ACT));
	must(w->passed == before && !iec_say_report(w, 0));
}

/* Of all U frames the station's TESTFR con goes fast. */
static void iec_functions(struct world *w)
{
	uint8_t p[6];
	bool accepted;
	for (unsigned function = 3; function < 256; function += 4) {
		bool con = iec_passes(w, p, iec_u(p, (uint8_t)function), &accepted);
		must(!con || function == IEC_TESTFR_CON);
		iec_in_kernel(w);
		unsigned long before = w->passed;
		iec_say(w, 0, p, iec_u(p, (uint8_t)function));
		must(w->passed == before);
	}
	must(iec_passes_once(w, p, iec_u(p, IEC_TESTFR_CON)));
}

/* Of a master's S frames those go fast that confirm something, each of them. */
static void iec_idle(struct world *w)
{
	uint8_t p[12];
	iec_in_kernel(w);
	unsigned long before = w->passed;
	iec_say(w, 0, p, iec_s(p, 0));
	must(w->passed == before);
	do {
		iec_in_kernel(w);
		before = w->passed;
		iec_say_report(w, 0);
		iec_say(w, 0, p, iec_s(p, 1));
	} while (w->passed != before + 2); /* else a packet was made odd */
	do {
		iec_in_kernel(w);
		before = w->passed;
	} while (!iec_say_report(w, 0));
	iec_say(w, 0, p, iec_s(p, 1) + iec_s(p + 6, 1));
	must(w->passed == before + 1);
}

/* A number is left out inside a segment; an ASDU has an address, and no object. */
static void iec_wrong_segments(struct world *w)
{
	uint8_t p[600];
	bool accepted;
	size_t n = iec_sample(&sample_types[0], 1, false, p),
	       m = iec_sample(&sample_types[0], 1, false, p + n);
	iec_numbers(p + n, 1, 0);
	must(iec_passes_once(w, p, n + m));
	iec_numbers(p + n, 2, 0);
	must(!iec_passes(w, p, n + m, &accepted) && !accepted);
	p[1] = 4 + 9;
	p[7] = 0x80;
	must(!iec_passes(w, p, 6 + 9, &accepted) && !accepted);
}

/* A report never comes from the master. */
static void iec_master_reports(struct world *w)
{
	uint8_t p[300];
	iec_in_kernel(w);
	unsigned long before = w->passed;
	iec_say(w, 0, p, iec_sample(&sample_types[0], 1, false, p));
	must(w->passed == before && !w->end[0].open);
}

/* Under a policy that lists no reports, and one that does. */
static void test_iec104_bits(struct world *w)
{
	uint32_t generation = (w->img->generation | 15) + 1;
	iec_first_number(w, generation);
	generation += 16;
	for (uint32_t listed = 0; listed <= 2; listed += 2) {
		uint8_t p[300];
		unsigned long before = w->passed;
		in_force(w, generation + listed, (struct conduit){ .log = LOG_VIOLATIONS });
		for (unsigned i = 0; i < IEC_REPORTS; i++) {
			const struct sample_type *t = &sample_types[i];
			iec_every_bit(w, p, iec_sample(t, 1 + i % 2, false, p), !listed);
			if (iec_type(t->number)->sq && i % 4 == 0)
				iec_every_bit(w, p, iec_sample(t, 3, true, p), !listed);
		}
		iec_many(w);
		iec_functions(w);
		iec_idle(w);
		iec_wrong_segments(w);
		iec_window(w);
		iec_stopped(w);
		iec_master_reports(w);
		printf("iec104: every bit of every type%s: %lu packets passed in the kernel\n",
		       listed ? ", listed" : "", w->passed - before);
	}
}
