/* SPDX-License-Identifier: MIT
 *
 * Written registers of which a policy says the types. Every register is in one item; the walk goes
 * from value to value. What is not a whole value is refused, whoever writes the rest: between two
 * writes the device would have a value that nobody judged. Functions, one by one:
 *
 *   5, 15, 21   write no registers that have addresses: not in an entry with typed values
 *   6           one register: a whole value of 16 bits, a part of a longer one
 *   16, 23      the registers of the request, which 23 has at its write address
 *   22          one register, whose new value depends on the old one: judged by the least and the
 *               most that can become of it; a part of a longer value
 */
#include <string.h>

#include "proto/modbus/policy.h"

#define AT(img, off, type) ((const type *)(const void *)((const uint8_t *)(img) + (off)))
enum { SIGN16 = 0x8000 };

const struct pol_mb_typed *policy_mb_typed(const struct pol_image *img, const struct pol_mb_rule *r,
					   uint32_t i)
{
	return i < r->n_typed
		       ? AT(img, img->items_off[PROTO_MODBUS], struct pol_mb_typed) + r->typed0 + i
		       : NULL;
}

/* The last that begins at or below it is the only candidate. */
const struct pol_mb_typed *policy_mb_typed_at(const struct pol_image *img,
					      const struct pol_mb_rule *r, uint16_t reg)
{
	uint32_t lo = 0, hi = r->n_typed;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (policy_mb_typed(img, r, mid)->lo <= reg)
			lo = mid + 1;
		else
			hi = mid;
	}
	const struct pol_mb_typed *t = lo ? policy_mb_typed(img, r, lo - 1) : NULL;
	return t && reg <= t->hi ? t : NULL;
}

/* ---- the walk ---- */

struct written_registers {
	uint32_t first, n;
};

static struct written_registers registers_of(const struct mb_msg *m)
{
	if (m->has_waddr)
		return (struct written_registers){ m->waddr, m->wqty };
	return (struct written_registers){ m->addr, m->has_addr ? m->qty : 0u };
}

bool policy_mb_whole_values(const struct pol_image *img, const struct pol_mb_rule *r,
			    const struct mb_msg *m, struct pol_mb_written *out)
{
	struct written_registers w = registers_of(m);
	for (uint32_t i = 0; i < w.n;) {
		uint16_t at = (uint16_t)(w.first + i);
		const struct pol_mb_typed *t = policy_mb_typed_at(img, r, at);
		unsigned n = t ? mb_type_registers(t->type) : 1;
		if (t && ((at - t->lo) % n != 0 || i + n > w.n)) {
			out->typed = t;
			out->at = at;
			return false;
		}
		i += n;
	}
	return true;
}

/* What may become of a register by a mask: from least to most, in the order of keys. */
static bool mask_permitted(const struct pol_image *img, const struct pol_mb_typed *t,
			   const struct mb_msg *m, struct pol_mb_written *out)
{
	uint16_t fixed = m->or_mask & (uint16_t)~m->and_mask, open = m->and_mask;
	uint8_t octets[2][2];
	bool sign = t->type == MB_INT16 && (open & SIGN16);
	uint16_t least = sign ? fixed | SIGN16 : fixed;
	uint16_t most = sign ? (uint16_t)((fixed | open) & ~SIGN16) : fixed | open;
	octets[0][0] = (uint8_t)(least >> 8);
	octets[0][1] = (uint8_t)least;
	octets[1][0] = (uint8_t)(most >> 8);
	octets[1][1] = (uint8_t)most;
	struct mb_key_range k = { mb_typed_key(t->type, t->order, octets[0]),
				  mb_typed_key(t->type, t->order, octets[1]) };
	out->value = m->or_mask;
	out->key = policy_contains(img, &t->keys, k.lo, k.lo) ? k.hi : k.lo;
	return policy_contains(img, &t->keys, k.lo, k.hi);
}

