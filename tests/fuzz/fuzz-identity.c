/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: what devices say of themselves in EtherNet/IP and S7. The first byte: bit 0 S7, bit
 * 1 an answer, bit 2 the client has asked for the identity. What is said is not empty, ends with
 * neither blank nor zero, and is in the bytes, but for the words of a vendor.
 */
#include <stdlib.h>
#include <string.h>

#include "learn/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct said {
	const uint8_t *begin, *end; /* what was read */
	unsigned texts;
};

static void check_text(void *ctx, const void *text, size_t n)
{
	struct said *s = ctx;
	const uint8_t *p = text;
	bool inside = p >= s->begin && p + n <= s->end;
	s->texts++;
	if (n == 0 || p[n - 1] == ' ' || p[n - 1] == '\0')
		abort();
	if (!inside && !memmem(p, n, "CIP vendor ", 11))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	struct said s = { data + 1, data + n, 0 };
	const struct identity_sink to = { &s, check_text };
	struct identity_asked asked = { .identity = data[0] & 4, .context = 0 };
	if (data[0] & 1)
		identity_s7(data + 1, n - 1, &to);
	else
		identity_enip(data + 1, n - 1, data[0] & 2, &asked, &to);
	if (s.texts > n)
		abort();
	return 0;
}
