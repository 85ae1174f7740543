/* SPDX-License-Identifier: MIT
 * typed_values of an entry of a Modbus policy: reading, checking, printing. */
#ifndef ZONED_PROTO_MODBUS_WORDS_TYPED_H
#define ZONED_PROTO_MODBUS_WORDS_TYPED_H

#include "model/internal.h"
#include "proto/modbus/words.h"

void load_mb_typed(struct load *l, const config_setting_t *g, struct modbus_allow *a);
/* With the functions and addresses of the entry, which are read. */
void check_mb_typed(struct load *l, const struct modbus_allow *a);
void print_mb_typed(FILE *f, const struct modbus_allow *a);

#endif
