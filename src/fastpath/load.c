/* SPDX-License-Identifier: MIT
 * The parent's side of the in-kernel path. */
#include "fastpath/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fastpath/fast.skel.h"
#include "fastpath/policy.h"
#include "fastpath/slot.h"

_Static_assert(FAST_SLOTS + FAST_INSPECTORS * 1024 < FAST_NO_HINT, "a hint names any slot");
_Static_assert(sizeof(struct fast_slot) == FAST_SLOT && FAST_SLOT / FAST_LINE % 2 == 1 && FAST_SLOT % FAST_LINE == 0,
	       "slots are spread over the places of a cache");

_Static_assert(offsetof(struct fast_slot, of_protocol) == FAST_NUMBERS, "no holes");
_Static_assert(FAST_HINTS == 1 << (64 - 53), "fast_hint_of() takes as many bits");

#define FIRST "zoned_first"
#define LATE "zoned_late"
#define LEARN "zoned_learn"
#define FRONT ".data.front"

struct fastpath {
	struct bpf_object *obj;
	unsigned inspectors;
	uint32_t slots;			/* per inspector */
	uint32_t bank;			/* policies per generation */
	uint32_t plain, plain_used;	/* likewise flows without inspection, and what is counted for them */
	uint32_t shift;			/* of a flow's number in a mark */
	struct fast_slot *map[FAST_INSPECTORS];
	struct fast_rate *rates;
	struct fast_entry *table;	/* the flow entries, by slot; mapped in this process only, and so are: */
	struct fast_set *set;
	struct fast_front *front;
	struct fast_plain *flow;	/* without inspection */
	struct fast_claimed *claimed;	/* two */
	uint32_t sets;			/* power of two */
	uint16_t sharers[FAST_HINTS];	/* entries that want this place */
	uint64_t seed;
	uint32_t version;		/* of the newest entry */
	int policies, used, back;
	int cpus;
	void *per_cpu;		/* room for one value of a per-CPU map */
	bool first;		/* the program knows packets' way out */
};

const char *fastpath_forbidden(void)
{
	char c = '0';
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_checksum", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "net.netfilter.nf_conntrack_checksum cannot be read";
	ssize_t n = read(fd, &c, 1);
	close(fd);
	return n == 1 && c == '1' ? NULL : "net.netfilter.nf_conntrack_checksum is not 1";
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static int map_fd(const struct fastpath *fp, const char *name)
{
	return bpf_object__find_map_fd_by_name(fp->obj, name);
}

static int resize(struct fastpath *fp)
{
	uint32_t all = fp->slots * fp->inspectors;
	const struct { const char *name; uint32_t n; } rows[] = {
		{ "fast_flows", all }, { "fast_sets", fp->sets }, { "fast_slots", all },
		{ "fast_policies", 2 * fp->bank }, { "fast_plain", 2 * fp->plain },
		{ "fast_used", 2 * (fp->bank + fp->plain_used) },
	};
	int err = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(fp->obj, rows[i].name), rows[i].n);
	return err;
}

/* In no child; NULL: errno. */
static void *map_own(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED || madvise(p, size, MADV_DONTFORK) ? NULL : p;
}

static int map_slots(struct fastpath *fp)
{
	size_t size = fp->slots * sizeof(struct fast_slot);
	int fd = map_fd(fp, "fast_slots");
	for (unsigned i = 0; i < fp->inspectors; i++) {
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(i * size));
		if (p == MAP_FAILED)
			return -errno;
		fp->map[i] = p;
	}
	void *rates = mmap(NULL, FAST_RATES * sizeof(*fp->rates), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(fp, "fast_rates"), 0);
	if (rates == MAP_FAILED)
		return -errno;
	fp->rates = rates;
	fp->table = map_own(map_fd(fp, "fast_flows"), fp->slots * fp->inspectors * sizeof(*fp->table));
	fp->set = map_own(map_fd(fp, "fast_sets"), fp->sets * sizeof(*fp->set));
	fp->front = map_own(map_fd(fp, FRONT), sizeof(*fp->front));
	fp->flow = map_own(map_fd(fp, "fast_plain"), 2 * fp->plain * sizeof(*fp->flow));
	fp->claimed = map_own(map_fd(fp, "fast_claimed"), 2 * sizeof(*fp->claimed));
	if (!fp->table || !fp->set || !fp->front || !fp->flow || !fp->claimed)
		return -errno;
	fp->policies = map_fd(fp, "fast_policies");
	fp->used = map_fd(fp, "fast_used");
	fp->back = map_fd(fp, "fast_back");
	return 0;
}

