/* SPDX-License-Identifier: MIT
 * The wire of the tests' own protocol: one octet that says how many follow, 1 to 255; answered with
 * the same. */
#ifndef ZONED_PROTO_ECHO_WIRE_H
#define ZONED_PROTO_ECHO_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

struct echo_msg {
	uint8_t n; /* octets behind the first */
};

/* As proto_ops.frame */
int echo_frame(const uint8_t *p, size_t n, enum reason *why);
enum reason echo_parse(const uint8_t *p, size_t n, struct echo_msg *m);

#endif
