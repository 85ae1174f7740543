/* SPDX-License-Identifier: MIT
 * SipHash-2-4 (Aumasson, Bernstein 2012): keyed hash for tables whose keys an
 * attacker chooses. Word input only. */
#ifndef ZONED_BASE_SIPHASH_H
#define ZONED_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* Hash n 64-bit words under a 128-bit key. */
uint64_t siphash_words(const uint64_t key[2], const uint64_t *w, size_t n);

#endif
