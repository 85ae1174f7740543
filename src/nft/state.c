/* SPDX-License-Identifier: MIT
 * Content of our table now, which is needed to replace its content without taking the
 * base chain away, and to leave counters that stay in place. */
#include "nft/guard.h"
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

bool names_add(struct names *n, const char *name)
{
	char **v = realloc(n->v, (n->n + 1) * sizeof(*v));
	if (!v)
		return false;
	n->v = v;
	if (!(v[n->n] = strdup(name)))
		return false;
	n->n++;
	return true;
}

struct dump {
	struct names *names;
	uint16_t table_attr, name_attr; /* numbers differ per kind of object */
	uint32_t object;		/* this kind of object only; 0: whatever */
};

static int name_cb(const struct nlmsghdr *nlh, void *p)
{
	struct dump *d = p;
	const struct nlattr *a;
	const char *table = NULL, *name = NULL;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		uint16_t t = mnl_attr_get_type(a);
		if ((t != d->table_attr && t != d->name_attr) ||
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
			continue;
		if (t == d->table_attr)
			table = mnl_attr_get_str(a);
		else
			name = mnl_attr_get_str(a);
	}
	if (!table || !name || strcmp(table, NFT_TABLE))
		return MNL_CB_OK;
	return names_add(d->names, name) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int dump(struct nft *n, uint16_t type, struct dump d)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh =
		nft_request(n, buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP);
	mnl_attr_put_strz(nlh, d.table_attr, NFT_TABLE);
	if (d.object)
		mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(d.object));
	return nft_talk(n->nl, nlh, name_cb, &d);
}

static int gen_cb(const struct nlmsghdr *nlh, void *p)
{
	const struct nlattr *a;
	for_attrs (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*(uint32_t *)p = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

int names_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool names_have(const struct names *n, const char *name)
{
	return n->n && bsearch(&name, n->v, n->n, sizeof(*n->v), names_cmp);
}

int nft_genid(struct mnl_socket *nl, uint32_t *genid)
{
	char buf[256] __attribute__((aligned(8)));
	struct nft n = { .nl = nl };
	return nft_talk(nl,
			nft_request(&n, buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_ACK),
			gen_cb, genid);
}

int state_read(struct nft *n, struct state *s)
{
	*s = (struct state){ 0 };
	int r = nft_genid(n->nl, &s->genid);
	if (r < 0)
		return r;
	r = table_read(n, &s->flags, &s->owner);
	if (r <= 0)
		return r;
	s->present = true;
	r = dump(n, NFT_MSG_GETSET, (struct dump){ &s->sets, NFTA_SET_TABLE, NFTA_SET_NAME, 0 });
	if (!r)
		r = dump(n, NFT_MSG_GETCHAIN,
			 (struct dump){ &s->chains, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, 0 });
	if (!r)
		r = dump(n, NFT_MSG_GETOBJ,
			 (struct dump){ &s->counters, NFTA_OBJ_TABLE, NFTA_OBJ_NAME,
					NFT_OBJECT_COUNTER });
	if (!r)
		r = dump(n, NFT_MSG_GETFLOWTABLE,
			 (struct dump){ &s->flowtables, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME,
					0 });
	if (s->sets.n)
		qsort(s->sets.v, s->sets.n, sizeof(*s->sets.v), names_cmp);
	if (s->counters.n)
		qsort(s->counters.v, s->counters.n, sizeof(*s->counters.v), names_cmp);
	if (s->chains.n)
		qsort(s->chains.v, s->chains.n, sizeof(*s->chains.v), names_cmp);
	return r;
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
	*n = (struct names){ 0 };
}

void state_forget(struct state *s)
{
	uint32_t genid = s->genid;
	state_free(s);
	s->genid = genid;
}

void state_free(struct state *s)
{
	names_free(&s->sets);
	names_free(&s->chains);
	names_free(&s->counters);
	names_free(&s->flowtables);
	*s = (struct state){ 0 };
}
