/* SPDX-License-Identifier: MIT
 * Settings of the kernel with which a gateway does not do what its model says; what becomes of
 * packets show tests/netns/settings.sh and reverse.sh. nf_conntrack_tcp_be_liberal, which the
 * latter sets, and the forwarding of single interfaces in IPv6 change nothing; nf_conntrack_acct is
 * used by nobody. */
#include "host/internal.h"

#include <stdio.h>

/* RFC 5382, REQ-5: 2 hours and 4 minutes, more than the keep-alives of TCP leave between them */
enum { SILENCE_S = 7440 };

/* ---- connection tracking ---- */

struct least {
	enum host_setting of;
	int64_t least;
	const char *else_what; /* happens, and what to do */
};

static const struct least at_least[] = {
	{ HOST_CT_LOOSE, 1,
	  "after a restart of this machine or a time-out the packets of connections that both ends "
	  "still have are dropped without a record, and both wait" },
	{ HOST_CT_CHECKSUM, 1,
	  "a packet that its receiver discards ends a connection here, and the in-kernel path, "
	  "which "
	  "relies on it, is not used from the next start on" },
	{ HOST_CT_ESTABLISHED, SILENCE_S,
	  "a connection without inspection that is silent for so long is reset by its next packet "
	  "(no-handshake)" },
};

static void tell_low(const struct host_settings *s, const struct least *row, struct misfits *out)
{
	const char *name = host_setting_name(row->of);
	char value[24];
	if (s->v[row->of] < 0 || s->v[row->of] >= row->least)
		return;
	struct misfit *f =
		misfit_add(out, MISFIT_SETTING, (struct where){ NULL, 0 }, "setting", name);
	if (!f)
		return;
	snprintf(value, sizeof(value), "%lld", (long long)s->v[row->of]);
	misfit_field(f, "value", value);
	misfit_text(f, "%s is %s: %s; set it to %s%lld (sysctl.d)", name, value, row->else_what,
		    row->least > 1 ? "at least " : "", (long long)row->least);
}

static void tell_tracking(const struct model *m, const struct host_settings *s, struct misfits *out)
{
	unsigned own = s->cores > 8 ? 8 : s->cores;
	unsigned queues = m->daemon.queues ? m->daemon.queues : own;
	const struct least room = {
		HOST_CT_MAX, (int64_t)queues * m->daemon.max_connections,
		"less than the inspectors have room for (max_connections times queues), and a "
		"connection that finds no place is dropped without a record"
	};
	const struct least events = { HOST_CT_EVENTS, 1,
				      "without the in-kernel path inspectors learn of the end of a "
				      "connection by its events, and keep its place without them" };
	for (size_t i = 0; i < sizeof(at_least) / sizeof(at_least[0]); i++)
		tell_low(s, &at_least[i], out);
	if (s->v[HOST_CT_MAX] != 0)
		tell_low(s, &room, out);
	if (s->hears_ends)
		tell_low(s, &events, out);
}

/* ---- forwarding ---- */

static bool has_family(const struct zone *zn, uint8_t family)
{
	for (size_t i = 0; i < zn->n_networks; i++)
		if (zn->networks[i].a.family == family)
			return true;
	return false;
}

/* Is there a conduit for packets of this family? */
static bool forwards(const struct model *m, uint8_t family)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++)
			if (has_family(&m->zones[m->conduits[i].legs[k].from], family) &&
			    has_family(&m->zones[m->conduits[i].legs[k].to], family))
				return true;
	return false;
}

/* Do packets of this family come by it, of its zone or of those below that name none? */
static bool leads_to(const struct model *m, const struct claim *c, uint8_t family)
{
	for (size_t z = 1; z < m->n_zones; z++)
		if (has_family(&m->zones[z], family) &&
		    model_path_owner(m, &m->zones[z]) == c->zone)
			return true;
	return false;
}

static void tell_none_forwarded(enum host_setting of, const char *family, struct misfits *out)
{
	const char *name = host_setting_name(of);
	struct misfit *f =
		misfit_add(out, MISFIT_FORWARDING, (struct where){ NULL, 0 }, "setting", name);
	if (f)
		misfit_text(f,
			    "%s is 0: no %s packet goes from one zone to another, whatever the "
			    "conduits permit; set it to 1 (sysctl.d) when zoned is in force",
			    name, family);
}

static void tell_not_forwarding(const struct claim *c, struct misfits *out)
{
	struct misfit *f = misfit_add(out, MISFIT_FORWARDING, c->at, "interface", c->name);
	if (!f)
		return;
	misfit_field(f, "zone", c->zone->name);
	misfit_text(f,
		    "zone \"%s\": net.ipv4.conf.%s.forwarding is 0: no IPv4 packet that comes by "
		    "%s goes on, whatever the conduits permit; set it to 1 (sysctl.d)",
		    c->zone->name, c->name, c->name);
}

/* Of IPv4 each interface by which packets come has its own setting; net.ipv4.ip_forward sets all.
 */
static void tell_forwarding4(const struct names *n, const struct model *m,
			     const struct host_settings *s, struct misfits *out)
{
	bool some = s->v[HOST_FORWARD4] != 0;
	for (size_t i = 0; i < n->n && !some; i++)
		some = n->claim[i].link && n->claim[i].link->forwards4;
	if (!some)
		tell_none_forwarded(HOST_FORWARD4, "IPv4", out);
	for (size_t i = 0; i < n->n && some; i++) {
		const struct claim *c = &n->claim[i];
		if (c->link && c->link->has4 && !c->link->forwards4 && leads_to(m, c, 4))
			tell_not_forwarding(c, out);
	}
}

void tell_settings(const struct names *n, const struct model *m, const struct host_settings *s,
		   struct misfits *out)
{
	if (forwards(m, 4))
		tell_forwarding4(n, m, s, out);
	if (forwards(m, 6) && s->v[HOST_FORWARD6] == 0)
		tell_none_forwarded(HOST_FORWARD6, "IPv6", out);
	tell_tracking(m, s, out);
}
