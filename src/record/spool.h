/* SPDX-License-Identifier: MIT
 *
 * Lines on their way to somebody who may not take them just now (a log daemon that
 * hangs, a disk that is busy): a bounded ring, and one thread that writes.
 *
 * A thread with a line to write never waits for the writer. Lines for which there is no room are
 * lost, counted, and reported as soon as the writer goes on: forwarding does not depend on the log
 * (IEC 62443-3-3 SR 2.10). Lines come out in the order in which they were put.
 *
 * Lines are somebody's, and nobody may have more bytes waiting than SPOOL_SHARE times what is
 * still free: one who puts very many lines stops at three quarters of the ring, k of them together
 * leave one part in 1 + SPOOL_SHARE * k, and who has few lines always finds room.
 */
#ifndef ZONED_RECORD_SPOOL_H
#define ZONED_RECORD_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SPOOL_BYTES = 1 << 20, /* of lines that wait */
	SPOOL_TEXT = 8192,     /* of one line, with its NUL */
	SPOOL_SHARE = 3,
	/* who they are: 1 to this less 1, by a hash of the caller's; 0: nobody's, without a share
	 */
	SPOOL_OWNERS = 1024,
};

struct spool;

struct spool_conf {
	/* In the spool's thread, one at a time; may take as long as it likes. kind is the caller's.
	 */
	void (*write)(void *ctx, int kind, int priority, const char *text);
	/* so many, before the line that is written next; or NULL */
	void (*lost)(void *ctx, uint64_t lines);
	/* lines were written, and no more wait; or NULL */
	void (*idle)(void *ctx);
	void *ctx;
};

/* Starts the thread, with all signals blocked; NULL: errno. */
struct spool *spool_open(const struct spool_conf *c);
/* Any thread; false: it is lost. */
bool spool_put(struct spool *s, unsigned owner, int kind, int priority, const char *text);
/* Wait until all that was put is written; false: it is not after so many ms. */
bool spool_drain(struct spool *s, unsigned ms);
/* drained; NULL is fine. Waits for the line that is being written */
void spool_close(struct spool *s);
uint64_t spool_lost(struct spool *s); /* since it was opened */

#endif
