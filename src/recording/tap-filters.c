/* SPDX-License-Identifier: MIT
 * The filter expressions of a model's taps. */
#include "recording/tap-filters.h"

#include "packet/capture.h"
#include "packet/live.h"

bool tap_filters_check(const struct model *m, struct errs *errs)
{
	char why[CAPTURE_ERROR];
	bool ok = true;
	for (size_t i = 0; i < m->n_taps; i++) {
		const struct tap *t = &m->taps[i];
		if (!t->filter || live_filter_compiles(t->filter, why, sizeof(why)))
			continue;
		errs_add(errs, t->filter_at.file, t->filter_at.line,
			 "tap \"%s\": filter = \"%s\" is no expression of pcap-filter(7): %s",
			 t->name, t->filter, why);
		ok = false;
	}
	return ok;
}
