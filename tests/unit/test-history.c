/* SPDX-License-Identifier: MIT
 *
 * Generations on disk: what is kept, what is found after a power cut at any system call, and what
 * happens to a list that is none. The linker leads the calls that change a disk through here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "history/orders.h"

/* ---- the disk ---- */

static unsigned calls, power_until; /* 0: it stays */
static char order[64];		    /* o w f r u, of the calls of one keeping */

ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_renameat(int a, const char *from, int b, const char *to);
int __real_openat(int dir, const char *name, int flags, ...);
int __real_unlinkat(int dir, const char *name, int flags);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_openat(int dir, const char *name, int flags, ...);
int __wrap_unlinkat(int dir, const char *name, int flags);

static void count_call(char what)
{
	size_t n = strlen(order);
	if (n + 1 < sizeof(order))
		order[n] = what, order[n + 1] = '\0';
	if (power_until && ++calls == power_until)
		_exit(0);
}

/* Half of it is on the disk when the power goes. */
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (power_until && calls + 1 == power_until)
		(void)!__real_write(fd, p, n / 2);
	count_call('w');
	return __real_write(fd, p, n);
}

int __wrap_fsync(int fd)
{
	count_call('f');
	return __real_fsync(fd);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	count_call('r');
	return __real_renameat(a, from, b, to);
}

int __wrap_openat(int dir, const char *name, int flags, ...)
{
	if (flags & O_CREAT)
		count_call('o');
	return __real_openat(dir, name, flags, 0640);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	count_call('u');
	return __real_unlinkat(dir, name, flags);
}

/* ---- a directory, and models ---- */

static char place[] = "/tmp/zoned-history-XXXXXX";

