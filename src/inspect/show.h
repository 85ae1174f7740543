/* SPDX-License-Identifier: MIT
 * The connections that an inspector has, for whoever asks: pages of fixed size, no pointers. */
#ifndef ZONED_INSPECT_SHOW_H
#define ZONED_INSPECT_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

enum { SHOW_ROWS = 512 };

struct show_row {
	struct addr client, server;
	uint16_t cport, sport;
	uint8_t l4, proto;
	uint8_t state;		 /* enum connection_state */
	uint8_t given;		 /* the kernel judges it now */
	uint32_t messages[2];	 /* judged here; by direction */
	uint64_t kernel_packets; /* passed in the kernel */
	uint64_t age_ns, idle_ns;
};

struct show_page {
	uint32_t from; /* place in the table to begin at */
	uint32_t next; /* the one for the next page; 0: this is the last one */
	uint32_t n;
	struct show_row row[SHOW_ROWS];
};

struct inspect;

/* Fill a page from page->from on. now: CLOCK_MONOTONIC */
void inspect_show(struct inspect *in, struct show_page *page, uint64_t now_ns);

#endif