bool policy_mb_typed_values(const struct pol_image *img, const struct pol_mb_rule *r,
			    const struct mb_msg *m, struct pol_mb_written *out)
{
	struct written_registers w = registers_of(m);
	struct pol_mb_written now, first = { .typed = NULL };
	for (uint32_t i = 0; i < w.n;) {
		now = (struct pol_mb_written){ .at = (uint16_t)(w.first + i) };
		now.typed = policy_mb_typed_at(img, r, now.at);
		unsigned n = now.typed ? mb_type_registers(now.typed->type) : 1;
		bool whole = now.typed && i + n <= w.n && (now.at - now.typed->lo) % n == 0;
		bool good = false;
		if (whole && m->has_mask) {
			good = n == 1 && mask_permitted(img, now.typed, m, &now);
		} else if (whole && 2u * (i + n) <= m->values_len) {
			const uint8_t *p = m->values + (size_t)2 * i;
			now.value = (uint16_t)(p[0] << 8 | p[1]);
			now.key = mb_typed_key(now.typed->type, now.typed->order, p);
			good = policy_contains(img, &now.typed->keys, now.key, now.key);
		}
		*out = now;
		if (!good)
			return false;
		first = i ? first : now;
		i += n;
	}
	*out = first;
	return w.n != 0;
}

/* ---- text ---- */

static void put_unit_of(struct sb *b, const char *unit)
{
	size_t n = strnlen(unit, MB_VALUE_UNIT);
	if (n)
		sb_putc(b, ' ');
	sb_put_bytes(b, unit, n);
}

void policy_mb_put_item(struct sb *b, const struct pol_image *img, const struct pol_mb_typed *t)
{
	const struct decimal scale = policy_mb_scale(t);
	const struct pol_range *v = policy_ranges(img, &t->keys);
	sb_put_number(b, t->lo);
	if (t->hi > t->lo) {
		sb_putc(b, '-');
		sb_put_number(b, t->hi);
	}
	sb_putc(b, ' ');
	sb_puts(b, mb_type_name(t->type) ? mb_type_name(t->type) : "register");
	if (mb_type_registers(t->type) == 2) {
		sb_putc(b, ' ');
		sb_puts(b, mb_order_name(t->order));
	}
	for (uint32_t i = 0; i < t->keys.n; i++) {
		sb_puts(b, i ? ", " : " ");
		mb_put_scaled(b, t->type, v[i].lo, &scale);
		if (!i) { /* the others are infinities and NaNs */
			sb_puts(b, " to ");
			mb_put_scaled(b, t->type, v[i].hi, &scale);
			put_unit_of(b, t->unit);
		}
	}
}

void policy_mb_put_items(struct sb *b, const struct pol_image *img, const struct pol_mb_rule *r)
{
	for (uint32_t i = 0, n = 0; i < r->n_typed && !b->cut; i++) {
		const struct pol_mb_typed *t = policy_mb_typed(img, r, i);
		if (t->type == MB_REGISTER)
			continue;
		sb_puts(b, n++ ? "; " : "");
		policy_mb_put_item(b, img, t);
	}
}

/* ---- an image that is not trusted ---- */

bool policy_mb_items_ok(const struct pol_image *img, const struct pol_mb_rule *r)
{
	return (uint64_t)r->typed0 + r->n_typed <= img->n_items[PROTO_MODBUS];
}

bool policy_mb_item_ok(const struct pol_image *img, const void *item)
{
	const struct pol_mb_typed *t = item;
	return t->lo <= t->hi && t->type < MB_TYPES && t->order < MB_ORDERS &&
	       (t->hi - t->lo + 1u) % mb_type_registers(t->type) == 0 &&
	       t->unit[MB_VALUE_UNIT - 1] == '\0' && t->scale_digits <= 999999999 &&
	       t->scale_exponent >= -MB_SCALE_EXPONENT && t->scale_exponent <= MB_SCALE_EXPONENT &&
	       policy_rset_ok(img, &t->keys);
}
