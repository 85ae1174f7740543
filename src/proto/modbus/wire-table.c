/* SPDX-License-Identifier: MIT
 *
 * The Modbus function codes: all that is known of each in one table, which framing,
 * parsing, matching, the policy language, the judgement, the in-kernel path, the records
 * and the manual read. MODBUS Application Protocol 1.1b3, chapter 6, and the
 * reserved codes of its annex A that are seen in plants.
 *
 * Classes are what an operator may write instead of names, so each is chosen
 * for what it must never let in by surprise:
 *  - read-write-multiple-registers (23) is a write, and only that;
 *  - diagnostics (8) is no read: some sub-functions restart or silence a
 *    device, so a policy has to list the sub-functions too;
 *  - encapsulated-interface (43) is a read because of device identification
 *    (MEI 14); a policy has to list the MEI types too, so 13 (CANopen, which
 *    can write) comes only with its number;
 *  - reserved codes that load or change programs are "program", never a write.
 */
#include "proto/modbus/wire-shape.h"

#include <string.h>

/* X(code, the rest of struct mb_func), in order of code */
/* clang-format off */
#define FUNCTIONS(X) \
	X(1, .name = "read-coils", .classes = MB_READ, .has_address = true, .table = '0', .in_kernel = true, \
		.max = 2000, .request = mb_body_range, .response = mb_body_bits, \
		.match = mb_match_bits, .request_extent = { 5, 0, 0 }, \
		.response_extent = { 2, 1, 1 }) \
	X(2, .name = "read-discrete-inputs", .classes = MB_READ, .has_address = true, .table = '1', \
		.in_kernel = true, .max = 2000, .request = mb_body_range, .response = mb_body_bits, \
		.match = mb_match_bits, .request_extent = { 5, 0, 0 }, \
		.response_extent = { 2, 1, 1 }) \
	X(3, .name = "read-holding-registers", .classes = MB_READ, .has_address = true, .table = '4', \
		.in_kernel = true, .max = 125, \
		.request = mb_body_range, .response = mb_body_registers, .match = mb_match_registers, \
		.request_extent = { 5, 0, 0 }, .response_extent = { 2, 1, 1 }) \
	X(4, .name = "read-input-registers", .classes = MB_READ, .has_address = true, .table = '3', \
		.in_kernel = true, .max = 125, \
		.request = mb_body_range, .response = mb_body_registers, .match = mb_match_registers, \
		.request_extent = { 5, 0, 0 }, .response_extent = { 2, 1, 1 }) \
	X(5, .name = "write-single-coil", .classes = MB_WRITE, .has_address = true, .table = '0', \
		.values = MB_ONE_COIL, .in_kernel = true, .max = 1, \
		.request = mb_body_coil, .response = mb_body_coil, .match = mb_match_single, \
		.request_extent = { 5, 0, 0 }, .response_extent = { 5, 0, 0 }) \
	X(6, .name = "write-single-register", .classes = MB_WRITE, .has_address = true, .table = '4', \
		.values = MB_ONE_REGISTER, .tolerate = MB_TOL_ECHO, .in_kernel = true, .max = 1, \
		.request = mb_body_register, .response = mb_body_register, .match = mb_match_single, \
		.request_extent = { 5, 0, 0 }, .response_extent = { 5, 0, 0 }) \
	X(7, .name = "read-exception-status", .classes = MB_READ | MB_DIAGNOSTIC, \
		.request = mb_body_none, .response = mb_body_status, .request_extent = { 1, 0, 0 }, \
		.response_extent = { 2, 0, 0 }) \
	X(8, .name = "diagnostics", .classes = MB_DIAGNOSTIC, .names = MB_NAMES_SUB, \
		.request = mb_diag_request, .response = mb_diag_response, .match = mb_match_diag, \
		.request_extent = { 5, 0, 0 }) \
	X(11, .name = "get-comm-event-counter", .classes = MB_READ | MB_DIAGNOSTIC, \
		.request = mb_body_none, .response = mb_body_event_counter, \
		.request_extent = { 1, 0, 0 }, .response_extent = { 5, 0, 0 }) \
	X(12, .name = "get-comm-event-log", .classes = MB_READ | MB_DIAGNOSTIC, \
		.request = mb_body_none, .response = mb_body_event_log, \
		.request_extent = { 1, 0, 0 }, .response_extent = { 2, 1, 1 }) \
	X(15, .name = "write-multiple-coils", .classes = MB_WRITE, .has_address = true, .table = '0', \
		.values = MB_COILS, .tolerate = MB_TOL_ECHO, .in_kernel = true, .max = 0x7b0, \
		.request = mb_body_write_coils, .response = mb_body_range, .match = mb_match_range, \
		.request_extent = { 6, 5, 1 }, .response_extent = { 5, 0, 0 }) \
	X(16, .name = "write-multiple-registers", .classes = MB_WRITE, .has_address = true, .table = '4', \
		.values = MB_REGISTERS, .tolerate = MB_TOL_ECHO, .in_kernel = true, .max = 0x7b, \
		.request = mb_body_write_registers, .response = mb_body_range, \
		.match = mb_match_range, .request_extent = { 6, 5, 1 }, \
		.response_extent = { 5, 0, 0 }) \
	X(17, .name = "report-server-id", .classes = MB_READ | MB_DIAGNOSTIC, \
		.request = mb_body_none, .response = mb_body_server_id, \
		.request_extent = { 1, 0, 0 }, .response_extent = { 2, 1, 1 }) \
	X(20, .name = "read-file-record", .classes = MB_READ, .names = MB_NAMES_FILES, .tolerate = MB_TOL_FILE, \
		.request = mb_files_read_request, .response = mb_files_read_response, \
		.match = mb_match_files, .request_extent = { 2, 1, 1 }, \
		.response_extent = { 2, 1, 1 }) \
	X(21, .name = "write-file-record", .classes = MB_WRITE, .values = MB_RECORDS, .names = MB_NAMES_FILES, \
		.request = mb_files_write, .response = mb_files_write, .match = mb_match_data, \
		.request_extent = { 2, 1, 1 }, .response_extent = { 2, 1, 1 }) \
	X(22, .name = "mask-write-register", .classes = MB_WRITE, .has_address = true, .table = '4', \
		.values = MB_MASKS, .max = 1, .request = mb_body_mask, .response = mb_body_mask, \
		.match = mb_match_mask, .request_extent = { 7, 0, 0 }, \
		.response_extent = { 7, 0, 0 }) \
	X(23, .name = "read-write-multiple-registers", .classes = MB_WRITE, .has_address = true, .table = '4', \
		.values = MB_REGISTERS, .names = MB_NAMES_WRITE_ADDRESS, .max = 125, \
		.write_max = 121, .request = mb_body_read_write, .response = mb_body_registers, \
		.match = mb_match_registers, .request_extent = { 10, 9, 1 }, \
		.response_extent = { 2, 1, 1 }) \
	X(24, .name = "read-fifo-queue", .classes = MB_READ, .has_address = true, .table = '4', .max = 31, \
		.request = mb_body_fifo, .response = mb_body_fifo_registers, \
		.request_extent = { 3, 0, 0 }, .response_extent = { 3, 1, 2 }) \
	X(40, .name = "program-concept", .classes = MB_PROGRAM) \
	X(42, .name = "concept-symbol-table", .classes = MB_PROGRAM) \
	X(43, .name = "encapsulated-interface", .classes = MB_READ, .names = MB_NAMES_MEI, \
		.tolerate = MB_TOL_DEVICE_ID, .request = mb_mei_request, .response = mb_mei_response, \
		.match = mb_match_mei, .request_extent = { 4, 0, 0 }) \
	X(90, .name = "umas", .classes = MB_PROGRAM, .tolerate = MB_TOL_UMAS) \
	X(125, .name = "firmware-replacement", .classes = MB_PROGRAM) \
	X(126, .name = "program-584-984", .classes = MB_PROGRAM)
/* clang-format on */

#define ROW(c, ...) { .code = c, __VA_ARGS__ },
const struct mb_func mb_funcs[] = { FUNCTIONS(ROW) };
#undef ROW
const size_t mb_funcs_n = sizeof(mb_funcs) / sizeof(mb_funcs[0]);

#define ROW(c, ...) ROW_##c,
enum { FUNCTIONS(ROW) };
#undef ROW

const struct mb_func *mb_func_by_code(uint8_t code)
{
	/* one more than the row's place; 0: there is none */
#define ROW(c, ...) [c] = ROW_##c + 1,
	static const uint8_t rows[256] = { FUNCTIONS(ROW) };
#undef ROW
	return rows[code] ? &mb_funcs[rows[code] - 1] : NULL;
}

const struct mb_func *mb_func_by_name(const char *name)
{
	for (size_t i = 0; i < mb_funcs_n; i++)
		if (strcmp(mb_funcs[i].name, name) == 0)
			return &mb_funcs[i];
	return NULL;
}
