/* SPDX-License-Identifier: MIT
 * An IEC 60870-5-104 policy, as the operator wrote it. */
#ifndef ZONED_PROTO_IEC104_WORDS_H
#define ZONED_PROTO_IEC104_WORDS_H

#include "model/model.h"
#include "proto/iec104/wire-limits.h"

/* One entry of allow. An ASDU passes when one entry allows all of it. */
struct iec104_allow {
	struct where at;
	struct remarks remarks;
	const char **type_words;
	size_t n_type_words; /* as written, for print */
	struct ranges ranges[IEC_RANGES];
	struct spans spans[IEC_SPANS];
	struct iec_limits limits;
	bool causes_written, words_written[IEC_WORDS], select_written;
};

/* A policy: its own settings, and its entries. */
struct iec104_policy {
	bool server_is_controlling; /* master = "server" */
	bool monitor_listed;	    /* monitor_direction = "listed" */
	bool first_number_one;	    /* tolerate = [ "first-number-one" ] */
	unsigned select_timeout;    /* seconds from a select to its execute */
	unsigned k;		    /* I frames of one end without acknowledgement */
	unsigned started_masters;   /* of one redundancy group of a station, at a time */
	unsigned redundancy_group;
	struct iec104_allow *allow;
	size_t n_allow;
};

static inline struct iec104_policy *iec104_policy_of(const struct policy *p)
{
	return p->of;
}

#endif
