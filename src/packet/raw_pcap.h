/* SPDX-License-Identifier: MIT
 * A frame as libpcap gives it. */
#ifndef ZONED_PACKET_RAW_PCAP_H
#define ZONED_PACKET_RAW_PCAP_H

#include <pcap/pcap.h>

#include "packet/raw_frame.h"

/* Of a handle with nanoseconds. sec: of its time stamp, as the source means it. */
static inline struct raw_frame raw_frame_of(const struct pcap_pkthdr *h, uint64_t sec,
					    const uint8_t *data, uint16_t link)
{
	return (struct raw_frame){ .time_ns = sec * UINT64_C(1000000000) + (uint32_t)h->ts.tv_usec,
				   .data = data,
				   .len = h->caplen,
				   .wire_len = h->len < h->caplen ? h->caplen : h->len,
				   .link = link };
}

#endif
