/* SPDX-License-Identifier: MIT
 * OPC UA has no learner yet; the proposed model says so where it was seen. */
#include "learn/learn.h"

const struct learn_ops learn_opcua = { .observe = NULL };
