/* SPDX-License-Identifier: MIT
 * The parsed file to plain structs. Everything wrong is reported; nothing stops at the first. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

const config_setting_t *list_of_groups(struct load *l, const config_setting_t *g, const char *key)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	if (!s)
		return NULL;
	bool ok = config_setting_is_list(s);
	for (size_t i = 0; ok && i < items(s); i++)
		ok = config_setting_is_group(item(s, i));
	if (ok)
		return s;
	complain(l, at_of(l, s), "\"%s\" must be a list of groups: %s = ( { ... }, { ... } );", key,
		 key);
	return NULL;
}

/* An array of texts under key; NULL (said) when it is anything else or empty. */
static const config_setting_t *list_of_texts(struct load *l, const config_setting_t *g,
					     const char *key, const char *example)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	if (!s)
		return NULL;
	bool ok = !config_setting_is_group(s) && items(s) > 0;
	for (size_t i = 0; ok && i < items(s); i++)
		ok = written_of(item(s, i))->type == SETTING_TEXT;
	if (ok)
		return s;
	complain(l, at_of(l, s), "\"%s\" must be a list of texts: %s = [ \"%s\" ];", key, key,
		 example);
	return NULL;
}

static bool load_sl_t(struct load *l, const config_setting_t *g, uint8_t out[7])
{
	const config_setting_t *s = config_setting_get_member(g, "sl_t");
	if (!s)
		return false;
	size_t n = items(s);
	bool ok = n == 1 || n == 7;
	if (!ok)
		complain(l, at_of(l, s),
			 "sl_t must be one level 0-4, or seven: [ IAC, UC, SI, DC, RDF, TRE, RA ]");
	for (size_t i = 0; ok && i < 7; i++) {
		uint64_t v = 0;
		ok = number_of(l, item(s, n == 1 ? 0 : i), "sl_t", 0, 4, &v);
		out[i] = (uint8_t)v;
	}
	return ok;
}

/* iptables has patterns such as "ppp+", nft such as "eth*"; zoned compares whole names. */
bool good_interface(struct load *l, struct where at, const char *name)
{
	size_t pattern = strcspn(name, "+*?[]");
	if (name[pattern]) {
		complain(l, at,
			 "interfaces: \"%s\" looks like a pattern, and interfaces are compared by "
			 "their whole "
			 "name; write each of them, such as \"%.*s0\"",
			 name, (int)pattern, name);
		return false;
	}
	if (*name && strlen(name) <= 15 && !strpbrk(name, "/: \t\r\n\f\"%") && strcmp(name, ".") &&
	    strcmp(name, ".."))
		return true;
	complain(l, at,
		 "interfaces: write interface names of 1 to 15 characters, such as \"eth1\"");
	return false;
}

static void load_interfaces(struct load *l, const config_setting_t *g, struct zone *z)
{
	const config_setting_t *s = list_of_texts(l, g, "interfaces", "eth1");
	for (size_t i = 0; i < items(s); i++) {
		const config_setting_t *x = item(s, i);
		const char *name = written_of(x)->text;
		if (!good_interface(l, at_of(l, x), name))
			continue;
		z->interfaces = arena_grow(l->m->arena, z->interfaces, z->n_interfaces,
					   sizeof(*z->interfaces));
		z->interfaces_at = arena_grow(l->m->arena, z->interfaces_at, z->n_interfaces,
					      sizeof(*z->interfaces_at));
		z->interfaces_at[z->n_interfaces] = at_of(l, x);
		z->interfaces[z->n_interfaces++] = arena_strdup(l->m->arena, name);
	}
}

/* IPv4 written as IPv6: no packet has such an address (RFC 4291 2.5.5), so that a zone
 * of it would be empty where its writer means the IPv4 network. */
