/* SPDX-License-Identifier: MIT
 * Packet source: libpcap savefiles (pcap and pcapng; Ethernet, VLAN, cooked, raw, null). */
#ifndef ZONED_PACKET_PCAP_H
#define ZONED_PACKET_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
	uint32_t number;   /* 1-based, as Wireshark counts */
	uint64_t time_ns;  /* since 1970 */
	const uint8_t *ip; /* NULL: not IP */
	size_t len;
	bool partial; /* captured shorter than it was */
};

struct capture;

/* NULL: err says why */
struct capture *capture_open(const char *path, char *err, size_t err_len);
void capture_close(struct capture *c);
/* 1: a frame; 0: end; -1: the file is broken, err of capture_error(). */
int capture_next(struct capture *c, struct frame *f);
const char *capture_error(const struct capture *c);

#endif
