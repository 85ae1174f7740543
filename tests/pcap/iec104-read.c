/* SPDX-License-Identifier: MIT
 * What the wire layer reads of APDUs: each line of the input is who sent it ("controlling" or
 * "controlled") and its octets in hexadecimal digits; each line of the output has all that is known
 * of it, as JSON. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/iec104/wire-objects.h"
#include "put.h"

static void print_time(const char *key, const struct iec_time *t)
{
	if (!t->octets)
		return;
	printf(", \"%s\": {\"octets\": %u, \"ms\": %u, \"min\": %u, \"gen\": %d, \"iv\": %d", key,
	       t->octets, t->ms, t->minute, t->substituted, t->invalid);
	if (t->octets == 7)
		printf(", \"hour\": %u, \"su\": %d, \"day\": %u, \"dow\": %u, \"month\": %u, "
		       "\"year\": %u",
		       t->hour, t->summer, t->day, t->weekday, t->month, t->year);
	printf("}");
}

static void print_value(const struct iec_object *o)
{
	switch ((enum iec_value)o->value) {
	case IEC_SINGLE:
	case IEC_DOUBLE:
	case IEC_STEP_COMMAND:
		printf(", \"state\": %u", o->state);
		break;
	case IEC_STEP:
		printf(", \"number\": %d, \"transient\": %d", o->number, o->transient);
		break;
	case IEC_NORMALISED:
	case IEC_SCALED:
	case IEC_COUNTER:
		printf(", \"number\": %d", o->number);
		break;
	case IEC_FLOAT:
		printf(", \"real\": \"%.9g\"", (double)o->real);
		break;
	case IEC_BITSTRING:
	case IEC_PROTECTION:
	case IEC_STATUS:
		printf(", \"bits\": %u", o->bits);
		break;
	case IEC_FILE_PART:
		printf(", \"file\": %u, \"section\": %u, \"length\": %u", o->file, o->section,
		       o->length);
		break;
	case IEC_NO_VALUE:
		break;
	}
}

static void print_objects(const struct iec_asdu *a)
{
	struct iec_objects it;
	struct iec_object o;
	const char *before = "";
	printf(", \"objects\": [");
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o)) {
		printf("%s{\"ioa\": %u, \"octets\": %zu, \"quality\": %u, \"qualifier\": %u, "
		       "\"select\": "
		       "%d, \"qu\": %u",
		       before, o.ioa, o.len, o.quality, o.qualifier, o.select, o.qu);
		printf(", \"elapsed\": %u", o.elapsed);
		print_value(&o);
		print_time("time", &o.time);
		print_time("until", &o.until);
		printf("}");
		before = ", ";
	}
	printf("]");
}

static void print_apdu(const uint8_t *p, size_t n, enum iec_end from)
{
	struct iec_msg m;
	enum reason why = iec104_parse(p, n, from, &m), framed = R_NONE;
	int len = iec104_frame(p, n, &framed);
	printf("{\"reason\": \"%s\", \"length\": %d, \"name\": \"%s\", \"ns\": %u, \"nr\": %u",
	       reason_name(why), len, iec104_apci_name(&m.apci), m.apci.ns, m.apci.nr);
	if (m.has_asdu) {
		const struct iec_asdu *a = &m.asdu;
		printf(", \"type\": %u, \"sq\": %d, \"n\": %u, \"cause\": %u, \"negative\": %d, "
		       "\"test\": "
		       "%d",
		       a->type, a->sq, a->n, a->cause, a->negative, a->test);
		printf(", \"oa\": %u, \"ca\": %u, \"ioa\": %u", a->oa, a->ca, a->ioa);
		print_objects(a);
	}
	printf("}\n");
}

int main(void)
{
	char line[8192];
	while (fgets(line, sizeof(line), stdin)) {
		uint8_t octets[4096];
		const char *hex = strchr(line, ' ');
		bool controlling = strncmp(line, "controlling ", 12) == 0;
		if (!hex || (!controlling && strncmp(line, "controlled ", 11) != 0)) {
			fprintf(stderr, "not \"controlling HEX\" or \"controlled HEX\": %s", line);
			return 1;
		}
		print_apdu(octets, unhex(hex, octets),
			   controlling ? IEC_CONTROLLING : IEC_CONTROLLED);
	}
	return 0;
}
