/* SPDX-License-Identifier: MIT
 * The writer of the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

enum {
	BUSY_MS = 2000,
	REMOVED_AT_ONCE = 256, /* rows of a commit */
	ROOM_PARTS = 16,       /* one of these is free before rows are added */
};

enum { INSERT, COUNT, CHAIN, STATEMENTS };
static const char *const statements[STATEMENTS] = {
	[INSERT] = "INSERT INTO record(seq, body, hash) VALUES (?1, ?2, ?3)",
	[COUNT] = ("INSERT INTO counts SELECT substr(json_extract(?1, '$.time'), 1, 10),"
		   " ifnull(json_extract(?1, '$.conduit'), ''), ifnull(json_extract(?1, '$.dir'), "
		   "''),"
		   " json_extract(?1, '$.verdict'), json_extract(?1, '$.reason'),"
		   " ifnull(json_extract(?1, '$.repeated'), 1)"
		   " WHERE json_extract(?1, '$.verdict') IS NOT NULL"
		   " ON CONFLICT DO UPDATE SET events = events + excluded.events"),
	[CHAIN] = ("INSERT INTO chain VALUES (?1, ?2, ?3)"
		   " ON CONFLICT(name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash"),
};

struct store {
	struct store_conf conf;
	sqlite3 *db; /* NULL: not open */
	sqlite3_stmt *stmt[STATEMENTS];
	uint64_t seq; /* of the last row */
	uint8_t hash[STORE_HASH];
	uint64_t pending;
};

/* Columns that are computed when they are asked for: the body is the record. */
static const char schema[] =
	"PRAGMA application_id = 0x7a6f6e65; PRAGMA user_version = 1; BEGIN;"
	"CREATE TABLE record(seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash BLOB NOT NULL,"
	" time TEXT AS (json_extract(body, '$.time')),"
	" conduit TEXT AS (json_extract(body, '$.conduit')),"
	" from_zone TEXT AS (json_extract(body, '$.from_zone')),"
	" to_zone TEXT AS (json_extract(body, '$.to_zone')),"
	" proto TEXT AS (json_extract(body, '$.proto')),"
	" reason TEXT AS (json_extract(body, '$.reason')));"
	"CREATE TABLE chain(name TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL);"
	"CREATE TABLE counts(day TEXT, conduit TEXT, direction TEXT, verdict TEXT, reason TEXT,"
	" events INTEGER NOT NULL, PRIMARY KEY(day, conduit, direction, verdict, reason))"
	" WITHOUT ROWID; COMMIT;";

struct store *store_new(const struct store_conf *c)
{
	struct store *s = calloc(1, sizeof(*s));
	if (s)
		s->conf = *c;
	return s;
}

static int errno_of_sqlite(sqlite3 *db, int rc)
{
	int err = db ? sqlite3_system_errno(db) : 0;
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
		return -EUCLEAN;
	default:
		return err ? -err : -EIO;
	}
}

/* What was not committed is undone. */
static void store_shut(struct store *s)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	s->pending = 0;
}

static int store_fail(struct store *s, int rc)
{
	int err = errno_of_sqlite(s->db, rc);
	store_shut(s);
	return err;
}

/* Ours, or empty, which it becomes. */
static int prepare_tables(struct store *s)
{
	int64_t application = store_number(s->db, "PRAGMA application_id");
	bool empty = store_number(s->db, "SELECT count(*) FROM sqlite_schema") == 0;
	if (application == 0 && empty)
		return sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	bool ours = application == STORE_APPLICATION &&
		    store_number(s->db, "PRAGMA user_version") == STORE_VERSION;
	return ours ? SQLITE_OK : SQLITE_NOTADB;
}

static int limit_size(struct store *s)
{
	char sql[64];
	int64_t page = store_number(s->db, "PRAGMA page_size");
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA max_page_count = %lld",
			 (long long)(s->conf.bytes_max / (uint64_t)(page ? page : 4096)));
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

