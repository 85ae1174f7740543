/* SPDX-License-Identifier: MIT
 *
 * The model as text, in the order in which a person reads it: what it was made from and what that
 * leaves out, zones, conduits, policies. What is only proposed stands behind "#", one line at a
 * time, so that it is admitted by taking that away.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "learn/internal.h"
#include "model/internal.h"

enum { COLUMNS = 110, RATE_ROOM = 4, RATE_LEAST = 20 };

/* ---- lines ---- */

/* Where a line may be broken: behind a semicolon that is in no text, or else a comma; the last one
 * within `most`, or the first. A few characters more are not worth a line. */
static size_t break_at(const char *s, size_t n, size_t most)
{
	bool quoted = false;
	size_t key = 0, comma = 0;
	if (n <= most + 3)
		return n;
	for (size_t i = 0; i + 1 < n && (i < most || !(key + comma)); i++) {
		if (quoted && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && s[i] == ';' && s[i + 1] == ' ')
			key = i + 1;
		else if (!quoted && s[i] == ',' && s[i + 1] == ' ')
			comma = i + 1;
	}
	size_t at = key > most / 3 ? key : comma > key ? comma : key;
	return at ? at : n;
}

static void put_broken(struct learn_pen *p, unsigned indent, const char *prefix)
{
	const char *s = p->line.s;
	size_t n = p->line.len;
	for (unsigned more = 0; n; more = 2) {
		size_t used = indent + more + strlen(prefix);
		size_t cut = break_at(s, n, COLUMNS - used);
		fprintf(p->f, "%*s%s%*s%.*s\n", (int)indent, "", prefix, (int)more, "", (int)cut,
			s);
		s += cut;
		n -= cut;
		while (n && *s == ' ') {
			s++;
			n--;
		}
	}
	p->line = sb_init(p->line.s, p->line.cap);
}

void learn_line(struct learn_pen *p, unsigned indent)
{
	put_broken(p, indent, p->off ? "# " : "");
}

void learn_remark(struct learn_pen *p, unsigned indent)
{
	put_broken(p, indent, p->off ? "# # " : "# ");
}

void learn_put_time(struct sb *b, uint64_t ns)
{
	char text[LEARN_TIME_TEXT];
	time_t t = (time_t)(ns / 1000000000);
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, sizeof(text), "?");
	sb_puts(b, text);
}

