/* SPDX-License-Identifier: MIT
 * OPC UA for zonectl explain: messages as octets and of captures. */
#include "zonectl/explain.h"

const struct explain_ops explain_opcua = { .operation_key = "services" };
