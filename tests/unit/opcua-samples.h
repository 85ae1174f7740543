/* SPDX-License-Identifier: MIT
 * OPC UA messages made by hand, for tests. */
#ifndef ZONED_TESTS_OPCUA_SAMPLES_H
#define ZONED_TESTS_OPCUA_SAMPLES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/opcua/wire-body.h"

enum { MAKE_MAX = 70000 };

struct make {
	uint8_t b[MAKE_MAX];
	size_t n;
};

static inline void put(struct make *m, const void *p, size_t n)
{
	if (m->n + n > sizeof(m->b))
		abort();
	if (n)
		memcpy(m->b + m->n, p, n);
	m->n += n;
}

static inline void put_le(struct make *m, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)(i < 8 ? v >> (8 * i) : 0);
		put(m, &c, 1);
	}
}

static inline void put8(struct make *m, uint8_t v)
{
	put_le(m, v, 1);
}

static inline void put_u32(struct make *m, uint32_t v)
{
	put_le(m, v, 4);
}

static inline void put_str(struct make *m, const char *s) /* NULL: a null string */
{
	put_u32(m, s ? (uint32_t)strlen(s) : UINT32_MAX);
	if (s)
		put(m, s, strlen(s));
}

static inline void put_double(struct make *m, double d)
{
	uint64_t bits;
	memcpy(&bits, &d, sizeof(bits));
	put_le(m, bits, 8);
}

static inline void put_numeric(struct make *m, uint16_t ns, uint32_t id)
{
	put8(m, 2);
	put_le(m, ns, 2);
	put_u32(m, id);
}

static inline void put_node_str(struct make *m, uint16_t ns, const char *id)
{
	put8(m, 3);
	put_le(m, ns, 2);
	put_str(m, id);
}

static inline void put_type(struct make *m, uint16_t id)
{
	put8(m, 1);
	put8(m, 0);
	put_le(m, id, 2);
}

static inline void put_no_extension(struct make *m)
{
	put_le(m, 0, 3);
}

static inline void put_request(struct make *m, uint16_t id)
{
	put_type(m, id);
	put_numeric(m, 1, 77); /* authentication token */
	put_le(m, 0, 8);
	put_u32(m, 5); /* handle */
	put_u32(m, 0);
	put_str(m, NULL);
	put_u32(m, 10000);
	put_no_extension(m);
}

static inline void put_response(struct make *m, uint16_t id, uint32_t result)
{
	put_type(m, id);
	put_le(m, 0, 8);
	put_u32(m, 5);
	put_u32(m, result);
	put8(m, 0);
	put_u32(m, UINT32_MAX);
	put_no_extension(m);
}

/* The chunk header; chunk_done() fills its size in. Returns where it begins. */
static inline size_t chunk_begin(struct make *m, const char *type_and_chunk)
{
	size_t at = m->n;
	put(m, type_and_chunk, 4);
	put_u32(m, 0);
	return at;
}

static inline void chunk_done(struct make *m, size_t at)
{
	uint32_t size = (uint32_t)(m->n - at);
	for (size_t i = 0; i < 4; i++)
		m->b[at + 4 + i] = (uint8_t)(size >> (8 * i));
}

static inline size_t msg_begin(struct make *m, const char *type_and_chunk, uint32_t channel,
			       uint32_t token, const uint32_t seq_req[2])
{
	size_t at = chunk_begin(m, type_and_chunk);
	put_u32(m, channel);
	put_u32(m, token);
	put_u32(m, seq_req[0]);
	put_u32(m, seq_req[1]);
	return at;
}

static inline void put_hello(struct make *m, const char *type_and_chunk, const char *url)
{
	size_t at = chunk_begin(m, type_and_chunk);
	put_u32(m, 0);
	put_u32(m, 65536);
	put_u32(m, 65536);
	put_u32(m, 0);
	put_u32(m, 0);
	if (url)
		put_str(m, url);
	chunk_done(m, at);
}

/* OPN up to its sequence header. */
static inline size_t opn_begin(struct make *m, uint32_t channel, const char *policy,
			       const char *cert)
{
	size_t at = chunk_begin(m, "OPNF");
	put_u32(m, channel);
	char uri[128] = "http://opcfoundation.org/UA/SecurityPolicy#";
	strncat(uri, policy, 60);
	put_str(m, uri);
	put_str(m, cert);
	put_str(m, cert ? "01234567890123456789" : NULL);
	return at;
}

static inline void put_open_request(struct make *m, uint32_t type, uint32_t mode)
{
	put_request(m, UA_OPEN_CHANNEL);
	put_u32(m, 0);
	put_u32(m, type);
	put_u32(m, mode);
	put_str(m, NULL);
	put_u32(m, 3600000);
}

static inline void put_open_response(struct make *m, uint32_t channel, uint32_t token)
{
	put_response(m, 449, 0);
	put_u32(m, 0);
	put_u32(m, channel);
	put_u32(m, token);
	put_le(m, 0, 8);
	put_u32(m, 3600000);
	put_str(m, NULL);
}

/* A request of one element in every array, made from the field letters. */
static inline const char *put_fields(struct make *m, const char *f)
{
	for (; *f && *f != ']'; f++) {
		switch (*f) {
		case '[':
			put_u32(m, 1);
			f = put_fields(m, f + 1);
			break;
		case '@':
		case '!':
			f++;
			put_node_str(m, 2, "Plant.Pump");
			break;
		case 'b':
		case 'B':
			put8(m, 1);
			break;
		case 'i':
		case 'I':
			put_double(m, 250.0);
			break;
		case 'l':
			put_le(m, 0, 8);
			break;
		case 's':
		case 'S':
			put_str(m, "text");
			break;
		case 'n':
		case 'e':
			put_numeric(m, 0, 85);
			break;
		case 'q':
			put_le(m, 1, 2);
			put_str(m, "name");
			break;
		case 't':
			put8(m, 3);
			put_str(m, "en");
			put_str(m, "name");
			break;
		case 'x':
		case 'U':
			put_type(m, 321);
			put8(m, 1);
			put_str(m, "abcd");
			break;
		case 'H':
			put_type(m, 688);
			put8(m, 1);
			put_u32(m, 4);
			put_type(m, 2258);
			break;
		case 'v':
			put8(m, 6);
			put_u32(m, 42);
			break;
		case 'd':
			put8(m, 1);
			put8(m, 11);
			put_double(m, 1.5);
			break;
		default: /* numbers of 4 bytes */
			put_u32(m, 13);
		}
	}
	return f;
}

#endif
