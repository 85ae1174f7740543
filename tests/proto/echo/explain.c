/* SPDX-License-Identifier: MIT
 * An echo message is explained by its facts alone. */
#include "zonectl/explain.h"

const struct explain_ops explain_echo = { .operation_key = "lengths" };
