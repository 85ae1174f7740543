/* SPDX-License-Identifier: MIT
 * Inside the wire of this protocol: what the table of functions points to. */
#ifndef ZONED_PROTO_MODBUS_WIRE_SHAPE_H
#define ZONED_PROTO_MODBUS_WIRE_SHAPE_H

#include "base/rd.h"
#include "proto/modbus/wire.h"

enum { MB_EXCEPTION = 0x80, MB_MEI_DEVICE_ID = 14 };

/* The functions to which the table of functions points. wire.c: ranges of bits and registers. */
mb_body mb_body_none, mb_body_range, mb_body_coil, mb_body_register, mb_body_write_coils,
	mb_body_write_registers;
mb_body mb_body_mask, mb_body_read_write, mb_body_fifo;
mb_body mb_body_bits, mb_body_registers, mb_body_status, mb_body_event_counter, mb_body_event_log,
	mb_body_server_id;
mb_body mb_body_fifo_registers;
/* wire-more.c */
mb_body mb_diag_request, mb_diag_response;
mb_body mb_files_read_request, mb_files_read_response, mb_files_write;
mb_body mb_mei_request, mb_mei_response;
/* wire-match.c */
mb_match mb_match_bits, mb_match_registers, mb_match_single, mb_match_range, mb_match_diag,
	mb_match_files;
mb_match mb_match_data, mb_match_mask, mb_match_mei;

/* Does the response of this diagnostics sub-function repeat the request? */
bool mb_diag_echoes(uint16_t sub);

/* wire-tolerate.c: may the length field be this, and may this message of a response, whose body is
 * not its function's, pass all the same? left: octets behind what was read. */
bool mb_length_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m,
			 const struct mb_reading *how);
bool mb_form_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m, size_t left,
		       unsigned tolerate);

#endif
