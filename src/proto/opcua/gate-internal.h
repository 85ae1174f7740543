/* SPDX-License-Identifier: MIT
 * Declarations that the OPC UA files of the data path share. */
#ifndef ZONED_PROTO_OPCUA_GATE_INTERNAL_H
#define ZONED_PROTO_OPCUA_GATE_INTERNAL_H

#include <string.h>

#include "inspect/internal.h"
#include "proto/opcua/facts.h"
#include "proto/opcua/gate.h"
#include "proto/opcua/policy.h"

static inline struct ua_state *ua_of(const struct connection *f)
{
	return f->proto_state;
}

/* One chunk on its way through. */
struct ua_look {
	struct pass *c;
	struct ua_state *s;
	struct ua_msg m;
	bool answer;			/* the UA server sent it */
	const struct pol_ua_head *head; /* NULL: no model */
	bool whole;			/* the last chunk: body is that of the message */
	const uint8_t *chunk;		/* of a large one: all that came */
	/* the first piece of a large request that is encrypted: it has all that is judged */
	bool unread;
	const uint8_t *body;
	size_t body_len;
	bool has_body;
	struct ua_body b;
	uint16_t rule;
	char text[EV_UA_TEXT]; /* the refused thing, or the first node */
	struct event_number number;
	bool has_attribute;
	uint32_t attribute;
};

/* Copy n bytes to a text of the record, cut to EV_UA_TEXT - 1; the rest of the text is zero. */
static inline void ua_show(char text[EV_UA_TEXT], const void *p, size_t n)
{
	n = n < EV_UA_TEXT ? n : EV_UA_TEXT - 1;
	memset(text, 0, EV_UA_TEXT);
	if (n)
		memcpy(text, p, n);
}

/* gate.c: does the request count as a write? */
bool ua_changes(const struct ua_body *b);

/* gate-channel.c: is the chunk what the connection and channel may carry now? */
enum reason ua_hello(struct ua_look *k); /* HEL, ACK, ERR, RHE */
/* Judge an OPN before its body is read, and after. */
enum reason ua_open(struct ua_look *k);
enum reason ua_opened(struct ua_look *k);
enum reason ua_chunk(struct ua_look *k); /* MSG, CLO: channel, token, sequence, sizes */
void ua_missed(struct pass *c, int dir); /* proto_ops.missed */

/* gate-parts.c: memory that all connections of an inspector share */
struct ua_place {
	const struct connection *owner;
	uint64_t since_ns;
	uint8_t bytes[UA_MESSAGE_MAX];
};
enum { UA_PARTS_BYTES = UA_PARTS * sizeof(struct ua_place) };
int ua_frame_in(const struct pass *c, const uint8_t *p, size_t n, enum reason *why);
/* The next piece of a chunk of this size; requests are put together again in k->chunk. */
enum reason ua_collect(struct ua_look *k, const uint8_t *p, size_t n, size_t size);
/* Put the chunk to the message it belongs to. R_NONE: k->whole says whether k->body is complete. */
enum reason ua_join(struct ua_look *k);
/* gate-pending.c: a request that passes, a response that came. */
enum reason ua_ask(struct ua_look *k);
enum reason ua_answer(struct ua_look *k);

/* gate-fast.c: a chunk that goes on; it may be what the program is to know. */
void fast_ua_permitted(struct ua_look *k, const uint8_t *chunk, size_t n);

/* gate-cert.c: the SHA-1 or SHA-256 thumbprint of the first certificate is in the list. */
bool ua_certificate_ok(const struct pol_image *img, const struct pol_ua_list *l,
		       const struct ua_bytes *chain, char shown[EV_UA_TEXT]);

#endif
