/* SPDX-License-Identifier: MIT
 * Frames from an interface. */
#include "packet/live.h"

#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/raw_pcap.h"
#include "packet/savefile.h"

enum { PATH_TEXT = 128 };

struct live {
	pcap_t *p;
	uint16_t link;
	struct live_counts counts;
};

/* libpcap's own words name its functions and speak of promiscuous mode; these are what an operator
 * meets. */
static const struct {
	int status;
	const char *text;
} known_errors[] = {
	{ PCAP_ERROR_NO_SUCH_DEVICE, "no such interface" },
	{ PCAP_ERROR_PERM_DENIED, "no right to capture (CAP_NET_RAW)" },
	{ PCAP_ERROR_PROMISC_PERM_DENIED, "no right to capture what is for others (CAP_NET_RAW)" },
	{ PCAP_ERROR_IFACE_NOT_UP, "the interface is down" },
};

static void put_open_error(pcap_t *p, int status, char *err, size_t err_len)
{
	for (size_t i = 0; i < sizeof(known_errors) / sizeof(known_errors[0]); i++)
		if (known_errors[i].status == status) {
			snprintf(err, err_len, "%s", known_errors[i].text);
			return;
		}
	snprintf(err, err_len, "%s", pcap_geterr(p));
}

static int configure_capture(pcap_t *p, const struct live_conf *conf)
{
	int err = pcap_set_snaplen(p, conf->snap ? (int)conf->snap : LIVE_SNAP_MAX);
	if (!err)
		err = pcap_set_promisc(p, !conf->keep_unpromiscuous);
	if (!err)
		err = pcap_set_buffer_size(p, conf->buffer ? (int)conf->buffer : LIVE_BUFFER);
	if (!err)
		err = pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	if (!err)
		err = conf->delay_ms ? pcap_set_timeout(p, (int)conf->delay_ms)
				     : pcap_set_immediate_mode(p, 1);
	return err;
}

static bool set_filter(pcap_t *p, const char *expression)
{
	struct bpf_program program;
	if (pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN))
		return false;
	bool ok = pcap_setfilter(p, &program) == 0;
	pcap_freecode(&program);
	return ok;
}

/* Some expressions are good for some kinds of interfaces only ("vlan", "ether host"). */
bool live_filter_compiles(const char *expression, char *err, size_t err_len)
{
	static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_PPP };
	bool ok = false;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !ok; i++) {
		struct bpf_program program;
		pcap_t *p = pcap_open_dead(links[i], LIVE_SNAP_MAX);
		ok = p && pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
		if (ok)
			pcap_freecode(&program);
		else if (i == 0)
			snprintf(err, err_len, "%s", p ? pcap_geterr(p) : "out of memory");
		if (p)
			pcap_close(p);
	}
	return ok;
}

/* A warning (above 0) is no error: it speaks of time stamps and promiscuous mode. */
static bool begin_capture(pcap_t *p, const struct live_conf *conf, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	/* pcap_activate() may tell of one that is not there as of a right that lacks */
	bool there = if_nametoindex(conf->interface) || strcmp(conf->interface, "any") == 0;
	int status = there ? configure_capture(p, conf) : PCAP_ERROR_NO_SUCH_DEVICE;
	if (!status)
		status = pcap_activate(p);
	if (status < 0) {
		put_open_error(p, status, err, err_len);
		return false;
	}
	if (conf->filter && !set_filter(p, conf->filter)) {
		snprintf(err, err_len, "filter: %s", pcap_geterr(p));
		return false;
	}
	if (pcap_setnonblock(p, 1, why)) {
		snprintf(err, err_len, "%s", why);
		return false;
	}
	return true;
}

struct live *live_open(const struct live_conf *conf, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE] = "out of memory";
	struct live *l = calloc(1, sizeof(*l));
	if (l)
		l->p = pcap_create(conf->interface, why);
	if (!l || !l->p) {
		snprintf(err, err_len, "%s", why);
		live_close(l);
		return NULL;
	}
	if (!begin_capture(l->p, conf, err, err_len)) {
		live_close(l);
		return NULL;
	}
	l->link = link_of_dlt(pcap_datalink(l->p));
	return l;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	if (l->p)
		pcap_close(l->p);
	free(l);
}

int live_fd(const struct live *l)
{
	return pcap_get_selectable_fd(l->p);
}

bool live_wait(const struct live *l, int ms)
{
	struct pollfd fd = { .fd = live_fd(l), .events = POLLIN };
	int err;
	socklen_t n = sizeof(err);
	if (poll(&fd, 1, ms) <= 0)
		return false;
	if (fd.revents & POLLERR) /* this sets it back */
		(void)getsockopt(fd.fd, SOL_SOCKET, SO_ERROR, &err, &n);
	return !(fd.revents & POLLERR);
}

int live_next(struct live *l, struct raw_frame *f)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int got = pcap_next_ex(l->p, &h, &data);
	if (got != 1)
		return got == 0 ? 0 : -1;
	*f = raw_frame_of(h, (uint64_t)h->ts.tv_sec, data, l->link);
	return 1;
}

const char *live_error(struct live *l)
{
	return pcap_geterr(l->p);
}

uint16_t live_link(const struct live *l)
{
	return l->link;
}

/* Not pcap_stats(): that opens files, which a confined reader cannot. The kernel sets its counts
 * to zero when they are read; struct tpacket_stats_v3 begins with those of version 2. */
void live_counts(struct live *l, struct live_counts *out)
{
	struct tpacket_stats_v3 s = { 0 };
	socklen_t n = sizeof(s);
	if (getsockopt(pcap_fileno(l->p), SOL_PACKET, PACKET_STATISTICS, &s, &n) == 0) {
		l->counts.received += s.tp_packets;
		l->counts.dropped += s.tp_drops;
	}
	*out = l->counts;
}

static uint64_t count_in(const char *interface, const char *name)
{
	char path[PATH_TEXT];
	uint64_t n = 0;
	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

uint64_t live_interface_dropped(const char *interface)
{
	return count_in(interface, "rx_dropped") + count_in(interface, "rx_missed_errors") +
	       count_in(interface, "rx_fifo_errors");
}
