/* SPDX-License-Identifier: MIT
 * Packets that were seen beside the gate. */
#include "recording/recorded.h"

#include <netinet/in.h>
#include <string.h>

#include "inspect/recording.h"

enum recorded recorded_kind(const struct frame *f, struct packet *p)
{
	enum reason why = packet_parse(f->ip, f->len, false, p);
	bool known = why == R_NONE || packet_ends(f->ip, f->len, p);
	if (recording_is_cut(f->partial, known ? p : NULL))
		return RECORDED_CUT;
	if (!known)
		return RECORDED_MALFORMED;
	if (p->l4 != IPPROTO_TCP && p->l4 != IPPROTO_UDP)
		return RECORDED_NOT_TCP;
	return p->fragment     ? RECORDED_FRAGMENT
	       : why != R_NONE ? RECORDED_MALFORMED
			       : RECORDED_WHOLE;
}

bool recorded_stays_on_link(const struct frame *f, const struct packet *p)
{
	bool group = f->dst_mac && (f->dst_mac[0] & 1);
	return group || addr_is_of_link(&p->src) || addr_is_of_link(&p->dst);
}

struct link_macs recorded_macs(const struct frame *f)
{
	struct link_macs macs = { .src = { 0 } };
	if (f->src_mac)
		memcpy(macs.src, f->src_mac, sizeof(macs.src));
	if (f->dst_mac)
		memcpy(macs.dst, f->dst_mac, sizeof(macs.dst));
	return macs;
}

uint8_t recorded_proto(const struct pol_image *img, const struct packet *p)
{
	uint16_t id = policy_classify(img, &p->src, &p->dst, p->l4, p->dport);
	if (id == 0xffff)
		id = policy_classify(img, &p->dst, &p->src, p->l4, p->sport);
	const struct pol_flow *f = policy_flow(img, id);
	return f ? f->proto : PROTO_NONE;
}

bool recorded_refusal(const struct pol_image *img, const struct inspect_pkt *p,
		      const struct uninspected_answer *refused, struct event *ev)
{
	enum verdict v = img->mode == MODE_OBSERVE ? V_OBSERVED : V_DROP;
	if (!inspect_refused_event(img, p, refused->why, v, ev))
		return false;
	ev->response = refused->sender == SENDER_ANSWERS;
	ev->no_dir = refused->sender == SENDER_UNKNOWN;
	return true;
}
