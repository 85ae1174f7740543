/* SPDX-License-Identifier: MIT
 *
 * Finds things of other programs on this machine that lead packets past our
 * rules: flowtables, rules that forward at the way in, XDP and tc programs on
 * the interfaces of zones; and rules that keep connections from being tracked, so
 * that all of them are refused. Looked for at the start, when the kernel tells of a
 * change, and every few seconds, since it does not tell of all.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/bpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/parent.h"
#include "nft/guard.h"

enum {
	FOUND_MAX = 32,
	TEXT_MAX = NFT_BYPASS_MAX + 96,
	LOOK_EVERY = 10, /* ticks of the parent's timer: 5 s */
	/* ticks in which others always changed their tables while these were read */
	EVER_CHANGED = 20,
	PROGRAMS_MAX = 16,
	LINKS_MAX = 256,
};
/* of <linux/bpf.h> since Linux 6.6 */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47 };

struct list {
	size_t n;
	char text[FOUND_MAX][TEXT_MAX];
	bool harmless[FOUND_MAX]; /* for inspected connections */
};

struct bypass {
	struct mnl_socket *notices, *asks;
	struct list now, before;
	unsigned ticks;
	bool due;
	unsigned unread;	/* so often in turn they could not be read */
	const struct parent *p; /* while looking */
	bool filters;		/* seen in the dump that runs */
};

static bool has_bypass(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->text[i], text) == 0)
			return true;
	return false;
}

/* More than there is room for are not told one by one; the first are enough to act upon. */
static void add_bypass(struct list *l, bool harmless, const char *what, const char *where)
{
	char text[TEXT_MAX];
	snprintf(text, sizeof(text), "%s %s", what, where);
	for (char *c = text; *c; c++) /* names of others' tables */
		if ((unsigned char)*c < ' ' || *c == '"')
			*c = '?';
	if (l->n == FOUND_MAX || has_bypass(l, text))
		return;
	l->harmless[l->n] = harmless;
	memcpy(l->text[l->n++], text, sizeof(text));
}

static void on_table(void *ctx, enum nft_bypass kind, const char *where)
{
	static const char *const what[] = { [NFT_BYPASS_FLOWTABLE] = "flowtable",
					    [NFT_BYPASS_FORWARD] = "forwarding rule in",
					    [NFT_BYPASS_NOTRACK] = "untracked connections by" };
	struct bypass *b = ctx;
	bool kept_out = kind == NFT_BYPASS_FLOWTABLE && b->p->has_helper;
	add_bypass(&b->now, kept_out || kind == NFT_BYPASS_NOTRACK, what[kind], where);
}

/* ---- interfaces ---- */

/* Does some zone name it? Where a zone names none, packets of it may come by any. */
static bool is_of_a_zone(const struct model *m, const char *name)
{
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *owner = model_path_owner(m, &m->zones[z]);
		if (!owner)
			return true;
		for (size_t i = 0; i < owner->n_interfaces; i++)
			if (strcmp(owner->interfaces[i], name) == 0)
				return true;
	}
	return false;
}

static int filter_cb(const struct nlmsghdr *h, void *ctx)
{
	struct bypass *b = ctx;
	b->filters |= h->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

static bool has_filters(struct bypass *b, uint32_t index, uint32_t at)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = RTM_GETTFILTER;
	struct tcmsg *t = mnl_nlmsg_put_extra_header(h, sizeof(*t));
	t->tcm_family = AF_UNSPEC;
	t->tcm_ifindex = (int)index;
	t->tcm_parent = at;
	b->filters = false;
	/* most have no such queue, which is an error here */
	(void)host_ask(b->asks, h, filter_cb, b);
	return b->filters;
}

/* Programs by bpf(2) links, of which rtnetlink does not know. */
static bool has_tcx(uint32_t index, uint32_t type)
{
	uint32_t programs[PROGRAMS_MAX];
	union bpf_attr a;
	memset(&a, 0, sizeof(a));
	a.query.target_fd = index; /* for these types an interface's number */
	a.query.attach_type = type;
	a.query.prog_ids = (uint64_t)(uintptr_t)programs;
	a.query.prog_cnt = PROGRAMS_MAX;
	return syscall(SYS_bpf, BPF_PROG_QUERY, &a, sizeof(a)) == 0 && a.query.prog_cnt > 0;
}

