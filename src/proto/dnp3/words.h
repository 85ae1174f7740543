/* SPDX-License-Identifier: MIT
 * A DNP3 policy, as the operator wrote it. */
#ifndef ZONED_PROTO_DNP3_WORDS_H
#define ZONED_PROTO_DNP3_WORDS_H

#include "model/model.h"

/* One entry of a DNP3 policy's allow list. A request passes when one entry allows
 * all of it; its points must be contained in ONE written range, header by header. */
struct dnp3_allow {
	struct where at;
	struct remarks remarks;
	uint8_t functions[32]; /* bitmap of function codes */
	/* "clear-restart", "time-sync": enum dnp_write of wire-objects.h */
	unsigned writes;
	/* as written, for print; and so below */
	const char **function_words;
	size_t n_function_words;
	struct ranges masters;	   /* link addresses, 0..65519; required */
	struct ranges outstations; /* 0..65535; required */
	const char **object_words;
	size_t n_object_words;
	/* group << 8 | variation; required where a function has objects */
	struct ranges objects;
	struct ranges points; /* indexes; required where an object has one */
	const char **operation_words;
	size_t n_operation_words;
	/* bit by dnp_operations; required with g12 in control functions */
	uint8_t operations;
	bool any_operation; /* reserved ones too */
	const char **trip_close_words;
	size_t n_trip_close_words;
	uint8_t trip_close; /* bit by dnp_trip_close */
	bool any_trip_close;
	struct ranges count, on_time, off_time; /* 0..255; ms */
	struct spans analog;			/* required with g41 */
};

/* The settings of a DNP3 policy. */
struct dnp3_policy {
	bool server_is_master; /* master = "server": the outstation opens the connection */
	bool select_before_operate, unsolicited, broadcast, secure_authentication;
	bool unwalkable;	    /* content behind an object of unknown size passes */
	bool confirmed_requests;    /* requests that ask for a confirmation */
	bool interleaved_responses; /* frames of several outstations' responses in turn */
	unsigned select_timeout;    /* seconds from a select to its operate */
	unsigned outstanding;	    /* unanswered requests of one outstation */
	uint32_t max_fragment;	    /* octets */
	struct dnp3_allow *allow;
	size_t n_allow;
};

static inline struct dnp3_policy *dnp3_policy_of(const struct policy *p)
{
	return p->of;
}

#endif
