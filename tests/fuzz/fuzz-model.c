/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the text of a model. Promises held: whatever the text, libconfig reads
 * what the grammar accepts, and as the grammar does (agree.c never has to say so); and
 * a model that loads prints to a text that loads and prints the same.
 * It includes nothing but itself: files in memory have none of this machine beside them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* NULL: refused. What only agree.c says is a fault. */
static struct model *load(const char *text, size_t n)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load_text("fuzz.conf", text, n, &errs);
	for (size_t i = 0; i < errs.n; i++)
		if (strncmp(errs.v[i].text, "libconfig re", 12) == 0)
			abort();
	if (!m != (errs.total > 0))
		abort();
	errs_free(&errs);
	return m;
}

static char *print(const struct model *m, size_t *n)
{
	char *p = NULL;
	FILE *f = open_memstream(&p, n);
	if (!f)
		abort();
	model_print(m, f);
	fclose(f);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct model *m = load((const char *)data, n);
	if (!m)
		return 0;
	size_t n_one, n_two;
	char *one = print(m, &n_one);
	struct model *again = load(one, n_one);
	if (!again)
		abort();
	char *two = print(again, &n_two);
	if (n_one != n_two || memcmp(one, two, n_one) != 0)
		abort();
	free(one);
	free(two);
	model_free(again);
	model_free(m);
	return 0;
}
