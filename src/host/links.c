/* SPDX-License-Identifier: MIT
 * Interfaces by rtnetlink: rtnetlink(7), <linux/if_link.h>. What a bridge does with its packets
 * says br_netfilter: one setting for all of them, and one of each. */
#include "host/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 5 }; /* while interfaces come and go */

/* Handle the messages of the answer with number seq; those left over from an earlier answer have
 * another number and are skipped. 0: the answer is complete; 1: more follows; < 0: error. */
static int take_answer(const void *buf, size_t got, uint32_t seq, mnl_cb_t cb, void *ctx,
		       bool *changed)
{
	int left = (int)got;
	for (const struct nlmsghdr *h = buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
		if (h->nlmsg_seq != seq)
			continue;
		*changed |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return mnl_nlmsg_get_payload_len(h) >= sizeof(*e) && e->error ? e->error
										      : -EIO;
		cb(h, ctx);
	}
	return 1;
}

int host_ask(struct mnl_socket *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
{
	static _Alignas(8) char buf[1 << 16];
	static uint32_t seq;
	bool changed = false;
	int r = 1;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	while (r == 1) {
		ssize_t got = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		r = got < 0 ? -errno : take_answer(buf, (size_t)got, seq, cb, ctx, &changed);
	}
	return r ? r : changed ? -EAGAIN : 0;
}

/* ---- one interface ---- */

struct reading {
	struct host_links *l;
	struct host_link k;
	int err;
};

/* Cut to what there is room for: names of the kernel's own fit. */
static void copy_text(char to[IFNAMSIZ], const struct nlattr *a)
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return;
	size_t n = strnlen(mnl_attr_get_str(a), IFNAMSIZ - 1);
	memcpy(to, mnl_attr_get_str(a), n);
	to[n] = '\0';
}

/* One more in an array; NULL: no room, or no memory. */
static void *one_more(void **v, size_t n, size_t size, struct reading *r)
{
	if (n == HOST_LINKS_MAX) {
		r->l->cut = true;
		return NULL;
	}
	if ((n & (n - 1)) == 0) { /* none, or as many as there is room for */
		void *more = reallocarray(*v, n ? 2 * n : 1, size);
		if (!more) {
			r->err = -ENOMEM;
			return NULL;
		}
		*v = more;
	}
	return (char *)*v + n * size;
}

static int xdp_cb(const struct nlattr *a, void *attached)
{
	if (mnl_attr_get_type(a) == IFLA_XDP_ATTACHED && mnl_attr_get_payload_len(a) == 1)
		*(bool *)attached = mnl_attr_get_u8(a) != XDP_ATTACHED_NONE;
	return MNL_CB_OK;
}

static int bridge_cb(const struct nlattr *a, void *ctx)
{
	struct host_link *k = ctx;
	uint16_t type = mnl_attr_get_type(a);
	if (mnl_attr_get_payload_len(a) != 1)
		return MNL_CB_OK;
	if (type == IFLA_BR_NF_CALL_IPTABLES)
		k->calls4 = mnl_attr_get_u8(a) != 0;
	if (type == IFLA_BR_NF_CALL_IP6TABLES)
		k->calls6 = mnl_attr_get_u8(a) != 0;
	return MNL_CB_OK;
}

/* The kind comes first. */
static int info_cb(const struct nlattr *a, void *ctx)
{
	struct host_link *k = ctx;
	if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
		copy_text(k->kind, a);
	if (mnl_attr_get_type(a) == IFLA_INFO_DATA && strcmp(k->kind, "bridge") == 0)
		mnl_attr_parse_nested(a, bridge_cb, k);
	return MNL_CB_OK;
}

/* A model's names are shorter than IFNAMSIZ, other names may be longer. */
static int other_name_cb(const struct nlattr *a, void *ctx)
{
	struct reading *r = ctx;
	if (mnl_attr_get_type(a) != IFLA_ALT_IFNAME || mnl_attr_get_payload_len(a) > IFNAMSIZ)
		return MNL_CB_OK;
	void *v = r->l->other;
	struct host_name *other = one_more(&v, r->l->n_other, sizeof(*other), r);
	r->l->other = v;
	if (other) {
		*other = (struct host_name){ .index = r->k.index };
		copy_text(other->name, a);
		r->l->n_other++;
	}
	return MNL_CB_OK;
}

