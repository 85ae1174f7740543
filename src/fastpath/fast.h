/* SPDX-License-Identifier: MIT
 *
 * Interface of the BPF program, the parent and the inspectors: the layout of
 * flow entries, slots and policies. Fixed-width fields only; host byte order.
 *
 *	flow entry	identifies a connection. One for each slot, a cache line for both
 *			directions; sets say which to look at. Written by the parent only.
 *	slot		the state of one connection: who is its judge at the moment (state), and
 *			the numbers from which the next packet is judged. Shared by the program
 *			and one inspector; those of an inspector fill pages, so that no two
 * inspectors share any. policy		what one inspected flow of the image permits, flattened. Two
 * banks of them, for even and odd generations; written by the parent only.
 *	plain		between which interfaces the packets of a flow go that no inspector sees, by
 * the flow's number. Two banks; written by the parent only.
 *	known		of which flow a connection is that no inspector sees, by its ends. Written
 * by the program, when the rules have found it.
 */
#ifndef ZONED_FASTPATH_FAST_H
#define ZONED_FASTPATH_FAST_H

#ifdef __bpf__
#include <linux/types.h>
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
#else
#include <stdint.h>
#endif
#include <stddef.h>

#include "proto/protocols.h"

enum {
	FAST_MESSAGES = 16,	/* in one segment */
	FAST_POLICY_ROOM = 640, /* octets for a policy's rules, in the protocol's own form */
	/* an odd number of cache lines: see struct fast_slot */
	FAST_LINE = 64,
	FAST_SLOT = 65 * FAST_LINE,
	/* octets of a slot: what every connection has; with what its protocol reads of every
	   message */
	FAST_NUMBERS = 48,
	FAST_HEAD = 6 * FAST_LINE,
	FAST_NEAR = FAST_HEAD - FAST_NUMBERS,
	FAST_WAYS = 4,	   /* connections that share a set */
	FAST_HINTS = 2048, /* power of two */
	FAST_NO_HINT = 0xffff,
	FAST_RATES = 65536, /* conduits are numbered by 16 bits */
	FAST_PLAIN_IFS = 4, /* interfaces of one end of a flow without inspection */
	FAST_NO_IF = 0xffff,
	FAST_KNOWN = 4096, /* power of two */
};

/* slot.state. Only ON may be taken (to BUSY), and only by the program, which then asks whether
 * somebody wants it to stop. OFF: the inspector is the only judge, until it makes it ON. */
enum { FAST_OFF = 0, FAST_ON = 1, FAST_BUSY = 2 };

/* Fills a cache line. It is changed only while its slot is not BUSY and cannot become so. */
struct fast_entry {
	/* in network order; IPv4: the first four bytes, the rest zero */
	uint64_t client[2], server[2];
	uint16_t cport, sport; /* in network order */
	uint8_t family;	       /* 4, 6; 0: nothing was ever here */
	uint8_t proto;	       /* enum proto */
	uint16_t limited;      /* not 0: its conduit has rate limits */
	/* even, and another one whenever it was changed; odd: nothing is here, or not yet all */
	uint32_t version;
	uint32_t generation;
	uint32_t serial;    /* of the claim; the slot has the same while it is given */
	uint32_t policy;    /* index of its policy, the bank included */
	uint16_t way[2][2]; /* the interfaces of its packets: by direction, in and out */
};

/* The slots whose entries are compared to a packet: slot + 1; 0: none. */
struct fast_set {
	uint16_t slot[FAST_WAYS];
};

/* One end's part of the number of a connection's set. The seed is secret, so that nobody can
 * find connections that share a set. Port: in network order. */
