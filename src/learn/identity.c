/* SPDX-License-Identifier: MIT
 *
 * EtherNet/IP, little endian: a header, and in some commands items (Common Packet Format).
 *
 *   +---------+--------+---------+--------+---------+---------+
 *   | command | length | session | status | context | options |    24 octets
 *   |    2    |   2    |    4    |   4    |    8    |    4    |
 *   +---------+--------+---------+--------+---------+---------+
 *   ListIdentity answers: count, { type 0x000c, length, version 2, socket address 16, identity,
 * state } SendRRData, SendUnitData: interface 4, timeout 2, count, { type, length, CIP message }
 *
 * An identity is vendor 2, device type 2, product code 2, revision 1 and 1, status 2, serial number
 * 4, and the name with its length before it. CIP says the same as all attributes of object 1: but
 * an answer does not say of which object it is, so the request before it must have asked that.
 *
 * S7, big endian, in TPKT (RFC 1006) and a COTP data unit (ISO 8073): of the user data functions
 * the answer to "read a part of the system status list". Parts 0x11 have order numbers, parts 0x1c
 * names.
 *
 *   03 00 len | 02 f0 80 | 32 07 .. .. .. .. plen dlen | 00 01 12 n 84 01 .. | ff 09 len | id index
 * size count
 */
#include "learn/identity.h"

#include "base/rd.h"
#include "base/sb.h"

enum { MESSAGES_MAX = 16, ITEMS_MAX = 8, RECORDS_MAX = 32, TEXT_MAX = 64 };

static void say(const struct identity_sink *to, const uint8_t *p, size_t n)
{
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\0'))
		n--;
	if (n)
		to->says(to->ctx, p, n);
}

/* ---- EtherNet/IP ---- */

enum { LIST_IDENTITY = 0x63, SEND_RR_DATA = 0x6f, SEND_UNIT_DATA = 0x70 };
enum { ITEM_IDENTITY = 0x0c, ITEM_CONNECTED = 0xb1, ITEM_UNCONNECTED = 0xb2 };
enum { ALL_ATTRIBUTES = 1, CIP_ANSWER = 0x80 };

/* The vendors that are met most; of others the number says as much. */
static const struct {
	uint16_t number;
	const char *name;
} vendors[] = {
	{ 1, "Rockwell Automation" },
	{ 26, "Festo" },
	{ 40, "Wago" },
	{ 47, "Omron" },
	{ 48, "Turck" },
	{ 90, "HMS" },
	{ 243, "Schneider Electric" },
	{ 283, "Hilscher" },
	{ 562, "Phoenix Contact" },
	{ 808, "SICK" },
};

/* Behind the length of the item; what is behind the name is not read. */
static void read_identity(struct rd *r, const struct identity_sink *to)
{
	char text[TEXT_MAX];
	struct sb b = sb_init(text, sizeof(text));
	uint16_t vendor = rd_le16(r);
	rd_skip(r, 2 + 2);
	unsigned major = rd_u8(r), minor = rd_u8(r);
	rd_skip(r, 2 + 4);
	size_t n = rd_u8(r);
	const uint8_t *name = rd_take(r, n);
	if (r->bad)
		return;
	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (vendors[i].number == vendor)
			sb_printf(&b, "%s, ", vendors[i].name);
	sb_printf(&b, "CIP vendor %u, revision %u.%u", vendor, major, minor);
	say(to, (const uint8_t *)text, b.len);
	say(to, name, n);
}

/* Service 1 for class 1 (by its 8 or 16 bit number) and instance 1? */
static bool asks_identity(struct rd r)
{
	static const uint8_t paths[][6] = { { 0x20, 0x01, 0x24, 0x01 },
					    { 0x21, 0, 0x01, 0, 0x24, 0x01 } };
	uint8_t service = rd_u8(&r);
	size_t n = 2 * (size_t)rd_u8(&r);
	const uint8_t *path = rd_take(&r, n);
	if (!path || service != ALL_ATTRIBUTES)
		return false;
	return (n == 4 && memcmp(path, paths[0], 4) == 0) ||
	       (n == 6 && memcmp(path, paths[1], 6) == 0);
}

static void read_cip(struct rd r, bool answer, uint64_t context, struct identity_asked *asked,
		     const struct identity_sink *to)
{
	if (!answer) {
		asked->identity = asks_identity(r);
		asked->context = context;
		return;
	}
	uint8_t service = rd_u8(&r);
	rd_skip(&r, 1);
	uint8_t status = rd_u8(&r);
	rd_skip(&r, 2 * (size_t)rd_u8(&r));
	bool fits = asked->identity && asked->context == context;
	asked->identity = false;
	if (fits && service == (CIP_ANSWER | ALL_ATTRIBUTES) && status == 0)
		read_identity(&r, to);
}

struct enip {
	uint16_t command;
	uint64_t context;
	bool answer;
};