static bool no_packet_has(struct load *l, struct where at, const char *text, const struct prefix *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, compatible[12] = { 0 };
	const uint8_t *b = p->a.b;
	bool is_mapped = p->a.family == 6 && p->len >= 96 && memcmp(b, mapped, 12) == 0;
	bool is_compatible = p->a.family == 6 && p->len >= 96 && memcmp(b, compatible, 12) == 0;
	if (!is_mapped && !is_compatible)
		return false;
	struct prefix v4 = { .a.family = 4, .len = (uint8_t)(p->len - 96) };
	char right[ADDR_TEXT];
	memcpy(v4.a.b, b + 12, 4);
	prefix_text(&v4, right);
	if (v4.len == 32)
		right[strcspn(right, "/")] = '\0';
	complain(l, at,
		 "\"%s\" is in no packet: IPv4 addresses in IPv6 form are not sent; write \"%s\"",
		 text, right);
	return true;
}

static void load_networks(struct load *l, const config_setting_t *g, struct zone *z)
{
	const config_setting_t *s = list_of_texts(l, g, "networks", "10.1.0.0/24");
	z->any = items(s) == 1 && strcmp(written_of(item(s, 0))->text, "any") == 0;
	z->any_at = z->any ? at_of(l, item(s, 0)) : z->at;
	for (size_t i = 0; i < items(s) && !z->any; i++) {
		const config_setting_t *x = item(s, i);
		const char *text = written_of(x)->text;
		struct prefix p;
		bool host_bits;
		if (strcmp(text, "any") == 0) {
			complain(l, at_of(l, x),
				 "networks = \"any\" stands alone: it means all addresses that no "
				 "zone has");
			continue;
		}
		if (!prefix_parse(text, &p, &host_bits)) {
			complain(l, at_of(l, x),
				 "\"%s\" is not a network; write for example \"10.1.0.0/24\" or "
				 "\"fd00:1::/64\"",
				 text);
			continue;
		}
		if (no_packet_has(l, at_of(l, x), text, &p))
			continue;
		if (host_bits) {
			char right[ADDR_TEXT];
			prefix_text(&p, right);
			complain(l, at_of(l, x),
				 "\"%s\" has bits set behind its prefix length; write \"%s\"", text,
				 right);
		}
		z->networks =
			arena_grow(l->m->arena, z->networks, z->n_networks, sizeof(*z->networks));
		z->networks_at = arena_grow(l->m->arena, z->networks_at, z->n_networks,
					    sizeof(*z->networks_at));
		z->networks_at[z->n_networks] = at_of(l, x);
		z->networks[z->n_networks++] = p;
	}
}

static void load_assets(struct load *l, const config_setting_t *g, struct zone *z)
{
	const config_setting_t *s = list_of_groups(l, g, "assets");
	for (size_t i = 0; i < items(s); i++) {
		const config_setting_t *x = item(s, i);
		struct asset a = { .at = at_of(l, x) };
		KEYS(l, x, "an asset", "name", "address", "mac", "bind");
		a.name = get_name(l, x, "name");
		const char *text = get_text(l, x, "address");
		if (!text) {
			complain(l, a.at,
				 "asset \"%s\" has no address; write address = \"10.1.0.5\";",
				 a.name);
			continue;
		}
		if (!addr_parse(text, &a.addr)) {
			complain(l, a.at, "\"%s\" is not an IP address", text);
			continue;
		}
		load_mac(l, x, &a);
		if (no_packet_has(l, a.at, text, &(struct prefix){ .a = a.addr, .len = 128 }))
			continue;
		z->assets = arena_grow(l->m->arena, z->assets, z->n_assets, sizeof(*z->assets));
		z->assets[z->n_assets++] = a;
	}
}

