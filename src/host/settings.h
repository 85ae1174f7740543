/* SPDX-License-Identifier: MIT
 *
 * Settings of this machine's kernel, as /proc/sys has them. Nothing here needs a right.
 */
#ifndef ZONED_HOST_SETTINGS_H
#define ZONED_HOST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum host_setting {
	HOST_FORWARD4,	  /* net.ipv4.ip_forward; each interface has its own (host/links.h) */
	HOST_FORWARD6,	  /* net.ipv6.conf.all.forwarding: that of an interface forwards nothing */
	HOST_RP_FILTER,	  /* net.ipv4.conf.all.rp_filter: of an interface the greater one holds */
	HOST_CT_LOOSE,	  /* packets in the middle of a connection may begin an entry */
	HOST_CT_CHECKSUM, /* packets with a wrong check sum change no entry */
	HOST_CT_EVENTS,	  /* the end of an entry is told */
	HOST_CT_MAX,	  /* entries; 0: without limit */
	HOST_CT_ESTABLISHED, /* seconds of silence after which an entry ends */
	HOST_SETTINGS
};

struct host_settings {
	int64_t v[HOST_SETTINGS]; /* -1: there is no such setting, or its module is not loaded */
	unsigned cores;
	/* Inspectors learn of the end of a connection from the kernel's notices, and not by the
	 * list of connections. The caller says so: it is no setting. */
	bool hears_ends;
};

const char *host_setting_name(enum host_setting s); /* as sysctl(8) writes it */
/* 0 or -errno: what is there cannot be read. */
int host_settings_read(struct host_settings *s);

#endif
