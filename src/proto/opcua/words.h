/* SPDX-License-Identifier: MIT
 * An OPC UA policy, as the operator wrote it. */
#ifndef ZONED_PROTO_OPCUA_WORDS_H
#define ZONED_PROTO_OPCUA_WORDS_H

#include "model/model.h"

enum node_form { NODE_ANY, NODE_NUMBER, NODE_STRING, NODE_STEM, NODE_GUID, NODE_OPAQUE };

/* "ns=1;i=1000-1999", "ns=1;s=Plc1.Setpoint", "ns=1;s=Plc1.*", "ns=2", "i=2258". */
struct node_pattern {
	enum node_form form;
	uint16_t ns;
	uint32_t lo, hi; /* NODE_NUMBER */
	const char *id;
	size_t len; /* the others; inside the text */
};

/* One entry of an OPC UA policy's allow list; a request passes when one entry
 * allows its service and everything it names. */
struct opcua_allow {
	struct where at;
	struct remarks remarks;
	uint64_t services; /* bitmap by row of ua_services */
	const char **service_words;
	size_t n_service_words;	       /* as written, for print */
	struct texts nodes;	       /* required where a service names nodes */
	struct node_pattern *patterns; /* of each text of nodes */
	/* required where a service names attributes */
	struct texts attributes;
	uint32_t attribute_bits;
	/* ms; required where a service has intervals */
	uint32_t least_interval;
	bool has_interval;
	bool sampling_by_server; /* a sampling interval of 0 passes all the same */
};

/* The settings of an OPC UA policy. */
struct opcua_policy {
	int security; /* least mode: enum ua_mode of wire-body.h */
	bool unsecured_discovery, reverse_connect;
	bool opaque; /* encrypted bodies pass */
	struct texts security_policies, endpoint_urls, client_certificates, server_certificates,
		user_tokens;
	uint32_t max_chunk, max_message; /* bytes; 0: the inspector's own */
	struct opcua_allow *allow;
	size_t n_allow;
};

static inline struct opcua_policy *opcua_policy_of(const struct policy *p)
{
	return p->of;
}

#endif
