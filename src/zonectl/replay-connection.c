/* SPDX-License-Identifier: MIT
 *
 * The name of a connection: Community ID, version 1, seed 0. It follows from the ends, so it is
 * the same in every capture, and in Wireshark, Zeek and Suricata.
 *
 *	"1:" base64(SHA-1(seed 2 | lower address | higher | protocol 1 | 0 | port 2 | port 2))
 */
#include <netinet/in.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <string.h>

#include "base/siphash.h"
#include "zonectl/replay-parts.h"

/* The ends in order, as words: the same for both directions. */
static void ends_of_event(const struct event *ev, uint64_t w[5])
{
	const struct addr *a = &ev->src, *b = &ev->dst;
	uint64_t pa = ev->sport, pb = ev->dport;
	int order = memcmp(a->b, b->b, sizeof(a->b));
	if (order > 0 || (order == 0 && pa > pb)) {
		a = &ev->dst;
		b = &ev->src;
		pa = ev->dport;
		pb = ev->sport;
	}
	memcpy(w, a->b, 16);
	memcpy(w + 2, b->b, 16);
	w[4] = pa << 32 | pb << 16 | (uint64_t)ev->l4 << 8 | a->family;
}

static void make_id(const uint64_t w[5], char out[CONNECTION_ID_TEXT])
{
	size_t len = (w[4] & 0xff) == 4 ? 4 : 16;
	const uint8_t ports[6] = { (uint8_t)(w[4] >> 8),  0,
				   (uint8_t)(w[4] >> 40), (uint8_t)(w[4] >> 32),
				   (uint8_t)(w[4] >> 24), (uint8_t)(w[4] >> 16) };
	static const uint8_t seed[2] = { 0, 0 };
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;
	sha1_init(&sha);
	sha1_update(&sha, sizeof(seed), seed);
	sha1_update(&sha, len, (const uint8_t *)w);
	sha1_update(&sha, len, (const uint8_t *)(w + 2));
	sha1_update(&sha, sizeof(ports), ports);
	sha1_digest(&sha, sizeof(digest), digest);
	memcpy(out, "1:", 2);
	base64_encode_raw(out + 2, sizeof(digest), digest);
	out[CONNECTION_ID_TEXT - 1] = '\0';
}

const char *connection_id(struct connection_name names[CONNECTION_NAMES], const struct event *ev)
{
	static const uint64_t key[2] = { 0, 0 }; /* a collision costs a computation */
	uint64_t w[5];
	ends_of_event(ev, w);
	struct connection_name *k = &names[siphash_words(key, w, 5) % CONNECTION_NAMES];
	if (k->text[0] == '\0' || memcmp(k->ends, w, sizeof(w)) != 0) {
		memcpy(k->ends, w, sizeof(w));
		make_id(w, k->text);
	}
	return k->text;
}
