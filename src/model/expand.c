/* SPDX-License-Identifier: MIT
 *
 * Variables, templates and boxes: settings made of settings, before anything asks what they mean.
 * Both readers have agreed on the text by then (agree.c); what is made here is made of the
 * grammar's tree. No language: a placeholder ${NAME} in a text is a variable, or in a template a
 * parameter, and a use of a template appends what the template lists. Nothing is made of what was
 * made, so there is nothing to go in circles.
 */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "model/expand.h"

static void read_variables(struct expand *x, const config_setting_t *of)
{
	const config_setting_t *g = of ? config_setting_get_member(of, "variables") : NULL;
	if (g && !config_setting_is_group(g)) {
		complain(x->l, at_of(x->l, g),
			 "\"variables\" must be a group: variables = { ... };");
		return;
	}
	for (size_t i = 0; i < items(g); i++) {
		const struct setting *v = written_of(item(g, i));
		const struct binding *b = find_name(&x->variables, v->name);
		if (b)
			COMPLAIN_NAME(x->l, v,
				      "the variable \"%s\" is there twice; the first is at %s:%u",
				      v->name, b->value->at.file, b->value->at.line);
		else if (has_placeholder(v))
			COMPLAIN_NAME(x->l, v,
				      "the variable \"%s\" has a placeholder; write its value",
				      v->name);
		else
			add_name(x, &x->variables, "variable", v);
	}
}

/* ---- what is appended ---- */

static struct setting *section(struct expand *x, const struct setting *like)
{
	for (size_t i = 0; i < x->out->n; i++)
		if (strcmp(x->out->v[i]->name, like->name) == 0)
			return x->out->v[i];
	struct setting *s = new_setting(x, like);
	append_setting(x, x->out, s);
	return s;
}

/* The members of a list of groups, or of a group, to those of the model. */
static void append_section(struct expand *x, const config_setting_t *of, const char *key)
{
	const config_setting_t *list = list_of_groups(x->l, of, key);
	if (!list)
		return;
	struct setting *to = section(x, written_of(list));
	if (to->type != SETTING_LIST) /* said where the model has it */
		return;
	for (size_t i = 0; i < items(list) && x->n_made <= MADE_MAX; i++)
		append_setting(x, to, copy_setting(x, written_of(item(list, i))));
}

/* Policies of a template are NAME-KEY, where NAME is the use's. */
static void append_policies(struct expand *x, const config_setting_t *of)
{
	const config_setting_t *g = config_setting_get_member(of, "policies");
	if (!g)
		return;
	const struct binding *b = find_name(&x->parameters, "name");
	if (!config_setting_is_group(g) || !b || b->value->type != SETTING_TEXT) {
		complain(x->l, at_of(x->l, g),
			 "policies of a template must be a group, and need the parameter \"name\" "
			 "with "
			 "a text: policy p of the template is \"${name}-p\"");
		return;
	}
	struct setting *to = section(x, written_of(g));
	for (size_t i = 0; i < items(g) && x->n_made <= MADE_MAX; i++) {
		struct setting *s = copy_setting(x, written_of(item(g, i)));
		char name[2 * MODEL_NAME_MAX + 2];
		snprintf(name, sizeof(name), "%.31s-%.31s", b->value->text, s->name);
		if (!good_name(name))
			complain(x->l, s->at, "\"%s\" is not a good policy name", name);
		else
			s->name = arena_strdup(x->l->m->arena, name);
		append_setting(x, to, s);
	}
}

/* ---- templates ---- */

/* Each parameter of the template has its value in the use, and nothing else is there. */
static bool bind_parameters(struct expand *x, const config_setting_t *template,
			    const config_setting_t *use)
{
	const config_setting_t *p = config_setting_get_member(template, "parameters");
	size_t before = x->l->errs->total;
	const char *names[NAMES_MAX];
	struct names bound = { .n = 0 };
	for (size_t i = 0; i < items(p) && i < NAMES_MAX; i++) {
		names[i] = written_of(item(p, i))->text;
		const config_setting_t *v = config_setting_get_member(use, names[i]);
		if (!v)
			complain(x->l, at_of(x->l, use),
				 "the use of template \"%s\" has no \"%s\"; write %s = ...; (it is "
				 "a "
				 "parameter at %s:%u)",
				 x->template, names[i], names[i], at_of(x->l, p).file,
				 at_of(x->l, p).line);
		else
			add_name(x, &bound, "parameter", copy_setting(x, written_of(v)));
	}
	for (size_t i = 0; i < items(use); i++) {
		const struct setting *s = written_of(item(use, i));
		bool known = strcmp(s->name, "template") == 0;
		for (size_t k = 0; k < items(p) && !known; k++)
			known = strcmp(names[k], s->name) == 0;
		const char *near = known ? NULL : name_nearest(s->name, names, items(p));
		if (!known)
			COMPLAIN_NAME(x->l, s, "template \"%s\" has no parameter \"%s\"%s%s%s",
				      x->template, s->name,
				      near ? "; did you mean \"" : "; remove it", near ? near : "",
				      near ? "\"?" : "");
	}
	x->parameters = bound;
	return x->l->errs->total == before;
}

