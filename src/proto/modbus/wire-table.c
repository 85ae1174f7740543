/* SPDX-License-Identifier: MIT
 *
 * The Modbus function codes: one table that the policy language, the records
 * and the manual share. MODBUS Application Protocol 1.1b3, chapter 6, and the
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
#include "proto/modbus/wire.h"

#include <string.h>

#define ADDR true
#define NO_ADDR false
#define VALUES true
#define NO_VALUES false

/* In order of code; mb_func_by_code() searches it. */
const struct mb_func mb_funcs[] = {
	{   1, "read-coils",                    MB_READ,                 ADDR,    NO_VALUES },
	{   2, "read-discrete-inputs",          MB_READ,                 ADDR,    NO_VALUES },
	{   3, "read-holding-registers",        MB_READ,                 ADDR,    NO_VALUES },
	{   4, "read-input-registers",          MB_READ,                 ADDR,    NO_VALUES },
	{   5, "write-single-coil",             MB_WRITE,                ADDR,    VALUES },
	{   6, "write-single-register",         MB_WRITE,                ADDR,    VALUES },
	{   7, "read-exception-status",         MB_READ | MB_DIAGNOSTIC, NO_ADDR, NO_VALUES },
	{   8, "diagnostics",                   MB_DIAGNOSTIC,           NO_ADDR, NO_VALUES },
	{  11, "get-comm-event-counter",        MB_READ | MB_DIAGNOSTIC, NO_ADDR, NO_VALUES },
	{  12, "get-comm-event-log",            MB_READ | MB_DIAGNOSTIC, NO_ADDR, NO_VALUES },
	{  15, "write-multiple-coils",          MB_WRITE,                ADDR,    VALUES },
	{  16, "write-multiple-registers",      MB_WRITE,                ADDR,    VALUES },
	{  17, "report-server-id",              MB_READ | MB_DIAGNOSTIC, NO_ADDR, NO_VALUES },
	{  20, "read-file-record",              MB_READ,                 NO_ADDR, NO_VALUES },
	{  21, "write-file-record",             MB_WRITE,                NO_ADDR, VALUES },
	{  22, "mask-write-register",           MB_WRITE,                ADDR,    VALUES },
	{  23, "read-write-multiple-registers", MB_WRITE,                ADDR,    VALUES },
	{  24, "read-fifo-queue",               MB_READ,                 ADDR,    NO_VALUES },
	{  40, "program-concept",               MB_PROGRAM,              NO_ADDR, NO_VALUES },
	{  42, "concept-symbol-table",          MB_PROGRAM,              NO_ADDR, NO_VALUES },
	{  43, "encapsulated-interface",        MB_READ,                 NO_ADDR, NO_VALUES },
	{  90, "umas",                          MB_PROGRAM,              NO_ADDR, NO_VALUES },
	{ 125, "firmware-replacement",          MB_PROGRAM,              NO_ADDR, NO_VALUES },
	{ 126, "program-584-984",               MB_PROGRAM,              NO_ADDR, NO_VALUES },
};
const size_t mb_funcs_n = sizeof(mb_funcs) / sizeof(mb_funcs[0]);

const struct mb_func *mb_func_by_code(uint8_t code)
{
	size_t lo = 0, hi = mb_funcs_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (mb_funcs[mid].code == code)
			return &mb_funcs[mid];
		if (mb_funcs[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct mb_func *mb_func_by_name(const char *name)
{
	for (size_t i = 0; i < mb_funcs_n; i++)
		if (strcmp(mb_funcs[i].name, name) == 0)
			return &mb_funcs[i];
	return NULL;
}
