/* SPDX-License-Identifier: MIT
 *
 * Modbus/TCP: framing and facts of one ADU. MODBUS Application Protocol 1.1b3,
 * MODBUS Messaging on TCP/IP 1.0b. No policy, no state, no allocation.
 *
 *   0        2        4        6      7      8
 *   +--------+--------+--------+------+------+------------
 *   | trans  | proto  | length | unit | func | data ...
 *   +--------+--------+--------+------+------+------------
 *     MBAP header, big endian;  length counts from `unit`, 2..254
 */
#ifndef ZONED_DISSECT_MODBUS_H
#define ZONED_DISSECT_MODBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/reason.h"

enum {
	MB_MBAP = 7,		/* header with unit identifier */
	MB_ADU_MAX = 260,
	MB_SUBREQ_MAX = 35,	/* file sub-requests in one PDU */
};

enum mb_class { MB_READ = 1, MB_WRITE = 2, MB_DIAGNOSTIC = 4, MB_PROGRAM = 8, MB_OTHER = 16 };

struct mb_func {
	uint8_t code;
	const char *name;	/* "read-holding-registers": policy, records, man page */
	uint8_t classes;	/* enum mb_class bits */
	bool has_address;	/* request names an address range */
	bool has_values;	/* request carries written values */
};

/* NULL for codes without a row. */
const struct mb_func *mb_func_by_code(uint8_t code);
const struct mb_func *mb_func_by_name(const char *name);
extern const struct mb_func mb_funcs[];
extern const size_t mb_funcs_n;

struct mb_file_ref {		/* FC 20/21 sub-request */
	uint16_t file, record, length;	/* length in registers */
};

struct mb_msg {
	uint16_t tid, pid, len;
	uint8_t unit;
	uint8_t fc;		/* without bit 7 */
	bool response;
	bool exception;
	uint8_t exc;		/* exception code, when exception */
	bool has_addr;  uint16_t addr, qty;	/* FC23: read part; FC5/6/22: qty 1 */
	bool has_waddr; uint16_t waddr, wqty;	/* FC23: write part */
	bool has_bytes; uint16_t bytes;		/* byte count field */
	bool has_sub;   uint16_t sub;		/* FC8 sub-function */
	bool has_mei;   uint8_t mei, mei_code, mei_object;	/* FC43; 14: read device id code, object id */
	bool has_mask;  uint16_t and_mask, or_mask;	/* FC22 */
	uint8_t n_files; struct mb_file_ref files[MB_SUBREQ_MAX];
	const uint8_t *values;	/* written or read data inside the ADU; values_len bytes */
	uint16_t values_len;
	const uint8_t *adu; uint16_t adu_len;
};

/* Length of the ADU that starts at p: >0 whole length, 0 need more bytes to
 * tell, <0 this can never be Modbus (then *why says why). Decides on the MBAP
 * header alone. */
int mb_frame(const uint8_t *p, size_t n, enum reason *why);
/* Parse one whole ADU of exactly n bytes. R_NONE, or the reason why it is not
 * a well-formed request (response). Facts read before the fault stay in *m.
 * Codes without a public shape (vendor ranges) parse as header facts only. */
enum reason mb_parse(const uint8_t *p, size_t n, bool response, struct mb_msg *m);
/* Does this well-formed response answer this request? R_NONE, or
 * R_RESPONSE_MISMATCH (unit, function, quantity, echo differ). Both parsed. */
struct mb_pending {	/* what must be remembered of a request */
	uint16_t tid; uint8_t unit, fc;
	uint16_t addr, qty, waddr, wqty, sub, and_mask, or_mask, crc_value;
	uint8_t mei;
	uint16_t files_bytes;	/* FC20: exact response data length expected */
	uint64_t at_ns;		/* filled by the caller */
};
void mb_remember(const struct mb_msg *req, struct mb_pending *p);
enum reason mb_answers(const struct mb_pending *p, const struct mb_msg *resp);

#endif
