/* SPDX-License-Identifier: MIT
 * Declarations that the files of the model share. */
#ifndef ZONED_MODEL_INTERNAL_H
#define ZONED_MODEL_INTERNAL_H

#include <libconfig.h>

#include "model/text.h"
#include "proto/list.h"

/* The settings of a file and what it includes; the same text for libconfig, and where
 * each of its lines was written. */
struct source {
	const struct setting *root;
	char *text;
	size_t len;
	struct where *lines; /* [1..n_lines], index 0 unused */
	size_t n_lines;
	struct model_file *files; /* in the arena, each once, as they were read */
	size_t n_files;
};

struct source_from {
	const char *path, *rules_dir;
	const struct model_file *files; /* read these and no others; NULL: those on disk */
	size_t n_files;
};

/* Read it and what it includes. False when errs got entries. Free text with free(). */
bool source_read(struct arena *a, const struct source_from *from, struct source *s,
		 struct errs *errs);

/* The first setting that libconfig read otherwise, or NULL. Each setting of libconfig's
 * gets the other as its hook: see written_of(). */
const struct setting *settings_differ(const struct setting *ours, config_setting_t *theirs);

struct word {
	const char *name;
	int value;
};

struct service {
	const char *name;
	uint8_t l4;	   /* IPPROTO_* */
	uint16_t ports[2]; /* 0: none */
};

extern const struct word words_source[], words_tap_enforce[];
extern const struct word words_zone_type[], words_proto[], words_mode[], words_violation[],
	words_fail[], words_log[], words_open[], words_facility[], words_output[];
extern const struct service services[];
extern const size_t services_n;
const char *word_name(const struct word *w, int value);

/* A use of a template. Settings that it made have a copy of their file's name of their own, by
 * which errors find it. */
struct used_file {
	const char *file; /* this copy */
	const char *of;	  /* what it is a copy of */
	const char *template;
	struct where at; /* of the use */
};

/* One walk through the parsed file. */
struct load {
	struct model *m;
	struct source src;
	struct errs *errs;
	const char *tables;   /* while addresses are read: the reference tables ("0134") meant */
	struct where mark_at; /* of daemon.mark_mask */
	struct used_file *used;
	size_t n_used;
};

