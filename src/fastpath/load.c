/* SPDX-License-Identifier: MIT
 *
 * The parent's side of the in-kernel path: the program and its maps.
 *
 * A rule finds the program by the xt match "bpf" (revision 1) through nft_compat, by descriptor
 * (XT_BPF_MODE_FD_ELF): the kernel resolves it in the sender of the netlink batch, which is the
 * parent, and the rule holds the program from then on. Nothing is pinned, so there is nothing to
 * clean up after a daemon that died, no need of bpffs (which `ip netns exec` hides and an
 * unprivileged service cannot write to), and the program and its maps go when the last rule goes.
 * nft_compat and xt_bpf must be loaded before (systemd/zoned.modules): the kernel asks for a match
 * of an inet table by a name that no module has.
 *
 * Rights. CAP_BPF and CAP_PERFMON (pointer arithmetic in slots) while the program is loaded, which
 * is before anything is in force; then they are given up. That leaves Linux 5.19 as the oldest
 * kernel, where maps may be changed by who has them open.
 *
 * Check sums. The inspector checks them; the program cannot. It relies on connection tracking,
 * which has verified the TCP check sum before the ruleset sees the packet (it must be of an
 * established connection) as long as net.netfilter.nf_conntrack_checksum is 1, the default.
 * fastpath_open() refuses when it is not; nobody may change it while zoned runs. The IPv4 header's
 * sum is checked by the kernel's IP input in any case.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fastpath/load-internal.h"
#include "fastpath/fast.skel.h"
#include "fastpath/policy.h"

_Static_assert(FAST_SLOTS + FAST_INSPECTORS * 1024 < FAST_NO_HINT, "a hint names any slot");
_Static_assert(sizeof(struct fast_slot) == FAST_SLOT && FAST_SLOT / FAST_LINE % 2 == 1 &&
		       FAST_SLOT % FAST_LINE == 0,
	       "slots are spread over the places of a cache");

_Static_assert(offsetof(struct fast_slot, of_protocol) == FAST_NUMBERS, "no holes");
_Static_assert(FAST_HINTS == 1 << (64 - 53), "fast_hint_of() takes as many bits");

#define FIRST "zoned_first"
#define LATE "zoned_late"
#define LEARN "zoned_learn"
#define FRONT ".data.front"

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
	const struct {
		const char *name;
		uint32_t n;
	} rows[] = {
		{ "fast_flows", all },		 { "fast_sets", fp->sets },
		{ "fast_slots", all },		 { "fast_policies", 2 * fp->bank },
		{ "fast_plain", 2 * fp->plain }, { "fast_used", 2 * (fp->bank + fp->plain_used) },
	};
	int err = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(fp->obj, rows[i].name),
					       rows[i].n);
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
		void *p =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(i * size));
		if (p == MAP_FAILED)
			return -errno;
		fp->map[i] = p;
	}
	void *rates = mmap(NULL, FAST_RATES * sizeof(*fp->rates), PROT_READ | PROT_WRITE,
			   MAP_SHARED, map_fd(fp, "fast_rates"), 0);
	if (rates == MAP_FAILED)
		return -errno;
	fp->rates = rates;
	fp->table =
		map_own(map_fd(fp, "fast_flows"), fp->slots * fp->inspectors * sizeof(*fp->table));
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

/* Best first: reads packets' way out as directly as it can be; by calls; not at all. */
static const struct kind {
	const void *(*bytes)(size_t *n);
	bool first;
} kinds[] = {
	{ fast_cast__elf_bytes, true },
	{ fast_bpf__elf_bytes, true },
	{ fast_bpf__elf_bytes, false },
};

/* Fill the tables of constants for the protocols' parts of the program. 0 or -errno. */
static int set_tables(struct fastpath *fp)
{
	static _Alignas(8) uint8_t table[FAST_TABLE_MAX];
	int err = 0;
	for (uint8_t p = PROTO_NONE + 1; !err && p < PROTO_N; p++) {
		const struct fast_policy_ops *o = fast_policy_of(p);
		if (!o->table)
			continue;
		size_t n = o->fill(table);
		err = bpf_map__set_initial_value(bpf_object__find_map_by_name(fp->obj, o->table),
						 table, n);
	}
	return err;
}

/* libbpf's copies of the program's constants are shared memory: no child gets them. */
static int keep_constants_here(struct bpf_object *obj)
{
	struct bpf_map *map;
	bpf_object__for_each_map (map, obj) {
		size_t n = 0;
		uintptr_t p = (uintptr_t)bpf_map__initial_value(map, &n);
		if (p && madvise((void *)p, n, MADV_DONTFORK))
			return -errno;
	}
	return 0;
}

/* 0 or -errno */
static int load_kind(struct fastpath *fp, const struct kind *k, bool late)
{
	struct fast_layout l = {
		.seed = fp->seed, .sets = fp->sets, .plain = fp->plain, .shift = fp->shift
	};
	size_t n;
	if (k->first && !fastpath_layout(&l))
		return -ENOENT;
	const void *bytes = k->bytes(&n);
	fp->obj = bpf_object__open_mem(bytes, n, NULL);
	if (!fp->obj)
		return -ENOMEM;
	bool first = k->first && !late;
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, FIRST), first);
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, LEARN),
				  first && l.tuple[1]);
	/* verifying takes half a second */
	bpf_program__set_autoload(bpf_object__find_program_by_name(fp->obj, LATE), !first);
	int err = bpf_map__set_initial_value(
		bpf_object__find_map_by_name(fp->obj, ".rodata.layout"), &l, sizeof(l));
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
static uint32_t slots_for(unsigned inspectors, uint32_t max_connections)
{
	uint32_t n = FAST_SLOTS / inspectors < max_connections ? FAST_SLOTS / inspectors
							       : max_connections;
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
	fp->slots = slots_for(room->inspectors, room->max_connections);
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
		err = load_kind(fp, &kinds[i], late);
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

uint32_t fastpath_bank(const struct fastpath *fp)
{
	return fp->bank;
}