/* Before Linux 5.19 a process without CAP_BPF may not even change a map that it has open,
 * and the parent gives that capability up. */
static bool kernel_is_new(void)
{
	struct utsname u;
	char *end;
	if (uname(&u))
		return false;
	unsigned long major = strtoul(u.release, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 19);
}

static const char *describe(int err)
{
	if (!kernel_is_new())
		return "this kernel is older than Linux 5.19";
	if (err == -EPERM)
		return "loading the program needs CAP_BPF and CAP_PERFMON";
	if (err == -ENOMEM)
		return "no memory for its maps";
	return "this kernel does not take the program";
}

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
		if ((!called || !*called) && (inner = offset_of(btf, (int32_t)m->type, name, depth + 1)) >= 0)
			return at + inner;
	}
	return -1;
}

/* The member's offset, and the type's id when that is asked for. */
static bool find(const struct btf *btf, const char *type, const char *name, uint32_t *out, uint32_t *type_id)
{
	int32_t id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	int64_t at = id < 0 ? -1 : offset_of(btf, id, name, 0);
	*out = (uint32_t)at;
	if (type_id)
		*type_id = (uint32_t)id;
	return at >= 0;
}

/* Where a connection has its addresses and ports, in the form that the program knows (struct tuple). */
static bool find_tuples_in(const struct btf *btf, uint32_t out[2])
{
	uint32_t at, tuple, src, dst, port, family, hash, type = 0;
	bool ok = find(btf, "nf_conn", "tuplehash", &at, NULL) &&
		  find(btf, "nf_conntrack_tuple_hash", "tuple", &tuple, &hash) &&
		  find(btf, "nf_conntrack_tuple", "src", &src, &type) && find(btf, "nf_conntrack_tuple", "dst", &dst, NULL) &&
		  find(btf, "nf_conntrack_man", "u", &port, NULL) && find(btf, "nf_conntrack_man", "l3num", &family, NULL);
	if (!ok || src != 0 || port != 16 || family != 18 || dst != 20)
		return false;
	const struct btf_type *t = btf__type_by_id(btf, type);
	const struct btf_member *m = btf_members(t);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		int32_t inner = (int32_t)m[i].type;
		if (strcmp(btf__name_by_offset(btf, m[i].name_off), "dst") == 0 &&
		    (offset_of(btf, inner, "u", 0) != 16 || offset_of(btf, inner, "protonum", 0) != 18))
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

/* Does the kernel say where it keeps a packet's bytes, its connection and its way out? */
static bool find_layout(struct fast_layout *l)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool ok = btf && find(btf, "sk_buff", "_skb_refdst", &l->dst, &l->sk_buff) &&
		  find(btf, "dst_entry", "dev", &l->dev, &l->dst_entry) &&
		  find(btf, "net_device", "ifindex", &l->ifindex, NULL) &&
		  find(btf, "sk_buff", "data", &l->data, NULL) && find(btf, "sk_buff", "data_len", &l->data_len, NULL) &&
		  find(btf, "sk_buff", "_nfct", &l->nfct, NULL);
	int32_t words = ok ? btf__find_by_name_kind(btf, "pt_regs", BTF_KIND_STRUCT) : -1;
	if (!ok || !find_tuples(btf, l->tuple))
		l->tuple[0] = l->tuple[1] = 0;
	l->words = words < 0 ? 0 : (uint32_t)words;	/* 0 is none: the program is not taken then, but the next kind is */
	btf__free(btf);
	return ok;
}

/* Best first: reads packets' way out as directly as it can be; by calls; not at all. */
static const struct kind {
	const void *(*bytes)(size_t *n);
	bool first;
} kinds[] = {
	{ fast_cast__elf_bytes, true },
	{ fast_bpf__elf_bytes, true },
	{ fast_bpf__elf_bytes, false },
};

/* What the protocols' parts of the program find computed. */
static int set_tables(struct fastpath *fp)
{
	static _Alignas(8) uint8_t table[FAST_TABLE_MAX];
	int err = 0;
	for (uint8_t p = PROTO_NONE + 1; !err && p < PROTO_N; p++) {
		const struct fast_policy_ops *o = fast_policy_of(p);
		if (!o->table)
			continue;
		size_t n = o->fill(table);
		err = bpf_map__set_initial_value(bpf_object__find_map_by_name(fp->obj, o->table), table, n);
	}
	return err;
}