static void load_zones(struct load *l, const config_setting_t *root)
{
	struct model *m = l->m;
	const config_setting_t *s = list_of_groups(l, root, "zones");
	m->zones = arena_grow(m->arena, NULL, 0, sizeof(*m->zones));
	m->zones[0] =
		(struct zone){ .at = { m->path, 0 }, .name = "unknown", .type = ZONE_EXTERNAL };
	m->n_zones = 1;
	if (!items(s))
		complain(l, (struct where){ m->path, 0 },
			 "no zones; write zones = ( { name = \"...\"; ... } );");
	for (size_t i = 0; i < items(s) && m->n_zones < MODEL_ZONES_MAX; i++) {
		const config_setting_t *g = item(s, i);
		struct zone z = { .at = at_of(l, g) };
		KEYS(l, g, "a zone", "name", "type", "parent", "owner", "description", "interfaces",
		     "networks", "assets", "sl_t");
		z.name = get_name(l, g, "name");
		z.type = (enum zone_type)get_word(l, g, "type", words_zone_type, ZONE_CONTROL);
		if (!config_setting_get_member(g, "type"))
			complain(l, z.at,
				 "zone \"%s\" has no type; write type = \"control\"; (or "
				 "enterprise, dmz, "
				 "safety, wireless, temporary, external)",
				 z.name);
		z.parent = get_text(l, g, "parent");
		z.owner = get_text(l, g, "owner");
		z.description = get_text(l, g, "description");
		load_interfaces(l, g, &z);
		load_networks(l, g, &z);
		load_assets(l, g, &z);
		z.has_sl_t = load_sl_t(l, g, z.sl_t);
		if (!config_setting_get_member(g, "networks"))
			complain(l, z.at,
				 "zone \"%s\" has no networks; write networks = [ \"10.1.0.0/24\" "
				 "];",
				 z.name);
		m->zones = arena_grow(m->arena, m->zones, m->n_zones, sizeof(*m->zones));
		m->zones[m->n_zones++] = z;
	}
	if (items(s) >= MODEL_ZONES_MAX)
		complain(l, at_of(l, s), "more than %d zones", MODEL_ZONES_MAX - 1);
}

static void load_conduit(struct load *l, const config_setting_t *g)
{
	struct model *m = l->m;
	struct conduit c = { .at = at_of(l, g) };
	uint64_t v = 0;
	KEYS(l, g, "a conduit", "name", "from", "to", "description", "mode", "on_violation", "fail",
	     "fail_reason", "log", "sl_t", "max_requests_per_second", "max_writes_per_second",
	     "offload", "open", "grant_max", "times", "time_zone", "expires", "flows", "comment",
	     "ticket", "owner");
	c.name = get_name(l, g, "name");
	load_ends(l, g, &c);
	c.description = get_text(l, g, "description");
	load_remarks(l, g, &c.remarks);
	c.mode = (enum mode)get_word(l, g, "mode", words_mode, (int)m->mode);
	if (m->mode == MODE_OBSERVE && c.mode == MODE_ENFORCE)
		complain(l, at_of(l, config_setting_get_member(g, "mode")),
			 "conduit \"%s\" cannot enforce: the whole site is only watched, by mode = "
			 "\"observe\" at %s:%u, and what is watched refuses nothing; remove one of "
			 "the two",
			 c.name, m->mode_at.file, m->mode_at.line);
	c.on_violation =
		(enum on_violation)get_word(l, g, "on_violation", words_violation, VIOLATION_DROP);
	c.fail = (enum fail)get_word(l, g, "fail", words_fail, FAIL_CLOSED);
	c.fail_reason = get_text(l, g, "fail_reason");
	c.log = (enum log_what)get_word(l, g, "log", words_log, LOG_VIOLATIONS);
	c.has_sl_t = load_sl_t(l, g, c.sl_t);
	if (get_number(l, g, "max_requests_per_second", 1, 1000000, &v))
		c.max_requests = (uint32_t)v;
	if (get_number(l, g, "max_writes_per_second", 1, 1000000, &v))
		c.max_writes = (uint32_t)v;
	load_gate(l, g, &c.gate);
	get_bool(l, g, "offload", &c.offload);
	if (c.offload)
		c.offload_at = at_of(l, config_setting_get_member(g, "offload"));
	const config_setting_t *flows = list_of_groups(l, g, "flows");
	if (!items(flows))
		complain(l, c.at, "conduit \"%s\" has no flows; write flows = ( { ... } );",
			 c.name);
	for (size_t i = 0; i < items(flows); i++)
		load_flow(l, item(flows, i), &c);
	m->conduits = arena_grow(m->arena, m->conduits, m->n_conduits, sizeof(*m->conduits));
	m->conduits[m->n_conduits++] = c;
}

