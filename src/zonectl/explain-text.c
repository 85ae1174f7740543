/* SPDX-License-Identifier: MIT
 * explain: parts of an entry as text. */
#include "base/sb.h"
#include "zonectl/explain.h"

const char *explain_ranges(const struct pol_image *img, const struct pol_rset *s, char *out,
			   size_t n)
{
	const struct pol_range *v = policy_ranges(img, s);
	struct sb b = sb_init(out, n);
	if (s->any || !s->n)
		sb_puts(&b, s->any ? "any" : "none");
	for (uint32_t i = 0; !s->any && i < s->n; i++) {
		sb_printf(&b, "%s%u", i ? ", " : "", v[i].lo);
		if (v[i].hi != v[i].lo)
			sb_printf(&b, "-%u", v[i].hi);
	}
	return out;
}
