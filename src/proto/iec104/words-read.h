/* SPDX-License-Identifier: MIT
 * Lists of words in IEC 60870-5-104 policies: types, causes, states, qualifiers. */
#ifndef ZONED_PROTO_IEC104_WORDS_READ_H
#define ZONED_PROTO_IEC104_WORDS_READ_H

#include "model/internal.h"
#include "proto/iec104/words.h"

/* A key that takes a list of words, or "any". */
struct iec104_word_list {
	const char *key;
	const struct word *words;
};
extern const struct iec104_word_list iec104_word_lists[IEC_WORDS];

/* Each reads keys of an entry and complains about what it does not know. */
void iec104_types(struct load *l, const config_setting_t *g, struct iec104_allow *a);
void iec104_causes(struct load *l, const config_setting_t *g, struct iec104_allow *a);
void iec104_words(struct load *l, const config_setting_t *g, struct iec104_allow *a);
/* The causes that an entry with this type is about: of what the controlling station sends, or of
 * reports. */
uint64_t iec104_entry_causes(const struct iec_type *t);

#endif
