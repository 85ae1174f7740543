/* SPDX-License-Identifier: MIT
 *
 * The local store of records: one SQLite file, written by one thread, read by zonectl.
 *
 *   record   seq, body (a JSON object as in the JSON file), hash
 *   chain    "anchor": seq and hash of the last row that was removed for its age or for room
 *            "head": seq and hash of the last row
 *   counts   events by day, conduit, direction, verdict and reason
 *
 *	hash of a row = SHA-256(hash of the row before | body), 32 zero octets before the first
 *
 * So a row that is changed, taken out or put between others breaks the chain at its place. Who may
 * write the file can make a new chain of it: that shows where a head was told elsewhere, which is
 * why zoned logs it each day.
 *
 * The disk is waited for, which may hang: the thread is the caller's. WAL with synchronous = FULL,
 * so a commit that has returned outlives a power cut, and readers wait for nobody. What SQLite says
 * of an error is an errno here.
 */
#ifndef ZONED_STORE_STORE_H
#define ZONED_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

enum { STORE_HASH = 32, STORE_HEX = 2 * STORE_HASH + 1, STORE_BATCH = 100 };

struct store;

struct store_conf {
	const char *path; /* the caller's, and stays */
	uint64_t bytes_max;
	uint64_t seconds_max; /* that a row is kept */
};

/* Opens nothing yet; NULL: no memory. */
struct store *store_new(const struct store_conf *c);
/* One more row, of a transaction that store_commit() ends; it is opened before where it is not, and
 * made where there is none. now: seconds since 1970. 0 or -errno: then all rows since the last
 * commit are lost, and the next call opens it again. */
int store_put(struct store *s, const char *body, uint64_t now);
int store_commit(struct store *s);	       /* 0 or -errno, as above */
uint64_t store_pending(const struct store *s); /* rows of the open transaction */
/* The last row; 0: there is none, or it is not open. */
uint64_t store_head(const struct store *s, char hex[STORE_HEX]);
/* Ends without a commit. NULL is fine. */
void store_free(struct store *s);

/* ---- for readers ---- */

struct store_reader;

/* NULL: *why says so. */
struct store_reader *store_reader_open(const char *path, const char **why);
void store_reader_close(struct store_reader *r);

/* NULL: any. Times as in the records; from: included, until: not. */
struct store_filter {
	const char *conduit, *zone, *proto, *reason, *from, *until;
	uint64_t after; /* rows behind this one */
};
/* false from take(): no more are wanted. 0, or -1: store_reader_error(). */
int store_each(struct store_reader *r, const struct store_filter *f,
	       bool (*take)(void *ctx, uint64_t seq, const char *body), void *ctx);

struct store_count {
	const char *day, *conduit, *direction, *verdict, *reason; /* "": none */
	uint64_t events;
};
int store_counts(struct store_reader *r, const struct store_filter *f,
		 void (*take)(void *ctx, const struct store_count *c), void *ctx);

struct store_verdict {
	uint64_t first, last, rows; /* that were looked at and are whole */
	uint64_t broken;	    /* the first row that is not; 0: all are */
	const char *what;	    /* what is wrong with it */
	char head[STORE_HEX];	    /* of the last whole row */
};
int store_verify(struct store_reader *r, struct store_verdict *v);
const char *store_reader_error(const struct store_reader *r);

#endif
