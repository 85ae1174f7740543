/* SPDX-License-Identifier: MIT
 * DNP3 for zonectl explain: messages as octets and of captures. */
#include "zonectl/explain.h"

const struct explain_ops explain_dnp3 = { .operation_key = "functions" };
