/* SPDX-License-Identifier: MIT
 *
 * Samples: messages that a policy, as the operator wrote it, permits or refuses, with the reason
 * that follows from its words. selftest sends them through the engine (explain_run()), which
 * judges by the compiled image: so the expectation and the judgement have nothing in common but
 * the model.
 *
 * A protocol makes its samples in explain-samples.c, as words that its compose() reads. It begins
 * with one that an entry permits, and moves one field at a time to the nearest value outside.
 */
#ifndef ZONED_ZONECTL_SAMPLES_H
#define ZONED_ZONECTL_SAMPLES_H

#include "model/model.h"
#include "record/reason.h"

enum {
	SAMPLES_MOST = 400, /* of one flow; more are counted as left out */
	SAMPLE_WORDS = 400,
	SAMPLE_FUNCTIONS = 8, /* of one entry */
};

struct sample {
	const char *what; /* the field that was moved, or "permitted" */
	char words[SAMPLE_WORDS];
	enum reason expected; /* R_NONE: permitted */
	/* What is done to the octets of the message behind its words, to break its frame: */
	size_t at;	/* this octet */
	uint8_t flip;	/* gets these bits flipped; 0: nothing is done */
	bool cut_short; /* or its last octet goes, and this one, its length, is one less */
};

struct samples {
	void *ctx;
	void (*take)(void *ctx, const struct sample *s);
	void (*leave)(void *ctx, const char *why); /* what cannot be tried, and why */
	struct sample *v;			   /* SAMPLES_MOST; what was given */
	size_t n, left_out;
};

/* Another sample, unless there was one with these words. */
void samples_put(struct samples *s, const char *what, enum reason expected, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same words as the last one that is permitted, with a frame that is broken. */
void samples_flip(struct samples *s, const char *what, enum reason expected, size_t at,
		  uint8_t flip);
void samples_cut_short(struct samples *s, enum reason expected, size_t length_at);
void samples_leave(struct samples *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Does one written range hold all of lo..hi? Without the key: what `unwritten` says. */
bool sample_holds(const struct ranges *r, uint32_t lo, uint32_t hi, bool unwritten);
/* The first number; `standard` where all are, or none is written. */
uint32_t sample_first(const struct ranges *r, uint32_t standard);
/* The nearest run of n numbers from 0 to most that no range holds. False: there is none. */
bool sample_outside(const struct ranges *r, uint32_t n, uint32_t most, uint32_t *out);

#endif
