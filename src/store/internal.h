/* SPDX-License-Identifier: MIT
 * What writer and readers share: the file's mark, and the chain. */
#ifndef ZONED_STORE_INTERNAL_H
#define ZONED_STORE_INTERNAL_H

#include <sqlite3.h>

#include "store/store.h"

enum { STORE_APPLICATION = 0x7a6f6e65 /* "zone" */, STORE_VERSION = 1 };

void chain_next(const uint8_t before[STORE_HASH], const char *body, uint8_t hash[STORE_HASH]);
void chain_hex(const uint8_t hash[STORE_HASH], char hex[STORE_HEX]);
/* A row of the table "chain"; false: it is not there. */
bool chain_read(sqlite3 *db, const char *name, uint64_t *seq, uint8_t hash[STORE_HASH]);
/* The number that a statement answers; 0: none. */
int64_t store_number(sqlite3 *db, const char *sql);

#endif
