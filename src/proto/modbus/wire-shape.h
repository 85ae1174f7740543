/* SPDX-License-Identifier: MIT
 * Inside the wire of this protocol: the shapes of Modbus PDU bodies, by function code. */
#ifndef ZONED_PROTO_MODBUS_WIRE_SHAPE_H
#define ZONED_PROTO_MODBUS_WIRE_SHAPE_H

#include "base/rd.h"
#include "proto/modbus/wire.h"

enum { MB_EXCEPTION = 0x80, MB_MEI_DEVICE_ID = 14 };

struct mb_shape;

/* Reads what follows the function code. Returns the first fault of meaning;
 * the caller tells truncation (r->bad) and left-over bytes from the reader. */
typedef enum reason mb_body(struct rd *r, const struct mb_shape *s, struct mb_msg *m);

struct mb_shape {
	mb_body *request, *response;
	uint16_t max;		/* largest quantity; FC23: of the read part */
	uint16_t write_max;	/* FC23: of the written part */
};

/* NULL: the code has no public shape. */
const struct mb_shape *mb_shape_by_code(uint8_t fc);

mb_body mb_diag_request, mb_diag_response;
mb_body mb_files_read_request, mb_files_read_response, mb_files_write;
mb_body mb_mei_request, mb_mei_response;

/* Does the response of this diagnostics sub-function repeat the request? */
bool mb_diag_echoes(uint16_t sub);

/* wire-tolerate.c: may the length field be this, and may this message of a response, whose body is not its
 * function's, pass all the same? left: octets behind what was read. */
bool mb_length_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m, const struct mb_reading *how);
bool mb_form_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m, size_t left, unsigned tolerate);

#endif
