/* SPDX-License-Identifier: MIT
 *
 * Is the table still the one that was committed? It is read back right after
 * the commit and hashed, part by part; later reads must give the same hashes.
 * Rules count in their order. Chains, sets, elements and counters have none: the
 * hashes of each are added, so that it does not matter how the kernel walks
 * its tables. Only attributes that say what a thing does are hashed; handles,
 * use counts and the values of counters are left out.
 */
#include "nft/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "nft/internal.h"

enum { WORDS = 64, TRIES = 8 };

#define ATTR(t) (UINT32_C(1) << (t))

static const uint32_t table_attrs = ATTR(NFTA_TABLE_NAME) | ATTR(NFTA_TABLE_FLAGS);
static const uint32_t chain_attrs = ATTR(NFTA_CHAIN_NAME) | ATTR(NFTA_CHAIN_HOOK) |
				    ATTR(NFTA_CHAIN_POLICY) | ATTR(NFTA_CHAIN_TYPE) |
				    ATTR(NFTA_CHAIN_FLAGS);
static const uint32_t rule_attrs = ATTR(NFTA_RULE_CHAIN) | ATTR(NFTA_RULE_EXPRESSIONS);
static const uint32_t set_attrs = ATTR(NFTA_SET_NAME) | ATTR(NFTA_SET_FLAGS) |
				  ATTR(NFTA_SET_KEY_TYPE) | ATTR(NFTA_SET_KEY_LEN) |
				  ATTR(NFTA_SET_DATA_TYPE) | ATTR(NFTA_SET_DATA_LEN) |
				  ATTR(NFTA_SET_TIMEOUT) | ATTR(NFTA_SET_OBJ_TYPE) |
				  ATTR(NFTA_SET_EXPR) | ATTR(NFTA_SET_EXPRESSIONS);
static const uint32_t object_attrs = ATTR(NFTA_OBJ_NAME) | ATTR(NFTA_OBJ_TYPE);

struct reading {
	const uint64_t *key;
	struct nft_digest *d;
	enum nft_part part;
	uint32_t attrs;
	uint64_t from;	    /* first value of an element's hash: its set's name */
	struct names fixed; /* sets that packets do not fill */
};

const char *nft_part_name(enum nft_part part)
{
	static const char *const names[NFT_PARTS] = { "table", "chains",   "rules",
						      "sets",  "elements", "counters" };
	return part < NFT_PARTS ? names[part] : "?";
}

/* Any number of bytes, behind what was hashed before. */
static uint64_t mix_digest(const uint64_t *key, uint64_t before, const void *p, size_t n)
{
	uint64_t w[WORDS] = { before, n };
	const uint8_t *c = p;
	do {
		size_t part = n < sizeof(w) - 16 ? n : sizeof(w) - 16;
		memset(w + 2, 0, sizeof(w) - 16);
		memcpy(w + 2, c, part);
		w[0] = siphash_words(key, w, 2 + (part + 7) / 8);
		c += part;
		n -= part;
	} while (n);
	return w[0];
}

static bool in_our_table(const struct nlmsghdr *nlh)
{
	const struct nlattr *a;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) /* its name is attribute 1 of every kind */
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return strcmp(mnl_attr_get_str(a), NFT_TABLE) == 0;
	return false;
}

static uint64_t hash_attrs(const struct reading *r, const struct nlmsghdr *nlh)
{
	uint64_t h = 0;
	const struct nlattr *a;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		uint16_t t = mnl_attr_get_type(a);
		if (t >= 32 || !(r->attrs & ATTR(t)))
			continue;
		h = mix_digest(r->key, h ^ t, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	}
	return h;
}

/* Chains, rules, sets, objects and the table itself. */
static int thing_cb(const struct nlmsghdr *nlh, void *p)
{
	struct reading *r = p;
	if (!in_our_table(nlh))
		return MNL_CB_OK;
	uint64_t h = hash_attrs(r, nlh), *sum = &r->d->part[r->part];
	if (r->part == NFT_PART_RULES)
		*sum = mix_digest(r->key, *sum, &h, sizeof(h));
	else
		*sum += h;
	return MNL_CB_OK;
}

