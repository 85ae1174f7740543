/* SPDX-License-Identifier: MIT
 *
 * Application functions of DNP3 (IEEE 1815-2012, clause 4). What a class means:
 *
 *  - "write" is function 2 alone; "control" is what moves an output;
 *  - "configure" changes what the outstation does unasked: classes, unsolicited
 *    responses, its saved configuration; "application" starts and stops programs;
 *  - restarts and files are in no other class, so nothing but their names allows them;
 *  - "time" is the two that measure and record, which change nothing else.
 */
#include "proto/dnp3/wire.h"

#include <string.h>

#define ANSWERED true
#define SILENT false

/* In order of code; dnp_func_by_code() searches it. */
/* clang-format off */
const struct dnp_func dnp_funcs[] = {
	{   0, "confirm",                   DNP_ANSWER,      DNP_BODY_NONE,    SILENT },
	{   1, "read",                      DNP_READ,        DNP_BODY_HEADERS, ANSWERED },
	{   2, "write",                     DNP_WRITE,       DNP_BODY_OBJECTS, ANSWERED },
	{   3, "select",                    DNP_OPERATE,     DNP_BODY_OBJECTS, ANSWERED },
	{   4, "operate",                   DNP_OPERATE,     DNP_BODY_OBJECTS, ANSWERED },
	{   5, "direct-operate",            DNP_OPERATE,     DNP_BODY_OBJECTS, ANSWERED },
	{   6, "direct-operate-no-ack",     DNP_OPERATE,     DNP_BODY_OBJECTS, SILENT },
	{   7, "immediate-freeze",          DNP_FREEZE,      DNP_BODY_HEADERS, ANSWERED },
	{   8, "immediate-freeze-no-ack",   DNP_FREEZE,      DNP_BODY_HEADERS, SILENT },
	{   9, "freeze-clear",              DNP_FREEZE,      DNP_BODY_HEADERS, ANSWERED },
	{  10, "freeze-clear-no-ack",       DNP_FREEZE,      DNP_BODY_HEADERS, SILENT },
	{  11, "freeze-at-time",            DNP_FREEZE,      DNP_BODY_TIMED,   ANSWERED },
	{  12, "freeze-at-time-no-ack",     DNP_FREEZE,      DNP_BODY_TIMED,   SILENT },
	{  13, "cold-restart",              DNP_RESTART,     DNP_BODY_NONE,    ANSWERED },
	{  14, "warm-restart",              DNP_RESTART,     DNP_BODY_NONE,    ANSWERED },
	{  15, "initialize-data",           DNP_RESTART,     DNP_BODY_HEADERS, ANSWERED },
	{  16, "initialize-application",    DNP_APPLICATION, DNP_BODY_OBJECTS, ANSWERED },
	{  17, "start-application",         DNP_APPLICATION, DNP_BODY_OBJECTS, ANSWERED },
	{  18, "stop-application",          DNP_APPLICATION, DNP_BODY_OBJECTS, ANSWERED },
	{  19, "save-configuration",        DNP_CONFIGURE,   DNP_BODY_HEADERS, ANSWERED },
	{  20, "enable-unsolicited",        DNP_CONFIGURE,   DNP_BODY_HEADERS, ANSWERED },
	{  21, "disable-unsolicited",       DNP_CONFIGURE,   DNP_BODY_HEADERS, ANSWERED },
	{  22, "assign-class",              DNP_CONFIGURE,   DNP_BODY_HEADERS, ANSWERED },
	{  23, "delay-measure",             DNP_TIME,        DNP_BODY_NONE,    ANSWERED },
	{  24, "record-current-time",       DNP_TIME,        DNP_BODY_NONE,    ANSWERED },
	{  25, "open-file",                 DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  26, "close-file",                DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  27, "delete-file",               DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  28, "get-file-information",      DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  29, "authenticate-file",         DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  30, "abort-file",                DNP_FILE,        DNP_BODY_OBJECTS, ANSWERED },
	{  31, "activate-configuration",    DNP_CONFIGURE,   DNP_BODY_OBJECTS, ANSWERED },
	{  32, "authenticate",              DNP_AUTH,        DNP_BODY_OBJECTS, ANSWERED },
	{  33, "authenticate-no-ack",       DNP_AUTH,        DNP_BODY_OBJECTS, SILENT },
	{ 129, "response",                  DNP_ANSWER,      DNP_BODY_OBJECTS, SILENT },
	{ 130, "unsolicited-response",      DNP_ANSWER,      DNP_BODY_OBJECTS, SILENT },
	{ 131, "authentication-response",   DNP_ANSWER,      DNP_BODY_OBJECTS, SILENT },
};
/* clang-format on */
const size_t dnp_funcs_n = sizeof(dnp_funcs) / sizeof(dnp_funcs[0]);

/* clang-format off */
const struct dnp_class_name dnp_classes[] = {
	{ "read", DNP_READ },
	{ "write", DNP_WRITE },
	{ "control", DNP_OPERATE },
	{ "freeze", DNP_FREEZE },
	{ "restart", DNP_RESTART },
	{ "configure", DNP_CONFIGURE },
	{ "time", DNP_TIME },
	{ "file", DNP_FILE },
	{ "application", DNP_APPLICATION },
	{ "authentication", DNP_AUTH },
};
/* clang-format on */
const size_t dnp_classes_n = sizeof(dnp_classes) / sizeof(dnp_classes[0]);

const struct dnp_func *dnp_func_by_code(uint8_t code)
{
	size_t lo = 0, hi = dnp_funcs_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (dnp_funcs[mid].code == code)
			return &dnp_funcs[mid];
		if (dnp_funcs[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct dnp_func *dnp_func_by_name(const char *name)
{
	for (size_t i = 0; i < dnp_funcs_n; i++)
		if (strcmp(dnp_funcs[i].name, name) == 0)
			return &dnp_funcs[i];
	return NULL;
}