static void text_path(struct sb *b, const char *path)
{
	sb_put_foreign(b, path, strlen(path));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* Without its folders, where that is enough to find it among the captures. */
static void text_file(struct sb *b, const struct learn *l, uint16_t file)
{
	const char *name = base_name(l->files[file].name);
	bool only = true;
	for (size_t i = 0; i < l->n_files; i++)
		only &= i == file || strcmp(base_name(l->files[i].name), name) != 0;
	text_path(b, only ? name : l->files[file].name);
}

void learn_put_seen(struct sb *b, const struct learn *l, const struct learn_seen *s,
		    const char *what)
{
	if (s->count == 1)
		sb_printf(b, "1 %.*s, ", (int)strlen(what) - 1, what);
	else
		sb_printf(b, "%llu %s, first ", (unsigned long long)s->count, what);
	text_file(b, l, s->file);
	sb_printf(b, " frame %u (", s->frame);
	learn_put_time(b, s->first_ns);
	sb_puts(b, ")");
	if (s->count == 1)
		return;
	sb_puts(b, ", last ");
	learn_put_time(b, s->last_ns);
}

void learn_put_why(struct sb *b, unsigned why)
{
	const char *between = "";
	for (unsigned k = 0; k < LEARN_KINDS; k++) {
		if (!(why >> k & 1) || !learn_kind_word(k))
			continue;
		sb_printf(b, "%s%s", between, learn_kind_word(k));
		between = ", ";
	}
}

bool learn_writes_flow(const struct learn_flow *w)
{
	if (w->proto == PROTO_NONE)
		return !w->why;
	return (w->admitted.n || (w->empty && !w->why)) && !w->clashes;
}

bool learn_writes_conduit(const struct learn_conduit *c)
{
	for (size_t i = 0; i < c->n_flows; i++)
		if (learn_writes_flow(&c->flows[i]))
			return true;
	return false;
}

/* ---- what it was made from ---- */

static const char *const left_texts[LEFT_N] = {
	[LEFT_NOT_IP] = "frames that gave no packet (no IP, an unknown encapsulation, fragments)",
	[LEFT_BROKEN] = "packets with a broken header, or cut short",
	[LEFT_FRAGMENT] = "IP fragments",
	[LEFT_ITSELF] = "packets of a station to itself",
	[LEFT_LOCAL] = "packets that no gateway forwards (multicast, broadcast, link-local)",
	[LEFT_OTHER_L4] = "packets of other IP protocols, and ICMP besides echo",
	[LEFT_NO_ROOM] = "packets of more stations or talks than there is room for",
	[LEFT_GAP] = "gaps in connections (begun before the capture, or packets missing)",
};

static void text_count(struct learn_pen *p, uint64_t n, const char *text)
{
	if (!n)
		return;
	sb_printf(&p->line, "  %llu %s", (unsigned long long)n, text);
	learn_remark(p, 0);
}

static void put_remark(struct learn_pen *p, const char *text)
{
	sb_puts(&p->line, text);
	learn_remark(p, 0);
}

static void put_left_out(struct learn_pen *p)
{
	const struct learn *l = p->l;
	uint64_t lost = l->lost_notes + l->lost_texts + l->lost_faults + l->lost_links;
	uint64_t all = lost;
	for (unsigned i = 0; i < LEFT_N; i++)
		all += l->left[i];
	if (all == 0)
		return;
	put_remark(p, "Nothing was learned from:");
	for (unsigned i = 0; i < LEFT_N; i++)
		text_count(p, l->left[i], left_texts[i]);
	text_count(p, l->lost_notes,
		   "messages that need more, or more different things, than there is room for");
	text_count(p, l->lost_texts, "texts for which there was no room");
	text_count(p, l->lost_faults, "refused messages for which there was no room");
	text_count(p, l->lost_links,
		   "packets of more connections than there is room for: their client was guessed");
}

static void put_unlearned(struct learn_pen *p)
{
	for (uint8_t proto = PROTO_NONE + 1; proto < PROTO_N; proto++) {
		uint64_t packets = 0;
		for (size_t i = 0; i < p->l->n_talks; i++)
			if (p->l->talks[i].proto == proto && !learn_ops_of(proto)->observe)
				packets += p->l->talks[i].seen.count;
		if (!packets)
			continue;
		sb_printf(&p->line, "  %llu packets of %s, which this version does not learn",
			  (unsigned long long)packets, proto_word(proto));
		learn_remark(p, 0);
	}
}

static void text_head(struct learn_pen *p)
{
	const struct learn *l = p->l;
	put_remark(p, "Proposed by zonectl learn from:");
	for (size_t i = 0; i < l->n_files; i++) {
		sb_puts(&p->line, "  ");
		text_path(&p->line, l->files[i].name);
		sb_printf(&p->line, ": %llu frames, ", (unsigned long long)l->files[i].frames);
		learn_put_time(&p->line, l->files[i].first_ns);
		sb_puts(&p->line, " to ");
		learn_put_time(&p->line, l->files[i].last_ns);
		sb_puts(&p->line, l->files[i].broken ? ", damaged behind that" : "");
		learn_remark(p, 0);
	}
	if (l->until_ns != UINT64_MAX) {
		sb_puts(&p->line, "Held out: what is later than ");
		learn_put_time(&p->line, l->until_ns);
		learn_remark(p, 0);
	}
	put_left_out(p);
	put_unlearned(p);
	put_remark(
		p,
		"Names of zones, conduits and interfaces are made up: write those of the plant.");
	put_remark(p, "What stands behind # was seen, too, and is not admitted. Review it; take "
		      "the # away, or");
	put_remark(p, "run learn again with --admit and the words in brackets.");
}

/* ---- zones ---- */

static void text_networks(struct learn_pen *p, size_t zone)
{
	const struct learn *l = p->l;
	const struct learn_zone *z = &l->plant.zones[zone];
	char a[ADDR_TEXT];
	const char *between = "";
	sb_puts(&p->line, "networks = [ ");
	if (z->whole) {
		prefix_text(&z->subnet, a);
		sb_printf(&p->line, "\"%s\"", a);
	}
	for (size_t i = 0; !z->whole && i < l->plant.n_hosts; i++) {
		const struct learn_host *h = &l->hosts[l->plant.hosts[i]];
		if (h->zone != zone)
			continue;
		addr_text(&h->addr, a);
		sb_printf(&p->line, "%s\"%s\"", between, a);
		between = ", ";
	}
	sb_puts(&p->line, " ];");
}

static void put_asset_name(struct sb *b, const struct learn_host *h, const char *asset)
{
	char name[80];
	struct sb n = sb_init(name, sizeof(name));
	sb_puts(&n, asset);
	for (unsigned i = 0; h->addr.family == 4 && i < 4; i++)
		sb_printf(&n, "-%u", h->addr.b[i]);
	for (unsigned i = 0; h->addr.family == 6 && i < 16; i += 2)
		if (h->addr.b[i] || h->addr.b[i + 1])
			sb_printf(&n, "-%x", (unsigned)h->addr.b[i] << 8 | h->addr.b[i + 1]);
	size_t over = n.len > MODEL_NAME_MAX ? n.len - MODEL_NAME_MAX : 0;
	/* of a long address the end tells stations apart */
	sb_printf(b, "%s", over && h->addr.family == 6 ? name + over + (name[over] == '-') : name);
}

/* Its own address on the link: nobody else's packets have it. */
static void put_mac(struct learn_pen *p, const struct learn_host *h)
{
	const struct learn *l = p->l;
	bool own = h->has_mac && !h->several_macs;
	for (size_t i = 0; own && i < l->n_hosts; i++)
		own = &l->hosts[i] == h || !l->hosts[i].has_mac ||
		      memcmp(l->hosts[i].mac, h->mac, sizeof(h->mac)) != 0;
	if (!own)
		return;
	char mac[MAC_TEXT];
	mac_text(h->mac, mac);
	sb_printf(&p->line, "MAC %s", mac);
	learn_remark(p, 6);
}

/* The VLANs that its stations are in, as the mirror shows them. */
static void put_vlans(struct learn_pen *p, size_t zone)
{
	const struct learn *l = p->l;
	bool seen[4096] = { false };
	const char *between = "VLAN ";
	for (size_t i = 0; i < l->n_hosts; i++)
		if (l->hosts[i].zone == zone)
			seen[l->hosts[i].vlan & 0xfff] = true;
	for (unsigned v = 1; v < 4096; v++)
		if (seen[v]) {
			sb_printf(&p->line, "%s%u", between, v);
			between = ", ";
		}
	if (p->line.len)
		learn_remark(p, 2);
}

static void put_said(struct learn_pen *p, const struct learn_host *h)
{
	if (!h->n_said)
		return;
	sb_puts(&p->line, "says of itself: ");
	for (unsigned i = 0; i < h->n_said; i++)
		sb_printf(&p->line, "%s\"%s\"", i ? ", " : "", h->said[i]);
	sb_puts(&p->line, "; ");
	text_file(&p->line, p->l, h->said_at.file);
	sb_printf(&p->line, " frame %u", h->said_at.frame);
	learn_remark(p, 6);
}

/* Stations of inspected protocols, and devices that say what they are: others may be anybody's. */
static bool is_asset(const struct learn_host *h)
{
	return h->asks || h->answers || h->n_kept;
}

static void text_assets(struct learn_pen *p, size_t zone)
{
	const struct learn *l = p->l;
	const struct learn_host *last = NULL;
	char a[ADDR_TEXT];
	for (size_t i = 0; i < l->plant.n_hosts; i++) {
		const struct learn_host *h = &l->hosts[l->plant.hosts[i]];
		if (h->zone == zone && is_asset(h))
			last = h;
	}
	if (!last)
		return;
	sb_puts(&p->line, "assets = (");
	learn_line(p, 4);
	for (size_t i = 0; i < l->plant.n_hosts; i++) {
		const struct learn_host *h = &l->hosts[l->plant.hosts[i]];
		if (h->zone != zone || !is_asset(h))
			continue;
		put_said(p, h);
		put_mac(p, h);
		sb_puts(&p->line, "{ name = \"");
		put_asset_name(&p->line, h, l->plant.zones[zone].asset);
		addr_text(&h->addr, a);
		sb_printf(&p->line, "\"; address = \"%s\"; }%s", a, h == last ? "" : ",");
		learn_line(p, 6);
	}
	sb_puts(&p->line, ");");
	learn_line(p, 4);
}

static void put_inside(struct learn_pen *p, size_t zone)
{
	const struct learn *l = p->l;
	uint64_t talks = 0;
	for (size_t i = 0; i < l->n_talks; i++)
		talks += l->hosts[l->talks[i].client].zone == zone &&
			 l->hosts[l->talks[i].server].zone == zone;
	if (!talks)
		return;
	sb_printf(&p->line,
		  "%llu services are used inside this zone, which passes and is not judged",
		  (unsigned long long)talks);
	learn_remark(p, 2);
}

void learn_put_zone(struct learn_pen *p, size_t zone, const char *before, const char *behind)
{
	const struct learn_zone *z = &p->l->plant.zones[zone];
	char subnet[ADDR_TEXT];
	prefix_text(&z->subnet, subnet);
	sb_printf(&p->line, "%u station%s of %s", z->n_hosts, z->n_hosts == 1 ? "" : "s",
		  z->outside ? "the public network" : subnet);
	if (z->shared)
		sb_puts(&p->line, ", where others have another role");
	else if (!z->whole && !z->outside)
		sb_puts(&p->line, ", whose other addresses are not admitted (subnets)");
	learn_remark(p, 2);
	put_vlans(p, zone);
	put_inside(p, zone);
	sb_printf(&p->line, "%s{ name = \"%s\"; type = \"%s\"; interfaces = [ \"%s%zu\" ];", before,
		  z->name, z->outside ? "external" : "control", p->l->onto ? "new" : "eth", zone);
	learn_line(p, 2);
	text_networks(p, zone);
	learn_line(p, 4);
	text_assets(p, zone);
	sb_printf(&p->line, "}%s", behind);
	learn_line(p, 2);
}

static void text_zones(struct learn_pen *p)
{
	const struct learn_plant *plant = &p->l->plant;
	sb_puts(&p->line, "zones = (");
	learn_line(p, 0);
	for (size_t i = 0; i < plant->n_zones; i++)
		learn_put_zone(p, i, "", i + 1 < plant->n_zones ? "," : "");
	sb_puts(&p->line, ");");
	learn_line(p, 0);
}

/* ---- conduits ---- */

/* 1, 2 or 5 times a power of ten. */
static uint64_t round_up(uint64_t n)
{
	static const unsigned steps[] = { 1, 2, 5 };
	for (uint64_t ten = 1; ten < UINT64_C(100000000); ten *= 10)
		for (unsigned i = 0; i < 3; i++)
			if (steps[i] * ten >= n)
				return steps[i] * ten;
	return n;
}

uint64_t learn_rate_with_room(uint64_t n)
{
	return round_up(n * RATE_ROOM < RATE_LEAST ? RATE_LEAST : n * RATE_ROOM);
}

void learn_put_busiest(struct learn_pen *p, uint64_t requests, uint64_t writes)
{
	sb_printf(&p->line, "busiest second: %llu requests, %llu of them changes",
		  (unsigned long long)requests, (unsigned long long)writes);
	learn_remark(p, 4);
}

static void put_rate(struct learn_pen *p, uint64_t requests, uint64_t writes)
{
	if (!requests)
		return;
	uint64_t most = learn_rate_with_room(requests), most_writes = learn_rate_with_room(writes);
	learn_put_busiest(p, requests, writes);
	if (most <= RATE_MOST)
		sb_printf(&p->line, "max_requests_per_second = %llu;", (unsigned long long)most);
	if (most_writes <= RATE_MOST && writes)
		sb_printf(&p->line, " max_writes_per_second = %llu;",
			  (unsigned long long)most_writes);
	learn_line(p, 4);
}

static void put_rates(struct learn_pen *p, const struct learn_conduit *c)
{
	uint64_t requests = 0, writes = 0;
	for (size_t i = 0; i < c->n_flows; i++)
		for (size_t k = 0; k < c->flows[i].n_talks; k++) {
			requests += c->flows[i].talks[k]->busiest;
			writes += c->flows[i].talks[k]->busiest_writes;
		}
	put_rate(p, requests, writes);
}

static const char *service_name(const struct learn_flow *w)
{
	for (size_t i = 0; i < services_n; i++)
		if (services[i].l4 == w->l4 && services[i].ports[0] == w->ports[0] &&
		    !services[i].ports[1])
			return services[i].name;
	return NULL;
}

static void put_flow_text(struct learn_pen *p, const struct learn_flow *w)
{
	const char *transport = w->l4 == IPPROTO_UDP ? "udp" : "tcp";
	if (w->proto == PROTO_NONE && service_name(w)) {
		sb_printf(&p->line, "{ service = \"%s\"; }", service_name(w));
	} else if (w->proto == PROTO_NONE) {
		sb_printf(&p->line, "{ transport = \"%s\"; ports = [ %u ]; }", transport,
			  w->ports[0]);
	} else {
		sb_printf(&p->line, "{ protocol = \"%s\"; policy = \"%s\";", proto_word(w->proto),
			  w->policy);
		if (w->l4 == IPPROTO_UDP)
			sb_puts(&p->line, " transport = \"udp\";");
		sb_puts(&p->line, " ports = [ ");
		for (unsigned i = 0; i < w->n_ports; i++)
			sb_printf(&p->line, "%s%u", i ? ", " : "", w->ports[i]);
		sb_puts(&p->line, " ]; }");
	}
}

void learn_put_faults(struct learn_pen *p, const struct learn_flow *w, unsigned indent)
{
	const struct learn *l = p->l;
	for (unsigned reason = 0; reason < R_COUNT; reason++) {
		struct learn_seen s = { .count = 0 };
		for (size_t i = 0; i < l->n_faults; i++)
			if (l->faults[i].reason == reason &&
			    (!w || l->talks[l->faults[i].talk].flow == w))
				learn_sight_join(&s, &l->faults[i].seen);
		if (!s.count)
			continue;
		sb_printf(&p->line, "no policy permits (%s): ", reason_name((enum reason)reason));
		learn_put_seen(&p->line, l, &s, "times");
		learn_remark(p, indent);
	}
}

static void put_flow_remark(struct learn_pen *p, const struct learn_flow *w)
{
	uint64_t messages = 0;
	for (size_t i = 0; i < w->n_talks; i++)
		messages += w->talks[i]->messages;
	if (!learn_writes_flow(w)) {
		sb_puts(&p->line, "not admitted (");
		learn_put_why(&p->line, w->why);
		if (w->proto != PROTO_NONE && !w->empty)
			sb_puts(&p->line, w->clashes	  ? "the master is at the other end of the "
							    "same ports"
					  : w->proposed.n ? "nothing of its policy is"
							  : "no message of it was understood");
		sb_puts(&p->line, "): ");
	}
	if (w->proto != PROTO_NONE)
		sb_printf(&p->line, "%llu messages in ", (unsigned long long)messages);
	learn_put_seen(&p->line, p->l, &w->seen, "packets");
	learn_remark(p, 6);
	learn_put_faults(p, w, 6);
}

void learn_put_flow(struct learn_pen *p, const struct learn_flow *w, const char *before,
		    const char *behind)
{
	bool off = p->off;
	put_flow_remark(p, w);
	p->off |= !learn_writes_flow(w);
	sb_puts(&p->line, before);
	put_flow_text(p, w);
	sb_puts(&p->line, behind);
	learn_line(p, 6);
	p->off = off;
}

/* The admitted ones first, for the commas. */
static void text_flows(struct learn_pen *p, const struct learn_conduit *c)
{
	size_t written = 0, n = 0;
	for (size_t i = 0; i < c->n_flows; i++)
		n += learn_writes_flow(&c->flows[i]);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < c->n_flows; i++) {
			const struct learn_flow *w = &c->flows[i];
			bool yes = learn_writes_flow(w);
			if (yes != (pass == 0))
				continue;
			const char *before = !yes && written ? ", " : "";
			written++;
			learn_put_flow(p, w, before, yes && written < n ? "," : "");
		}
}