static void look_at_interfaces(struct bypass *b, const struct parent *p)
{
	static const struct {
		uint32_t parent, tcx;
		const char *what;
	} places[] = { { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TCX_INGRESS,
			 "tc program at the way into" },
		       { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), TCX_EGRESS,
			 "tc program at the way out of" } };
	unsigned looked_at = 0;
	for (size_t i = 0; i < p->interfaces.n; i++) {
		const struct host_link *k = &p->interfaces.v[i],
				       *of = host_link_by_index(&p->interfaces, k->master);
		if ((k->flags & IFF_LOOPBACK) ||
		    (!is_of_a_zone(p->model, k->name) && !(of && is_of_a_zone(p->model, of->name))))
			continue;
		if (k->xdp)
			add_bypass(&b->now, false, "XDP program on", k->name);
		for (size_t j = 0; j < sizeof(places) / sizeof(places[0]) && looked_at < LINKS_MAX;
		     j++)
			if (has_filters(b, k->index, places[j].parent) ||
			    has_tcx(k->index, places[j].tcx))
				add_bypass(&b->now, false, places[j].what, k->name);
		looked_at++;
	}
}

/* ---- looking ---- */

static void tell_changes(const struct bypass *b)
{
	for (size_t i = 0; i < b->now.n; i++)
		if (!has_bypass(&b->before, b->now.text[i]))
			say(b->now.harmless[i] ? LOG_WARNING : LOG_CRIT,
			    "%s: event=bypass-found what=\"%s\"",
			    b->now.harmless[i] ? "inspected connections are not led past our "
						 "rules, others may be, or are refused"
					       : "another program can lead packets past our rules, "
						 "unjudged and unrecorded",
			    b->now.text[i]);
	for (size_t i = 0; i < b->before.n; i++)
		if (!has_bypass(&b->now, b->before.text[i]))
			say(LOG_NOTICE, "no more beside our rules: event=bypass-gone what=\"%s\"",
			    b->before.text[i]);
}

size_t bypass_look(struct parent *p)
{
	struct bypass *b = p->bypass;
	b->before = b->now;
	b->now = (struct list){ 0 };
	b->p = p;
	int err = nft_bypasses_read(p->nl, on_table, b);
	/* what was seen is not all: nothing is gone for that, and it is looked again */
	if (err) {
		if (b->unread++ == (err == -EINTR ? EVER_CHANGED : 0))
			say(LOG_ERR, "tables of others cannot be read: %s", strerror(-err));
		b->now = b->before;
	} else {
		b->unread = 0;
	}
	err = host_links_read(b->asks, &p->interfaces);
	if (err)
		say(LOG_ERR, "interfaces: %s", strerror(-err));
	else
		look_at_interfaces(b, p);
	tell_changes(b);
	if (!err)
		misfits_look(p, b->asks);
	b->due = b->unread != 0;
	return b->now.n;
}

void bypass_tick(struct parent *p)
{
	if (p->bypass->due || ++p->bypass->ticks % LOOK_EVERY == 0)
		bypass_look(p);
}

/* Discard the notices that have come; bypass_tick() then looks once for all of them. */
void on_bypass(evutil_socket_t fd, short what, void *ctx)
{
	static char buf[1 << 15];
	struct parent *p = ctx;
	(void)what;
	for (unsigned n = 0; n < READ_BATCH; n++)
		if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
			break;
	p->bypass->due = true;
}

int bypass_open(struct parent *p)
{
	struct bypass *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	p->bypass = b;
	b->notices = bus_open(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_TC);
	b->asks = b->notices ? bus_open(NETLINK_ROUTE, 0) : NULL;
	if (b->asks)
		return 0;
	int err = -errno;
	bypass_close(p);
	return err;
}

void bypass_close(struct parent *p)
{
	if (p->bypass->notices)
		mnl_socket_close(p->bypass->notices);
	if (p->bypass->asks)
		mnl_socket_close(p->bypass->asks);
	free(p->bypass);
	p->bypass = NULL;
	host_links_free(&p->interfaces);
}

int bypass_fd(const struct parent *p)
{
	return mnl_socket_get_fd(p->bypass->notices);
}

json_t *bypass_status(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->bypass->now.n; i++)
		json_array_append_new(list, json_string(p->bypass->now.text[i]));
	return list;
}