enum { SOURCE_SHARE = 4 }; /* one source has at most this part of the connection table */

/* A number under a key that had another name before: the model keeps that it was written so. */
struct renamed {
	const char *name, *now;
	uint64_t min;
};

static bool get_renamed(struct load *l, const config_setting_t *g, const struct renamed *k,
			uint64_t max, uint64_t *v)
{
	const config_setting_t *old = config_setting_get_member(g, k->name);
	bool both = old && config_setting_get_member(g, k->now);
	if (both)
		complain(l, at_of(l, old),
			 "%s is the old name of %s, which is there, too; remove it", k->name,
			 k->now);
	if (!old || both)
		return get_number(l, g, k->now, k->min, max, v);
	l->m->old_keys[l->m->n_old_keys++] = (struct old_key){ at_of(l, old), k->name, k->now };
	return get_number(l, g, k->name, k->min, max, v);
}

static void load_limits(struct load *l, const config_setting_t *g, struct daemon_conf *d)
{
	static const struct renamed connections = { "max_flows", "max_connections", 64 };
	static const struct renamed per_source = { "max_flows_per_source",
						   "max_connections_per_source", 1 };
	uint64_t v = 0;
	if (get_renamed(l, g, &connections, 1 << 20, &v))
		d->max_connections = (uint32_t)v;
	d->max_connections_per_source = d->max_connections / SOURCE_SHARE;
	if (get_renamed(l, g, &per_source, d->max_connections, &v))
		d->max_connections_per_source = (uint32_t)v;
}

static void load_evidence(struct load *l, const config_setting_t *daemon, struct evidence_keys *e)
{
	static const struct {
		const char *key;
		uint32_t min, max;
		size_t at;
	} numbers[] = {
		{ "size", 1, 1 << 20, offsetof(struct evidence_keys, size) },
		{ "age", 1, 36500, offsetof(struct evidence_keys, age) },
		{ "before", 0, 100, offsetof(struct evidence_keys, before) },
		{ "after", 0, 100, offsetof(struct evidence_keys, after) },
		{ "snap", 64, 10240, offsetof(struct evidence_keys, snap) },
		{ "memory", 1, 1024, offsetof(struct evidence_keys, memory) },
	};
	const config_setting_t *g = config_setting_get_member(daemon, "evidence");
	if (!g)
		return;
	if (!config_setting_is_group(g)) {
		complain(l, at_of(l, g), "\"evidence\" must be a group: evidence = { ... };");
		return;
	}
	KEYS(l, g, "evidence", "directory", "size", "age", "before", "after", "snap", "memory");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t v = 0;
		if (get_number(l, g, numbers[i].key, numbers[i].min, numbers[i].max, &v))
			*(uint32_t *)(void *)((char *)e + numbers[i].at) = (uint32_t)v;
	}
	e->directory = get_text(l, g, "directory");
	if (!e->directory || e->directory[0] != '/')
		complain(l, at_of(l, g),
			 "evidence needs the full path of a directory, such as directory = "
			 "\"/var/lib/zoned/evidence\"");
}

/* A text that must be a full path, such as the example. */
static const char *get_path(struct load *l, const config_setting_t *g, const char *key,
			    const char *example)
{
	const char *path = get_text(l, g, key);
	if (path && path[0] != '/')
		complain(l, at_of(l, config_setting_get_member(g, key)),
			 "%s must be a full path, such as \"%s\"", key, example);
	return path;
}

