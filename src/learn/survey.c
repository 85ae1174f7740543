/* SPDX-License-Identifier: MIT
 *
 * The survey: who is there, and what their messages would need.
 *
 * For the second, each station is a zone of its own and each inspected talk a conduit that
 * permits all that any policy can, in mode observe: so what the engine still refuses is what
 * no policy permits, and nothing else.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile/policy_build.h"
#include "learn/internal.h"

/* ---- who is there ---- */

static bool survey_begins(void *ctx, uint16_t file)
{
	(void)ctx;
	(void)file;
	return true;
}

static void survey_ends(void *ctx)
{
	(void)ctx;
}

/* Does the packet bring something, besides acknowledgements? */
static bool brings(const struct packet *p)
{
	return p->l4 != IPPROTO_TCP || p->len;
}

static void note_talk(struct learn_talk *t, const struct packet *p, bool from_client)
{
	bool accepts = (p->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	if (p->l4 != IPPROTO_TCP || p->len || accepts)
		t->answered = true;
	if (accepts || (from_client && brings(p)))
		t->seen.count++;
}

/* Behind a router all have its address, which learn_put_zone() leaves out. */
static void note_link(struct learn_host *h, const struct frame *f)
{
	if (!f->src_mac)
		return;
	if (h->has_mac)
		h->several_macs |= memcmp(h->mac, f->src_mac, sizeof(h->mac)) != 0;
	else
		h->vlan = f->n_vlans ? f->vlan[0] : 0;
	if (!h->has_mac)
		memcpy(h->mac, f->src_mac, sizeof(h->mac));
	h->has_mac = true;
}

struct speaker {
	struct learn_host *h;
	struct learn_seen seen;
};

static void keep_said(void *ctx, const void *text, size_t n)
{
	const struct speaker *s = ctx;
	learn_host_says(s->h, text, n, &s->seen);
	s->h->n_kept = s->h->n_said;
}

/* What a device says of itself in a protocol that no engine reads: each packet alone, since
 * such an answer is in one. */
static void note_identity(struct learn *l, struct learn_talk *t, const struct packet *p,
			  const struct frame *f, bool from_client)
{
	struct speaker s = { .h = &l->hosts[t->server] };
	const struct identity_sink to = { &s, keep_said };
	learn_sight(&s.seen, f->time_ns, l->file, f->number, 1);
	if (!p->len || t->proto != PROTO_NONE)
		return;
	if (t->port == IDENTITY_ENIP_PORT)
		identity_enip(p->data, p->len, !from_client, &t->asked, &to);
	else if (t->port == IDENTITY_S7_PORT && t->l4 == IPPROTO_TCP && !from_client)
		identity_s7(p->data, p->len, &to);
}

static void survey_packet(void *ctx, const struct frame *f)
{
	struct learn *l = ctx;
	struct packet p;
	bool from_client = false;
	if (f->time_ns > l->until_ns)
		return;
	l->packets++;
	if (!f->ip) {
		l->left[LEFT_NOT_IP]++;
		return;
	}
	if (packet_parse(f->ip, f->len, false, &p) != R_NONE) {
		l->left[LEFT_BROKEN]++;
		return;
	}
	if (p.fragment) {
		l->left[LEFT_FRAGMENT]++;
		return;
	}
	struct learn_talk *t = learn_talk_of(l, &p, &from_client);
	if (!t)
		return;
	learn_sight(&t->seen, f->time_ns, l->file, f->number, 0);
	note_talk(t, &p, from_client);
	note_link(&l->hosts[from_client ? t->client : t->server], f);
	note_identity(l, t, &p, f, from_client);
}

/* ---- what they need ---- */

struct pol_image *learn_image(const char *text, size_t len, bool observe, struct model **m)
{
	struct errs errs;
	int err = 0;
	errs_init(&errs);
	*m = model_load_text("(proposed)", text, len, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	if (!*m)
		return NULL;
	for (size_t i = 0; observe && i < (*m)->n_conduits; i++)
		(*m)->conduits[i].mode = MODE_OBSERVE;
	struct pol_image *img = policy_build(*m, 1, &err);
	if (!img)
		fprintf(stderr, "zonectl: the proposed model: %s\n", strerror(-err));
	return img;
}

/* Who speaks to itself alone needs none; some zone there must be. */
static void put_survey_zones(FILE *f, const struct learn *l)
{
	char a[ADDR_TEXT];
	fputs("zones = ( { name = \"nobody\"; type = \"control\"; networks = [ \"255.255.255.255\" "
	      "]; }",
	      f);
	for (size_t i = 0; i < l->n_hosts; i++) {
		if (l->hosts[i].unwritable)
			continue;
		addr_text(&l->hosts[i].addr, a);
		fprintf(f, ",\n{ name = \"h%zu\"; type = \"control\"; networks = [ \"%s\" ]; }", i,
			a);
	}
	fputs(");\n", f);
}

static void put_survey_conduits(FILE *f, const struct learn *l)
{
	const char *between = "conduits = (";
	for (size_t i = 0; i < l->n_talks; i++) {
		const struct learn_talk *t = &l->talks[i];
		if (t->proto == PROTO_NONE || !learn_ops_of(t->proto)->observe)
			continue;
		fprintf(f,
			"%s\n{ name = \"t%zu\"; from = \"h%u\"; to = \"h%u\"; flows = ( { protocol "
			"= \"%s\"; policy = \"p%u-%d\"; transport = \"%s\"; port = %u; } ); }",
			between, i, t->client, t->server, proto_word(t->proto), t->proto, t->turned,
			t->l4 == IPPROTO_UDP ? "udp" : "tcp", t->port);
		between = ",";
	}
	fputs(*between == ',' ? ");\n" : "", f);
}

static void put_survey_policies(FILE *f)
{
	fputs("policies = {\n", f);
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		for (int turned = 0; turned < 2; turned++)
			if (learn_ops_of(p)->everything[turned])
				fprintf(f, "p%u-%d = { protocol = \"%s\"; %s };\n", p, turned,
					proto_word(p), learn_ops_of(p)->everything[turned]);
	fputs("};\n", f);
}

static struct pol_image *survey_image(const struct learn *l)
{
	char *text = NULL;
	size_t len = 0;
	struct model *m = NULL;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	put_survey_zones(f, l);
	put_survey_conduits(f, l);
	put_survey_policies(f);
	struct pol_image *img = fclose(f) == 0 ? learn_image(text, len, true, &m) : NULL;
	model_free(m);
	free(text);
	return img;
}

static void survey_message(void *ctx, struct learn_talk *t, const struct event *ev, const void *m,
			   uint32_t frame)
{
	struct learn *l = ctx;
	if (!t)
		return;
	const struct learn_ops *ops = learn_ops_of(t->proto);
	l->talk = t;
	l->ev = ev;
	l->frame = frame;
	l->reason = l->onto && m ? learn_onto_reason(l, ev, frame) : R_NONE;
	t->messages += m != NULL;
	bool learned = m && ops->observe && ops->observe(l, ev, m);
	if (!learned && ev->reason != R_NONE)
		learn_fault_seen(l, (enum reason)ev->reason);
}

/* Twice, where a listening side turned out to be the master: its messages were read as those of the
 * other. */
bool learn_survey_messages(struct learn *l)
{
	for (int tries = 0; tries < 2; tries++) {
		struct learn_run r = {
			.l = l, .ctx = l, .until_ns = l->until_ns, .message = survey_message
		};
		if (l->onto) {
			r.beside = l->onto->img;
			r.judged = learn_onto_judged;
		}
		l->turned_one = false;
		learn_notes_forget(l);
		struct pol_image *img = survey_image(l);
		r.img = img;
		bool good = img && learn_run(&r);
		free(img);
		if (!good || !l->turned_one)
			return good;
	}
	return true;
}

static int compare_paths(const void *a, const void *b)
{
	const struct learn_path *x = a, *y = b;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* The order of the files is that of their packets, however they were named. */
static void order_files(struct learn *l)
{
	l->first_ns = UINT64_MAX;
	l->last_ns = 0;
	for (size_t i = 0; i < l->n_files; i++) {
		const struct learn_path *p = &l->files[i];
		if (p->frames && p->first_ns < l->first_ns)
			l->first_ns = p->first_ns;
		if (p->last_ns > l->last_ns)
			l->last_ns = p->last_ns;
	}
	if (l->n_files)
		qsort(l->files, l->n_files, sizeof(*l->files), compare_paths);
	uint64_t span = l->last_ns > l->first_ns ? l->last_ns - l->first_ns : 0;
	uint64_t held = l->o.held_percent ? span / 100 * l->o.held_percent : l->o.held_ns;
	l->until_ns = l->o.held_percent || l->o.held_ns ? l->last_ns - (held < span ? held : span)
							: UINT64_MAX;
}

bool learn_survey(struct learn *l)
{
	const struct learn_each each = {
		.ctx = l, .begins = survey_begins, .ends = survey_ends, .packet = survey_packet
	};
	order_files(l);
	if (!learn_each_packet(l, &each))
		return false;
	uint64_t left[LEFT_N], packets = l->packets, links = l->lost_links;
	memcpy(left, l->left, sizeof(left));
	if (l->n_hosts && !learn_survey_messages(l))
		return false;
	left[LEFT_GAP] = l->gaps;	     /* there was one pass until now that knows messages */
	memcpy(l->left, left, sizeof(left)); /* each pass counts them */
	l->packets = packets;
	l->lost_links = links;
	return true;
}

bool learn_read(struct learn *l)
{
	if (!learn_survey(l))
		return false;
	if (l->n_hosts == 0)
		fputs("zonectl: no packet of a station: nothing to learn from\n", stderr);
	else
		learn_plant(l);
	return l->n_hosts > 0;
}
