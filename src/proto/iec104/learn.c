/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 has no learner yet; the proposed model says so where it was seen. */
#include "learn/learn.h"

const struct learn_ops learn_iec104 = { .observe = NULL };