static void load_daemon(struct load *l, const config_setting_t *root)
{
	struct daemon_conf *d = &l->m->daemon;
	l->mark_at = (struct where){ l->m->path, 0 };
	*d = (struct daemon_conf){ .mark_mask = 0xffff0000,
				   .queue_base = 6240,
				   .log_group = 62,
				   .syslog_facility = "local0",
				   .user = "zoned",
				   .evidence = { .size = 64,
						 .age = 90,
						 .before = 20,
						 .after = 20,
						 .snap = 2048,
						 .memory = 4 },
				   .max_connections = 16384,
				   .max_connections_per_source = 16384 / SOURCE_SHARE,
				   .fast_path = true,
				   .lock_table = true,
				   .approvals = 1 };
	const config_setting_t *g = config_setting_get_member(root, "daemon");
	if (!g)
		return;
	uint64_t v = 0;
	const char *t;
	KEYS(l, g, "daemon", "mark_mask", "queue_base", "queues", "log_group", "json_log",
	     "syslog_facility", "user", "max_connections", "max_connections_per_source",
	     "max_flows", "max_flows_per_source", "fast_path", "lock_table", "strict", "evidence",
	     "roles", "outputs", "metrics_socket", "trusted_keys", "require_signature",
	     "approvals");
	if (get_number(l, g, "mark_mask", 1, UINT32_MAX, &v))
		d->mark_mask = (uint32_t)v;
	if (get_number(l, g, "queue_base", 0, 65000, &v))
		d->queue_base = (uint16_t)v;
	if (get_number(l, g, "queues", 1, 16, &v))
		d->queues = (uint16_t)v;
	if (get_number(l, g, "log_group", 1, 65535, &v))
		d->log_group = (uint16_t)v;
	load_limits(l, g, d);
	load_evidence(l, g, &d->evidence);
	load_roles(l, g, &d->roles);
	load_trust(l, g, d);
	get_bool(l, g, "fast_path", &d->fast_path);
	get_bool(l, g, "lock_table", &d->lock_table);
	get_bool(l, g, "strict", &d->strict);
	l->mark_at = at_of(l, config_setting_get_member(g, "mark_mask"));
	d->json_log = get_path(l, g, "json_log", "/var/log/zoned/events.json");
	d->metrics_socket = get_path(l, g, "metrics_socket", "/run/zoned/metrics");
	int facility = get_word(l, g, "syslog_facility", words_facility, 16);
	d->syslog_facility = word_name(words_facility, facility);
	load_outputs(l, g);
	if ((t = get_text(l, g, "user")))
		d->user = t;
	if (t && !*t)
		complain(l, at_of(l, config_setting_get_member(g, "user")),
			 "user must be the name of a user");
}

static void load_system(struct load *l, const config_setting_t *root)
{
	const config_setting_t *g = config_setting_get_member(root, "system");
	if (!g)
		return;
	KEYS(l, g, "system", "name", "description", "owner");
	l->m->system_name = get_text(l, g, "name");
	l->m->system_description = get_text(l, g, "description");
	l->m->system_owner = get_text(l, g, "owner");
}

static void load_root(struct load *l, const config_setting_t *root)
{
	static const char *const groups[] = { "system", "daemon", "services", "policies" };
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		const config_setting_t *g = config_setting_get_member(root, groups[i]);
		if (g && !config_setting_is_group(g)) {
			complain(l, at_of(l, g), "\"%s\" must be a group: %s = { ... };", groups[i],
				 groups[i]);
			return;
		}
	}
	load_system(l, root);
	load_daemon(l, root);
	l->m->mode = (enum mode)get_word(l, root, "mode", words_mode, MODE_ENFORCE);
	l->m->mode_at = at_of(l, config_setting_get_member(root, "mode"));
	load_zones(l, root);
	load_taps(l, root);
	load_own_services(l, root);
	load_groups(l, root);
	const config_setting_t *conduits = list_of_groups(l, root, "conduits");
	for (size_t i = 0; i < items(conduits); i++)
		load_conduit(l, item(conduits, i));
	load_policies(l, root);
	check_model(l);
}

/* The grammar accepts the text and libconfig does not: one is wrong, so the model is refused. */
static void say_refused(struct load *l, unsigned line, const char *what)
{
	struct where at = line <= l->src.n_lines && line ? l->src.lines[line]
							 : (struct where){ l->m->path, 0 };
	complain(l, at,
		 "libconfig refuses at or before this line what zoned can read (%s); please report "
		 "it with this file",
		 what ? what : "syntax error");
}

