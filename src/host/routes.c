/* SPDX-License-Identifier: MIT
 * Routes by rtnetlink: rtnetlink(7), RTM_GETROUTE. Of a network the hosts at either end are looked
 * up, two of each since one may be this machine's own, and the assets: who has written them down
 * wants to reach them. */
#include "host/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum { HOSTS = 2 }; /* at either end */
/* Those of lists (host_ask) on the same socket are lower. */
#define FIRST_SEQ UINT32_C(0x80000000)

/* ---- what to ask ---- */

static void plan_route(struct host_routes *r, const struct zone *zn, size_t network, struct addr to)
{
	if (r->n < HOST_ROUTES_MAX)
		r->v[r->n++] = (struct host_route){ .zone = zn, .network = network, .to = to };
	else if (!r->cut)
		r->cut = zn;
}

/* The host k places from the first address, or from the last. Networks are at least four wide. */
static struct addr host_at(const struct prefix *p, unsigned k, bool last)
{
	struct addr a = p->a;
	unsigned bits = a.family == 4 ? 32 : 128;
	for (unsigned i = p->len; last && i < bits; i++)
		a.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	a.b[bits / 8 - 1] = (uint8_t)(last ? a.b[bits / 8 - 1] - k : a.b[bits / 8 - 1] + k);
	return a;
}

static void plan_network(struct host_routes *r, const struct zone *zn, size_t network)
{
	const struct prefix *p = &zn->networks[network];
	bool wide = p->len + 2u <= (p->a.family == 4 ? 32u : 128u);
	if (!wide)
		plan_route(r, zn, network, p->a);
	for (unsigned k = 1; wide && k <= HOSTS; k++)
		plan_route(r, zn, network, host_at(p, k, false));
	for (unsigned k = 1; wide && k <= HOSTS; k++)
		plan_route(r, zn, network, host_at(p, k, true));
	for (size_t i = 0; i < zn->n_assets; i++)
		if (prefix_has(p, &zn->assets[i].addr))
			plan_route(r, zn, network, zn->assets[i].addr);
}

void host_routes_plan(const struct model *m, struct host_routes *r)
{
	r->n = 0;
	r->cut = NULL;
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_networks && !m->zones[z].any; i++)
			plan_network(r, &m->zones[z], i);
}

/* ---- asking ---- */

static int route_attr_cb(const struct nlattr *a, void *ctx)
{
	struct host_route *r = ctx;
	if (mnl_attr_get_type(a) == RTA_OIF && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		r->out = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

/* The answer to a request that lists nothing is one message. True: this is it. */
static bool take_route(const struct nlmsghdr *h, uint32_t seq, struct host_route *r)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	size_t len = mnl_nlmsg_get_payload_len(h);
	if (h->nlmsg_seq != seq)
		return false;
	r->err = -EIO;
	if (h->nlmsg_type == NLMSG_ERROR && len >= sizeof(*e) && e->error)
		r->err = e->error;
	if (h->nlmsg_type == RTM_NEWROUTE && len >= sizeof(*rt)) {
		r->err = 0;
		r->type = rt->rtm_type;
		mnl_attr_parse(h, sizeof(*rt), route_attr_cb, r);
	}
	return true;
}

static int ask_route(struct mnl_socket *nl, struct host_route *r)
{
	static uint32_t asked;
	_Alignas(8) char buf[8192];
	uint32_t seq = FIRST_SEQ | ++asked;
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = seq;
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	rt->rtm_family = r->to.family == 4 ? AF_INET : AF_INET6;
	rt->rtm_dst_len = r->to.family == 4 ? 32 : 128;
	mnl_attr_put(h, RTA_DST, r->to.family == 4 ? 4 : 16, r->to.b);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (got < 0 && errno != EINTR)
			return -errno;
		int left = got < 0 ? 0 : (int)got;
		for (h = (void *)buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			if (take_route(h, seq, r))
				return 0;
	}
}

int host_routes_read(struct mnl_socket *nl, struct host_routes *r)
{
	int err = 0;
	for (size_t i = 0; i < r->n && !err; i++)
		err = ask_route(nl, &r->v[i]);
	return err;
}
