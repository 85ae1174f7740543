/* SPDX-License-Identifier: MIT
 *
 * OPC UA Connection Protocol and Secure Conversation: framing and facts of one
 * chunk. OPC 10000-6 (1.05) clauses 6.7 and 7.1. No policy, no state, no
 * allocation. All integers are little endian.
 *
 *   0          3     4          8
 *   +----------+-----+----------+----------------------------------------------
 *   | type     |chunk| size     | HEL, ACK, ERR, RHE: fixed fields, strings
 *   +----------+-----+----------+----------------------------------------------
 *    "MSG"      'F'   of all of the chunk, this header included
 *
 *   OPN  8          12
 *        +----------+------------+-------------+------------+-----+--------+------
 *        | channel  | policy URI | certificate | thumbprint | seq | req id | body
 *        +----------+------------+-------------+------------+-----+--------+------
 *                    (string)     (byte strings)            |- encrypted unless None
 *   MSG  8          12      16    20       24
 *   CLO  +----------+-------+-----+--------+-------------------------+-----------+
 *        | channel  | token | seq | req id | part of the body        | signature |
 *        +----------+-------+-----+--------+-------------------------+-----------+
 *                           |- encrypted in mode SignAndEncrypt     -|
 *
 * 'C' a part, 'F' the last (or only) part, 'A' the sender gives the message up.
 */
#ifndef ZONED_PROTO_OPCUA_WIRE_H
#define ZONED_PROTO_OPCUA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

enum {
	UA_HEADER = 8,
	UA_CHUNK_MAX = 65536,	  /* of all but MSG; what most stacks agree on for MSG too */
	UA_CHUNK_HUGE = 16 << 20, /* MSG chunks: some stacks agree on megabytes */
	/* 7.1.2.3: no buffer is smaller; of RSA policies 8192, of ECC 1024 */
	UA_CHUNK_LEAST = 1024,
	UA_URL_MAX = 4096,   /* 7.1.2.3: EndpointUrl, also reasons of ERR */
	UA_URI_MAX = 255,    /* 6.7.2.3: SecurityPolicyUri */
	UA_CERT_MAX = 16384, /* sender certificate: chains of a few KB are in use */
	UA_THUMB = 20,	     /* SHA-1 */
	/* then the body of an OPN ends with it: ua_opn_signature_ok() */
	UA_SIGNATURE_OF_KEY = 255,
};

enum ua_type { UA_HEL, UA_ACK, UA_ERR, UA_RHE, UA_OPN, UA_MSG, UA_CLO };

struct ua_bytes { /* a string inside the chunk; p NULL: null string */
	const uint8_t *p;
	uint32_t n;
};

/* A SecurityPolicy (OPC 10000-7). */
struct ua_policy {
	const char *name; /* the part of its URI behind '#' */
	bool deprecated;
	bool opn_plain;	   /* OPN is readable: None, and ECC and RSA_DH, which only sign it */
	uint8_t block;	   /* cipher block; 1: any length; 0: nothing is encrypted */
	uint8_t signature; /* bytes behind the body of MSG and CLO */
	/* behind the body of a readable OPN; UA_SIGNATURE_OF_KEY: as long as the key */
	uint8_t opn_signature;
};

extern const struct ua_policy ua_policies[]; /* [0] is None */
extern const size_t ua_policies_n;
const struct ua_policy *ua_policy_by_uri(const uint8_t *uri, size_t n); /* NULL: unknown */
const struct ua_policy *ua_policy_by_name(const char *name);

struct ua_msg {
	enum ua_type type;
	char chunk; /* 'F', 'C', 'A' */
	uint32_t size;
	/* HEL, ACK */
	uint32_t version, recv_size, send_size, max_message, max_chunks; /* 0: no limit */
	struct ua_bytes url;						 /* HEL, RHE: EndpointUrl */
	struct ua_bytes server_uri;					 /* RHE */
	bool has_error;	      /* ERR, and abort chunks that can be read */
	uint32_t error;	      /* StatusCode */
	struct ua_bytes text; /* its reason */
	/* OPN, MSG, CLO */
	bool has_channel;
	uint32_t channel, token;		      /* token: MSG, CLO */
	struct ua_bytes uri, certificate, thumbprint; /* OPN */
	const struct ua_policy *policy; /* OPN: by its URI, NULL: unknown; else as passed in */
	bool readable;			/* the following are there: the chunk is not encrypted */
	uint32_t seq, reqid;
	const uint8_t *body;
	size_t body_len; /* without the signature */
};

/* Can the rest octets behind the body of an OPN be its signature? The length is checked exactly
 * where the policy alone determines it. With RSA only the two ends know it, and there is a maximum;
 * a signature has no influence on what is requested. */
bool ua_opn_signature_ok(const struct ua_policy *policy, size_t rest);

/* Form of the bodies of a channel's MSG and CLO chunks. Sign and SignAndEncrypt look
 * alike on the wire: see ua_plain(). */
enum ua_bodies { UA_BODY_PLAIN, UA_BODY_OPAQUE };

const char *ua_type_name(enum ua_type t);
/* Length of the chunk that starts at p: >0 whole length, 0 need more bytes to
 * tell, <0 this can never be OPC UA (then *why says why). */
int ua_frame(const uint8_t *p, size_t n, enum reason *why);
/* Parse one whole chunk of exactly n bytes, or the beginning of a MSG chunk larger than
 * UA_CHUNK_MAX: then body ends where the bytes end and has the signature in it. policy: of the
 * channel, for MSG and CLO (NULL: unknown; taken for None). R_NONE, or why it is not well formed;
 * facts read before the fault stay in *m. The body is not looked into. */
enum reason ua_parse(const uint8_t *p, size_t n, const struct ua_policy *policy,
		     enum ua_bodies bodies, struct ua_msg *m);
/* Is this MSG or CLO chunk, the first of its message, in the clear? It is when
 * its body begins with the type of a service message of that direction and a
 * request (response) header that can be read to its end. Of 2^32 encrypted bodies
 * about fifty begin with such a type; hardly any of those goes on with a header.
 * first: nothing came on the channel before. Then a part that ends inside of the
 * header, and a request of a type that has no row here, are in the clear too:
 * nobody shall be taken for encrypted by what he sends first. Where p is the
 * beginning of a large chunk only, a header that goes on behind it is in the clear. */
bool ua_plain(const uint8_t *p, size_t n, const struct ua_policy *policy, bool response,
	      bool first);

#endif