static void make_use(struct expand *x, const config_setting_t *template,
		     const config_setting_t *use)
{
	x->template = config_setting_name(template);
	x->use = NULL;
	if (!bind_parameters(x, template, use)) {
		x->parameters.n = 0;
		return;
	}
	x->use = written_of(use);
	x->used0 = x->l->n_used;
	append_section(x, template, "zones");
	append_section(x, template, "conduits");
	append_policies(x, template);
	x->use = NULL;
	x->parameters.n = 0;
}

static void make_uses(struct expand *x, const config_setting_t *of)
{
	const config_setting_t *templates = config_setting_get_member(x->root, "templates");
	const config_setting_t *uses = list_of_groups(x->l, of, "use");
	for (size_t i = 0; i < items(uses) && x->n_made <= MADE_MAX; i++) {
		const config_setting_t *use = item(uses, i);
		const char *name = get_text(x->l, use, "template");
		const config_setting_t *t =
			name && templates ? config_setting_get_member(templates, name) : NULL;
		if (!name)
			complain(x->l, at_of(x->l, use), "a use needs template = \"NAME\";");
		else if (!t)
			complain(x->l, at_of(x->l, use), "there is no template \"%s\"", name);
		else if (x->n_uses++ == USES_MAX)
			complain(x->l, at_of(x->l, use), "more than %d uses of templates",
				 USES_MAX);
		else if (config_setting_is_group(t))
			make_use(x, t, use);
		if (x->n_made > MADE_MAX)
			complain(x->l, at_of(x->l, use),
				 "with this use of template \"%s\" the model has more than %d "
				 "settings",
				 name ? name : "", MADE_MAX);
	}
}

static bool check_parameters(struct expand *x, const config_setting_t *t)
{
	const config_setting_t *p = config_setting_get_member(t, "parameters");
	bool good = p && !config_setting_is_group(p) && items(p) && items(p) <= NAMES_MAX;
	for (size_t i = 0; good && i < items(p); i++) {
		const struct setting *s = written_of(item(p, i));
		good = s->type == SETTING_TEXT && good_name(s->text) &&
		       strcmp(s->text, "template") != 0;
		for (size_t k = 0; good && k < i; k++)
			good = strcmp(written_of(item(p, k))->text, s->text) != 0;
		if (good && find_name(&x->variables, s->text))
			complain_in(x->l, s->at, s->line, s->column,
				    "the parameter \"%s\" is a variable, too; give it another name",
				    s->text);
	}
	if (!good)
		complain(
			x->l, at_of(x->l, t),
			"template \"%s\" needs parameters = [ \"name\" ]; 1 to %d names, each once",
			config_setting_name(t), NAMES_MAX);
	return good;
}

/* Does a text have the placeholder of this name? */
static bool names_parameter(const struct setting *s, const char *name)
{
	char placeholder[MODEL_NAME_MAX + 4];
	snprintf(placeholder, sizeof(placeholder), "${%s}", name);
	if (s->type == SETTING_TEXT && strstr(s->text, placeholder))
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (names_parameter(s->v[i], name))
			return true;
	return false;
}

static void check_parameters_used(struct expand *x, const config_setting_t *t)
{
	const config_setting_t *p = config_setting_get_member(t, "parameters");
	bool policies = config_setting_get_member(t, "policies") != NULL;
	for (size_t i = 0; i < items(p); i++) {
		const struct setting *s = written_of(item(p, i));
		if (!names_parameter(written_of(t), s->text) &&
		    !(policies && strcmp(s->text, "name") == 0))
			complain_in(x->l, s->at, s->line, s->column,
				    "no text of template \"%s\" has ${%s}; remove this parameter",
				    config_setting_name(t), s->text);
	}
}

/* Each placeholder of a template has a name that is known, whoever uses it. */
static void check_placeholders(struct expand *x, const struct setting *s)
{
	const char *p = s->type == SETTING_TEXT ? strstr(s->text, "${") : NULL;
	for (size_t behind; p; p = strstr(s->text + behind, "${")) {
		const char *name = name_at(x, s, (size_t)(p - s->text), &behind);
		if (!name || !binding_of(x, s, (size_t)(p - s->text), name))
			return;
	}
	for (size_t i = 0; i < s->n; i++)
		check_placeholders(x, s->v[i]);
}

static void check_template(struct expand *x, const config_setting_t *t)
{
	const config_setting_t *p = config_setting_get_member(t, "parameters");
	if (!check_parameters(x, t))
		return;
	check_parameters_used(x, t);
	for (size_t i = 0; i < items(p); i++) {
		const struct setting *s = written_of(item(p, i));
		x->parameters.v[x->parameters.n++] = (struct binding){ s->text, s };
	}
	check_placeholders(x, written_of(t));
	x->parameters.n = 0;
}

