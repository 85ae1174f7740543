/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 is not judged in the kernel. */
#include "inspect/internal.h"

const struct fast_ops fast_iec104 = { .fits = NULL };
