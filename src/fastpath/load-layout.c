/* SPDX-License-Identifier: MIT
 * Layout of this kernel's structures, which the program needs, from its type information (BTF). */
#include <bpf/btf.h>
#include <string.h>

#include "fastpath/load-internal.h"

/* Byte offset of a member, also of one inside nameless structs and unions; -1: there is none. */
static int64_t offset_of(const struct btf *btf, int32_t type, const char *name, unsigned depth)
{
	const struct btf_type *t = btf__type_by_id(btf, (uint32_t)type);
	if (!t || !btf_is_composite(t) || depth > 4)
		return -1;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const char *called = btf__name_by_offset(btf, m->name_off);
		int64_t at = btf_member_bit_offset(t, i) / 8, inner;
		if (called && strcmp(called, name) == 0)
			return at;
		if ((!called || !*called) &&
		    (inner = offset_of(btf, (int32_t)m->type, name, depth + 1)) >= 0)
			return at + inner;
	}
	return -1;
}

/* The member's offset, and the type's id when that is asked for. */
static bool find_member(const struct btf *btf, const char *type, const char *name, uint32_t *out,
			uint32_t *type_id)
{
	int32_t id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	int64_t at = id < 0 ? -1 : offset_of(btf, id, name, 0);
	*out = (uint32_t)at;
	if (type_id)
		*type_id = (uint32_t)id;
	return at >= 0;
}

/* Offsets in nf_conn of a connection's addresses and ports, one per direction. False: not found, or
 * they do not have the form that the program knows (struct tuple). */
static bool find_tuples_in(const struct btf *btf, uint32_t out[2])
{
	uint32_t at, tuple, src, dst, port, family, hash, type = 0;
	bool ok = find_member(btf, "nf_conn", "tuplehash", &at, NULL) &&
		  find_member(btf, "nf_conntrack_tuple_hash", "tuple", &tuple, &hash) &&
		  find_member(btf, "nf_conntrack_tuple", "src", &src, &type) &&
		  find_member(btf, "nf_conntrack_tuple", "dst", &dst, NULL) &&
		  find_member(btf, "nf_conntrack_man", "u", &port, NULL) &&
		  find_member(btf, "nf_conntrack_man", "l3num", &family, NULL);
	if (!ok || src != 0 || port != 16 || family != 18 || dst != 20)
		return false;
	const struct btf_type *t = btf__type_by_id(btf, type);
	const struct btf_member *m = btf_members(t);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		int32_t inner = (int32_t)m[i].type;
		if (strcmp(btf__name_by_offset(btf, m[i].name_off), "dst") == 0 &&
		    (offset_of(btf, inner, "u", 0) != 16 ||
		     offset_of(btf, inner, "protonum", 0) != 18))
			return false;
	}
	out[0] = at + tuple;
	out[1] = at + tuple + (uint32_t)btf__resolve_size(btf, hash);
	return true;
}

/* In the connection tracking's module, as a rule. */
static bool find_tuples(struct btf *kernel, uint32_t out[2])
{
	if (find_tuples_in(kernel, out))
		return true;
	struct btf *module = btf__load_module_btf("nf_conntrack", kernel);
	bool ok = module && find_tuples_in(module, out);
	btf__free(module);
	return ok;
}

bool fastpath_layout(struct fast_layout *l)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool ok = btf && find_member(btf, "sk_buff", "_skb_refdst", &l->dst, &l->sk_buff) &&
		  find_member(btf, "dst_entry", "dev", &l->dev, &l->dst_entry) &&
		  find_member(btf, "net_device", "ifindex", &l->ifindex, NULL) &&
		  find_member(btf, "sk_buff", "data", &l->data, NULL) &&
		  find_member(btf, "sk_buff", "data_len", &l->data_len, NULL) &&
		  find_member(btf, "sk_buff", "_nfct", &l->nfct, NULL);
	int32_t words = ok ? btf__find_by_name_kind(btf, "pt_regs", BTF_KIND_STRUCT) : -1;
	if (!ok || !find_tuples(btf, l->tuple))
		l->tuple[0] = l->tuple[1] = 0;
	/* 0 is none: the program is not taken then, but the next kind is */
	l->words = words < 0 ? 0 : (uint32_t)words;
	btf__free(btf);
	return ok;
}
