/* SPDX-License-Identifier: MIT
 * Interfaces that change. The in-kernel path knows them by number, the model by
 * name: what it was told of one that changes holds no more. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "daemon/parent.h"

struct mnl_socket *links_open(void)
{
	return bus_open(NETLINK_ROUTE, RTMGRP_LINK);
}

/* ifindex 0: any may have. */
static void interface_changed(struct parent *p, uint32_t ifindex)
{
	pthread_mutex_lock(&p->policy_lock); /* claims are answered under it */
	fastpath_unplug(p->fast, ifindex);
	pthread_mutex_unlock(&p->policy_lock);
	plain_stop(p);
}

static void take_link_notice(struct parent *p, const struct nlmsghdr *h)
{
	bool link = h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK;
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	if (link && mnl_nlmsg_get_payload_len(h) >= sizeof(*i) && i->ifi_index > 0)
		interface_changed(p, (uint32_t)i->ifi_index);
}

void on_links(evutil_socket_t fd, short what, void *ctx)
{
	static _Alignas(8) char buf[1 << 15];
	struct parent *p = ctx;
	(void)what;
	for (unsigned n = 0; n < READ_BATCH; n++) {
		ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got < 0 && errno == ENOBUFS) {
			interface_changed(p, 0);
			continue;
		}
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			say(LOG_ERR, "word of interfaces: %s", strerror(errno));
		if (got < 0)
			return;
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			take_link_notice(p, h);
	}
}