/* libbpf's copies of the program's constants are shared memory: no child gets them. */
static int keep_constants_here(struct bpf_object *obj)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, obj) {
		size_t n = 0;
		uintptr_t p = (uintptr_t)bpf_map__initial_value(map, &n);
		if (p && madvise((void *)p, n, MADV_DONTFORK))
			return -errno;
	}
	return 0;
}

/* 0 or -errno */
static int load(struct fastpath *fp, const struct kind *k, bool late)
{
	struct fast_layout l = { .seed = fp->seed, .sets = fp->sets, .plain = fp->plain, .shift = fp->shift };
	size_t n;
	if (k->first && !find_layout(&l))
		return -ENOENT;
	const void *bytes = k->bytes(&n);
	fp->obj = bpf_object__open_mem(bytes, n, NULL);
	if (!fp->obj)
		return -ENOMEM;
	bool first = k->first && !late;
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, FIRST), first);
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, LEARN), first && l.tuple[1]);
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, LATE), !first);	/* verifying takes half a second */
	int err = bpf_map__set_initial_value(bpf_object__find_map_by_name(fp->obj, ".rodata.layout"), &l, sizeof(l));
	if (!err)
		err = set_tables(fp);
	if (!err)
		err = resize(fp);
	if (!err)
		err = bpf_object__load(fp->obj);
	if (!err)
		err = keep_constants_here(fp->obj);
	if (!err) {
		fp->first = first;
		return 0;
	}
	bpf_object__close(fp->obj);
	fp->obj = NULL;
	return err;
}

/* So many that an inspector's slots fill pages, and it has no part of another's. */
static uint32_t slots_for(unsigned inspectors, uint32_t max_flows)
{
	uint32_t n = FAST_SLOTS / inspectors < max_flows ? FAST_SLOTS / inspectors : max_flows;
	uint32_t unit = (uint32_t)sysconf(_SC_PAGESIZE) / FAST_LINE;
	return (n + unit - 1) / unit * unit;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 1;
	while (n < at_least)
		n *= 2;
	return n;
}

static uint32_t grown(uint32_t n)
{
	return 2 * n > FAST_POLICIES ? 2 * n : FAST_POLICIES;
}

struct fastpath *fastpath_open(const struct fast_room *room, bool late, const char **why)
{
	*why = fastpath_forbidden();
	if (!*why && !kernel_is_new())
		*why = describe(0);
	if (!*why && !room->mark_mask)
		*why = "mark_mask is 0";
	if (*why || room->inspectors == 0 || room->inspectors > FAST_INSPECTORS)
		return NULL;
	struct fastpath *fp = calloc(1, sizeof(*fp));
	*why = describe(-ENOMEM);
	if (!fp)
		return NULL;
	fp->inspectors = room->inspectors;
	fp->slots = slots_for(room->inspectors, room->max_flows);
	fp->sets = power_of_two(fp->slots * room->inspectors);
	fp->bank = grown(room->flows);
	fp->plain = power_of_two(grown(room->marks));
	fp->plain_used = grown(room->conduits + 1);
	fp->shift = (uint32_t)__builtin_ctz(room->mark_mask);
	fp->cpus = libbpf_num_possible_cpus();
	fp->per_cpu = fp->cpus > 0 ? calloc((size_t)fp->cpus, sizeof(struct fast_used)) : NULL;
	libbpf_print_fn_t was = libbpf_set_print(quiet);
	int err = fp->per_cpu ? -ENOENT : -ENOMEM;
	if (getrandom(&fp->seed, sizeof(fp->seed), 0) != sizeof(fp->seed))
		err = -ENOMEM;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && err && err != -ENOMEM; i++)
		err = load(fp, &kinds[i], late);
	if (!err)
		err = map_slots(fp);
	libbpf_set_print(was);
	if (!err)
		return fp;
	*why = describe(err);
	fastpath_close(fp);
	return NULL;
}

