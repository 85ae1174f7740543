/* SPDX-License-Identifier: MIT
 * The chain of hashes (store.h). */
#include <string.h>

#include <nettle/sha2.h>

#include "base/hex.h"
#include "store/internal.h"

_Static_assert(STORE_HASH == SHA256_DIGEST_SIZE, "a hash is one of SHA-256");

void chain_next(const uint8_t before[STORE_HASH], const char *body, uint8_t hash[STORE_HASH])
{
	struct sha256_ctx c;
	sha256_init(&c);
	sha256_update(&c, STORE_HASH, before);
	sha256_update(&c, strlen(body), (const uint8_t *)body);
	sha256_digest(&c, STORE_HASH, hash);
}

void chain_hex(const uint8_t hash[STORE_HASH], char hex[STORE_HEX])
{
	hex_text(hash, STORE_HASH, hex);
}

bool chain_read(sqlite3 *db, const char *name, uint64_t *seq, uint8_t hash[STORE_HASH])
{
	sqlite3_stmt *q = NULL;
	bool there = false;
	if (sqlite3_prepare_v2(db, "SELECT seq, hash FROM chain WHERE name = ?1", -1, &q, NULL) ==
		    SQLITE_OK &&
	    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 1) == STORE_HASH) {
		*seq = (uint64_t)sqlite3_column_int64(q, 0);
		memcpy(hash, sqlite3_column_blob(q, 1), STORE_HASH);
		there = true;
	}
	sqlite3_finalize(q);
	return there;
}

int64_t store_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int64_t v = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return v;
}
