/* SPDX-License-Identifier: MIT
 * One frame as a file has it, before anything is taken off. */
#ifndef ZONED_PACKET_RAW_FRAME_H
#define ZONED_PACKET_RAW_FRAME_H

#include <stdint.h>

struct raw_frame {
	uint64_t time_ns;
	const uint8_t *data; /* valid until the next one */
	uint32_t len;	     /* captured */
	uint32_t wire_len;   /* at least len */
	uint32_t interface;
	uint16_t link; /* LINKTYPE_* */
};

#endif
