/* SPDX-License-Identifier: MIT
 *
 * State of one OPC UA connection in the data path (OPC 10000-6 clauses 6.7 and
 * 7.1), and the facts of a message that replay gets.
 */
#ifndef ZONED_PROTO_OPCUA_GATE_H
#define ZONED_PROTO_OPCUA_GATE_H

#include "proto/opcua/wire-body.h"

enum {
	/* outstanding requests that are known one by one: the newest */
	UA_PENDING = 128,
	UA_OUTSTANDING = 4096, /* and with the older ones, which are counted by service */
	/* rows of ua_services, and one for what is in none of them */
	UA_SERVICES = 64,
	UA_MESSAGE_MAX = 262144, /* one readable request, put together from its chunks */
	UA_PARTS = 32,		 /* such requests under way in one inspector */
	/* 6.7.3: the one before stays good until the new one is used */
	UA_TOKENS = 2,
	UA_CERT_HEX = 65,
	UA_LOST = UINT16_MAX, /* instead of a place: the chunk found none, or needs none */
	/* of a chunk larger than UA_CHUNK_MAX, that is taken at once */
	UA_PIECE = 32768,
};

/* an unfinished message this old may lose its place */
#define UA_PARTS_NS UINT64_C(10000000000)

enum ua_stage { UA_START, UA_HELLO, UA_OPENED /* acknowledged */, UA_OVER };

struct ua_pending {
	uint32_t id;
	uint16_t request; /* its TypeId */
	uint64_t at_ns;
};

/* One direction: [0] requests, [1] responses. */
struct ua_way {
	bool seq_known, parting; /* parting: chunks of an unfinished message went by */
	uint32_t next_seq, reqid;
	uint32_t have, chunks; /* of the unfinished message: bytes of body, chunks */
	uint16_t place;	       /* number of the place for its body, plus one; 0: none */
	uint16_t raw;	       /* and where a large chunk of it is */
	uint32_t rest, got;    /* of a large chunk: bytes still to come, that came */
	uint32_t at;	       /* stream number at which its next piece begins */
	bool has_type;	       /* of the unfinished response */
	uint16_t type;
	bool has_result;
	uint32_t result;
	uint32_t max_chunk, max_message, max_chunks; /* HEL, ACK; 0: none */
};

struct ua_state {
	uint8_t stage;
	bool reverse; /* RHE came first: the side that opened TCP is the UA server */
	bool adopted; /* not seen from its start; only where nothing is enforced */
	bool channel_open;
	bool policy_known; /* an OPN was seen; policy NULL: not of the table */
	uint8_t mode;	   /* enum ua_mode; INVALID: not known yet */
	uint8_t user;	   /* enum ua_token of the last ActivateSession */
	/* fresh: tokens granted in encrypted answers, number not seen */
	uint8_t n_tokens, fresh;
	uint8_t opening; /* OPN requests without answer */
	uint32_t channel, tokens[UA_TOKENS];
	const struct ua_policy *policy, *asked; /* asked: of the OPN under way */
	struct ua_way way[2];
	unsigned n_pending;
	struct ua_pending pending[UA_PENDING]; /* oldest first */
	/* outstanding, and no longer among them; never more than the sum of older[] */
	unsigned n_older;
	uint16_t older[UA_SERVICES]; /* by row of ua_services */
	uint64_t older_ns;	     /* since when there are any */
};

/* A message as replay prints it. */
struct ua_seen {
	const struct ua_msg *m;
	const struct ua_body *b; /* NULL: none, or not readable */
	bool answer;		 /* from the UA server */
	bool policy_known;
	const struct ua_policy *policy;
	uint8_t mode;		   /* enum ua_mode of the channel, or of an OPN request */
	bool has_type, has_result; /* of the message, with its last chunk */
	uint32_t type, result;
	unsigned n_nodes;
	char nodes[8][UA_NODE_TEXT + 1]; /* calls: with O or M before it */
	const uint8_t *body;		 /* of a readable request, put together; NULL: none */
	size_t body_len;
};

/* The SHA-256 thumbprint of the first certificate of a chain, as hex digits. False: there is none.
 */
bool ua_thumbprint(const struct ua_bytes *chain, char out[UA_CERT_HEX]);

#endif
