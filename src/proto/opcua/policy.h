/* SPDX-License-Identifier: MIT
 * OPC UA policies in the image, and their judgement. */
#ifndef ZONED_PROTO_OPCUA_POLICY_H
#define ZONED_PROTO_OPCUA_POLICY_H

#include "proto/opcua/wire-body.h"
#include "policy/policy.h"

/* items i0..i0+n; neither: nothing passes */
struct pol_ua_list {
	uint32_t i0, n;
	uint8_t any;
};

enum pol_ua_how {
	POL_UA_TEXT,   /* exactly this text (URLs, URIs, thumbprints) */
	POL_UA_STEM,   /* a text that begins so */
	POL_UA_NS,     /* nodes: any identifier of the namespace */
	POL_UA_NUMBER, /* numeric identifier lo..hi */
	POL_UA_STRING,
	POL_UA_STRING_STEM,
	POL_UA_GUID,   /* as text, lower case */
	POL_UA_OPAQUE, /* lower case hex digits */
	POL_UA_HOW_N
};

struct pol_ua_item {
	uint8_t how; /* enum pol_ua_how */
	uint8_t pad;
	uint16_t ns;
	uint32_t lo, hi;
	struct pol_str text;
	uint32_t len; /* of the text */
};

struct pol_ua_rule {
	struct pol_rule at;
	uint64_t services; /* bitmap by row of ua_services */
	struct pol_ua_list nodes;
	uint32_t attributes;	 /* bitmap by id */
	uint32_t least_interval; /* ms */
	/* whether a sampling interval of 0 passes where there is a least */
	uint32_t server_sampling;
};

struct pol_ua_head {
	uint8_t security; /* enum ua_mode: the least */
	uint8_t unsecured_discovery, reverse_connect, opaque;
	uint32_t policies;		 /* bitmap by row of ua_policies */
	uint16_t users;			 /* bitmap by enum ua_token */
	uint32_t max_chunk, max_message; /* bytes; 0: none of its own */
	struct pol_ua_list uris;	 /* security policies that have no row */
	struct pol_ua_list urls, client_certificates, server_certificates;
};

/* The list's, l->n of them. */
const struct pol_ua_item *policy_opcua_items(const struct pol_image *img,
					     const struct pol_ua_list *l);
/* Does the list hold this text? */
bool policy_opcua_text(const struct pol_image *img, const struct pol_ua_list *l, const void *text,
		       size_t n);
/* May channels use it: a row of ua_policies, or NULL and its URI? None is a
 * matter of the least mode, not of this. */
bool policy_opcua_uri(const struct pol_image *img, const struct pol_ua_head *h,
		      const struct ua_policy *p, const struct ua_bytes *uri);

struct ua_decision {
	enum reason reason; /* R_NONE: permitted */
	uint16_t rule;	    /* that permitted, or came nearest; 0xffff: none */
	bool has_node;
	struct ua_visit visit; /* the node that offended; points into the body */
};

/* Judge one readable, well-formed request by the entries of its policy: the
 * service, then every node, attribute and interval by one entry. */
struct ua_decision policy_opcua(const struct pol_image *img, const struct pol_flow *f,
				const uint8_t *body, size_t n, const struct ua_body *b);

/* What one entry says of the request: R_NONE, or the first of these that it does not allow, with
 * the node that offends. */
struct ua_decision policy_opcua_rule(const struct pol_image *img, uint32_t rule,
				     const uint8_t *body, size_t n, const struct ua_body *b);

#endif
