/* SPDX-License-Identifier: MIT
 * Archives and directories that somebody has made to have the administrator's restore write what
 * was never looked at, or where zoned's user may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"

enum { PATH_ROOM = 200, TEXT_ROOM = 4096, FILES = 8, NOBODY = 65534 };

static const char plant[] =
	"zones = ( { name = \"a\"; type = \"dmz\"; networks = [ \"10.1.0.0/24\" ]; } );\n";

static char root[] = "/tmp/test-restore-XXXXXX";
static char config[PATH_ROOM], state_path[PATH_ROOM], archive[PATH_ROOM], aim[PATH_ROOM];
static struct backup_paths places = { config, "", state_path };

static void put_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_text(const char *path, const char *text)
{
	char is[TEXT_ROOM] = "";
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	is[fread(is, 1, sizeof(is) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(is, text);
}

static void shell(const char *what)
{
	char line[3 * PATH_ROOM];
	snprintf(line, sizeof(line), "cd %s && %s", root, what);
	assert_int_equal(system(line), 0);
}

static int set_up(void **state)
{
	(void)state;
	memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
	if (!mkdtemp(root))
		return -1;
	snprintf(config, sizeof(config), "%s/etc/model.conf", root);
	snprintf(state_path, sizeof(state_path), "%s/state", root);
	snprintf(archive, sizeof(archive), "%s/archive", root);
	snprintf(aim, sizeof(aim), "%s/aim", root);
	shell("mkdir etc state away && echo kept >aim");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	shell("rm -rf etc state away aim archive");
	return rmdir(root);
}

/* ---- archives ---- */

struct entry {
	const char *name, *text;
};

static void put_entry(int fd, const struct entry *e)
{
	const struct tar_file f = { .data = (const uint8_t *)e->text, .n = strlen(e->text) };
	struct tar_file named = f;
	snprintf(named.name, sizeof(named.name), "%s", e->name);
	assert_int_equal(tar_put(fd, &named, 1), 0);
}

/* The manifest is right, whatever is in it: anybody can write one. */
static void put_archive(const struct entry *v, size_t n)
{
	char manifest[TEXT_ROOM];
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		struct sha256_ctx c;
		uint8_t sum[SHA256_DIGEST_SIZE];
		sha256_init(&c);
		sha256_update(&c, strlen(v[i].text), (const uint8_t *)v[i].text);
		sha256_digest(&c, sizeof(sum), sum);
		for (size_t k = 0; k < sizeof(sum); k++)
			at += (size_t)snprintf(manifest + at, sizeof(manifest) - at, "%02x",
					       sum[k]);
		at += (size_t)snprintf(manifest + at, sizeof(manifest) - at, "  %s\n", v[i].name);
	}
	int fd = open(archive, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	put_entry(fd, &(struct entry){ "MANIFEST", manifest });
	for (size_t i = 0; i < n; i++)
		put_entry(fd, &v[i]);
	assert_int_equal(tar_end(fd), 0);
	close(fd);
}

/* backup.json with the model, and more that it lists */
static void put_about(const char *more, char out[TEXT_ROOM])
{
	char hash[HISTORY_HASH];
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load_text(config, plant, strlen(plant), &errs);
	assert_non_null(m);
	assert_true(hash_model(m, hash));
	model_free(m);
	errs_free(&errs);
	snprintf(out, TEXT_ROOM,
		 "{\"schema\":1,\"path\":\"%s\",\"rules\":\"/rules\",\"model\":\"%s\",\"config\":["
		 "{\"path\":\"%s\",\"name\":\"config/0\"}%s]}",
		 config, hash, config, more);
}

/* Is it taken, and all of it restored? */
static bool restores(void)
{
	struct errs errs;
	bool was = false, good = false;
	struct backup *b = backup_new();
	json_t *by = json_object();
	errs_init(&errs);
	struct model *m = backup_read(b, archive, &errs) ? backup_model(b, &errs) : NULL;
	if (m && backup_targets(b, &places, NULL, NULL, &errs) && backup_stage(b, &places, by) == 0)
		good = backup_finish(state_path, &was, &errs) == 0 && was;
	assert_true(good || errs.total);
	model_free(m);
	json_decref(by);
	backup_free(b);
	errs_free(&errs);
	return good;
}

/* With this further file that backup.json lists at this path. */
static bool restores_with(const char *path, const char *text)
{
	char about[TEXT_ROOM], more[PATH_ROOM * 2];
	snprintf(more, sizeof(more), ",{\"path\":\"%s/etc/%s\",\"name\":\"config/1\"}", root, path);
	put_about(path ? more : "", about);
	const struct entry v[] = { { "config/0", plant },
				   { "backup.json", about },
				   { "config/1", text } };
	put_archive(v, 3);
	return restores();
}