static bool check_templates(struct expand *x)
{
	struct load *l = x->l;
	const config_setting_t *all = config_setting_get_member(x->root, "templates");
	size_t before = x->l->errs->total;
	if (all && !config_setting_is_group(all))
		complain(x->l, at_of(x->l, all),
			 "\"templates\" must be a group: templates = { ... };");
	for (size_t i = 0; all && config_setting_is_group(all) && i < items(all); i++) {
		const config_setting_t *t = item(all, i);
		if (!config_setting_is_group(t)) {
			complain(x->l, at_of(x->l, t), "a template must be a group { ... }");
			continue;
		}
		KEYS(l, t, "a template", "parameters", "zones", "conduits", "policies");
		check_template(x, t);
	}
	return x->l->errs->total == before;
}

/* ---- boxes ---- */

/* The part of this box; NULL: there is none. */
static const config_setting_t *box_of(struct expand *x)
{
	struct load *l = x->l;
	const config_setting_t *boxes = config_setting_get_member(x->root, "boxes");
	const config_setting_t *s = config_setting_get_member(x->root, "box");
	const char *name = get_text(x->l, x->root, "box");
	if (boxes && !config_setting_is_group(boxes)) {
		complain(x->l, at_of(x->l, boxes), "\"boxes\" must be a group: boxes = { ... };");
		return NULL;
	}
	for (size_t i = 0; i < items(boxes); i++) {
		const config_setting_t *b = item(boxes, i);
		if (!config_setting_is_group(b))
			complain(x->l, at_of(x->l, b), "a box must be a group { ... }");
		else
			KEYS(l, b, "a box", "variables", "interfaces", "zones", "conduits", "use");
	}
	if (!boxes || !name) {
		if (boxes || s)
			complain(x->l, at_of(x->l, boxes ? boxes : s),
				 boxes ? "the model has boxes, and does not say for which it is; "
					 "write "
					 "box = \"NAME\";"
				       : "box: there are no boxes in this model; remove it");
		return NULL;
	}
	const config_setting_t *b = config_setting_get_member(boxes, name);
	if (!b)
		complain(x->l, at_of(x->l, s), "there is no box \"%s\" in boxes", name);
	return b && config_setting_is_group(b) ? b : NULL;
}

static void append_box(struct expand *x, const config_setting_t *box)
{
	append_section(x, box, "interfaces");
	append_section(x, box, "zones");
	append_section(x, box, "conduits");
	make_uses(x, box);
}

/* ---- all of it ---- */

static const char *const own_keys[] = { "variables", "templates", "use", "box", "boxes" };

static bool is_own_key(const char *name)
{
	for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++)
		if (strcmp(own_keys[i], name) == 0)
			return true;
	return false;
}

const struct setting *expand_settings(struct load *l, const config_setting_t *root)
{
	bool any = false;
	size_t before = l->errs->total;
	const struct setting *read = l->src.root;
	for (size_t i = 0; i < read->n; i++)
		any |= is_own_key(read->v[i]->name);
	if (!any)
		return read;
	struct expand *x = arena_alloc(l->m->arena, sizeof(*x));
	*x = (struct expand){ .l = l, .root = root };
	x->out = new_setting(x, read);
	const config_setting_t *box = box_of(x);
	read_variables(x, root);
	read_variables(x, box);
	bool templates = check_templates(x);
	for (size_t i = 0; i < read->n; i++)
		if (!is_own_key(read->v[i]->name))
			append_setting(x, x->out, copy_setting(x, read->v[i]));
	if (x->n_made > MADE_MAX)
		complain(l, (struct where){ l->m->path, 0 },
			 "a model with variables or templates has more than %d settings", MADE_MAX);
	if (templates)
		make_uses(x, root);
	if (box && templates)
		append_box(x, box);
	return l->errs->total == before ? x->out : NULL;
}

bool settings_mirror(struct load *l, const struct setting *s, config_setting_t *to)
{
	/* values are read from the hooks */
	static const int types[] = { [SETTING_GROUP] = CONFIG_TYPE_GROUP,
				     [SETTING_LIST] = CONFIG_TYPE_LIST,
				     [SETTING_ARRAY] = CONFIG_TYPE_ARRAY };
	config_setting_set_hook(to, (void *)(uintptr_t)s);
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *c = s->v[i];
		int type = c->type <= SETTING_ARRAY ? types[c->type] : CONFIG_TYPE_STRING;
		config_setting_t *m = config_setting_add(to, c->name, type);
		if (!m) {
			complain(l, c->at, "\"%s\" is there twice, or no good name",
				 c->name ? c->name : "");
			return false;
		}
		if (!settings_mirror(l, c, m))
			return false;
	}
	return true;
}
