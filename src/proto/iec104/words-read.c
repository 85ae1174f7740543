/* SPDX-License-Identifier: MIT
 *
 * The lists of words in an allow entry of IEC 60870-5-104.
 *
 * A class is the types that its name says, but for tests, reset process and delay
 * acquisition: whoever means these writes them by name or number.
 */
#include <string.h>

#include "base/num.h"
#include "proto/iec104/wire.h"
#include "proto/iec104/words-read.h"

enum { NAMES_MAX = 128 };

/* "; did you mean "X"?" or what else to do. */
static const char *suggestion(struct load *l, const char *word, const char *const *names, size_t n,
			      const char *otherwise)
{
	char text[80];
	const char *near = name_nearest(word, names, n);
	if (!near)
		return otherwise;
	snprintf(text, sizeof(text), "; did you mean \"%s\"?", near);
	return arena_strdup(l->m->arena, text);
}

/* The elements of a list; a complaint about none. */
static size_t elements(struct load *l, const config_setting_t *s, const char *key, const char *say)
{
	if (!config_setting_is_group(s) && items(s))
		return items(s);
	complain(l, at_of(l, s), "%s: nothing in it; write %s", key, say);
	return 0;
}

/* ---- types ---- */

static bool must_be_named(uint8_t type)
{
	return type == IEC_C_TS_NA_1 || type == IEC_C_TS_TA_1 || type == IEC_C_RP_NA_1 ||
	       type == IEC_C_CD_NA_1;
}

/* The directory is an answer, though of class file. */
static bool only_answers(const struct iec_type *t)
{
	return t->class != IEC_MONITOR && !t->causes[IEC_CONTROLLING];
}

static void set_type(struct iec104_allow *a, uint8_t type)
{
	a->limits.types[type / 8] |= (uint8_t)(1u << type % 8);
}

static bool add_type_class(struct iec104_allow *a, const char *word)
{
	for (size_t k = 0; k < iec_classes_n; k++) {
		if (strcmp(iec_classes[k].name, word) != 0)
			continue;
		for (size_t i = 0; i < iec_types_n; i++) {
			const struct iec_type *t = &iec_types[i];
			if (t->class == iec_classes[k].bit && !must_be_named(t->number) &&
			    !only_answers(t))
				set_type(a, t->number);
		}
		return true;
	}
	return false;
}

static void unknown_type(struct load *l, const config_setting_t *s, const char *word)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < iec_classes_n; i++)
		names[n++] = iec_classes[i].name;
	for (size_t i = 0; i < iec_types_n && n < NAMES_MAX; i++)
		names[n++] = iec_types[i].name;
	complain(l, at_of(l, s), "there is no type \"%s\"%s", word,
		 suggestion(l, word, names, n,
			    "; write a name such as \"C_SC_NA_1\", a class or a number"));
}

/* The type of one element, as a name or number; NULL: a class, or a complaint. */
static const struct iec_type *iec_type_of(struct load *l, const config_setting_t *s,
					  struct iec104_allow *a)
{
	uint64_t number;
	const struct iec_type *t = NULL;
	if (written_of(s)->type == SETTING_TEXT) {
		const char *word = written_of(s)->text;
		t = iec_type_by_name(word);
		if (!t && !add_type_class(a, word))
			unknown_type(l, s, word);
	} else if (number_of(l, s, "a type identification", 1, IEC_TYPES - 1, &number)) {
		t = iec_type((uint8_t)number);
		if (!t)
			complain(l, at_of(l, s), "type %s is reserved, and never passes; remove it",
				 written_of(s)->written);
	}
	return t;
}

static void add_type(struct load *l, const config_setting_t *s, struct iec104_allow *a)
{
	char number[12];
	const struct iec_type *t = iec_type_of(l, s, a);
	if (t && only_answers(t)) {
		complain(l, at_of(l, s),
			 "\"%s\" follows what it answers and needs no entry; remove it", t->name);
		return;
	}
	if (t)
		set_type(a, t->number);
	else if (written_of(s)->type != SETTING_TEXT)
		return;
	if (t)
		snprintf(number, sizeof(number), "%u", t->number);
	const char *word = written_of(s)->type == SETTING_TEXT ? written_of(s)->text : number;
	a->type_words =
		arena_grow(l->m->arena, a->type_words, a->n_type_words, sizeof(*a->type_words));
	a->type_words[a->n_type_words++] = arena_strdup(l->m->arena, word);
}

void iec104_types(struct load *l, const config_setting_t *g, struct iec104_allow *a)
{
	const config_setting_t *s = config_setting_get_member(g, "types");
	if (!s)
		complain(l, a->at, "an allow entry needs types = [ \"C_IC_NA_1\" ];");
	for (size_t i = 0, n = s ? elements(l, s, "types", "names, classes or numbers") : 0; i < n;
	     i++)
		add_type(l, item(s, i), a);
}

/* ---- causes ---- */

uint64_t iec104_entry_causes(const struct iec_type *t)
{
	return t->causes[t->class == IEC_MONITOR ? IEC_CONTROLLED : IEC_CONTROLLING];
}

/* Of some type that an entry may have. */
static bool is_asked(uint8_t cause)
{
	uint64_t all = 0;
	for (size_t i = 0; i < iec_types_n; i++)
		all |= iec104_entry_causes(&iec_types[i]);
	return all >> cause & 1;
}

