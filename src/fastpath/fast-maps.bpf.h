/* SPDX-License-Identifier: MIT
 *
 * The program's maps, and what is read and counted by whoever passes a packet. Part of fast.bpf.c.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_entry);
} fast_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_set);
} fast_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fast_slot);
} fast_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_policy);
} fast_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_plain);
} fast_plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAST_KNOWN);
	__type(key, __u32);
	__type(value, struct fast_known);
} fast_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_claimed);
} fast_claimed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FAST_RATES);
	__type(key, __u32);
	__type(value, struct fast_rate);
} fast_rates SEC(".maps");

/* Counters of each policy; behind them those of flows without inspection. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fast_used);
} fast_used SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fast_back SEC(".maps");

const volatile struct fast_layout fast_layout SEC(".rodata.layout") = {};
volatile struct fast_front fast_front SEC(".data.front") = {}; /* written by the parent only */

static __always_inline void count_back(void)
{
	__u32 zero = 0;
	__u64 *v = bpf_map_lookup_elem(&fast_back, &zero);
	if (v)
		*v += 1;
}

/* packets: as they were, read some time before, when nothing had to wait for it. Nobody else counts
 * on this CPU. */
static __always_inline void count_passed(struct fast_used *u, __u64 packets, __u32 bytes,
					 __u32 messages, __u32 dir)
{
	u->packets = packets + 1;
	u->bytes += bytes;
	u->messages[dir & 1] += messages;
}
