/* SPDX-License-Identifier: MIT
 * explain: what the files of the protocols have in common: octets of a message, parts of an entry
 * and of a record as text. */
#include <string.h>

#include "base/sb.h"
#include "record/expected.h"
#include "zonectl/explain.h"

const char *explain_ranges(const struct pol_image *img, const struct pol_rset *s, char *out,
			   size_t n)
{
	struct sb b = sb_init(out, n);
	expected_ranges(&b, img, s);
	return out;
}

void explain_put(struct explain_octets *o, const void *p, size_t n)
{
	if (n > sizeof(o->b) - o->n)
		return;
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

void explain_put_le(struct explain_octets *o, uint64_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		explain_put(o, &(uint8_t){ (uint8_t)(i < 8 ? v >> 8 * i : 0) }, 1);
}

void explain_put_be(struct explain_octets *o, uint64_t v, unsigned octets)
{
	for (unsigned i = octets; i-- > 0;)
		explain_put(o, &(uint8_t){ (uint8_t)(i < 8 ? v >> 8 * i : 0) }, 1);
}

bool explain_add(struct explain_message *m, bool answer, const struct explain_octets *o)
{
	uint8_t *to = explain_part(m, answer, o->n);
	if (to)
		memcpy(to, o->b, o->n);
	return to != NULL;
}

void explain_put_field(const struct explain_record *r, FILE *f, const char *name, const char *words)
{
	char text[24];
	const char *v = explain_field(r, name, text, sizeof(text));
	if (v)
		fprintf(f, " %s%s", words, v);
}
