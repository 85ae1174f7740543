/* SPDX-License-Identifier: MIT
 * The parent's side of the in-kernel path. */
#include "fastpath/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fastpath/fast.skel.h"
#include "fastpath/policy.h"

_Static_assert(sizeof(struct fast_slot) == FAST_SLOT, "a slot is a page, so that inspectors share none");

struct fastpath {
	struct fast_bpf *skel;
	unsigned inspectors;
	uint32_t slots;			/* per inspector */
	uint32_t bank;			/* policies per generation */
	struct fast_slot *map[FAST_INSPECTORS];
	struct fast_key *owner;		/* per slot: the connection whose entries point here; family 0: none */
	int flows, policies, now, counts;
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

static int resize(struct fastpath *fp)
{
	struct fast_bpf *s = fp->skel;
	uint32_t all = fp->slots * fp->inspectors;
	int err = bpf_map__set_max_entries(s->maps.fast_flows, 2 * all);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.fast_slots, all);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.fast_policies, 2 * fp->bank);
	return err;
}

static int map_slots(struct fastpath *fp)
{
	size_t size = fp->slots * sizeof(struct fast_slot);
	int fd = bpf_map__fd(fp->skel->maps.fast_slots);
	for (unsigned i = 0; i < fp->inspectors; i++) {
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(i * size));
		if (p == MAP_FAILED)
			return -errno;
		fp->map[i] = p;
	}
	fp->flows = bpf_map__fd(fp->skel->maps.fast_flows);
	fp->policies = bpf_map__fd(fp->skel->maps.fast_policies);
	fp->now = bpf_map__fd(fp->skel->maps.fast_now);
	fp->counts = bpf_map__fd(fp->skel->maps.fast_counts);
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

struct fastpath *fastpath_open(unsigned inspectors, uint32_t max_flows, uint32_t flows, const char **why)
{
	*why = fastpath_forbidden();
	if (!*why && !kernel_is_new())
		*why = describe(0);
	if (*why || inspectors == 0 || inspectors > FAST_INSPECTORS)
		return NULL;
	struct fastpath *fp = calloc(1, sizeof(*fp));
	*why = describe(-ENOMEM);
	if (!fp)
		return NULL;
	fp->inspectors = inspectors;
	fp->slots = FAST_SLOTS / inspectors < max_flows ? FAST_SLOTS / inspectors : max_flows;
	fp->bank = 2 * flows > FAST_POLICIES ? 2 * flows : FAST_POLICIES;
	fp->owner = calloc((size_t)fp->slots * inspectors, sizeof(*fp->owner));
	libbpf_print_fn_t was = libbpf_set_print(quiet);
	fp->skel = fp->owner ? fast_bpf__open() : NULL;
	int err = fp->skel ? resize(fp) : -ENOMEM;
	if (!err)
		err = fast_bpf__load(fp->skel);
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
	if (fp->skel)
		fast_bpf__destroy(fp->skel);
	free(fp->owner);
	free(fp);
}

int fastpath_program(const struct fastpath *fp)
{
	return bpf_program__fd(fp->skel->progs.zoned_fast);
}

uint32_t fastpath_slots(const struct fastpath *fp)
{
	return fp->slots;
}

struct fast_slot *fastpath_map(const struct fastpath *fp, unsigned inspector)
{
	return fp->map[inspector];
}

static uint32_t policy_index(const struct fastpath *fp, uint32_t generation, uint32_t flow)
{
	return (generation & 1) * fp->bank + flow;
}

int fastpath_policy(struct fastpath *fp, const struct pol_image *img)
{
	int err = 0;
	for (uint32_t i = 0; i < img->n_flows && i < fp->bank && !err; i++) {
		struct fast_policy p;
		uint32_t at = policy_index(fp, img->generation, i);
		fast_flatten(img, policy_flow(img, (uint16_t)i), &p);
		err = bpf_map_update_elem(fp->policies, &at, &p, BPF_ANY);
	}
	return err;
}

