/* SPDX-License-Identifier: MIT
 *
 * The policy image: bounds, look-ups, classification. The image may come from
 * another process, so policy_valid() trusts no field of it; the look-ups after
 * that rely on it having returned true.
 */
#include "policy/policy.h"

#include <string.h>

/* Largest values of enums that model.h owns and the data path may not include. */
enum { MODE_MAX = 1, ON_VIOLATION_MAX = 1, FAIL_MAX = 1, LOG_MAX = 2 };

enum { INDEX_MAX = 0xfffe }; /* 0xffff says "none" */

#define AT(img, off, type) ((const type *)(const void *)((const uint8_t *)(img) + (off)))

static const struct pol_zone *zones(const struct pol_image *img)
{
	return AT(img, img->zones_off, struct pol_zone);
}

static const struct pol_net *nets(const struct pol_image *img)
{
	return AT(img, img->nets_off, struct pol_net);
}

static const struct pol_asset *assets(const struct pol_image *img)
{
	return AT(img, img->assets_off, struct pol_asset);
}

static const struct pol_key *keys(const struct pol_image *img)
{
	return AT(img, img->keys_off, struct pol_key);
}

static const struct pol_flow *flows(const struct pol_image *img)
{
	return AT(img, img->flows_off, struct pol_flow);
}

const struct pol_shape *policy_shape(unsigned proto)
{
	static const struct pol_shape none;
#define P(symbol, name, word, port, over) [PROTO_##symbol] = &pol_##name##_shape,
	static const struct pol_shape *const shapes[PROTO_N] = { &none, PROTOCOLS(P) };
#undef P
	return shapes[proto < PROTO_N ? proto : PROTO_NONE];
}

