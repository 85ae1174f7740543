/* SPDX-License-Identifier: MIT
 *
 * Connections of which packets are not seen, or in another order, observed and as a recording, of
 * every protocol.
 *
 * Input: options:1 | (control:1 length:1 bytes)...
 *   options   bits 0 and 1 the protocol, 4 a recording, 8 no handshake
 *   control   1 from the server, 2 lost, 4 behind the next packet, 8 no acknowledgement, 16 FIN,
 *             32 a second passes
 *
 * Promises: each packet has one verdict, and goes on as it is; no more bytes are said to be
 * unjudged than were sent; what a protocol's begins() says of some bytes holds when more come.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "inspect/inspect.h"
#include "inspect/proto.h"
#include "plant.h"
#include "proto/dnp3/words.h"
#include "proto/iec104/wire.h"
#include "proto/iec104/words.h"
#include "proto/modbus/words.h"
#include "proto/opcua/words.h"
#include "put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { OPT_PROTO = 3, OPT_RECORDING = 4, OPT_JOINED = 8 };
enum { SERVER = 1, LOST = 2, LATER = 4, NO_ACK = 8, END = 16, SECOND = 32 };
enum { PACKETS = 300, PACKET_MAX = 40 + 255 };

struct world {
	struct inspect *in;
	struct inspect_out out;
	uint64_t now;
	uint32_t id;
	unsigned verdicts;
	uint8_t proto;
	uint32_t next[2];	       /* sequence numbers */
	uint64_t sent[2], unjudged[2]; /* bytes */
	uint8_t later[PACKET_MAX];
	size_t later_len;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct pol_image *plant(enum mode mode)
{
	struct modbus_policy m = { .allow = NULL };
	struct dnp3_policy d = { .select_before_operate = true,
				 .select_timeout = 5,
				 .outstanding = 1 };
	struct opcua_policy o = { .opaque = true };
	struct iec104_policy e = { .k = IEC_K_DEFAULT,
				   .select_timeout = 5,
				   .started_masters = IEC_MASTERS_DEFAULT,
				   .redundancy_group = 1 };
	struct policy policies[] = { { .name = "m", .proto = PROTO_MODBUS, .of = &m },
				     { .name = "d", .proto = PROTO_DNP3, .of = &d },
				     { .name = "o", .proto = PROTO_OPCUA, .of = &o },
				     { .name = "e", .proto = PROTO_IEC104, .of = &e } };
	struct flow flows[4];
	for (unsigned i = 0; i < 4; i++)
		flows[i] = (struct flow){ .proto = policies[i].proto,
					  .l4 = IPPROTO_TCP,
					  .policy = policies[i].name };
	return plant_image((struct conduit){ .flows = flows, .n_flows = 4, .mode = mode }, policies,
			   4, 1);
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	(void)len;
	must(id && id <= w->id && v == V_ACCEPT && !data);
	w->verdicts++;
}

static void on_event(void *ctx, const struct event *ev)
{
	struct world *w = ctx;
	must(ev->reason < R_COUNT && (ev->kind == EV_GAP) == (ev->reason == R_RESUMED));
	if (ev->kind != EV_GAP)
		return;
	w->unjudged[ev->response] += ev->unjudged;
	must(w->unjudged[ev->response] <= w->sent[ev->response]);
}

static void on_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	(void)ctx;
	(void)id;
	must(ev->reason < R_COUNT && m);
}

static size_t packet(struct world *w, uint8_t *p, int from, uint8_t flags, const uint8_t *data,
		     size_t n)
{
	memset(p, 0, 40);
	p[0] = 0x45;
	put16(p + 2, (unsigned)(40 + n));
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	const uint8_t ends[2][4] = { { 10, 1, 0, 5 }, { 10, 2, 0, 9 } };
	memcpy(p + 12, ends[from], 4);
	memcpy(p + 16, ends[!from], 4);
	put16(p + 20, from ? proto_port(w->proto) : 40000);
	put16(p + 22, from ? 40000 : proto_port(w->proto));
	put32(p + 24, w->next[from]);
	put32(p + 28, flags & TCP_ACK ? w->next[!from] : 0);
	p[32] = 0x50;
	p[33] = flags;
	put16(p + 34, 8192);
	if (n)
		memcpy(p + 40, data, n);
	packet_checksum(p, 40 + n);
	w->next[from] += (uint32_t)n + !!(flags & (TCP_SYN | TCP_FIN));
	return 40 + n;
}

