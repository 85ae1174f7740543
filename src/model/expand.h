/* SPDX-License-Identifier: MIT
 * Variables, templates and boxes: what expand.c and expand-copy.c share. */
#ifndef ZONED_MODEL_EXPAND_H
#define ZONED_MODEL_EXPAND_H

#include "model/internal.h"

enum {
	NAMES_MAX = 256,	/* variables, or parameters of a template */
	USES_MAX = 4096,	/* of all templates together */
	MADE_MAX = 1 << 20,	/* settings that all of it makes */
	PLACEHOLDER_MAX = 1024, /* characters of a text with placeholders */
};

struct binding {
	const char *name;
	const struct setting *value;
};

struct names {
	struct binding v[NAMES_MAX];
	size_t n;
};

struct expand {
	struct load *l;
	const config_setting_t *root;
	struct setting *out;		    /* what is made */
	struct names variables, parameters; /* parameters: while a template is looked at */
	/* while a template is copied: its name, and the use */
	const char *template;
	const struct setting *use;
	size_t used0; /* the use's rows in l->used begin here */
	size_t n_uses, n_made;
};

/* An error at this column. */
__attribute__((format(printf, 5, 6))) void complain_in(struct load *l, struct where at,
						       unsigned line, unsigned column,
						       const char *fmt, ...);
/* Of the name of a setting. */
#define COMPLAIN_NAME(l, s, ...) \
	complain_in(l, (s)->at, (s)->at.line, (s)->name_column, __VA_ARGS__)
const struct binding *find_name(const struct names *in, const char *name);
/* A variable or parameter, if it has a value that a name can have, and there is room. */
void add_name(struct expand *x, struct names *to, const char *what, const struct setting *v);
bool has_placeholder(const struct setting *s);
/* Of the placeholder at text[i]: its name, and where what is behind it begins; NULL: complained. */
const char *name_at(struct expand *x, const struct setting *s, size_t i, size_t *behind);
/* What the name of the placeholder at text[i] stands for; NULL: complained. */
const struct binding *binding_of(struct expand *x, const struct setting *s, size_t i,
				 const char *name);
struct setting *new_setting(struct expand *x, const struct setting *like);
void append_setting(struct expand *x, struct setting *to, struct setting *s);
/* With the values of its placeholders. */
struct setting *copy_setting(struct expand *x, const struct setting *s);

#endif