static int addr_order(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

/* One number that orders keys: from, to, port, l4. */
static uint64_t key_number(uint16_t from, uint16_t to, uint16_t port, uint8_t l4)
{
	return (uint64_t)from << 48 | (uint64_t)to << 32 | (uint64_t)port << 16 | l4;
}

static uint64_t order_of_key(const struct pol_key *k)
{
	return key_number(k->from, k->to, k->port, k->l4);
}

/* ---- validation ---- */

static bool array_fits(const struct pol_image *img, uint32_t off, uint32_t n, size_t elem)
{
	return off % 8 == 0 && off >= sizeof(*img) &&
	       (uint64_t)off + (uint64_t)n * elem <= img->size;
}

bool policy_str_ok(const struct pol_image *img, struct pol_str s)
{
	return s.off >= img->strings_off && s.off - img->strings_off < img->strings_len;
}

static bool strings_ok(const struct pol_image *img)
{
	if (!array_fits(img, img->strings_off, img->strings_len, 1) || img->strings_len == 0)
		return false;
	return *AT(img, img->strings_off + img->strings_len - 1, uint8_t) == 0;
}

static bool by_proto_ok(const struct pol_image *img)
{
	for (unsigned p = 0; p < PROTO_N; p++)
		if (img->n_rules[p] > INDEX_MAX || img->n_heads[p] > INDEX_MAX ||
		    (img->n_rules[p] && policy_shape(p)->rule == 0) ||
		    (img->n_heads[p] && policy_shape(p)->head == 0) ||
		    !array_fits(img, img->rules_off[p], img->n_rules[p], policy_shape(p)->rule) ||
		    (img->n_items[p] && policy_shape(p)->item == 0) ||
		    !array_fits(img, img->heads_off[p], img->n_heads[p], policy_shape(p)->head) ||
		    !array_fits(img, img->items_off[p], img->n_items[p], policy_shape(p)->item))
			return false;
	return true;
}

static bool counts_ok(const struct pol_image *img)
{
	return img->n_conduits <= 65536 && img->mode <= MODE_MAX && img->n_zones >= 1 &&
	       img->n_zones <= INDEX_MAX && img->n_classes <= INDEX_MAX - img->n_zones &&
	       img->n_flows <= INDEX_MAX &&
	       array_fits(img, img->zones_off, img->n_zones, sizeof(struct pol_zone)) &&
	       array_fits(img, img->nets_off, img->n_nets, sizeof(struct pol_net)) &&
	       array_fits(img, img->assets_off, img->n_assets, sizeof(struct pol_asset)) &&
	       array_fits(img, img->keys_off, img->n_keys, sizeof(struct pol_key)) &&
	       array_fits(img, img->flows_off, img->n_flows, sizeof(struct pol_flow)) &&
	       by_proto_ok(img) &&
	       array_fits(img, img->ranges_off, img->n_ranges, sizeof(struct pol_range));
}

static bool assets_ok(const struct pol_image *img)
{
	const struct pol_asset *v = assets(img);
	for (uint32_t i = 0; i < img->n_assets; i++)
		if (!policy_str_ok(img, v[i].name) || v[i].class >= img->n_zones + img->n_classes ||
		    (i > 0 && addr_order(&v[i - 1].addr, &v[i].addr) >= 0))
			return false;
	return true;
}

static bool zones_ok(const struct pol_image *img)
{
	for (uint32_t i = 0; i < img->n_zones; i++)
		if (!policy_str_ok(img, zones(img)[i].name))
			return false;
	return true;
}

static bool nets_ok(const struct pol_image *img)
{
	const struct pol_net *v = nets(img);
	for (uint32_t i = 0; i < img->n_nets; i++) {
		const struct prefix *p = &v[i].net;
		if ((p->a.family != 4 || p->len > 32) && (p->a.family != 6 || p->len > 128))
			return false;
		if (v[i].zone >= img->n_zones)
			return false;
		if (i > 0 &&
		    (addr_order(&v[i - 1].net.a, &p->a) >= 0 || prefix_overlap(&v[i - 1].net, p)))
			return false;
	}
	return true;
}

static bool keys_ok(const struct pol_image *img)
{
	const struct pol_key *v = keys(img);
	for (uint32_t i = 0; i < img->n_keys; i++) {
		const uint32_t ends = img->n_zones + img->n_classes;
		if (v[i].from >= ends || v[i].to >= ends ||
		    (v[i].flow >= img->n_flows && v[i].flow != POL_NOT_INSPECTED))
			return false;
		if (i > 0 && order_of_key(&v[i - 1]) >= order_of_key(&v[i]))
			return false;
	}
	return true;
}

static bool flows_ok(const struct pol_image *img)
{
	for (uint32_t i = 0; i < img->n_flows; i++) {
		const struct pol_flow *f = &flows(img)[i];
		if (!policy_str_ok(img, f->conduit) || !policy_str_ok(img, f->policy) ||
		    !policy_str_ok(img, f->ticket) || !policy_str_ok(img, f->owner))
			return false;
		if (f->from >= img->n_zones || f->to >= img->n_zones ||
		    f->conduit_id >= img->n_conduits)
			return false;
		if (f->proto < 1 || f->proto >= PROTO_N || f->mode > MODE_MAX || f->log > LOG_MAX ||
		    f->on_violation > ON_VIOLATION_MAX || f->fail > FAIL_MAX)
			return false;
		if ((uint64_t)f->rule0 + f->n_rules > img->n_rules[f->proto])
			return false;
		if (policy_shape(f->proto)->head ? f->head >= img->n_heads[f->proto]
						 : f->head != 0xffff)
			return false;
	}
	return true;
}

bool policy_rset_ok(const struct pol_image *img, const struct pol_rset *s)
{
	uint8_t any; /* a bool of foreign memory must not be read as one yet */
	memcpy(&any, &s->any, 1);
	return any <= 1 && (uint64_t)s->r0 + s->n <= img->n_ranges;
}

static bool rules_ok(const struct pol_image *img)
{
	for (unsigned p = 0; p < PROTO_N; p++) {
		for (uint32_t i = 0; i < img->n_rules[p]; i++) {
			const struct pol_rule *r = policy_rule(img, (uint8_t)p, i);
			if (!policy_str_ok(img, r->file) || !policy_str_ok(img, r->ticket) ||
			    !policy_str_ok(img, r->owner) || !policy_shape(p)->rule_ok(img, r))
				return false;
		}
		for (uint32_t i = 0; i < img->n_heads[p]; i++)
			if (!policy_shape(p)->head_ok(
				    img, AT(img, img->heads_off[p] + i * policy_shape(p)->head,
					    uint8_t)))
				return false;
		for (uint32_t i = 0; i < img->n_items[p]; i++)
			if (!policy_shape(p)->item_ok(
				    img, AT(img, img->items_off[p] + i * policy_shape(p)->item,
					    uint8_t)))
				return false;
	}
	return true;
}

static bool ranges_ok(const struct pol_image *img)
{
	const struct pol_range *v = AT(img, img->ranges_off, struct pol_range);
	for (uint32_t i = 0; i < img->n_ranges; i++)
		if (v[i].lo > v[i].hi)
			return false;
	return true;
}

bool policy_valid(const struct pol_image *img, size_t size)
{
	if (!img || (uintptr_t)img % 8 || size < sizeof(*img))
		return false;
	if (img->magic != POL_MAGIC || img->size < sizeof(*img) || img->size > size)
		return false;
	return counts_ok(img) && strings_ok(img) && zones_ok(img) && assets_ok(img) &&
	       nets_ok(img) && keys_ok(img) && flows_ok(img) && rules_ok(img) && ranges_ok(img);
}

/* ---- look-ups ---- */

const char *policy_str(const struct pol_image *img, struct pol_str s)
{
	return policy_str_ok(img, s) ? AT(img, s.off, char) : "?";
}

const struct pol_flow *policy_flow(const struct pol_image *img, uint16_t id)
{
	return id < img->n_flows ? &flows(img)[id] : NULL;
}

void policy_set_count(struct pol_image *img, uint16_t id, uint16_t count)
{
	struct pol_flow *v = (struct pol_flow *)(void *)((uint8_t *)img + img->flows_off);
	if (id < img->n_flows)
		v[id].count = count;
}

const struct pol_rule *policy_rule(const struct pol_image *img, uint8_t proto, uint32_t id)
{
	if (proto >= PROTO_N || id >= img->n_rules[proto])
		return NULL;
	return AT(img, img->rules_off[proto] + id * policy_shape(proto)->rule, struct pol_rule);
}

const void *policy_head(const struct pol_image *img, const struct pol_flow *f)
{
	if (f->head >= img->n_heads[f->proto])
		return NULL;
	return AT(img, img->heads_off[f->proto] + f->head * policy_shape(f->proto)->head, uint8_t);
}

const struct pol_range *policy_ranges(const struct pol_image *img, const struct pol_rset *s)
{
	return AT(img, img->ranges_off, struct pol_range) + s->r0;
}

bool policy_contains(const struct pol_image *img, const struct pol_rset *s, uint32_t lo,
		     uint32_t hi)
{
	const struct pol_range *v = policy_ranges(img, s);
	if (s->any)
		return true;
	for (uint32_t i = 0; i < s->n; i++)
		if (v[i].lo <= lo && hi <= v[i].hi)
			return true;
	return false;
}

const char *policy_zone_name(const struct pol_image *img, uint16_t zone)
{
	return zone < img->n_zones ? policy_str(img, zones(img)[zone].name) : "?";
}

/* The last network that starts at or below the address is the only candidate. */
uint16_t policy_zone_of(const struct pol_image *img, const struct addr *a)
{
	const struct pol_net *v = nets(img);
	uint32_t lo = 0, hi = img->n_nets;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (addr_order(&v[mid].net.a, a) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || !prefix_has(&v[lo - 1].net, a))
		return POL_ZONE_UNKNOWN;
	return v[lo - 1].zone;
}

static const struct pol_asset *asset_of(const struct pol_image *img, const struct addr *a)
{
	const struct pol_asset *v = assets(img);
	uint32_t lo = 0, hi = img->n_assets;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int order = addr_order(&v[mid].addr, a);
		if (order == 0)
			return &v[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *policy_asset_name(const struct pol_image *img, const struct addr *a)
{
	const struct pol_asset *found = asset_of(img, a);
	return found ? policy_str(img, found->name) : NULL;
}

uint16_t policy_class_of(const struct pol_image *img, const struct addr *a)
{
	const struct pol_asset *found = img->n_classes ? asset_of(img, a) : NULL;
	return found ? found->class : 0;
}

/* False: there is no such key. */
static bool flow_of_key(const struct pol_image *img, uint64_t want, uint16_t *flow)
{
	const struct pol_key *v = keys(img);
	uint32_t lo = 0, hi = img->n_keys;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (order_of_key(&v[mid]) == want) {
			*flow = v[mid].flow;
			return true;
		}
		if (order_of_key(&v[mid]) < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

uint16_t policy_classify(const struct pol_image *img, const struct addr *src,
			 const struct addr *dst, uint8_t l4, uint16_t dport)
{
	const uint16_t from[2] = { policy_class_of(img, src), policy_zone_of(img, src) },
		       to[2] = { policy_class_of(img, dst), policy_zone_of(img, dst) };
	uint16_t flow = POL_NOT_INSPECTED;
	for (unsigned i = 0; i < 4; i++) {
		uint16_t a = from[i / 2], b = to[i % 2];
		if ((a || i >= 2) && (b || i % 2) &&
		    flow_of_key(img, key_number(a, b, dport, l4), &flow))
			break;
	}
	return flow;
}