/* With the mode that nobody but our group reads it; its WAL gets the same. */
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int store_open(struct store *s)
{
	static const char pragmas[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
		"PRAGMA journal_size_limit = 4194304";
	int err = make_file(s->conf.path);
	if (err)
		return err;
	int rc = sqlite3_open_v2(s->conf.path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(s->db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = prepare_tables(s);
	if (rc == SQLITE_OK)
		rc = limit_size(s);
	for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v2(s->db, statements[i], -1, &s->stmt[i], NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	return 0;
}

/* Runs it once, to its end. */
static int run_once(sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int insert_row(struct store *s, const char *body)
{
	sqlite3_stmt *insert = s->stmt[INSERT], *count = s->stmt[COUNT];
	uint8_t hash[STORE_HASH];
	chain_next(s->hash, body, hash);
	sqlite3_bind_int64(insert, 1, (sqlite3_int64)s->seq + 1);
	sqlite3_bind_text(insert, 2, body, -1, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 3, hash, STORE_HASH, SQLITE_STATIC);
	int rc = run_once(insert);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(count, 1, body, -1, SQLITE_STATIC);
		rc = run_once(count);
	}
	sqlite3_clear_bindings(insert);
	sqlite3_clear_bindings(count);
	if (rc == SQLITE_OK) {
		s->seq++;
		memcpy(s->hash, hash, STORE_HASH);
	}
	return rc;
}

static int set_chain_row(struct store *s, const char *name, uint64_t seq,
			 const uint8_t hash[STORE_HASH])
{
	sqlite3_stmt *q = s->stmt[CHAIN];
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, (sqlite3_int64)seq);
	sqlite3_bind_blob(q, 3, hash, STORE_HASH, SQLITE_STATIC);
	int rc = run_once(q);
	sqlite3_clear_bindings(q);
	return rc;
}

/* ---- what is too old, or too much ---- */

static bool is_too_much(const struct store *s)
{
	int64_t used = (store_number(s->db, "PRAGMA page_count") -
			store_number(s->db, "PRAGMA freelist_count")) *
		       store_number(s->db, "PRAGMA page_size");
	return (uint64_t)used > s->conf.bytes_max / ROOM_PARTS * (ROOM_PARTS - 1);
}

/* The last of the first rows that all are older than `time`, or of the first ones at all (NULL);
 * at most so many. 0: there is none. */
static uint64_t last_to_go(struct store *s, const char *time)
{
	static const char sql[] =
		"SELECT ifnull((SELECT min(seq) - 1 FROM (SELECT seq, time FROM record"
		" ORDER BY seq LIMIT ?1) WHERE time >= ?2),"
		" (SELECT max(seq) FROM (SELECT seq FROM record ORDER BY seq LIMIT ?1)))";
	sqlite3_stmt *q = NULL;
	uint64_t seq = 0;
	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK) {
		sqlite3_bind_int(q, 1, REMOVED_AT_ONCE);
		sqlite3_bind_text(q, 2, time, -1, SQLITE_STATIC);
		if (sqlite3_step(q) == SQLITE_ROW)
			seq = (uint64_t)sqlite3_column_int64(q, 0);
	}
	sqlite3_finalize(q);
	return seq;
}

static int run_with(struct store *s, const char *sql, uint64_t seq, const char *text)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	if (rc == SQLITE_OK) {
		if (text)
			sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_int64(q, 1, (sqlite3_int64)seq);
		rc = run_once(q);
	}
	sqlite3_finalize(q);
	return rc;
}

/* The anchor goes with them, in the same transaction. */
static int remove_up_to(struct store *s, uint64_t seq)
{
	static const char move[] =
		"INSERT OR REPLACE INTO chain SELECT 'anchor', seq, hash FROM record"
		" WHERE seq = ?1";
	int rc = run_with(s, move, seq, NULL);
	return rc != SQLITE_OK ? rc : run_with(s, "DELETE FROM record WHERE seq <= ?1", seq, NULL);
}

static int remove_old_rows(struct store *s, uint64_t now)
{
	char time[32];
	struct tm tm;
	time_t before = now > s->conf.seconds_max ? (time_t)(now - s->conf.seconds_max) : 0;
	if (!gmtime_r(&before, &tm) || !strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return SQLITE_OK;
	uint64_t seq = last_to_go(s, time);
	uint64_t first =
		(uint64_t)store_number(s->db, "SELECT seq FROM record ORDER BY seq LIMIT 1");
	int rc = seq && seq >= first ? remove_up_to(s, seq) : SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = run_with(s, "DELETE FROM counts WHERE day < substr(?1, 1, 10)", 0, time);
	if (rc != SQLITE_OK || !is_too_much(s))
		return rc;
	seq = last_to_go(s, NULL);
	return seq && seq < s->seq ? remove_up_to(s, seq) : SQLITE_OK;
}

/* Once it is ours: while outputs change there may be two writers for a moment. */
static int begin_rows(struct store *s, uint64_t now)
{
	int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc;
	s->seq = 0;
	memset(s->hash, 0, sizeof(s->hash));
	chain_read(s->db, "head", &s->seq, s->hash);
	return remove_old_rows(s, now);
}

/* ---- */

int store_put(struct store *s, const char *body, uint64_t now)
{
	int err = s->db ? 0 : store_open(s);
	int rc = SQLITE_OK;
	if (err)
		return err;
	if (s->pending == 0)
		rc = begin_rows(s, now);
	if (rc == SQLITE_OK)
		rc = insert_row(s, body);
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	s->pending++;
	return s->pending >= STORE_BATCH ? store_commit(s) : 0;
}

int store_commit(struct store *s)
{
	if (s->pending == 0)
		return 0;
	int rc = set_chain_row(s, "head", s->seq, s->hash);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	s->pending = 0;
	return 0;
}

uint64_t store_pending(const struct store *s)
{
	return s->pending;
}

uint64_t store_head(const struct store *s, char hex[STORE_HEX])
{
	chain_hex(s->hash, hex);
	return s->db ? s->seq : 0;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	store_shut(s);
	free(s);
}
