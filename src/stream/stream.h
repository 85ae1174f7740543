/* SPDX-License-Identifier: MIT
 *
 * One direction of a TCP connection, as its receiver will see it (RFC 9293).
 *
 * Bytes are kept in one linear buffer from `base` (everything below is
 * acknowledged by the receiver and judged) to the end of what came in order:
 *
 *      base          next            sent?          end
 *       |--- judged ---|--- message not complete yet ---|
 *
 * - Bytes behind a hole are kept as islands, a bounded number, until it fills.
 * - A byte that came once can never change: a later copy must be the same.
 * - A refused message is cut out: the receiver never gets its bytes, and its
 *   sequence numbers are closed up. From then on sequence numbers of this
 *   direction, and acknowledgements of the other, are translated.
 * - Where nothing is blocked, bytes that never came may be given up; the stream goes on behind
 *   them, and the next message boundary is to be found (half_give_up).
 * - Bytes of an unfinished message may be kept back; the caller says from where
 *   on (limit). Its sender would wait for an acknowledgement for ever, so once the
 *   receiver has all that was delivered, its acknowledgement is passed on as one of
 *   the kept bytes too (half_tell). From then on nobody but us can repeat them.
 *
 * "Sender space" numbers are those the sender uses; "receiver space" is what
 * the receiver sees after cuts. All comparisons are modulo 2^32.
 */
#ifndef ZONED_STREAM_STREAM_H
#define ZONED_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HALF_BUF = 16384,	/* bytes not yet acknowledged or judged, per direction */
	HALF_BIG = 131072,	/* the same where messages are large */
	HALF_ISLANDS = 8,	/* runs of bytes behind holes */
	HALF_CUTS = 16,		/* cuts not yet acknowledged */
	HALF_CUT_TOTAL = 32768, /* bytes cut from one direction in its life: conntrack's window
				 * check sees the uncut numbers and tolerates about 64 KB */
};

struct cut {
	uint32_t seq, len;
};

struct island { /* [from, to), in order, apart from each other */
	uint32_t from, to;
};

struct half {
	uint32_t base, len; /* buffer holds [base, base+len) */
	uint32_t next;	    /* judged up to here: a message boundary */
	uint32_t sent;	    /* delivered up to here (sender space) */
	uint32_t limit;	    /* may be delivered up to here (sender space) */
	uint32_t acked;	    /* receiver has acknowledged up to here (sender space) */
	uint32_t told;	    /* and its sender was told that it had up to here */
	uint32_t cut_base;  /* bytes of cuts that are acknowledged and forgotten */
	uint32_t cut_total;
	uint32_t fin_seq;
	uint64_t partial_since; /* time at which the unfinished message began; 0: none */
	bool partial_told;	/* there is a record of it */
	bool fin;		/* FIN seen at fin_seq */
	/* a FIN was seen at fin_seq, and not every byte before it */
	bool fin_ahead;
	/* nobody saw a FIN, but the last number that the other end acknowledged must be its */
	bool fin_missed;
	uint8_t last; /* last byte delivered */
	/* bytes of the largest packet since there last was nothing kept, within what is ordinary */
	uint16_t largest;
	/* bytes that nobody judged since the last record of such */
	uint32_t missed;
	bool lost;	/* nothing shows that next is a message boundary */
	bool unplaced;	/* no number of it is known yet */
	bool seen;	/* some byte of it was */
	uint8_t strays; /* segments in a row that are not near it */
	uint8_t behind; /* segments that came behind the hole */
	uint8_t n_cuts, n_islands;
	struct island island[HALF_ISLANDS];
	struct cut cuts[HALF_CUTS];
	uint32_t size; /* of buf */
	uint8_t *buf;  /* owned by the connection table */
};

enum half_add { HALF_OK, HALF_OLD, HALF_GAP, HALF_DIFFERS, HALF_FULL }; /* result of adding bytes */

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

/* Start with the first byte at seq; the buffer stays. */
void half_start(struct half *h, uint32_t seq);
/* Start in the middle: all below next is judged and delivered, all below base acknowledged;
 * data holds [base, next), at most HALF_BUF bytes. */
void half_resume(struct half *h, uint32_t base, uint32_t next, const uint8_t *data);
/* Bytes of its buffer that are in use, holes included. */
uint32_t half_extent(const struct half *h);
/* Go on in another buffer, which has room for half_extent(). */
void half_move(struct half *h, uint8_t *buf, uint32_t size);
/* Judged, delivered and whole up to its end; nothing cut or kept back, no FIN: it could be resumed
 * so. */
bool half_at_rest(const struct half *h);
/* Take [seq, seq+n) in. OLD: all of it is below base. GAP: a hole comes first
 * (kept, as long as there is room for another island).
 * DIFFERS: bytes that came before had other values. FULL: no room until more
 * is acknowledged. Nothing changes unless OK. */
enum half_add half_add(struct half *h, uint32_t seq, const uint8_t *data, size_t n);
/* Bytes not judged yet. */
const uint8_t *half_pending(const struct half *h, size_t *n);
/* The next n bytes are one judged message: let it pass, or cut it out.
 * half_cut refuses (false) when the cut tables are full or some of it was delivered. */
void half_pass(struct half *h, uint32_t n);
bool half_cut(struct half *h, uint32_t n);
uint32_t half_to_receiver(const struct half *h, uint32_t seq);
uint32_t half_to_sender(const struct half *h, uint32_t ack);
/* Acknowledgement number to send to the sender when the receiver acknowledges ack (receiver space,
 * already checked). It covers kept bytes as well and never goes back. */
uint32_t half_tell(struct half *h, uint32_t ack);
/* The bytes before seq do not come any more, or those before the first island if that begins
 * earlier: go on behind them, where nothing shows a message boundary. */
void half_give_up(struct half *h, uint32_t seq);
/* The receiver acknowledged up to ack (sender space, already checked). */
void half_acked(struct half *h, uint32_t ack);
/* Copy [a, b) without cut bytes to out; returns the count. a >= base, b <= end. */
size_t half_copy(const struct half *h, uint32_t a, uint32_t b, uint8_t *out);

static inline uint32_t half_end(const struct half *h)
{
	return h->base + h->len;
}

/* The beginning of a message is there, and no record of it yet. */
static inline bool half_unfinished(const struct half *h)
{
	return h->next != half_end(h) && !h->partial_told;
}

/* Was the sender told of bytes that the receiver has not acknowledged? It repeats them no more. */
static inline bool half_owes(const struct half *h)
{
	return seq_lt(h->acked, h->told);
}

#endif