void learn_put_conduit(struct learn_pen *p, const struct learn_conduit *c, const char *before,
		       const char *behind)
{
	const struct learn_zone *zones = p->l->plant.zones;
	sb_printf(&p->line, "%s{ name = \"%s\"; from = \"%s\"; to = \"%s\";", before, c->name,
		  zones[c->from].name, zones[c->to].name);
	learn_line(p, 2);
	put_rates(p, c);
	sb_puts(&p->line, "flows = (");
	learn_line(p, 4);
	text_flows(p, c);
	sb_puts(&p->line, ");");
	learn_line(p, 4);
	sb_printf(&p->line, "}%s", behind);
	learn_line(p, 2);
}

static void text_conduits(struct learn_pen *p)
{
	const struct learn_plant *plant = &p->l->plant;
	size_t n = 0, written = 0;
	for (size_t i = 0; i < plant->n_conduits; i++)
		n += learn_writes_conduit(&plant->conduits[i]);
	if (!plant->n_conduits)
		return;
	p->off = n == 0;
	sb_puts(&p->line, "conduits = (");
	learn_line(p, 0);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < plant->n_conduits; i++) {
			const struct learn_conduit *c = &plant->conduits[i];
			bool yes = learn_writes_conduit(c);
			if (yes != (pass == 0))
				continue;
			p->off = !yes;
			written++;
			learn_put_conduit(p, c, !yes && written > 1 ? ", " : "",
					  yes && written < n ? "," : "");
		}
	p->off = n == 0;
	sb_puts(&p->line, ");");
	learn_line(p, 0);
	p->off = false;
}

