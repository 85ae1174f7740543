/* SPDX-License-Identifier: MIT
 *
 * How much of an unfinished Modbus message may be delivered.
 *
 * A receiver must get the beginning of a message that its sender splits, or
 * the sender may wait for an acknowledgement for ever (Nagle, a congestion
 * window of one). But no receiver, however lax about the length field, may be
 * able to act on what it has. The header without function code is inert; for
 * functions whose length follows from the function (and byte count), and
 * agrees with the MBAP length, all but the last byte is; of anything else
 * only the header passes before the whole message is judged.
 */
#ifndef ZONED_INSPECT_PREFIX_H
#define ZONED_INSPECT_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* p[0..n): the bytes so far, less than a whole message, whose header was found good. */
size_t mb_prefix_safe(const uint8_t *p, size_t n, bool response);

#endif
