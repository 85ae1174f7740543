/* SPDX-License-Identifier: MIT
 * What the makers of samples share: the list of what was given, and numbers in and outside ranges.
 */
#include "zonectl/samples.h"

#include <stdarg.h>
#include <string.h>

static void samples_take(struct samples *s, const struct sample *one)
{
	for (size_t i = 0; i < s->n; i++)
		if (!one->flip && !one->cut_short && strcmp(s->v[i].words, one->words) == 0)
			return;
	if (s->n == SAMPLES_MOST) {
		s->left_out++;
		return;
	}
	s->v[s->n++] = *one;
	s->take(s->ctx, one);
}

void samples_put(struct samples *s, const char *what, enum reason expected, const char *fmt, ...)
{
	struct sample one = { .what = what, .expected = expected };
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(one.words, sizeof(one.words), fmt, ap);
	va_end(ap);
	if (n < SAMPLE_WORDS)
		samples_take(s, &one);
	else
		s->left_out++;
}

static const struct sample *last_permitted(const struct samples *s)
{
	for (size_t i = s->n; i-- > 0;)
		if (s->v[i].expected == R_NONE)
			return &s->v[i];
	return NULL;
}

static void samples_break(struct samples *s, const struct sample *how)
{
	const struct sample *good = last_permitted(s);
	if (!good)
		return;
	struct sample one = *how;
	memcpy(one.words, good->words, sizeof(one.words));
	samples_take(s, &one);
}

void samples_flip(struct samples *s, const char *what, enum reason expected, size_t at,
		  uint8_t flip)
{
	samples_break(
		s, &(struct sample){ .what = what, .expected = expected, .at = at, .flip = flip });
}

void samples_cut_short(struct samples *s, enum reason expected, size_t length_at)
{
	samples_break(s, &(struct sample){ .what = "truncated",
					   .expected = expected,
					   .at = length_at,
					   .cut_short = true });
}

void samples_leave(struct samples *s, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->leave(s->ctx, text);
}

/* ---- ranges ---- */

bool sample_holds(const struct ranges *r, uint32_t lo, uint32_t hi, bool unwritten)
{
	if (!r->set && !r->n)
		return r->any || unwritten;
	for (size_t i = 0; !r->any && i < r->n; i++)
		if (r->v[i].lo <= lo && hi <= r->v[i].hi)
			return true;
	return r->any;
}

uint32_t sample_first(const struct ranges *r, uint32_t standard)
{
	return r->any || !r->n ? standard : r->v[0].lo;
}

bool sample_outside(const struct ranges *r, uint32_t n, uint32_t most, uint32_t *out)
{
	for (size_t i = 0; !r->any && i < r->n; i++) {
		uint64_t above = (uint64_t)r->v[i].hi + 1;
		if (above + n - 1 <= most &&
		    !sample_holds(r, (uint32_t)above, (uint32_t)above + n - 1, true)) {
			*out = (uint32_t)above;
			return true;
		}
		if (r->v[i].lo >= n && !sample_holds(r, r->v[i].lo - n, r->v[i].lo - 1, true)) {
			*out = r->v[i].lo - n;
			return true;
		}
	}
	return false;
}