/* From a block of its exact size. */
static void deliver(struct world *w, const uint8_t *p, size_t n)
{
	uint8_t *ip = malloc(n);
	must(ip != NULL);
	memcpy(ip, p, n);
	w->now += 1000000;
	struct inspect_pkt k = { .id = ++w->id,
				 .now_ns = w->now,
				 .wall_ns = w->now,
				 .ip = ip,
				 .len = n,
				 .check_sum = true };
	inspect_packet(w->in, &k, &w->out);
	free(ip);
}

static void step(struct world *w, uint8_t control, const uint8_t *data, size_t n)
{
	uint8_t p[PACKET_MAX], flags = TCP_PSH;
	flags |= control & NO_ACK ? 0 : TCP_ACK;
	flags |= control & END ? TCP_FIN : 0;
	int from = control & SERVER;
	size_t len = packet(w, p, from, flags, data, n);
	w->sent[from] += n + !!(flags & TCP_FIN); /* which has a number, too */
	if (control & SECOND) {
		w->now += 1000000000;
		inspect_tick(w->in, w->now, w->now, &w->out);
	}
	if (control & LOST)
		return;
	bool later = (control & LATER) && !w->later_len;
	if (later) {
		memcpy(w->later, p, len);
		w->later_len = len;
		return;
	}
	deliver(w, p, len);
	if (w->later_len)
		deliver(w, w->later, w->later_len);
	w->later_len = 0;
}

/* What is said of n bytes holds when more come. */
static void check_begins(const struct proto_ops *ops, const uint8_t *p, size_t n)
{
	for (int response = 0; response < 2; response++) {
		int said = 0;
		for (size_t i = 0; i <= n; i++) {
			uint8_t *copy = malloc(i ? i : 1);
			must(copy != NULL);
			memcpy(copy, p, i);
			int now = ops->begins(copy, i, response);
			must(said == 0 || (said < 0 ? now < 0 : now == said));
			said = now;
			free(copy);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct pol_image *img;
	static struct world world;
	struct world *w = &world;
	struct rd r = rd_init(data, n);
	uint8_t opt = rd_u8(&r), p[PACKET_MAX];
	if (r.bad)
		return 0;
	if (!img)
		img = plant(MODE_OBSERVE);
	must(img != NULL);
	memset(w, 0, sizeof(*w));
	w->proto = (uint8_t)(PROTO_NONE + 1 + (opt & OPT_PROTO));
	w->now = 1000000000;
	w->next[0] = 0xffffff00u;
	w->next[1] = 0x7ffffff0;
	struct inspect_conf conf = { .max_connections = 4,
				     .hash_key = { 1, 2 },
				     .recording = opt & OPT_RECORDING };
	w->in = inspect_new(&conf);
	must(w->in != NULL);
	inspect_policy(w->in, img);
	w->out = (struct inspect_out){
		.ctx = w, .verdict = on_verdict, .event = on_event, .message = on_message
	};
	if (!(opt & OPT_JOINED)) {
		deliver(w, p, packet(w, p, 0, TCP_SYN, NULL, 0));
		deliver(w, p, packet(w, p, 1, TCP_SYN | TCP_ACK, NULL, 0));
	}
	for (unsigned i = 0; i < PACKETS && r.left; i++) {
		uint8_t control = rd_u8(&r), len = rd_u8(&r);
		size_t m = len < r.left ? len : r.left;
		const uint8_t *body = rd_take(&r, m);
		if (r.bad || !body)
			break;
		check_begins(proto_of(w->proto), body, m);
		step(w, control, body, m);
	}
	struct inspect_pkt last = { .id = w->id, .now_ns = w->now, .wall_ns = w->now };
	inspect_end(w->in, &last, &w->out);
	must(w->verdicts == w->id);
	inspect_free(w->in);
	return 0;
}
