/* SPDX-License-Identifier: MIT
 * Lists of words in DNP3 policies: functions, objects, controls. */
#ifndef ZONED_PROTO_DNP3_WORDS_READ_H
#define ZONED_PROTO_DNP3_WORDS_READ_H

#include "model/internal.h"
#include "proto/dnp3/words.h"

/* Each reads one key of an entry and complains about what it does not know. */
void dnp3_functions(struct load *l, const config_setting_t *g, struct dnp3_allow *a);
void dnp3_objects(struct load *l, const config_setting_t *g, struct dnp3_allow *a);
void dnp3_controls(struct load *l, const config_setting_t *g, struct dnp3_allow *a);

#endif
