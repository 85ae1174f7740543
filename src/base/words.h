/* SPDX-License-Identifier: MIT
 * The words of the model that the data path also needs. */
#ifndef ZONED_BASE_WORDS_H
#define ZONED_BASE_WORDS_H

enum proto { PROTO_NONE, PROTO_MODBUS, PROTO_DNP3, PROTO_OPCUA, PROTO_N };	/* inspected protocols */
enum mode { MODE_ENFORCE, MODE_OBSERVE };
enum on_violation { VIOLATION_DROP, VIOLATION_RESET };
enum fail { FAIL_CLOSED, FAIL_OPEN };
enum log_what { LOG_VIOLATIONS, LOG_ALL, LOG_NONE };

#endif
