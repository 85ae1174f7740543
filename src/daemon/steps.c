/* SPDX-License-Identifier: MIT
 * A table of steps, taken and given back. */
#include "daemon/steps.h"

bool steps_open(const struct step *v, size_t n, struct parent *p,
		void (*failed)(struct parent *p, const struct step *step, int err))
{
	for (size_t i = 0; i < n; i++) {
		int err = v[i].open ? v[i].open(p) : 0;
		if (!err)
			continue;
		failed(p, &v[i], err);
		steps_close(v, i, p);
		return false;
	}
	return true;
}

void steps_close(const struct step *v, size_t n, struct parent *p)
{
	while (n-- > 0)
		if (v[n].close)
			v[n].close(p);
}