/* All of them, the first one at the number 1. */
static int settings4_cb(const struct nlattr *a, void *ctx)
{
	struct host_link *k = ctx;
	uint32_t v[IPV4_DEVCONF_RP_FILTER];
	if (mnl_attr_get_type(a) != IFLA_INET_CONF || mnl_attr_get_payload_len(a) < sizeof(v))
		return MNL_CB_OK;
	memcpy(v, mnl_attr_get_payload(a), sizeof(v));
	k->has4 = true;
	k->forwards4 = v[IPV4_DEVCONF_FORWARDING - 1] != 0;
	k->rp_filter = v[IPV4_DEVCONF_RP_FILTER - 1];
	return MNL_CB_OK;
}

static int family_cb(const struct nlattr *a, void *k)
{
	if (mnl_attr_get_type(a) == AF_INET)
		mnl_attr_parse_nested(a, settings4_cb, k);
	return MNL_CB_OK;
}

static int link_attr_cb(const struct nlattr *a, void *ctx)
{
	struct reading *r = ctx;
	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		copy_text(r->k.name, a);
		break;
	case IFLA_MASTER:
		if (mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			r->k.master = mnl_attr_get_u32(a);
		break;
	case IFLA_XDP:
		mnl_attr_parse_nested(a, xdp_cb, &r->k.xdp);
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(a, info_cb, &r->k);
		break;
	case IFLA_AF_SPEC:
		mnl_attr_parse_nested(a, family_cb, &r->k);
		break;
	case IFLA_PROP_LIST:
		mnl_attr_parse_nested(a, other_name_cb, r);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int link_cb(const struct nlmsghdr *h, void *ctx)
{
	struct reading *r = ctx;
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(*i))
		return MNL_CB_OK;
	r->k = (struct host_link){ .index = (uint32_t)i->ifi_index, .flags = i->ifi_flags };
	mnl_attr_parse(h, sizeof(*i), link_attr_cb, r);
	if (!r->k.name[0])
		return MNL_CB_OK;
	void *v = r->l->v;
	struct host_link *k = one_more(&v, r->l->n, sizeof(*k), r);
	r->l->v = v;
	if (k) {
		*k = r->k;
		r->l->n++;
	}
	return MNL_CB_OK;
}

/* ---- all of them ---- */

/* -1: there is no such setting. */
static int setting(const char *path)
{
	char c = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, &c, 1);
	close(fd);
	return n == 1 && c != '0';
}

static int by_index(const void *a, const void *b)
{
	const struct host_link *x = a, *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

static int read_once(struct mnl_socket *nl, struct host_links *l)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct reading r = { .l = l };
	host_links_free(l);
	int calls4 = setting("/proc/sys/net/bridge/bridge-nf-call-iptables");
	int calls6 = setting("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	l->br_netfilter = calls4 >= 0;
	l->calls4 = calls4 == 1;
	l->calls6 = calls6 == 1;
	h->nlmsg_type = RTM_GETLINK;
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	i->ifi_family = AF_UNSPEC;
	int err = host_ask(nl, h, link_cb, &r);
	return r.err ? r.err : err;
}

int host_links_read(struct mnl_socket *nl, struct host_links *l)
{
	int err = -EAGAIN;
	for (unsigned i = 0; i < TRIES && err == -EAGAIN; i++)
		err = read_once(nl, l);
	if (err)
		host_links_free(l);
	else if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_index);
	return err;
}

void host_links_free(struct host_links *l)
{
	free(l->v);
	free(l->other);
	*l = (struct host_links){ 0 };
}

const struct host_link *host_link_by_index(const struct host_links *l, uint32_t index)
{
	const struct host_link want = { .index = index };
	return l->n ? bsearch(&want, l->v, l->n, sizeof(*l->v), by_index) : NULL;
}

/* Only a bridge can be told to ask, and only for both families is nothing left out. */
bool host_link_switches(const struct host_links *l, const struct host_link *k)
{
	if (strcmp(k->kind, "openvswitch") == 0 || strcmp(k->kind, "batadv") == 0)
		return true;
	bool asks = l->br_netfilter && (l->calls4 || k->calls4) && (l->calls6 || k->calls6);
	return strcmp(k->kind, "bridge") == 0 && !asks;
}