/* ---- policies ---- */

static void text_policies(struct learn_pen *p)
{
	const struct learn_plant *plant = &p->l->plant;
	size_t n = 0, all = 0;
	for (size_t i = 0; i < plant->n_conduits; i++)
		for (size_t k = 0; k < plant->conduits[i].n_flows; k++) {
			const struct learn_flow *w = &plant->conduits[i].flows[k];
			all += w->proto != PROTO_NONE && w->admitted.n + w->proposed.n + w->empty;
			n += w->proto != PROTO_NONE && learn_writes_flow(w);
		}
	if (!all)
		return;
	p->off = n == 0;
	sb_puts(&p->line, "policies = {");
	learn_line(p, 0);
	for (size_t i = 0; i < plant->n_conduits; i++)
		for (size_t k = 0; k < plant->conduits[i].n_flows; k++) {
			const struct learn_flow *w = &plant->conduits[i].flows[k];
			if (w->proto != PROTO_NONE && w->admitted.n + w->proposed.n + w->empty)
				learn_put_policy(p, w);
		}
	sb_puts(&p->line, "};");
	learn_line(p, 0);
	p->off = false;
}

char *learn_text(struct learn *l, size_t *len)
{
	char *text = NULL;
	struct learn_pen p = { .l = l, .f = open_memstream(&text, len) };
	if (!p.f)
		return NULL;
	p.line = sb_init(arena_alloc(l->arena, LEARN_LINE), LEARN_LINE);
	text_head(&p);
	fputc('\n', p.f);
	text_zones(&p);
	fputc('\n', p.f);
	text_conduits(&p);
	fputc('\n', p.f);
	text_policies(&p);
	if (fclose(p.f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