void fastpath_close(struct fastpath *fp)
{
	if (!fp)
		return;
	for (unsigned i = 0; i < fp->inspectors; i++)
		if (fp->map[i])
			munmap(fp->map[i], fp->slots * sizeof(struct fast_slot));
	if (fp->rates)
		munmap(fp->rates, FAST_RATES * sizeof(*fp->rates));
	if (fp->table)
		munmap(fp->table, fp->slots * fp->inspectors * sizeof(*fp->table));
	if (fp->set)
		munmap(fp->set, fp->sets * sizeof(*fp->set));
	if (fp->front)
		munmap(fp->front, sizeof(*fp->front));
	if (fp->flow)
		munmap(fp->flow, 2 * fp->plain * sizeof(*fp->flow));
	if (fp->claimed)
		munmap(fp->claimed, 2 * sizeof(*fp->claimed));
	bpf_object__close(fp->obj);
	free(fp->per_cpu);
	free(fp);
}

int fastpath_late(const struct fastpath *fp)
{
	return bpf_program__fd(bpf_object__find_program_by_name(fp->obj, LATE));
}

int fastpath_first(const struct fastpath *fp)
{
	return fp->first ? bpf_program__fd(bpf_object__find_program_by_name(fp->obj, FIRST)) : -1;
}

int fastpath_learn(const struct fastpath *fp)
{
	return fp->first ? bpf_program__fd(bpf_object__find_program_by_name(fp->obj, LEARN)) : -1;
}

void fastpath_unlearn(struct fastpath *fp)
{
	static const struct fast_known none;
	int fd = map_fd(fp, "fast_known");
	for (uint32_t i = 0; i < FAST_KNOWN; i++)
		bpf_map_update_elem(fd, &i, &none, BPF_ANY);
}

uint32_t fastpath_slots(const struct fastpath *fp)
{
	return fp->slots;
}

struct fast_slot *fastpath_map(const struct fastpath *fp, unsigned inspector)
{
	return fp->map[inspector];
}

struct fast_rate *fastpath_rates(const struct fastpath *fp)
{
	return fp->rates;
}

static uint32_t policy_index(const struct fastpath *fp, uint32_t generation, uint32_t flow)
{
	return (generation & 1) * fp->bank + flow;
}

uint32_t fastpath_bank(const struct fastpath *fp)
{
	return fp->bank;
}

/* Behind what is counted by policy. */
static uint32_t plain_index(const struct fastpath *fp, uint32_t generation, uint32_t used)
{
	return 2 * fp->bank + (generation & 1) * fp->plain_used + used;
}

static int begin_anew(struct fastpath *fp, uint32_t at)
{
	memset(fp->per_cpu, 0, (size_t)fp->cpus * sizeof(struct fast_used));
	return bpf_map_update_elem(fp->used, &at, fp->per_cpu, BPF_ANY);
}

/* A client's port that is one of these may make of its connection what the rules judge otherwise than others
 * between the same ends. */
static void set_ports(struct fastpath *fp, const struct pol_image *img)
{
	uint64_t bits = 0;
	const struct pol_key *k = (const void *)((const char *)img + img->keys_off);
	for (uint32_t i = 0; i < img->n_keys; i++)
		bits |= fast_port_bit(htons(k[i].port));
	__atomic_store_n(&fp->front->inspected[img->generation & 1], bits, __ATOMIC_SEQ_CST);
}

int fastpath_policy(struct fastpath *fp, const struct pol_image *img)
{
	int err = 0;
	set_ports(fp, img);
	for (uint32_t i = 0; i <= img->n_conduits && i < fp->plain_used && !err; i++)
		err = begin_anew(fp, plain_index(fp, img->generation, i));
	for (uint32_t i = 0; i < img->n_flows && i < fp->bank && !err; i++) {
		struct fast_policy p;
		uint32_t at = policy_index(fp, img->generation, i);
		fast_flatten(img, policy_flow(img, (uint16_t)i), &p);
		err = bpf_map_update_elem(fp->policies, &at, &p, BPF_ANY);
		if (!err)
			err = begin_anew(fp, at);
	}
	return err;
}

/* It has no mark, so who reads it meanwhile finds none, or all of it. */
static void write_plain(struct fast_plain *to, const struct fast_plain *v, uint32_t used)
{
	for (unsigned i = 0; i < 2; i++)
		__atomic_store_n(&to->end[i], v->end[i], __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->used, used, __ATOMIC_SEQ_CST);
	__atomic_store_n(&to->mark, v->mark, __ATOMIC_SEQ_CST);
}

