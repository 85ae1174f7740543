/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 for zonectl explain: messages as octets and of captures. */
#include "zonectl/explain.h"

const struct explain_ops explain_iec104 = { .operation_key = "types" };