static void read_items(const struct enip *e, struct rd r, struct identity_asked *asked,
		       const struct identity_sink *to)
{
	enum { INTERFACE_AND_TIMEOUT = 6, VERSION_AND_SOCKET = 18 };
	if (e->command != LIST_IDENTITY)
		rd_skip(&r, INTERFACE_AND_TIMEOUT);
	unsigned count = rd_le16(&r);
	for (unsigned i = 0; i < count && i < ITEMS_MAX && !r.bad; i++) {
		uint16_t type = rd_le16(&r);
		struct rd item = rd_sub(&r, rd_le16(&r));
		if (item.bad)
			return;
		if (e->command == LIST_IDENTITY && type == ITEM_IDENTITY && e->answer) {
			rd_skip(&item, VERSION_AND_SOCKET);
			read_identity(&item, to);
		} else if (e->command == SEND_RR_DATA && type == ITEM_UNCONNECTED) {
			read_cip(item, e->answer, e->context, asked, to);
		} else if (e->command == SEND_UNIT_DATA && type == ITEM_CONNECTED) {
			uint16_t sequence = rd_le16(&item);
			read_cip(item, e->answer, sequence, asked, to);
		}
	}
}

void identity_enip(const uint8_t *p, size_t n, bool answer, struct identity_asked *asked,
		   const struct identity_sink *to)
{
	struct rd r = rd_init(p, n);
	for (unsigned i = 0; i < MESSAGES_MAX && r.left; i++) {
		struct enip e = { .command = rd_le16(&r), .answer = answer };
		size_t length = rd_le16(&r);
		rd_skip(&r, 4);
		uint32_t status = rd_le32(&r);
		e.context = rd_le64(&r);
		rd_skip(&r, 4);
		struct rd data = rd_sub(&r, length);
		if (data.bad)
			return;
		if (status == 0 && length &&
		    (e.command == LIST_IDENTITY || e.command == SEND_RR_DATA ||
		     e.command == SEND_UNIT_DATA))
			read_items(&e, data, asked, to);
	}
}

/* ---- S7 ---- */

enum { TPKT = 4, COTP_DATA = 0xf0, COTP_LAST = 0x80, S7 = 0x32, USER_DATA = 7 };
enum { ANSWER_CPU = 0x84, READ_SZL = 1, GOOD = 0xff, OCTETS = 9 };
enum { ORDER_SIZE = 28, ORDER_TEXT = 20, NAME_SIZE = 34, NAME_TEXT = 24 };
enum { OF_MODULE = 1, NAME_OF_MODULE = 2, NAME_OF_TYPE = 7 };

static void read_record(struct rd r, uint8_t part, const struct identity_sink *to)
{
	uint16_t index = rd_be16(&r);
	bool order = part == 0x11;
	if (order ? index != OF_MODULE : index != NAME_OF_MODULE && index != NAME_OF_TYPE)
		return;
	size_t n = order ? ORDER_TEXT : NAME_TEXT;
	const uint8_t *text = rd_take(&r, n);
	if (text)
		say(to, text, n);
}

/* Of an answer in several units the first one has the header; its whole records are read. */
static void read_szl(struct rd r, const struct identity_sink *to)
{
	uint8_t part = (uint8_t)rd_be16(&r);
	rd_skip(&r, 2);
	size_t size = rd_be16(&r);
	unsigned count = rd_be16(&r);
	if ((part != 0x11 || size != ORDER_SIZE) && (part != 0x1c || size != NAME_SIZE))
		return;
	for (unsigned i = 0; i < count && i < RECORDS_MAX && r.left >= size; i++)
		read_record(rd_sub(&r, size), part, to);
}

static void read_s7(struct rd r, const struct identity_sink *to)
{
	static const uint8_t head[] = { 0x00, 0x01, 0x12 };
	uint8_t id = rd_u8(&r), kind = rd_u8(&r);
	rd_skip(&r, 4);
	size_t n_parameters = rd_be16(&r), n_data = rd_be16(&r);
	struct rd parameters = rd_sub(&r, n_parameters), data = rd_sub(&r, n_data);
	const uint8_t *begin = rd_take(&parameters, sizeof(head));
	rd_skip(&parameters, 2);
	uint8_t function = rd_u8(&parameters), sub = rd_u8(&parameters);
	bool good = begin && memcmp(begin, head, sizeof(head)) == 0 && !parameters.bad && !data.bad;
	if (!good || id != S7 || kind != USER_DATA || function != ANSWER_CPU || sub != READ_SZL)
		return;
	uint8_t code = rd_u8(&data), form = rd_u8(&data);
	size_t n = rd_be16(&data);
	struct rd list = rd_sub(&data, n);
	if (code == GOOD && form == OCTETS && !list.bad)
		read_szl(list, to);
}

void identity_s7(const uint8_t *p, size_t n, const struct identity_sink *to)
{
	struct rd r = rd_init(p, n);
	for (unsigned i = 0; i < MESSAGES_MAX && r.left; i++) {
		uint8_t version = rd_u8(&r);
		rd_skip(&r, 1);
		size_t length = rd_be16(&r);
		struct rd unit = rd_sub(&r, length < TPKT ? 0 : length - TPKT);
		if (unit.bad || version != 3 || length < TPKT)
			return;
		size_t head = rd_u8(&unit);
		struct rd cotp = rd_sub(&unit, head);
		uint8_t type = rd_u8(&cotp), number = rd_u8(&cotp);
		if (!cotp.bad && type == COTP_DATA && (number & COTP_LAST))
			read_s7(unit, to);
	}
}
