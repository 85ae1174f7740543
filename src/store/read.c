/* SPDX-License-Identifier: MIT
 * Readers of the store, which change nothing in it. */
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

enum { READER_BUSY_MS = 2000 };

struct store_reader {
	sqlite3 *db;
};

struct store_reader *store_reader_open(const char *path, const char **why)
{
	struct store_reader *r = calloc(1, sizeof(*r));
	*why = "out of memory";
	if (!r)
		return NULL;
	int rc = sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY, NULL);
	if (rc == SQLITE_OK)
		sqlite3_busy_timeout(r->db, READER_BUSY_MS);
	if (rc == SQLITE_OK && store_number(r->db, "PRAGMA application_id") == STORE_APPLICATION &&
	    store_number(r->db, "PRAGMA user_version") == STORE_VERSION)
		return r;
	int known = rc == SQLITE_OK ? sqlite3_errcode(r->db) : rc;
	*why = known == SQLITE_OK || known == SQLITE_ROW || known == SQLITE_DONE
		       ? "it is no store of zoned's records"
		       : sqlite3_errstr(known);
	store_reader_close(r);
	return NULL;
}

void store_reader_close(struct store_reader *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r);
}

const char *store_reader_error(const struct store_reader *r)
{
	return sqlite3_errmsg(r->db);
}

/* A statement with the filter as ?1 to ?7; NULL: an error. */
static sqlite3_stmt *prepare_filtered(struct store_reader *r, const char *sql,
				      const struct store_filter *f)
{
	const char *const texts[] = { f->conduit, f->zone, f->proto, f->reason, f->from, f->until };
	sqlite3_stmt *q = NULL;
	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) != SQLITE_OK)
		return NULL;
	int n = sqlite3_bind_parameter_count(q);
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])) && i < n; i++)
		sqlite3_bind_text(q, i + 1, texts[i], -1, SQLITE_STATIC);
	if (n > 6)
		sqlite3_bind_int64(q, 7, (sqlite3_int64)f->after);
	return q;
}

static int finish_reading(sqlite3_stmt *q, int rc)
{
	sqlite3_finalize(q);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

int store_each(struct store_reader *r, const struct store_filter *f,
	       bool (*take)(void *ctx, uint64_t seq, const char *body), void *ctx)
{
	static const char sql[] =
		"SELECT seq, body FROM record WHERE seq > ?7 AND (?1 IS NULL OR conduit = ?1)"
		" AND (?2 IS NULL OR from_zone = ?2 OR to_zone = ?2)"
		" AND (?3 IS NULL OR proto = ?3) AND (?4 IS NULL OR reason = ?4)"
		" AND (?5 IS NULL OR time >= ?5) AND (?6 IS NULL OR time < ?6) ORDER BY seq";
	sqlite3_stmt *q = prepare_filtered(r, sql, f);
	int rc = SQLITE_DONE;
	if (!q)
		return -1;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		const char *body = (const char *)sqlite3_column_text(q, 1);
		if (!take(ctx, (uint64_t)sqlite3_column_int64(q, 0), body ? body : ""))
			break;
	}
	return finish_reading(q, rc);
}

static const char *store_column(sqlite3_stmt *q, int i)
{
	const char *text = (const char *)sqlite3_column_text(q, i);
	return text ? text : "";
}

int store_counts(struct store_reader *r, const struct store_filter *f,
		 void (*take)(void *ctx, const struct store_count *c), void *ctx)
{
	static const char sql[] =
		"SELECT day, conduit, direction, verdict, reason, events FROM counts"
		" WHERE (?1 IS NULL OR conduit = ?1) AND ?2 IS NULL AND ?3 IS NULL"
		" AND (?4 IS NULL OR reason = ?4) AND (?5 IS NULL OR day >= substr(?5, 1, 10))"
		" AND (?6 IS NULL OR day <= substr(?6, 1, 10))";
	sqlite3_stmt *q = prepare_filtered(r, sql, f);
	int rc;
	if (!q)
		return -1;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		const struct store_count c = {
			store_column(q, 0), store_column(q, 1), store_column(q, 2),
			store_column(q, 3), store_column(q, 4), (uint64_t)sqlite3_column_int64(q, 5)
		};
		take(ctx, &c);
	}
	return finish_reading(q, rc);
}

/* ---- the chain ---- */

/* What is wrong with the row that q is at; NULL: nothing. */
static const char *row_fault(sqlite3_stmt *q, uint64_t seq, uint8_t hash[STORE_HASH])
{
	const char *body = (const char *)sqlite3_column_text(q, 1);
	if ((uint64_t)sqlite3_column_int64(q, 0) != seq)
		return "is missing";
	/* one with a NUL inside would be hashed in part */
	if (!body || (size_t)sqlite3_column_bytes(q, 1) != strlen(body))
		return "was changed";
	chain_next(hash, body, hash);
	if (sqlite3_column_bytes(q, 2) != STORE_HASH ||
	    memcmp(sqlite3_column_blob(q, 2), hash, STORE_HASH) != 0)
		return "was changed, or the row before it";
	return NULL;
}

static int walk_chain(struct store_reader *r, sqlite3_stmt *q, struct store_verdict *v)
{
	uint64_t seq = 0, head = 0;
	uint8_t hash[STORE_HASH] = { 0 }, last[STORE_HASH] = { 0 };
	int rc;
	chain_read(r->db, "anchor", &seq, hash);
	bool has_head = chain_read(r->db, "head", &head, last);
	v->first = seq + 1;
	v->last = seq;
	chain_hex(hash, v->head);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		v->what = row_fault(q, ++seq, hash);
		if (v->what) {
			v->broken = seq;
			return rc;
		}
		v->last = seq;
		v->rows++;
		chain_hex(hash, v->head);
	}
	if (rc != SQLITE_DONE)
		return rc;
	if (has_head ? head != seq || memcmp(last, hash, STORE_HASH) != 0 : seq != 0) {
		v->broken = seq < head ? seq + 1 : seq;
		v->what = seq < head ? "is missing" : "is not the one that was written last";
	}
	return rc;
}

/* In one transaction, so that rows that are written or removed meanwhile do not count. */
int store_verify(struct store_reader *r, struct store_verdict *v)
{
	sqlite3_stmt *q = NULL;
	*v = (struct store_verdict){ .what = NULL };
	int rc = sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(r->db, "SELECT seq, body, hash FROM record ORDER BY seq",
					-1, &q, NULL);
	if (rc != SQLITE_OK)
		return -1;
	rc = walk_chain(r, q, v);
	int result = finish_reading(q, rc);
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	return result;
}