static int set_cb(const struct nlmsghdr *nlh, void *p)
{
	struct reading *r = p;
	const struct nlattr *a;
	const char *name = NULL;
	uint32_t flags = 0;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_SET_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(a);
		if (mnl_attr_get_type(a) == NFTA_SET_FLAGS &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			flags = ntohl(mnl_attr_get_u32(a));
	}
	if (name && in_our_table(nlh) && !(flags & NFT_SET_EVAL) && !names_add(&r->fixed, name))
		return MNL_CB_ERROR;
	return thing_cb(nlh, p);
}

/* What is left of an element's time goes by; all of it is what it was given. */
static uint64_t hash_element(const struct reading *r, const struct nlattr *e)
{
	uint64_t h = r->from;
	const struct nlattr *a;
	for_nested (a, e)
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_EXPIRATION)
			h = mix_digest(r->key, h ^ mnl_attr_get_type(a), mnl_attr_get_payload(a),
				       mnl_attr_get_payload_len(a));
	return h;
}

static int elements_cb(const struct nlmsghdr *nlh, void *p)
{
	struct reading *r = p;
	const struct nlattr *a, *e;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		for_nested (e, a)
			r->d->part[NFT_PART_ELEMENTS] += hash_element(r, e);
	}
	return MNL_CB_OK;
}

static int read_part(struct nft *n, struct reading *r, enum nft_part part, uint16_t type,
		     uint32_t attrs)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh =
		nft_request(n, buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP);
	if (part != NFT_PART_TABLE)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFT_TABLE);
	r->part = part;
	r->attrs = attrs;
	return nft_talk(n->nl, nlh, part == NFT_PART_SETS ? set_cb : thing_cb, r);
}

static int read_elements(struct nft *n, struct reading *r, const char *set)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh =
		nft_request(n, buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	r->from = mix_digest(r->key, 0, set, strlen(set));
	return nft_talk(n->nl, nlh, elements_cb, r);
}

static int read_all(struct nft *n, struct reading *r)
{
	static const struct {
		enum nft_part part;
		uint16_t type;
		const uint32_t *attrs;
	} parts[] = {
		{ NFT_PART_TABLE, NFT_MSG_GETTABLE, &table_attrs },
		{ NFT_PART_CHAINS, NFT_MSG_GETCHAIN, &chain_attrs },
		{ NFT_PART_RULES, NFT_MSG_GETRULE, &rule_attrs },
		{ NFT_PART_SETS, NFT_MSG_GETSET, &set_attrs },
		{ NFT_PART_OBJECTS, NFT_MSG_GETOBJ, &object_attrs },
	};
	int err = 0;
	for (size_t i = 0; !err && i < sizeof(parts) / sizeof(parts[0]); i++)
		err = read_part(n, r, parts[i].part, parts[i].type, *parts[i].attrs);
	for (size_t i = 0; !err && i < r->fixed.n; i++)
		err = read_elements(n, r, r->fixed.v[i]);
	names_free(&r->fixed);
	return err;
}

int nft_digest_read(struct mnl_socket *nl, const uint64_t key[2], struct nft_digest *d)
{
	struct nft n = { .nl = nl };
	uint32_t after = 0;
	int r = -EINTR;
	for (int i = 0; i < TRIES && (r == -EINTR || r == -ENOENT); i++) {
		struct reading reading = { .key = key, .d = d };
		*d = (struct nft_digest){ 0 };
		if ((r = nft_genid(nl, &d->genid)) < 0 || (r = table_present(&n)) < 0)
			return r;
		d->present = r == 1;
		r = d->present ? read_all(&n, &reading) : 0;
		if (!r && !(r = nft_genid(nl, &after)) && after != d->genid)
			r = -EINTR;
	}
	return r;
}