static const struct iec_cause *cause_named(struct load *l, const config_setting_t *s)
{
	const char *word = written_of(s)->text, *names[NAMES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < iec_causes_n && n < NAMES_MAX; i++) {
		if (strcmp(iec_causes[i].name, word) == 0)
			return &iec_causes[i];
		if (is_asked(iec_causes[i].number))
			names[n++] = iec_causes[i].name;
	}
	complain(l, at_of(l, s), "causes: there is no cause \"%s\"%s", word,
		 suggestion(l, word, names, n,
			    "; write a name such as \"activation\", or a number"));
	return NULL;
}

static const struct iec_cause *cause_numbered(struct load *l, const config_setting_t *s)
{
	uint64_t number;
	if (!number_of(l, s, "a cause of transmission", 1, IEC_CAUSES - 1, &number))
		return NULL;
	const struct iec_cause *c = iec_cause((uint8_t)number);
	if (!c)
		complain(l, at_of(l, s), "causes: %s is reserved, and never passes; remove it",
			 written_of(s)->written);
	return c;
}

static void add_cause(struct load *l, const config_setting_t *s, struct iec104_allow *a)
{
	const struct iec_cause *c =
		written_of(s)->type == SETTING_TEXT ? cause_named(l, s) : cause_numbered(l, s);
	if (c && is_asked(c->number))
		a->limits.causes |= UINT64_C(1) << c->number;
	else if (c)
		complain(l, at_of(l, s),
			 "causes: \"%s\" is of answers, which need no entry; remove it", c->name);
}

/* A deactivation must be written: there is a station that executes it. */
void iec104_causes(struct load *l, const config_setting_t *g, struct iec104_allow *a)
{
	const config_setting_t *s = config_setting_get_member(g, "causes");
	a->causes_written = s;
	if (!s) {
		a->limits.causes = UINT64_C(1) << IEC_ACT | UINT64_C(1) << IEC_REQUEST |
				   UINT64_C(1) << IEC_FILE_TRANSFER;
		return;
	}
	if (written_of(s)->type == SETTING_TEXT && strcmp(written_of(s)->text, "any") == 0) {
		a->limits.causes = UINT64_MAX;
		return;
	}
	for (size_t i = 0, n = elements(l, s, "causes", "names or numbers, or \"any\""); i < n; i++)
		add_cause(l, item(s, i), a);
}

/* ---- states and qualifiers ---- */

static const struct word states[] = {
	{ "off", IEC_OFF },	  { "on", IEC_ON }, { "lower", IEC_LOWER },
	{ "higher", IEC_HIGHER }, { NULL, 0 },
};
static const struct word pulses[] = {
	{ "none", 0 }, { "short", 1 }, { "long", 2 }, { "persistent", 3 }, { NULL, 0 }
};
static const struct word freezes[] = {
	{ "read", 0 }, { "freeze", 1 }, { "freeze-and-reset", 2 }, { "reset", 3 }, { NULL, 0 },
};
static const struct word file_calls[] = {
	{ "directory", 0 },	  { "select-file", 1 },	       { "call-file", 2 },
	{ "deactivate-file", 3 }, { "delete-file", 4 },	       { "select-section", 5 },
	{ "call-section", 6 },	  { "deactivate-section", 7 }, { NULL, 0 },
};

/* clang-format off */
const struct iec104_word_list iec104_word_lists[IEC_WORDS] = {
	[IEC_STATES] = { "states", states },
	[IEC_PULSES] = { "pulses", pulses },
	[IEC_FREEZES] = { "freezes", freezes },
	[IEC_FILE_CALLS] = { "file_calls", file_calls },
};
/* clang-format on */

/* Its bit; 0 after a complaint. */
static uint16_t word_bit(struct load *l, const config_setting_t *s,
			 const struct iec104_word_list *k)
{
	const char *names[16];
	size_t n = 0;
	if (written_of(s)->type != SETTING_TEXT) {
		complain(l, at_of(l, s), "%s: write names in double quotes, or \"any\"", k->key);
		return 0;
	}
	const char *word = written_of(s)->text;
	for (const struct word *w = k->words; w->name; w++) {
		if (strcmp(w->name, word) == 0)
			return (uint16_t)(1u << w->value);
		names[n++] = w->name;
	}
	if (strcmp(word, "any") == 0)
		return IEC_ANY_WORD;
	complain(l, at_of(l, s), "%s: \"%s\" is not known%s", k->key, word,
		 suggestion(l, word, names, n, "; zoned-model(5) lists them"));
	return 0;
}

void iec104_words(struct load *l, const config_setting_t *g, struct iec104_allow *a)
{
	for (size_t k = 0; k < IEC_WORDS; k++) {
		const struct iec104_word_list *list = &iec104_word_lists[k];
		const config_setting_t *s = config_setting_get_member(g, list->key);
		a->words_written[k] = s;
		for (size_t i = 0,
			    n = s ? elements(l, s, list->key, "a list of names, or \"any\"") : 0;
		     i < n; i++)
			a->limits.words[k] |= word_bit(l, item(s, i), list);
		if ((a->limits.words[k] & IEC_ANY_WORD) && a->limits.words[k] != IEC_ANY_WORD)
			complain(l, at_of(l, s),
				 "%s: \"any\" together with others; write one or the other",
				 list->key);
	}
}
