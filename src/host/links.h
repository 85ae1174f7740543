/* SPDX-License-Identifier: MIT
 *
 * The interfaces of this machine, as rtnetlink lists them: which there are, by which names, and
 * what they are part of. Nothing here needs a right.
 */
#ifndef ZONED_HOST_LINKS_H
#define ZONED_HOST_LINKS_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* interfaces, and as many other names; more are not looked at */
enum { HOST_LINKS_MAX = 16384 };

struct host_link {
	uint32_t index, master; /* master: the interface that it is part of; 0: none */
	unsigned flags;		/* IFF_* */
	char name[IFNAMSIZ];
	/* "bridge", "bond", "vrf"; empty: the kernel does not say */
	char kind[IFNAMSIZ];
	bool xdp; /* it has a program */
	/* a bridge that is set to show its packets to netfilter (nf_call_iptables) */
	bool calls4, calls6;
	/* of IPv4: it has settings, they forward what comes by it, and its rp_filter */
	bool has4, forwards4;
	uint32_t rp_filter;
};

/* another name of an interface (ip link property add altname) */
struct host_name {
	char name[IFNAMSIZ];
	uint32_t index;
};

struct host_links {
	struct host_link *v;
	size_t n;
	struct host_name *other;
	size_t n_other;
	bool cut; /* there are more */
	/* the module is there; else no bridge shows its packets to netfilter */
	bool br_netfilter;
	/* net.bridge.bridge-nf-call-iptables, -ip6tables: all bridges do */
	bool calls4, calls6;
};

/* Each answer to a request that lists something; 0 or -errno, -EAGAIN: it changed meanwhile. */
int host_ask(struct mnl_socket *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx);
/* Fill l, which was zero or filled before. 0 or -errno: then it has none. */
int host_links_read(struct mnl_socket *nl, struct host_links *l);
void host_links_free(struct host_links *l);
/* NULL: none */
const struct host_link *host_link_by_index(const struct host_links *l, uint32_t index);
/* Does it move packets between its ports itself, where no rule of a router sees them? */
bool host_link_switches(const struct host_links *l, const struct host_link *k);

#endif