size_t fastpath_plain(struct fastpath *fp, uint32_t generation, const struct fast_plain *v, size_t n,
		      const struct fast_claimed *claimed)
{
	struct fast_plain *bank = fp->flow + (generation & 1) * fp->plain;
	size_t left = 0;
	for (uint32_t i = 0; i < fp->plain; i++)
		__atomic_store_n(&bank[i].mark, 0, __ATOMIC_SEQ_CST);
	memcpy(&fp->claimed[generation & 1], claimed, sizeof(*claimed));	/* nobody has a flow to ask for */
	for (size_t i = 0; i < n; i++) {
		struct fast_plain *to = &bank[v[i].mark >> fp->shift & (fp->plain - 1)];
		if (v[i].used < fp->plain_used && !to->mark)
			write_plain(to, &v[i], plain_index(fp, generation, v[i].used));
		else
			left++;
	}
	__atomic_store_n(&fp->front->plain[generation & 1], 1, __ATOMIC_SEQ_CST);
	return left;
}

void fastpath_plain_stop(struct fastpath *fp)
{
	for (unsigned i = 0; i < 2; i++)
		__atomic_store_n(&fp->front->plain[i], 0, __ATOMIC_SEQ_CST);
}

void fastpath_switch(struct fastpath *fp, uint32_t generation)
{
	__atomic_store_n(&fp->front->now, generation, __ATOMIC_SEQ_CST);
}

/* ---- the table of flow entries ---- */

static struct fast_entry key_of(const struct fast_claim *c)
{
	struct fast_entry k = { .cport = htons(c->cport), .sport = htons(c->sport), .family = c->client.family };
	size_t n = c->client.family == 4 ? 4 : 16;
	memcpy(k.client, c->client.b, n);
	memcpy(k.server, c->server.b, n);
	return k;
}

static bool same_key(const struct fast_entry *a, const struct fast_entry *b)
{
	return a->family == b->family && a->cport == b->cport && a->sport == b->sport &&
	       memcmp(a->client, b->client, sizeof(a->client)) == 0 && memcmp(a->server, b->server, sizeof(a->server)) == 0;
}

static struct fast_set *set_of(const struct fastpath *fp, const struct fast_entry *k)
{
	uint64_t client = fast_end(k->client, k->cport, fp->seed), server = fast_end(k->server, k->sport, fp->seed);
	return &fp->set[fast_set_of(client, server, fp->sets)];
}

/* An entry comes (1) or goes (-1). Who shares a place has no hint: the last one that is left has none either. */
static void hint(struct fastpath *fp, uint32_t slot, int by)
{
	const struct fast_entry *e = &fp->table[slot];
	uint32_t at = fast_hint_of(e->client, e->server, (uint32_t)e->cport << 16 | e->sport, fp->seed);
	fp->sharers[at] = (uint16_t)(fp->sharers[at] + by);
	uint16_t v = fp->sharers[at] == 0 ? 0 : by > 0 && fp->sharers[at] == 1 ? (uint16_t)(slot + 1) : FAST_NO_HINT;
	__atomic_store_n(&fp->front->hint[at], v, __ATOMIC_RELAXED);
}

/* The connection's place in its set, or one where it may be put; NULL: too many share the set. */
static uint16_t *place_of(const struct fastpath *fp, const struct fast_entry *k)
{
	struct fast_set *t = set_of(fp, k);
	uint16_t *unused = NULL;
	for (unsigned i = 0; i < FAST_WAYS; i++) {
		if (t->slot[i] && same_key(&fp->table[t->slot[i] - 1], k))
			return &t->slot[i];
		if (!unused && !t->slot[i])
			unused = &t->slot[i];
	}
	return unused;
}

