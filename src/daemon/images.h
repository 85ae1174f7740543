/* SPDX-License-Identifier: MIT
 *
 * Memory for the policies of an inspector or a reader of a tap: the parent writes, they read.
 * A child of the parent has the pages of reader alone. It cannot make them writable, whatever
 * system calls it may still do: the file behind them is sealed, and nobody has it open.
 */
#ifndef ZONED_DAEMON_IMAGES_H
#define ZONED_DAEMON_IMAGES_H

#include <stdint.h>

enum {
	IMAGES = 2, /* the one in force, and the next one; by the generation's lowest bit */
	IMAGE_MAX = 16 << 20 /* room for one */
};

struct images {
	uint8_t (*writer)[IMAGE_MAX]; /* in the parent's memory only */
	const uint8_t (*reader)[IMAGE_MAX];
};

int images_open(struct images *m); /* 0 or -errno */
void images_close(struct images *m);
/* In a child: of another one. */
void images_forget(const struct images *m);

#endif
