/* SPDX-License-Identifier: MIT
 * DNP3 has no learner yet; the proposed model says so where it was seen. */
#include "learn/learn.h"

const struct learn_ops learn_dnp3 = { .observe = NULL };
