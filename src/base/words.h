/* SPDX-License-Identifier: MIT
 * The words of the model that the data path also needs. */
#ifndef ZONED_BASE_WORDS_H
#define ZONED_BASE_WORDS_H

#include "proto/protocols.h"

enum mode { MODE_ENFORCE, MODE_OBSERVE };
enum on_violation { VIOLATION_DROP, VIOLATION_RESET };
enum fail { FAIL_CLOSED, FAIL_OPEN };
enum log_what { LOG_VIOLATIONS, LOG_ALL, LOG_NONE };

#endif