int fastpath_switch(struct fastpath *fp, uint32_t generation)
{
	uint32_t zero = 0;
	return bpf_map_update_elem(fp->now, &zero, &generation, BPF_ANY);
}

static struct fast_key key_of(const struct fast_claim *c)
{
	struct fast_key k = { .sport = htons(c->cport), .dport = htons(c->sport), .family = c->client.family };
	size_t n = c->client.family == 4 ? 4 : 16;
	memcpy(k.src, c->client.b, n);
	memcpy(k.dst, c->server.b, n);
	return k;
}

static struct fast_key turned(const struct fast_key *k)
{
	struct fast_key t = { .sport = k->dport, .dport = k->sport, .family = k->family };
	memcpy(t.src, k->dst, sizeof(t.src));
	memcpy(t.dst, k->src, sizeof(t.dst));
	return t;
}

/* The entries of the connection that had this slot before go first: never may a packet
 * find the numbers of another connection. */
static void disown(struct fastpath *fp, uint32_t slot)
{
	struct fast_key *old = &fp->owner[slot];
	struct fast_key way[2] = { *old, turned(old) };
	for (unsigned d = 0; d < 2 && old->family; d++) {
		struct fast_entry e;
		if (bpf_map_lookup_elem(fp->flows, &way[d], &e) == 0 && e.slot == slot)
			bpf_map_delete_elem(fp->flows, &way[d]);
	}
	memset(old, 0, sizeof(*old));
}

int fastpath_claim(struct fastpath *fp, unsigned inspector, const struct fast_claim *c, const struct pol_image *img)
{
	uint8_t family = c->client.family;
	if (c->slot >= fp->slots || (family != 4 && family != 6) || c->server.family != family)
		return -EINVAL;
	uint16_t flow = policy_classify(img, &c->client, &c->server, IPPROTO_TCP, c->sport);
	const struct pol_flow *pol = policy_flow(img, flow);
	if (!pol || flow >= fp->bank || !fast_eligible(pol))
		return -EPERM;
	uint32_t slot = inspector * fp->slots + c->slot;
	struct fast_key k = key_of(c);
	struct fast_key way[2] = { k, turned(&k) };
	struct fast_entry e;
	if (bpf_map_lookup_elem(fp->flows, &k, &e) == 0 && e.slot != slot) {
		if (e.slot / fp->slots != inspector)
			return -EBUSY;
		disown(fp, e.slot);
	}
	if (memcmp(&fp->owner[slot], &k, sizeof(k)) != 0)
		disown(fp, slot);
	fp->owner[slot] = k;
	int err = 0;
	for (uint32_t d = 0; d < 2 && !err; d++) {
		e = (struct fast_entry){ .slot = slot, .generation = img->generation, .dir = d, .serial = c->serial,
					 .policy = policy_index(fp, img->generation, flow) };
		err = bpf_map_update_elem(fp->flows, &way[d], &e, BPF_ANY);
	}
	if (err)
		disown(fp, slot);
	return err;
}

void fastpath_forget(struct fastpath *fp, unsigned inspector)
{
	for (uint32_t i = 0; i < fp->slots; i++)
		__atomic_fetch_or(&fp->map[inspector][i].state, FAST_STOP, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < fp->slots; i++)
		disown(fp, inspector * fp->slots + i);
}

int fastpath_counts(const struct fastpath *fp, uint64_t out[FAST_COUNTS])
{
	int cpus = libbpf_num_possible_cpus(), err = cpus < 0 ? cpus : 0;
	uint64_t *v = err ? NULL : calloc((size_t)cpus, sizeof(*v));
	if (!v)
		return err ? err : -ENOMEM;
	for (uint32_t k = 0; k < FAST_COUNTS && !err; k++) {
		out[k] = 0;
		err = bpf_map_lookup_elem(fp->counts, &k, v);
		for (int i = 0; i < cpus && !err; i++)
			out[k] += v[i];
	}
	free(v);
	return err;
}
