/* SPDX-License-Identifier: MIT
 *
 * A main() for the fuzz targets where libFuzzer is not there: runs the target
 * once over every file named. So `make check` holds the seeds with any compiler.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* In a block of exactly its size, so that a sanitizer sees any read past it. */
static int run(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(SEED_MAX), *exact = NULL;
	int ok = 0;
	if (!f || !all)
		goto out;
	size_t n = fread(all, 1, SEED_MAX, f);
	exact = malloc(n ? n : 1);
	if (ferror(f) || !feof(f) || !exact)
		goto out;
	for (size_t i = 0; i < n; i++)
		exact[i] = all[i];
	LLVMFuzzerTestOneInput(exact, n);
	ok = 1;
out:
	if (!ok)
		fprintf(stderr, "%s: cannot be read\n", path);
	free(exact);
	free(all);
	if (f)
		fclose(f);
	return ok;
}

int main(int argc, char **argv)
{
	int good = 0;
	for (int i = 1; i < argc; i++)
		good += run(argv[i]);
	printf("%d of %d seeds ran\n", good, argc - 1);
	return argc > 1 && good == argc - 1 ? 0 : 1;
}
