/* SPDX-License-Identifier: MIT
 *
 * Events of every protocol with any bytes in them, each as the names of the fields that the walk
 * gives, in its order: "modbus: time event gen ...". Whether a model judged an event, whether it
 * counts others, and how it is transported, is drawn, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/record-plant.h"
#include "record/fields.h"
#include "record/varied.h"

enum { WALKS = 16000 }; /* of each protocol, so that the rarest field comes */

static uint32_t draw(void)
{
	static uint32_t seed = 1;
	seed = seed * 1664525u + 1013904223u;
	return seed >> 16;
}

static void say_num(void *ctx, const char *key, uint64_t v)
{
	(void)ctx;
	(void)v;
	printf(" %s", key);
}

static void say_range(void *ctx, const char *key, uint64_t from, uint64_t last)
{
	(void)from;
	say_num(ctx, key, last);
}

static void say_text(void *ctx, const char *key, const char *v)
{
	(void)ctx;
	(void)v;
	printf(" %s", key);
}

static struct event any_event(unsigned proto)
{
	static const uint8_t l4[] = { 1, 6, 17, 58 }, families[] = { 0, 4, 6, 4 };
	struct event ev;
	unsigned char *p = (unsigned char *)&ev;
	for (size_t i = 0; i < sizeof(ev); i++)
		p[i] = (unsigned char)draw();
	ev.proto = (uint8_t)proto;
	ev.l4 = l4[draw() % 4];
	ev.no_ports = draw() % 4 == 0;
	ev.src.family = families[draw() % 4];
	ev.dst.family = families[draw() % 4];
	ev.flow_id = (uint16_t)(draw() % 2);
	ev.rule = (uint16_t)(draw() % 2);
	if (draw() % 4 == 0 && addr_parse("10.1.0.10", &ev.src)) /* both are assets */
		addr_parse("10.2.0.20", &ev.dst);
	if (draw() % 4 == 0)
		ev.reason = R_FUNCTION;
	if (draw() % 8 == 0) { /* a tap lost packets */
		ev.kind = EV_GAP;
		ev.reason = R_TAP_LOST;
	}
	return ev;
}

int main(void)
{
	const struct fact_sink to = { NULL, say_num, say_range, say_text, say_text };
	const struct varied many = { .since_ns = 1 };
	struct pol_image *img = record_plant();
	if (!img)
		return 1;
	for (unsigned proto = 0; proto < PROTO_N; proto++)
		for (unsigned i = 0; i < WALKS; i++) {
			const struct event ev = any_event(proto);
			const bool of_many = draw() % 2;
			const struct event_view view = { .img = draw() % 4 ? img : NULL,
							 .ev = &ev,
							 .id = draw() % 2 ? "69290112c3f4-17"
									  : NULL,
							 .repeated = of_many,
							 .varied = of_many ? &many : NULL };
			printf("%s:", proto ? proto_word(proto) : "none");
			event_fields(&view, FIELDS_ALL, &to);
			putchar('\n');
		}
	free(img);
	return 0;
}