/* While it is changed it is nobody's: the program takes nothing of which it saw two states. */
static void hide(struct fast_entry *e)
{
	__atomic_store_n(&e->version, e->version | 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool is_hidden(const struct fast_entry *e)
{
	return !e->family || e->version & 1;
}

static void write_entry(struct fastpath *fp, struct fast_entry *e, struct fast_entry v)
{
	hide(e);
	v.version = e->version;
	memcpy(e, &v, sizeof(v));
	__atomic_store_n(&e->version, fp->version += 2, __ATOMIC_SEQ_CST);
}

/* The entry of the connection that had this slot before goes first: never may a packet
 * find the numbers of another connection. */
static void disown(struct fastpath *fp, uint32_t slot)
{
	struct fast_entry *e = &fp->table[slot];
	if (is_hidden(e))
		return;
	struct fast_set *t = set_of(fp, e);
	hide(e);
	hint(fp, slot, -1);
	for (unsigned i = 0; i < FAST_WAYS; i++)
		if (t->slot[i] == slot + 1)
			__atomic_store_n(&t->slot[i], 0, __ATOMIC_SEQ_CST);
}

int fastpath_claim(struct fastpath *fp, unsigned inspector, const struct fast_claim *c, const struct pol_image *img)
{
	uint8_t family = c->client.family;
	if (c->slot >= fp->slots || (family != 4 && family != 6) || c->server.family != family)
		return -EINVAL;
	for (unsigned i = 0; i < 4; i++)
		if (c->way[i / 2][i % 2] > UINT16_MAX)
			return -ERANGE;
	uint16_t flow = policy_classify(img, &c->client, &c->server, IPPROTO_TCP, c->sport);
	const struct pol_flow *pol = policy_flow(img, flow);
	if (!pol || flow >= fp->bank || !fast_eligible(pol))
		return -EPERM;
	uint32_t slot = inspector * fp->slots + c->slot;
	struct fast_entry v = key_of(c);
	uint16_t *place = place_of(fp, &v);
	if (!place)
		return -ENOSPC;
	if (*place && *place != slot + 1) {
		if ((*place - 1u) / fp->slots != inspector)
			return -EBUSY;
		disown(fp, *place - 1u);
	}
	disown(fp, slot);
	v.proto = pol->proto;
	v.generation = img->generation;
	v.serial = c->serial;
	v.limited = pol->max_requests || pol->max_writes;
	v.policy = policy_index(fp, img->generation, flow);
	for (unsigned i = 0; i < 4; i++)
		v.way[i / 2][i % 2] = (uint16_t)c->way[i / 2][i % 2];
	write_entry(fp, &fp->table[slot], v);
	__atomic_store_n(place, (uint16_t)(slot + 1), __ATOMIC_SEQ_CST);
	hint(fp, slot, 1);
	return 0;
}

void fastpath_forget(struct fastpath *fp, unsigned inspector)
{
	for (uint32_t i = 0; i < fp->slots; i++)
		fast_ask_stop(&fp->map[inspector][i]);
	for (uint32_t i = 0; i < fp->slots; i++)
		disown(fp, inspector * fp->slots + i);
}

void fastpath_unplug(struct fastpath *fp, uint32_t ifindex)
{
	for (uint32_t i = 0; i < fp->slots * fp->inspectors; i++) {
		const struct fast_entry *e = &fp->table[i];
		bool uses = ifindex == 0;
		for (unsigned k = 0; k < 4; k++)
			uses |= e->way[k / 2][k % 2] == ifindex;
		if (uses)
			disown(fp, i);
	}
}

static int sum_cpus(const struct fastpath *fp, uint32_t at, struct fast_used *sum)
{
	const struct fast_used *v = fp->per_cpu;
	int err = bpf_map_lookup_elem(fp->used, &at, fp->per_cpu);
	for (int i = 0; i < fp->cpus && !err; i++) {
		sum->packets += v[i].packets;
		sum->bytes += v[i].bytes;
		sum->messages += v[i].messages;
	}
	return err;
}

/* Of what there was no room for: nothing. */
int fastpath_used(const struct fastpath *fp, uint32_t generation, uint32_t flow, struct fast_used *sum)
{
	memset(sum, 0, sizeof(*sum));
	return flow < fp->bank ? sum_cpus(fp, policy_index(fp, generation, flow), sum) : 0;
}

int fastpath_plain_used(const struct fastpath *fp, uint32_t generation, uint32_t used, struct fast_used *sum)
{
	memset(sum, 0, sizeof(*sum));
	return used < fp->plain_used ? sum_cpus(fp, plain_index(fp, generation, used), sum) : 0;
}

int fastpath_back(const struct fastpath *fp, uint64_t *packets)
{
	uint32_t zero = 0;
	const uint64_t *v = fp->per_cpu;
	int err = bpf_map_lookup_elem(fp->back, &zero, fp->per_cpu);
	*packets = 0;
	for (int i = 0; i < fp->cpus && !err; i++)
		*packets += v[i];
	return err;
}
