/* SPDX-License-Identifier: MIT
 * From a ring to a file: which packets are of the connection, and in what order. */
#include "evidence/job.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum {
	INTERFACES = 8,	     /* told apart in one file */
	SECTION_ROOM = 1024, /* a section and its interfaces */
	PACKET_ROOM = 64,    /* of one packet's block, besides its octets */
	COMMENT_TEXT = 512,
};

static struct evidence_octets room_of(const struct evidence_job *job, const struct evidence_conf *c,
				      unsigned i)
{
	return (struct evidence_octets){ job->octets + (size_t)i * c->snap, c->snap };
}

/* Keep the packet that is at this place, if it still is. */
static bool keep_packet(struct evidence_job *job, const struct evidence_conf *c,
			const struct evidence_ring *r, uint64_t place)
{
	uint64_t at = place;
	const struct evidence_octets room = room_of(job, c, job->n);
	if (evidence_ring_next(r, &at, &job->packet[job->n], &room) != place)
		return false;
	job->n++;
	return true;
}

static bool is_of_flow(const struct evidence_job *job, const uint8_t *data, uint32_t len)
{
	struct evidence_flow f;
	uint32_t whole;
	return evidence_flow_of(data, len, &f, &whole) && evidence_flow_same(&f, &job->task.flow);
}

/* The last places before the event, of the connection: from[0] is where the oldest is. */
struct last_places {
	uint64_t v[EVIDENCE_PACKETS_MAX];
	unsigned n, max;
};

static void add_place(struct last_places *l, uint64_t place)
{
	if (l->max)
		l->v[l->n++ % l->max] = place;
}

/* Up to the event's packet, or what there is now where it has none. */
static void find_before(struct evidence_job *job, const struct evidence_ring *r,
			struct last_places *l)
{
	uint8_t headers[EVIDENCE_HEADERS];
	const struct evidence_octets room = { headers, sizeof(headers) };
	struct evidence_packet k;
	const uint64_t event = job->task.place, end = evidence_ring_end(r);
	uint64_t at = evidence_ring_oldest(r), place;
	job->at = at;
	while (at < end && (place = evidence_ring_next(r, &at, &k, &room))) {
		if (place >= end || (event && place > event))
			return;
		job->at = at;
		job->found = place == event;
		if (job->found)
			return;
		if (is_of_flow(job, headers, k.len))
			add_place(l, place);
	}
}

void job_begin(struct evidence_job *job, const struct evidence_conf *c,
	       const struct evidence_ring *r, uint64_t now_ns)
{
	struct last_places l = { .max = c->before };
	job->n = job->n_after = 0;
	job->found = false;
	job->until_ns = now_ns + (uint64_t)EVIDENCE_AFTER_MS * 1000000;
	find_before(job, r, &l);
	for (unsigned i = l.n > l.max ? l.n - l.max : 0; i < l.n; i++)
		keep_packet(job, c, r, l.v[i % l.max]);
	job->n_before = job->n;
	if (job->found)
		job->found = keep_packet(job, c, r, job->task.place);
}

bool job_collect(struct evidence_job *job, const struct evidence_conf *c,
		 const struct evidence_ring *r)
{
	const uint64_t end = evidence_ring_end(r);
	uint64_t place;
	while (job->n_after < c->after && job->at < end) {
		const struct evidence_octets room = room_of(job, c, job->n);
		struct evidence_packet *k = &job->packet[job->n];
		place = evidence_ring_next(r, &job->at, k, &room);
		if (!place)
			break;
		if (!is_of_flow(job, room.p, k->len))
			continue;
		job->n++;
		job->n_after++;
	}
	return job->n_after >= c->after;
}

size_t job_file_max(const struct evidence_conf *c)
{
	size_t packets = c->before + 1 + c->after;
	return SECTION_ROOM + 2 * COMMENT_TEXT + 2 * EVIDENCE_LINE +
	       packets * (c->snap + PACKET_ROOM) + INTERFACES * (PACKET_ROOM + IF_NAMESIZE);
}

static void put_section(const struct evidence_job *job, const struct evidence_conf *c,
			struct pcapng_file *f)
{
	char text[COMMENT_TEXT + EVIDENCE_LINE];
	snprintf(text, sizeof(text),
		 "Event %s: %u packets of its connection before it, %s, %u after it, as they came "
		 "to zoned.%s%s%s",
		 job->task.id, job->n_before,
		 job->found ? "the packet that brought it" : "no packet that brought it",
		 job->n_after,
		 c->in_kernel ? " Packets that the kernel passed alone are not among them." : "",
		 job->found ? "" : "\n", job->found ? "" : job->task.line);
	pcapng_put_section(f, c->application, text);
}

/* The number of its interface in the file, which gets it if it is new. */
static uint32_t put_interface(uint32_t in, uint32_t v[INTERFACES], uint32_t *n,
			      struct pcapng_file *f, uint32_t snap)
{
	char name[IF_NAMESIZE];
	for (uint32_t i = 0; i < *n; i++)
		if (v[i] == in || i == INTERFACES - 1)
			return i;
	v[*n] = in;
	pcapng_put_interface(f, in && if_indextoname(in, name) ? name : NULL, snap);
	return (*n)++;
}

void job_file(const struct evidence_job *job, const struct evidence_conf *c, struct pcapng_file *f)
{
	uint32_t v[INTERFACES], n = 0;
	f->len = 0;
	f->cut = false;
	put_section(job, c, f);
	for (unsigned i = 0; i < job->n; i++) {
		const struct evidence_packet *k = &job->packet[i];
		struct evidence_flow flow;
		uint32_t whole = 0;
		const uint8_t *data = job->octets + (size_t)i * c->snap;
		evidence_flow_of(data, k->len, &flow, &whole);
		bool event = job->found && i == job->n_before;
		uint32_t interface = put_interface(k->in, v, &n, f, c->snap);
		pcapng_put_packet(
			f, &(struct pcapng_packet){ .interface = interface,
						    .time_ns = k->time_ns,
						    .data = data,
						    .len = k->len,
						    .wire_len = whole > k->whole ? whole : k->whole,
						    .comment = event ? job->task.line : NULL });
	}
}