static int make_place(void **state)
{
	(void)state;
	memcpy(place + sizeof(place) - 7, "XXXXXX", 6);
	return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

static struct model *model_named(const char *system)
{
	char text[200];
	struct errs errs;
	errs_init(&errs);
	snprintf(text, sizeof(text),
		 "system = { name = \"%s\"; };\nzones = ( { name = \"a\"; type = \"control\"; "
		 "networks = [ \"10.1.0.0/24\" ]; } );\nconduits = ( );\n",
		 system);
	struct model *m = model_load_text("m.conf", text, strlen(text), &errs);
	errs_print(&errs, stderr);
	assert_non_null(m);
	return m;
}

static void add_number(struct history *h, uint32_t number)
{
	char name[16];
	snprintf(name, sizeof(name), "plant %u", number);
	struct model *m = model_named(name);
	struct generation g = { .number = number, .time_s = 1000 + number, .origin = "apply" };
	snprintf(g.who, sizeof(g.who), "uid %u", number);
	snprintf(g.why, sizeof(g.why), "ticket \"%u\" \xc3\xa4", number);
	assert_int_equal(history_add(h, &g, m), 0);
	model_free(m);
}

static void open_history_ok(struct history *h)
{
	bool unreadable;
	assert_int_equal(history_open(h, place, &unreadable), 0);
	assert_false(unreadable);
}

static void check_model(const struct history *h, const struct generation *g)
{
	char name[16];
	struct errs errs;
	errs_init(&errs);
	struct model *m = history_model(h, g, &errs);
	errs_print(&errs, stderr);
	assert_non_null(m);
	snprintf(name, sizeof(name), "plant %u", g->number);
	assert_string_equal(m->system_name, name);
	model_free(m);
}

static unsigned models_kept(void)
{
	char path[100];
	unsigned n = 0;
	snprintf(path, sizeof(path), "%s/models", place);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* ---- tests ---- */

static void kept(void **state)
{
	struct history h, again;
	(void)state;
	open_history_ok(&h);
	assert_int_equal(h.n, 0);
	assert_null(history_last(&h));
	for (uint32_t i = 1; i <= HISTORY_KEPT + 5; i++)
		add_number(&h, 2 * i);
	assert_int_equal(history_confirm(&h, 138, 136, 77), 0);
	open_history_ok(&again);
	assert_int_equal(again.n, HISTORY_KEPT);
	assert_int_equal(again.v[0].number, 12);
	assert_int_equal(history_last(&again)->number, 138);
	assert_memory_equal(&again.v, &h.v, sizeof(h.v));
	assert_memory_equal(&again.confirm, &h.confirm, sizeof(h.confirm));
	assert_int_equal(models_kept(), HISTORY_KEPT);
	for (size_t i = 0; i < again.n; i++)
		check_model(&again, &again.v[i]);
	assert_null(history_find(&again, 10));
	assert_non_null(history_find(&again, 12));
	add_number(&again, 140); /* another one is in force: what waited does no longer */
	assert_int_equal(again.confirm.number, 0);
	history_close(&h);
	history_close(&again);
}

/* Two generations with the same files have them once. */
static void shared(void **state)
{
	struct history h;
	(void)state;
	open_history_ok(&h);
	struct model *m = model_named("plant 1");
	for (uint32_t i = 1; i < 4; i++) {
		struct generation g = { .number = i, .origin = "file" };
		assert_int_equal(history_add(&h, &g, m), 0);
	}
	assert_int_equal(models_kept(), 1);
	assert_int_equal(history_refused(&h, h.v[0].files), 0);
	history_close(&h);
	open_history_ok(&h);
	assert_string_equal(h.refused, h.v[0].files);
	model_free(m);
	history_close(&h);
}

/* A change of what is kept, until the power is cut at its nth call. True: it ended before that. */
static bool run_until(unsigned n, int (*change)(struct history *h))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct history h;
		bool unreadable;
		if (history_open(&h, place, &unreadable))
			_exit(2);
		calls = 0;
		power_until = n;
		_exit(change(&h) ? 3 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static int add_next(struct history *h)
{
	struct generation g = { .number = history_last(h)->number + 1, .origin = "apply" };
	char name[16];
	snprintf(name, sizeof(name), "plant %u", g.number);
	return history_add(h, &g, model_named(name));
}

/* Of a power cut at the nth call: the old list or the new one, and its model. */
static void cut_at(unsigned n, bool *ended)
{
	struct history h;
	*ended = run_until(n, add_next);
	open_history_ok(&h);
	assert_true(h.n >= 1);
	check_model(&h, history_last(&h));
	assert_true(!*ended || history_last(&h)->number > 1);
	history_close(&h);
}

static void power_cuts(void **state)
{
	struct history h;
	bool ended = false;
	unsigned n = 0;
	while (!ended && n < 100) {
		open_history_ok(&h);
		add_number(&h, 1);
		history_close(&h);
		cut_at(++n, &ended);
		assert_int_equal(remove_place(state), 0);
		assert_int_equal(make_place(state), 0);
	}
	assert_int_equal(n, 11); /* ten calls, and none to cut at */
}

static int wait_for_confirm(struct history *h)
{
	return history_confirm(h, 2, 1, 77);
}

/* What waits to be confirmed waits, or was never asked for. */
static void cut_confirms(void **state)
{
	struct history h;
	bool ended = false;
	unsigned n = 0, waits = 0;
	(void)state;
	open_history_ok(&h);
	add_number(&h, 1);
	history_close(&h);
	while (!ended && n < 100) {
		ended = run_until(++n, wait_for_confirm);
		open_history_ok(&h);
		assert_int_equal(h.n, 1);
		waits += h.confirm.number == 2 && h.confirm.back == 1;
		assert_true(h.confirm.number == 0 || waits);
		assert_true(!ended || waits);
		assert_int_equal(history_confirm(&h, 0, 0, 0), 0);
		history_close(&h);
	}
	assert_int_equal(n, 6);
	assert_int_equal(waits, 2); /* cut behind the new name, and not at all */
}

static void isolated(struct orders *o, const char *zone)
{
	struct order one = { .since_s = 1000 };
	snprintf(one.name, sizeof(one.name), "%s", zone);
	memset(o, 0, sizeof(*o));
	o->generation = 7;
	assert_true(orders_put(o, ORDER_ISOLATE, &one));
}

static int isolate_other(struct history *h)
{
	static struct orders o;
	isolated(&o, "new");
	return orders_keep(h->dir, &o);
}

/* A zone that was isolated is so, or the one that was to be. */
static void cut_orders(void **state)
{
	static struct orders o;
	struct history h;
	bool ended = false, unreadable;
	unsigned n = 0, news = 0;
	(void)state;
	while (!ended && n < 100) {
		open_history_ok(&h);
		isolated(&o, "old");
		assert_int_equal(orders_keep(h.dir, &o), 0);
		ended = run_until(++n, isolate_other);
		assert_int_equal(orders_read(h.dir, &o, &unreadable), 0);
		assert_false(unreadable);
		assert_int_equal(o.n[ORDER_ISOLATE], 1);
		bool is_new = orders_find(&o, ORDER_ISOLATE, "new") != NULL;
		assert_true(is_new || (!ended && orders_find(&o, ORDER_ISOLATE, "old")));
		news += is_new;
		history_close(&h);
	}
	assert_int_equal(n, 6);
	assert_int_equal(news, 2);
}

/* Nothing has its name before it is on the disk, and the list comes after the model. */
static void written_before_named(void **state)
{
	struct history h;
	(void)state;
	open_history_ok(&h);
	order[0] = '\0';
	add_number(&h, 1);
	assert_string_equal(order, "owfrfowfrf");
	history_close(&h);
}

static void write_list(const char *text, size_t n)
{
	char path[100];
	snprintf(path, sizeof(path), "%s/history.json", place);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fwrite(text, 1, n, f);
	fclose(f);
}

#define A_HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Cut or odd lists are put aside, never half taken. */
static void unreadable_lists(void **state)
{
	static const char *const odd[] = {
		"",
		"[]",
		"{}",
		"{\"schema\":2,\"refused\":\"\",\"confirm\":null,\"generations\":[]}",
		"{\"schema\":1,\"refused\":\"x\",\"confirm\":null,\"generations\":[]}",
		"{\"schema\":1,\"refused\":\"\",\"confirm\":7,\"generations\":[]}",
		"{\"schema\":1,\"refused\":\"\",\"confirm\":{\"number\":0},\"generations\":[]}",
		"{\"schema\":1,\"refused\":\"\",\"confirm\":null,\"generations\":[{\"number\":1}]}",
		"{\"schema\":1,\"refused\":\"\",\"confirm\":null,\"generations\":7}",
		/* no number is left that could follow it */
		"{\"schema\":1,\"refused\":\"\",\"confirm\":null,\"generations\":[{\"number\":"
		"4294967295,\"time\":1,\"origin\":\"file\",\"who\":\"\",\"why\":\"\",\"model\":"
		"\"" A_HASH "\",\"files\":\"" A_HASH "\",\"configured\":\"\"}]}",
	};
	struct history h;
	char path[100], text[4096];
	bool unreadable;
	(void)state;
	open_history_ok(&h);
	add_number(&h, 1);
	add_number(&h, 2);
	history_close(&h);
	snprintf(path, sizeof(path), "%s/history.json", place);
	FILE *f = fopen(path, "r");
	size_t n = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (size_t len = 0; len < n; len++) {
		write_list(text, len);
		assert_int_equal(history_open(&h, place, &unreadable), 0);
		assert_true(unreadable);
		assert_int_equal(h.n, 0);
		assert_int_not_equal(access(path, F_OK), 0);
		history_close(&h);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		write_list(odd[i], strlen(odd[i]));
		assert_int_equal(history_open(&h, place, &unreadable), 0);
		assert_true(unreadable);
		assert_int_equal(h.n + h.confirm.number, 0);
		history_close(&h);
	}
	write_list(text, n);
	open_history_ok(&h);
	assert_int_equal(h.n, 2);
	history_close(&h);
}

/* A model that somebody changed, or that is gone, is said and not taken. */
static void changed_model(void **state)
{
	struct history h;
	struct errs errs;
	char path[300];
	(void)state;
	open_history_ok(&h);
	add_number(&h, 1);
	snprintf(path, sizeof(path), "sed -i 's/plant 1/plant 2/' %s/models/%s.json", place,
		 h.v[0].files);
	assert_int_equal(system(path), 0);
	errs_init(&errs);
	assert_null(history_model(&h, &h.v[0], &errs));
	assert_int_equal(errs.total, 1);
	assert_non_null(strstr(errs.v[0].text, "was changed by somebody else"));
	snprintf(path, sizeof(path), "%s/models/%s.json", place, h.v[0].files);
	assert_int_equal(unlink(path), 0);
	assert_null(history_model(&h, &h.v[0], &errs));
	assert_int_equal(errs.total, 2);
	errs_free(&errs);
	history_close(&h);
}

/* However many follow it, the way back stays. */
static void back_stays(void **state)
{
	struct history h;
	(void)state;
	open_history_ok(&h);
	for (uint32_t i = 1; i <= HISTORY_KEPT + 5; i++) {
		if (i > 2)
			assert_int_equal(history_confirm(&h, i, 1, 77), 0);
		add_number(&h, i);
	}
	assert_int_equal(h.n, HISTORY_KEPT);
	assert_non_null(history_find(&h, 1));
	assert_null(history_find(&h, 2));
	check_model(&h, history_find(&h, 1));
	history_close(&h);
	open_history_ok(&h);
	assert_int_equal(h.confirm.back, 1);
	history_close(&h);
}

/* A text that cannot be written is refused: the list stays one that can be read. */
static void no_text(void **state)
{
	struct history h;
	(void)state;
	open_history_ok(&h);
	add_number(&h, 1);
	struct model *m = model_named("plant 2");
	struct generation g = { .number = 2, .origin = "apply", .why = "cut \xc3" };
	assert_int_equal(history_add(&h, &g, m), -EILSEQ);
	assert_int_equal(h.n, 1);
	model_free(m);
	history_close(&h);
	open_history_ok(&h);
	assert_int_equal(h.n, 1);
	history_close(&h);
}

/* What is no file, or far too large for a list, is put aside unread. */
static void no_file(void **state)
{
	struct history h;
	char path[100];
	bool unreadable;
	(void)state;
	snprintf(path, sizeof(path), "%s/history.json", place);
	alarm(5); /* for an open that waits for whoever writes */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(history_open(&h, place, &unreadable), 0);
	assert_true(unreadable);
	history_close(&h);
	write_list("{}", 2);
	assert_int_equal(truncate(path, (off_t)1 << 33), 0);
	assert_int_equal(history_open(&h, place, &unreadable), 0);
	assert_true(unreadable);
	history_close(&h);
	alarm(0);
}

/* A model that is damaged on the disk is written again when it is in force again. */
static void mended_model(void **state)
{
	struct history h;
	char command[300];
	(void)state;
	open_history_ok(&h);
	add_number(&h, 1);
	snprintf(command, sizeof(command), ": >%s/models/%s.json", place, h.v[0].files);
	assert_int_equal(system(command), 0);
	struct model *m = model_named("plant 1");
	struct generation g = { .number = 2, .origin = "apply" };
	assert_int_equal(history_add(&h, &g, m), 0);
	model_free(m);
	check_model(&h, &h.v[0]);
	history_close(&h);
}

/* What a new release brings with its rules is no edit of the operator's. */
#define OWN_ZONES \
	"zones = ( { name = \"a\"; type = \"control\"; networks = [ \"10.1.0.0/24\" ]; } );"
static void own_files(void **state)
{
	struct model_file files[2] = {
		{ "/etc/m.conf",
		  OWN_ZONES " conduits = ( ); policies = {\n@include \"r.conf\"\n};\n", 0 },
		{ "/rules/r.conf", "# one\n", 6 },
	};
	char all[3][HISTORY_HASH], own[3][HISTORY_HASH];
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct errs errs;
		errs_init(&errs);
		if (i == 1)
			files[1].text = "# two\n";
		if (i == 2)
			files[0].text = OWN_ZONES "  conduits = ( ); policies = {\n@include "
						  "\"r.conf\"\n};\n";
		files[0].len = strlen(files[0].text);
		struct model *m = model_load_files(files, 2, "/rules", &errs);
		errs_print(&errs, stderr);
		assert_non_null(m);
		hash_files(m, all[i]);
		hash_own_files(m, own[i]);
		model_free(m);
	}
	assert_string_not_equal(all[0], all[1]);
	assert_string_equal(own[0], own[1]);
	assert_string_not_equal(own[1], own[2]);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(kept),
		IN_PLACE(shared),
		IN_PLACE(power_cuts),
		IN_PLACE(cut_confirms),
		IN_PLACE(cut_orders),
		IN_PLACE(written_before_named),
		IN_PLACE(unreadable_lists),
		IN_PLACE(changed_model),
		cmocka_unit_test(own_files),
		IN_PLACE(back_stays),
		IN_PLACE(no_text),
		IN_PLACE(no_file),
		IN_PLACE(mended_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