/* With what variables, templates and boxes make of it. */
static void load_settings(struct load *l, const config_setting_t *root)
{
	config_t made;
	KEYS(l, root, "a model", "system", "mode", "daemon", "interfaces", "zones", "conduits",
	     "services", "policies", "asset_groups", "variables", "templates", "use", "box",
	     "boxes");
	const struct setting *s = expand_settings(l, root);
	if (!s || s == l->src.root) {
		if (s)
			load_root(l, root);
		return;
	}
	config_init(&made);
	if (settings_mirror(l, s, config_root_setting(&made)))
		load_root(l, config_root_setting(&made));
	config_destroy(&made);
}

static void load_source(struct load *l)
{
	config_t cfg;
	config_init(&cfg);
	if (config_read_string(&cfg, l->src.text) != CONFIG_TRUE) {
		say_refused(l, (unsigned)config_error_line(&cfg), config_error_text(&cfg));
		goto out;
	}
	const struct setting *differs = settings_differ(l->src.root, config_root_setting(&cfg));
	if (differs)
		complain(l, differs->at.line ? differs->at : (struct where){ l->m->path, 0 },
			 "libconfig reads \"%s\" otherwise than zoned; please report it with this "
			 "file",
			 differs->name	    ? differs->name
			 : differs->written ? differs->written
					    : "this");
	else
		load_settings(l, config_root_setting(&cfg));
out:
	config_destroy(&cfg);
}

static struct model *load_from(const struct source_from *from, struct errs *errs)
{
	struct arena *a = arena_new();
	struct model *m = a ? arena_alloc(a, sizeof(*m)) : NULL;
	if (!m) {
		errs_add(errs, from->path, 0, "out of memory");
		return NULL;
	}
	struct load l = { .m = m, .errs = errs };
	struct source_from there = *from;
	size_t before = errs->total;
	m->arena = a;
	m->path = there.path = arena_strdup(a, from->path);
	if (source_read(a, &there, &l.src, errs))
		load_source(&l);
	m->files = l.src.files;
	m->n_files = l.src.n_files;
	m->rules_dir = arena_strdup(a, there.rules_dir ? there.rules_dir : "");
	free(l.src.text);
	if (errs->total == before)
		return m;
	model_free(m);
	return NULL;
}

enum { SIGNATURE_PATH = 4096, SIGNATURE_MOST = 4096 }; /* octets of the file, with a NUL */

void model_set_signature(struct model *m, const char *text)
{
	m->signature = text ? arena_strdup(m->arena, text) : NULL;
}

/* What is too long for one is one that fits nothing. */
static void read_signature(struct model *m)
{
	char path[SIGNATURE_PATH], text[SIGNATURE_MOST];
	if (snprintf(path, sizeof(path), "%s.sig", m->path) >= SIGNATURE_PATH)
		return;
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	model_set_signature(m, text);
	fclose(f);
}

struct model *model_load(const char *path, const char *rules_dir, struct errs *errs)
{
	struct model *m =
		load_from(&(struct source_from){ .path = path, .rules_dir = rules_dir }, errs);
	if (m && strcmp(path, "-") != 0)
		read_signature(m);
	return m;
}

struct model *model_load_text(const char *name, const char *text, size_t len, struct errs *errs)
{
	const struct model_file file = { name, text, len };
	return model_load_files(&file, 1, NULL, errs);
}

struct model *model_load_files(const struct model_file *v, size_t n, const char *rules_dir,
			       struct errs *errs)
{
	return load_from(
		&(struct source_from){
			.path = v[0].path, .rules_dir = rules_dir, .files = v, .n_files = n },
		errs);
}

void model_free(struct model *m)
{
	if (m)
		arena_free(m->arena);
}

const struct policy *model_policy(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_policies; i++)
		if (strcmp(m->policies[i].name, name) == 0)
			return &m->policies[i];
	return NULL;
}
