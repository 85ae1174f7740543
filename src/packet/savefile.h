/* SPDX-License-Identifier: MIT
 * pcap files, by libpcap: both byte orders, microseconds and nanoseconds, and the variants that it
 * knows. */
#ifndef ZONED_PACKET_SAVEFILE_H
#define ZONED_PACKET_SAVEFILE_H

#include <stddef.h>
#include <stdio.h>

#include "packet/raw_frame.h"

struct savefile;

/* f is closed with it, and at an error, too. NULL: err says why. */
struct savefile *savefile_open(FILE *f, char *err, size_t err_len);
void savefile_close(struct savefile *s); /* NULL is fine */
/* 1: a frame; 0: end; -1: damaged, savefile_error() */
int savefile_next(struct savefile *s, struct raw_frame *f);
const char *savefile_error(struct savefile *s);
uint16_t savefile_link(const struct savefile *s);

/* LINKTYPE_* and DLT_* differ in few numbers (pcap-linktype(7)). */
uint16_t link_of_dlt(int dlt);
int dlt_of_link(uint16_t link);

#endif