/* The setting as the grammar read it: its type and its values are taken from here. */
const struct setting *written_of(const config_setting_t *s);
struct where at_of(const struct load *l, const config_setting_t *s);
void complain(struct load *l, struct where at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Unknown keys of a group, with the nearest known one. */
void known_keys(struct load *l, const config_setting_t *g, const char *what,
		const char *const *keys, size_t n);
#define KEYS(l, g, what, ...) \
	do { \
		static const char *const keys_[] = { __VA_ARGS__ }; \
		known_keys(l, g, what, keys_, sizeof(keys_) / sizeof(keys_[0])); \
	} while (0)
const char *get_text(struct load *l, const config_setting_t *g, const char *key);
/* *out stays as it is when the key is not there. */
void get_bool(struct load *l, const config_setting_t *g, const char *key, bool *out);
bool get_number(struct load *l, const config_setting_t *g, const char *key, uint64_t min,
		uint64_t max, uint64_t *out);
/* The one way from a setting to a number: s is a whole number, min <= it <= max. What is not is
 * said, as written; *out stays as it is then. */
bool number_of(struct load *l, const config_setting_t *s, const char *key, uint64_t min,
	       uint64_t max, uint64_t *out);
int get_word(struct load *l, const config_setting_t *g, const char *key, const struct word *w,
	     int otherwise);
/* 1 to MODEL_NAME_MAX letters, digits, - and _. */
bool good_name(const char *s);
const char *get_name(struct load *l, const config_setting_t *g, const char *key);
/* "0-99", 5, "any", or an array of those; what a range may hold is min..max. */
void get_ranges(struct load *l, const config_setting_t *g, const char *key, uint32_t min,
		uint32_t max, struct ranges *out);
/* "any", or a list of pairs of the least and the most, at most MODEL_SPANS_MAX. */
void get_spans(struct load *l, const config_setting_t *g, const char *key, struct spans *out);
/* "any", one text, or an array of them. */
void get_texts(struct load *l, const config_setting_t *g, const char *key, struct texts *out);
/* The elements of a list or array setting (a single value counts as one). */
size_t items(const config_setting_t *s);
const config_setting_t *item(const config_setting_t *s, size_t i);

enum { POLICY_KEYS_MAX = 32 };

/* Functions for policies, one set for each inspected protocol: policy_NAME_ops. */
struct policy_ops {
	/* of the policy, besides the common ones; ends with NULL, or NULL */
	const char *const *keys;
	void (*load)(struct load *l, const config_setting_t *g, struct policy *p);
	void (*print)(FILE *f, const struct policy *p); /* the settings after the description */
};
#define P(symbol, name, word, port, over) extern const struct policy_ops policy_##name##_ops;
PROTOCOLS(P)
#undef P

const struct policy_ops *policy_ops_of(enum proto p); /* NULL: PROTO_NONE */
/* The entries of "allow", one or more; NULL after a complaint. */
const config_setting_t *get_allow(struct load *l, const config_setting_t *g,
				  const struct policy *p);

/* Of an entry: its unknown keys, and its remarks. */
void begin_entry(struct load *l, const config_setting_t *g, const char *const *keys, size_t n,
		 struct remarks *out);
void print_entry_remarks(FILE *f, const struct remarks *r);

/* Functions for printers. */
void print_text(FILE *f, const char *s); /* quoted and escaped */
/* nothing when s is NULL */
void print_key(FILE *f, const char *indent, const char *key, const char *s);
void print_ranges(FILE *f, const char *key, const struct ranges *r);
void print_spans(FILE *f, const char *key, const struct spans *s);
/* A list of words and whole numbers as written; nothing when there are none. */
void print_texts(FILE *f, const char *indent, const char *key, const struct texts *t);
void print_words(FILE *f, const char *key, const char **v, size_t n);

/* expand.c: variables, templates and boxes. The settings that they make of those that were read;
 * the same where there are none of them; NULL: errors. */
const struct setting *expand_settings(struct load *l, const config_setting_t *root);
/* The same settings for whoever walks libconfig's, each with its own as the hook. */
bool settings_mirror(struct load *l, const struct setting *s, config_setting_t *to);
/* Where and by which use of a template: " (template "t", used at ...)"; empty: by none. */
void put_use(const struct load *l, struct where at, struct sb *b);
/* roles.c: who may ask what of the running zoned */
void load_trust(struct load *l, const config_setting_t *daemon, struct daemon_conf *d);
void print_trust(FILE *f, const struct daemon_conf *d);
void load_roles(struct load *l, const config_setting_t *daemon, struct role_keys *r);
void print_roles(FILE *f, const struct role_keys *r);
/* kinds.c: the keys of flows without ports; false: it has none of them */
bool load_kinds(struct load *l, const config_setting_t *g, struct flow *f);
void print_kinds(FILE *f, const struct flow *w);
void model_add_kind(struct arena *a, struct flow *f, struct ip_kind k);
/* flows.c */
void load_flow(struct load *l, const config_setting_t *g, struct conduit *c);
void print_flow(FILE *f, const struct flow *w);
void load_own_services(struct load *l, const config_setting_t *root);
void print_own_services(FILE *f, const struct model *m);
/* any.c: the addresses that no zone has; before what needs a zone's networks */
void check_any(struct load *l);
/* ends.c: what conduits join */
void load_ends(struct load *l, const config_setting_t *g, struct conduit *c);
void print_ends(FILE *f, const char *key, const struct conduit_end *v, size_t n);
void check_ends(struct load *l);
/* macs.c: mac and bind of an asset */
void load_mac(struct load *l, const config_setting_t *g, struct asset *a);
void print_mac(FILE *f, const struct asset *a);
/* groups.c: groups of assets, and which assets the rules must tell apart */
void load_groups(struct load *l, const config_setting_t *root);
void print_groups(FILE *f, const struct model *m);
/* Finds assets and groups that ends of conduits name, and makes the classes of them. */
void check_asset_ends(struct load *l);
/* remarks.c: comment, ticket and owner of a group of settings */
void load_remarks(struct load *l, const config_setting_t *g, struct remarks *out);
/* Each as KEY = "..."; with these texts before and behind it. */
void print_remarks(FILE *f, const char *before, const char *behind, const struct remarks *r);
/* gates.c: conduits that are not always there */
void load_gate(struct load *l, const config_setting_t *g, struct gate *out);
void check_gate(struct load *l, const struct conduit *c);
void print_gate(FILE *f, const struct gate *g);
/* No connection is of two flows. */
void check_flows_twice(struct load *l);
void load_policies(struct load *l, const config_setting_t *root);
/* taps.c: interfaces that are read beside the gate */
void load_taps(struct load *l, const config_setting_t *root);
void check_taps(struct load *l);
void print_taps(FILE *f, const struct model *m);
/* outputs.c: where records go; behind json_log and syslog_facility */
void load_outputs(struct load *l, const config_setting_t *daemon);
void print_outputs(FILE *f, const struct daemon_conf *d);
/* A list of groups under key; NULL (said) when it is anything else. */
const config_setting_t *list_of_groups(struct load *l, const config_setting_t *g, const char *key);
/* Is it a name that the kernel accepts and no program reads as a pattern? If not, errs gets it. */
bool good_interface(struct load *l, struct where at, const char *name);
void check_model(struct load *l);

#endif
