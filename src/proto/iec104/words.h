/* SPDX-License-Identifier: MIT
 * An IEC 60870-5-104 policy, as the operator wrote it. */
#ifndef ZONED_PROTO_IEC104_WORDS_H
#define ZONED_PROTO_IEC104_WORDS_H

#include "model/model.h"

struct iec104_allow {
	struct where at;
	struct ranges types;	/* 1..127 */
};

struct iec104_policy {
	struct iec104_allow *allow; size_t n_allow;
};

#endif