static inline uint64_t fast_end(const uint64_t addr[2], uint16_t port, uint64_t seed)
{
	uint64_t x = (addr[0] ^ seed) * 0x9e3779b97f4a7c15ull;
	x = ((x ^ x >> 32) + addr[1]) * 0xbf58476d1ce4e5b9ull;
	x = ((x ^ x >> 29) + port) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Number of a connection's set, from fast_end() of both ends in either order. */
static inline uint32_t fast_set_of(uint64_t one, uint64_t other, uint32_t sets)
{
	return (uint32_t)((one + other) * 0x9e3779b97f4a7c15ull >> 40) & (sets - 1);
}

/* The data that the program reads first: a few kilobytes, so always in the cache. */
struct fast_front {
	uint32_t now; /* the generation in force; 0: nothing goes fast */
	/* by bank: a bit for each server port with inspection (fast_port_bit) */
	uint64_t inspected[2];
	/* by bank. 0: the interfaces of flows without inspection are not known just now */
	uint32_t plain[2];
	/* Slot + 1 of the only connection that has this place; 0: none has it; FAST_NO_HINT:
	 * several share it, or did. As a rule a hint saves reading the set. */
	uint16_t hint[FAST_HINTS];
};

/* A connection's place among the hints. A simple hash is enough, since nobody gains from
 * connections that share a place. Ports: both, in network order, either one first. */
static inline uint32_t fast_hint_of(const uint64_t one[2], const uint64_t other[2], uint32_t ports,
				    uint64_t seed)
{
	uint64_t x = ((one[0] + other[0]) ^ (one[1] + other[1])) + (ports & 0xffff) + (ports >> 16);
	return (uint32_t)(x * (seed | 1) >> 53) & (FAST_HINTS - 1);
}

/* The bit of a port (in network order). Other ports may have the same bit. */
static inline uint64_t fast_port_bit(uint16_t port)
{
	return 1ull << ((port * 0x9e3779b1u) >> 26);
}

/* The flow of the connections between these ends, as the rules found it from addresses, protocol
 * and ports alone. Reading a mark would be less work, but others can write marks. A cache line. */
struct fast_known {
	/* in network order; IPv4: the first four bytes, the rest zero */
	uint64_t client[2], server[2];
	uint32_t service; /* the server's port, family and protocol */
	/* the client's where it could be a server's port with inspection, else 0 */
	uint32_t cport;
	uint32_t flow;	     /* as in struct fast_plain */
	uint32_t generation; /* that found it */
	uint32_t version;    /* odd: being written */
	uint32_t pad[3];
};

/* Place in the table. A simple hash: packets of ends that share a place only go by the rules. */
static inline uint32_t fast_known_of(const struct fast_known *k, uint64_t seed)
{
	uint64_t server = k->server[0] ^ k->server[1];
	uint64_t x = (k->client[0] ^ k->client[1]) + (server << 32 | server >> 32) + k->service +
		     k->cport;
	return (uint32_t)(x * (seed | 1) >> 52) & (FAST_KNOWN - 1);
}

/* The area of a slot, at offset `at`, that keeps the octets of one direction until their receiver
 * acknowledges them. A segment may begin less than `room` octets (a power of two) after the oldest
 * of them and have up to `segment` octets. */
struct fast_kept {
	uint32_t at, room, segment;
};

/* The first cache lines of each slot are used most. If slots lay a power of two apart, these lines
 * would all compete for the same few places of a processor's caches. */
struct fast_slot {
	uint32_t state;
	uint32_t stop;	   /* not 0: the next CPU that takes the slot leaves it OFF */
	uint32_t packets;  /* passed since the slot was given over */
	uint32_t next[2];  /* the number that the next byte must have, per direction */
	uint32_t acked[2]; /* acknowledged by its receiver */
	uint32_t from[2];  /* the kept bytes are [from, next) */
	/* outstanding requests, where their protocol counts them here: the oldest; how many */
	uint8_t head, n_pending;
	/* the byte before next, per direction, where none is kept (from is next) */
	uint8_t last[2];
	uint32_t serial; /* of the claim for which it was given */
	uint32_t wanted; /* without meaning; a write fetches the cache line */
	/* The protocol's own: struct fast_NAME (../proto/NAME/kernel.h) overlays the slot. What is
	 * looked at of every message is in the first FAST_NEAR octets: in the lines of the numbers,
	 * or next to them. */
	uint64_t of_protocol[(FAST_SLOT - FAST_NUMBERS) / 8];
};

/* Hops that a packet must have left, as everywhere (PACKET_HOPS_MIN). */
enum { FAST_HOPS_MIN = 8 };

struct fast_policy {
	uint32_t n;		       /* rules */
	uint32_t conduit;	       /* index of its fast_rate */
	uint64_t request_ns, write_ns; /* one in so many may pass; 0: as many as come */
	/* in the protocol's own form (../proto/NAME/kernel.h), or unused */
	uint64_t rules[FAST_POLICY_ROOM / 8];
};

/* A conduit's rate limits, counted by program and inspectors in the same words. A word is the time
 * (CLOCK_MONOTONIC, ns) at which all that was taken would have come at exactly that rate (GCRA,
 * ITU-T I.371), so one compare-and-swap serves any number of them. */
struct fast_rate {
	uint64_t requests, writes;
};

/* ns between two of so many a second; 0: no limit. */
static inline uint64_t fast_rate_step(uint32_t per_second)
{
	return per_second ? 1000000000 / per_second : 0;
}

/* The word when n more have passed, at one each step (ns) and up to one second's worth at once; 0:
 * too many. */
static inline uint64_t fast_rate_next(uint64_t due, uint64_t now, uint64_t step, uint32_t n)
{
	uint64_t second = 1000000000;
	/* further ahead than any burst: another conduit's, from before a reload */
	uint64_t next = (due < now || due > now + 2 * second ? now : due) + n * step;
	return next > now + second ? 0 : next;
}

/* Is more than half of a second's worth left then? Below that it matters who takes
 * (inspect/rate.h), and the program leaves it to an inspector. */
static inline int fast_rate_plenty(uint64_t next, uint64_t now)
{
	return next != 0 && next <= now + 500000000;
}

/* A flow that no inspector sees. A packet of a known connection that is established needs no other
 * look than at the interfaces by which it comes and goes. */
struct fast_plain {
	uint32_t mark;	 /* the flow's number; 0: there is no such flow */
	uint32_t used;	 /* for what is counted */
	uint64_t end[2]; /* interfaces of the client's and of the server's zone: FAST_PLAIN_IFS
			  * numbers of 16 bits, the unused ones FAST_NO_IF; or 0: any that no zone
			  * names */
};

/* Interfaces that some zone names: a bit for each number. One for each bank. */
struct fast_claimed {
	uint64_t bits[(FAST_NO_IF + 1) / 64];
};

/* Is i one of four numbers of 16 bits? (0 in one of them, if each has i taken out.) */
static inline uint64_t fast_one_of(uint64_t four, uint32_t i)
{
	uint64_t ones = 0x0001000100010001ull, x = four ^ i * ones;
	return i < FAST_NO_IF ? (x - ones) & ~x & ones << 15 : 0;
}

/* Counts of what the program passed under one policy. Bytes from the IP header on, as in nft. */
struct fast_used {
	uint64_t packets, bytes;
	uint64_t messages[2]; /* by direction */
};

/* Parameters of the program, set when it is loaded. */
struct fast_layout {
	uint64_t seed; /* of the table of flow entries */
	uint32_t sets; /* of the table: a power of two */
	/* offsets, known from this kernel's type information: where it keeps a packet's way out */
	uint32_t dst, dev, ifindex;    /* sk_buff._skb_refdst, dst_entry.dev, net_device.ifindex */
	uint32_t data, data_len, nfct; /* of sk_buff: where its bytes are; its connection */
	/* of nf_conn: what it has of each direction; 0: not known, and what no inspector sees goes
	 * by the rules */
	uint32_t tuple[2];
	uint32_t plain;		     /* flows of one bank: a power of two */
	uint32_t shift;		     /* of a flow's number */
	uint32_t sk_buff, dst_entry; /* BTF type ids, for bpf_rdonly_cast() */
	/* likewise, of something that begins with numbers of 64 bits (pt_regs) */
	uint32_t words;
};

#endif
