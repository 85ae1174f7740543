/* SPDX-License-Identifier: MIT
 * IP addresses and prefixes. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/sb.h"

bool addr_parse(const char *s, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, s, out->b) == 1) {
		out->family = 4;
		return true;
	}
	if (inet_pton(AF_INET6, s, out->b) == 1) {
		out->family = 6;
		return true;
	}
	return false;
}

static bool addr_bit(const uint8_t *b, unsigned i)
{
	return (b[i / 8] >> (7 - i % 8)) & 1;
}

bool prefix_parse(const char *s, struct prefix *out, bool *host_bits)
{
	char buf[ADDR_TEXT];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	if (n >= sizeof(buf))
		return false;
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (!addr_parse(buf, &out->a))
		return false;
	unsigned max = out->a.family == 4 ? 32 : 128;
	uint64_t len = max;
	if (slash && !num_parse(slash + 1, 0, max, &len))
		return false;
	out->len = (uint8_t)len;
	*host_bits = false;
	for (unsigned i = out->len; i < max; i++) {
		if (!addr_bit(out->a.b, i))
			continue;
		*host_bits = true;
		out->a.b[i / 8] &= (uint8_t) ~(1u << (7 - i % 8));
	}
	return true;
}

void addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	struct sb b = sb_init(out, ADDR_TEXT);
	for (unsigned i = 0; a->family == 4 && i < 4; i++) {
		if (i)
			sb_putc(&b, '.');
		sb_put_number(&b, a->b[i]);
	}
	if (a->family != 4 && !inet_ntop(AF_INET6, a->b, out, ADDR_TEXT))
		sb_putc(&b, '?');
}

void prefix_text(const struct prefix *p, char out[ADDR_TEXT])
{
	addr_text(&p->a, out);
	size_t n = strlen(out);
	snprintf(out + n, ADDR_TEXT - n, "/%u", p->len);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, 16) == 0;
}

struct addr addr_source(const struct addr *a)
{
	struct addr k = *a;
	if (k.family == 6)
		memset(k.b + ADDR_SOURCE, 0, sizeof(k.b) - ADDR_SOURCE);
	return k;
}

bool addr_is_of_link(const struct addr *a)
{
	static const uint8_t none[sizeof(a->b)];
	const uint8_t *b = a->b;
	if (memcmp(b, none, sizeof(none)) == 0)
		return true;
	if (a->family == 6)
		return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[0] >= 224 || (b[0] == 169 && b[1] == 254);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
	if (memcmp(a, b, n / 8) != 0)
		return false;
	return n % 8 == 0 || ((a[n / 8] ^ b[n / 8]) >> (8 - n % 8)) == 0;
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	return p->a.family == a->family && same_bits(p->a.b, a->b, p->len);
}

bool prefix_overlap(const struct prefix *p, const struct prefix *q)
{
	unsigned n = p->len < q->len ? p->len : q->len;
	return p->a.family == q->a.family && same_bits(p->a.b, q->a.b, n);
}
