/* SPDX-License-Identifier: MIT
 * Settings of the kernel, by a table. */
#include "host/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const settings[HOST_SETTINGS] = {
	[HOST_FORWARD4] = "net.ipv4.ip_forward",
	[HOST_FORWARD6] = "net.ipv6.conf.all.forwarding",
	[HOST_RP_FILTER] = "net.ipv4.conf.all.rp_filter",
	[HOST_CT_LOOSE] = "net.netfilter.nf_conntrack_tcp_loose",
	[HOST_CT_CHECKSUM] = "net.netfilter.nf_conntrack_checksum",
	[HOST_CT_EVENTS] = "net.netfilter.nf_conntrack_events",
	[HOST_CT_MAX] = "net.netfilter.nf_conntrack_max",
	[HOST_CT_ESTABLISHED] = "net.netfilter.nf_conntrack_tcp_timeout_established",
};

const char *host_setting_name(enum host_setting s)
{
	return settings[s];
}

/* -1: not there. 0 or -errno. */
static int read_setting(const char *name, int64_t *value)
{
	char path[128], text[32] = "";
	size_t root = (size_t)snprintf(path, sizeof(path), "/proc/sys/");
	snprintf(path + root, sizeof(path) - root, "%s", name);
	for (char *c = path + root; *c; c++)
		if (*c == '.')
			*c = '/';
	*value = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	int err = n < 0 ? -errno : 0;
	close(fd);
	char *end = text;
	long long v = err ? -1 : strtoll(text, &end, 10);
	if (end > text && v >= 0)
		*value = v;
	return err;
}

/* Every kernel has the first one: without it /proc is not there, or not whole. */
int host_settings_read(struct host_settings *s)
{
	int err = 0;
	for (unsigned i = 0; i < HOST_SETTINGS && !err; i++)
		err = read_setting(settings[i], &s->v[i]);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	s->cores = cores < 1 ? 1 : (unsigned)cores;
	return err ? err : s->v[HOST_FORWARD4] < 0 ? -ENOENT : 0;
}
