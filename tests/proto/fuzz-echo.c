/* SPDX-License-Identifier: MIT
 * Fuzz target of the tests' own protocol: whatever is a whole message is read to its end, and
 * nothing shorter is. */
#include <stdlib.h>

#include "proto/echo/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct echo_msg m;
		enum reason why = R_NONE;
		int len = echo_frame(data + at, n - at, &why);
		if (len <= 0 || (size_t)len > n - at)
			break;
		if (echo_parse(data + at, (size_t)len, &m) != R_NONE || m.n + 1 != len ||
		    echo_parse(data + at, (size_t)len - 1, &m) == R_NONE)
			abort();
		at += (size_t)len;
	}
	return 0;
}
