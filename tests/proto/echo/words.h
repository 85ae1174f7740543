/* SPDX-License-Identifier: MIT
 * An echo policy, as the operator wrote it. */
#ifndef ZONED_PROTO_ECHO_WORDS_H
#define ZONED_PROTO_ECHO_WORDS_H

#include "model/model.h"

struct echo_allow {
	struct where at;
	struct remarks remarks;
	struct ranges lengths; /* 1..255 */
};

struct echo_policy {
	struct echo_allow *allow;
	size_t n_allow;
};

#endif