static void put_good(const char *state_file)
{
	char about[TEXT_ROOM];
	put_about("", about);
	const struct entry v[] = { { "config/0", plant },
				   { "backup.json", about },
				   { state_file, "{\"schema\":1}" } };
	put_archive(v, 3);
}

#define MODEL_FILE \
	"state/models/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.json"

static void test_good(void **state)
{
	(void)state;
	put_good("state/orders.json");
	assert_true(restores());
	assert_text(config, plant);
	shell("grep -q schema state/orders.json && test ! -e state/restore");
}

/* A key to trust, or the configured file once more by another name: no file of the model. */
static void test_more_files(void **state)
{
	static const char *const paths[] = { "keys/mine.pub", "./model.conf",	  "/model.conf",
					     "model.conf",    "model.conf.sig/x", "other" };
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (restores_with(paths[i], "untrusted comment: mine\n"))
			fail_msg("%s is restored", paths[i]);
	shell("test -z \"$(find etc state -type f)\"");
}

/* One with lines of any length is not compared with each file. */
static void test_manifest(void **state)
{
	enum { LINE = 20000, LINES = 7 };
	char *manifest = calloc(LINES, LINE + 1);
	struct errs errs;
	struct backup *b = backup_new();
	(void)state;
	assert_non_null(manifest);
	memset(manifest, 'x', LINES * LINE);
	for (int i = 1; i <= LINES; i++)
		manifest[i * LINE - 1] = '\n';
	int fd = open(archive, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	put_entry(fd, &(struct entry){ "MANIFEST", manifest });
	for (int i = 0; i < LINES; i++)
		put_entry(fd,
			  &(struct entry){ (const char *[]){ "a", "b", "c", "d", "e", "f", "g" }[i],
					   "" });
	assert_int_equal(tar_end(fd), 0);
	close(fd);
	errs_init(&errs);
	assert_false(backup_read(b, archive, &errs));
	assert_int_equal(errs.total, 1);
	assert_non_null(strstr(errs.v[0].text, "more than the names"));
	errs_free(&errs);
	backup_free(b);
	free(manifest);
}

/* What cannot be read is named by its own error, and no link is followed. */
static void test_take(void **state)
{
	struct errs errs;
	struct backup *b = backup_new();
	(void)state;
	put_text(config, plant);
	shell("ln -s ../aim state/orders.json");
	errs_init(&errs);
	assert_false(backup_take(b, &places, &errs));
	assert_string_equal(errs.v[0].text, strerror(ELOOP));
	errs_free(&errs);
	backup_free(b);
}

/* ---- directories ---- */

static void test_links(void **state)
{
	(void)state;
	put_good("state/orders.json");
	shell("ln -s ../aim state/orders.json.restore && ln -s ../aim state/restored.json.restore");
	assert_true(restores());
	assert_text(aim, "kept\n");
	shell("ln aim state/orders.json.restore");
	assert_true(restores());
	assert_text(aim, "kept\n");
	put_good(MODEL_FILE);
	shell("ln -s ../away state/models");
	assert_false(restores());
	shell("test -z \"$(ls away)\"");
}

/* "restore" with its plan, which the user who has the directory of generations can make. */
static void test_plan(void **state)
{
	char text[TEXT_ROOM];
	struct errs errs;
	bool was;
	(void)state;
	if (geteuid() != 0)
		skip();
	shell("mkdir state/restore && echo gone >state/restore/0");
	snprintf(text, sizeof(text),
		 "{\"files\":[{\"name\":\"0\",\"to\":\"%s\",\"config\":true}],\"by\":{}}", aim);
	char path[PATH_ROOM + 20];
	snprintf(path, sizeof(path), "%s/restore/plan.json", state_path);
	put_text(path, text);
	snprintf(path, sizeof(path), "%s/restore", state_path);
	errs_init(&errs);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	assert_int_not_equal(backup_finish(state_path, &was, &errs), 0);
	assert_true(was && errs.total);
	assert_text(aim, "kept\n");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, 0770), 0);
	assert_int_not_equal(backup_finish(state_path, &was, &errs), 0);
	assert_text(aim, "kept\n");
	/* the same from who finishes it */
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(backup_finish(state_path, &was, &errs), 0);
	assert_text(aim, "gone\n");
	errs_free(&errs);
}

/* What is too large says so. */
static void test_large(void **state)
{
	struct errs errs;
	struct backup *b = backup_new();
	(void)state;
	put_text(archive, "");
	assert_int_equal(truncate(archive, (off_t)BACKUP_MOST), 0);
	errs_init(&errs);
	assert_false(backup_read(b, archive, &errs));
	assert_non_null(strstr(errs.v[0].text, "too large"));
	errs_free(&errs);
	backup_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_manifest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_take, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
