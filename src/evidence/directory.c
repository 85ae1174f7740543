/* SPDX-License-Identifier: MIT
 * Files of evidence, and those that make room for others. */
#include "evidence/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/write.h"

#define ENDING ".pcapng"
#define UNFINISHED ".pcapng.part"

enum { START_DIGITS = 12, NUMBER_DIGITS = 20, FILE_MODE = 0640 };

bool evidence_directory_open(struct evidence_directory *d)
{
	d->file = calloc(EVIDENCE_FILES, sizeof(*d->file));
	d->n = 0;
	d->bytes = d->removed = 0;
	return d->file != NULL;
}

void evidence_directory_close(struct evidence_directory *d)
{
	free(d->file);
	d->file = NULL;
	d->n = 0;
}

/* How many characters of s are of an id. */
static size_t id_length(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	if (n != START_DIGITS || s[n] != '-')
		return 0;
	size_t digits = strspn(s + n + 1, "0123456789");
	return digits >= 1 && digits <= NUMBER_DIGITS ? n + 1 + digits : 0;
}

bool evidence_name_ok(const char *id)
{
	size_t n = id_length(id);
	return n > 0 && id[n] == '\0';
}

static bool has_ending(const char *name, const char *ending)
{
	size_t n = id_length(name);
	return n > 0 && strcmp(name + n, ending) == 0;
}

static int open_directory(const struct evidence_directory *d)
{
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void forget_file(struct evidence_directory *d, size_t i)
{
	d->bytes -= d->file[i].bytes;
	d->n--;
	memmove(&d->file[i], &d->file[i + 1], (d->n - i) * sizeof(d->file[0]));
}

static int remove_file(struct evidence_directory *d, int dir, size_t i)
{
	if (unlinkat(dir, d->file[i].name, 0) && errno != ENOENT)
		return -errno;
	d->removed++;
	forget_file(d, i);
	return 0;
}

/* Of one second that which was asked for first: ids of a start count up. */
static bool is_younger(const struct evidence_file *a, const struct evidence_file *b)
{
	size_t n = strlen(a->name), m = strlen(b->name);
	if (a->time_s != b->time_s)
		return a->time_s > b->time_s;
	return n != m ? n > m : strcmp(a->name, b->name) > 0;
}

/* Behind all that are not younger. */
static size_t place_of(const struct evidence_directory *d, const struct evidence_file *f)
{
	size_t i = d->n;
	while (i > 0 && is_younger(&d->file[i - 1], f))
		i--;
	return i;
}

/* There is a free place. */
static void remember_file(struct evidence_directory *d, const struct evidence_file *f, size_t i)
{
	memmove(&d->file[i + 1], &d->file[i], (d->n - i) * sizeof(d->file[0]));
	d->file[i] = *f;
	d->n++;
	d->bytes += f->bytes;
}

static bool is_full(const struct evidence_directory *d, uint64_t more)
{
	return d->n >= EVIDENCE_FILES || d->bytes + more > d->bytes_max;
}

/* Until so many bytes more are within the bounds. A file that cannot be removed (somebody wants to
 * keep it: chattr +i) stays, and the next one goes. */
static int make_room(struct evidence_directory *d, int dir, uint64_t more)
{
	int err = 0;
	for (size_t i = 0; i < d->n && is_full(d, more);) {
		int failed = remove_file(d, dir, i);
		err = err ? err : failed;
		i += failed != 0;
	}
	return d->n > 0 && is_full(d, more) ? err : 0;
}

static int remove_old(struct evidence_directory *d, int dir, int64_t now_s)
{
	int err = 0;
	for (size_t i = 0; i < d->n && now_s > d->file[i].time_s &&
			   (uint64_t)(now_s - d->file[i].time_s) > d->seconds_max;) {
		int failed = remove_file(d, dir, i);
		err = err ? err : failed;
		i += failed != 0;
	}
	return err;
}

/* The clock was set back since a file of the future was written: it is older than all that were
 * written after that, which are not older than the last look. Else these would be the first to go,
 * and it would stay for good. */
static void date_back(struct evidence_file *f, int dir, int64_t now_s)
{
	if (f->time_s <= now_s)
		return;
	f->time_s = now_s - EVIDENCE_LOOK_S - 1;
	const struct timespec then[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = f->time_s } };
	/* not ours: dated back at each look */
	(void)!utimensat(dir, f->name, then, AT_SYMLINK_NOFOLLOW);
}

static int look_at(struct evidence_directory *d, int dir, const char *name, int64_t now_s)
{
	struct stat st;
	if (has_ending(name, UNFINISHED)) /* of one that ended while it wrote */
		return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
	if (!has_ending(name, ENDING) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	struct evidence_file f = { .bytes = (uint64_t)st.st_size, .time_s = st.st_mtime };
	memcpy(f.name, name, strlen(name) + 1);
	date_back(&f, dir, now_s);
	if (d->n == EVIDENCE_FILES && place_of(d, &f) == 0) { /* older than all of these */
		if (unlinkat(dir, name, 0) && errno != ENOENT)
			return -errno;
		d->removed++;
		return 0;
	}
	int err = d->n == EVIDENCE_FILES ? remove_file(d, dir, 0) : 0;
	if (!err)
		remember_file(d, &f, place_of(d, &f));
	return err;
}

/* The first error; what is behind it is looked at all the same, since it is counted. */
static int look_at_all(struct evidence_directory *d, int dir, int64_t now_s)
{
	int fd = dup(dir), err = 0;
	DIR *s = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	if (!s) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	d->n = 0;
	d->bytes = 0;
	while ((e = readdir(s))) {
		int failed = look_at(d, dir, e->d_name, now_s);
		err = err ? err : failed;
	}
	closedir(s);
	return err;
}

int evidence_directory_look(struct evidence_directory *d, int64_t now_s)
{
	int dir = open_directory(d);
	if (dir < 0)
		return dir;
	int err = look_at_all(d, dir, now_s);
	int old = remove_old(d, dir, now_s);
	int room = make_room(d, dir, 0);
	close(dir);
	return err ? err : old ? old : room;
}

static int create_unfinished(int dir, const char *name)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, how, FILE_MODE);
	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, how, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

/* Not every file system can refuse to replace; no two events have one id. */
static int give_name(int dir, const char *part, const char *name)
{
	int err = renameat2(dir, part, dir, name, RENAME_NOREPLACE) ? -errno : 0;
	if (err == -EINVAL || err == -ENOSYS)
		err = renameat(dir, part, dir, name) ? -errno : 0;
	return err;
}

static int write_file(int dir, const struct evidence_file *f, const char *part, const void *p)
{
	int fd = create_unfinished(dir, part);
	if (fd < 0)
		return fd;
	int err = fchmod(fd, FILE_MODE) ? -errno : 0; /* whatever the umask is */
	if (!err)
		err = write_whole(fd, p, f->bytes);
	if (!err && fdatasync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		err = give_name(dir, part, f->name);
	if (err)
		unlinkat(dir, part, 0);
	return err;
}

int evidence_directory_put(struct evidence_directory *d, const char *id, const void *p, size_t n)
{
	char part[EVIDENCE_NAME];
	struct evidence_file f = { .bytes = n, .time_s = time(NULL) };
	if (!evidence_name_ok(id))
		return -EINVAL;
	if (n > d->bytes_max)
		return -EFBIG;
	snprintf(f.name, sizeof(f.name), "%s" ENDING, id);
	snprintf(part, sizeof(part), "%s" UNFINISHED, id);
	int dir = open_directory(d);
	if (dir < 0)
		return dir;
	int err = make_room(d, dir, n);
	if (!err)
		err = write_file(dir, &f, part, p);
	/* whatever the clock says, the others were there before it */
	if (!err && d->n > 0 && d->file[d->n - 1].time_s > f.time_s)
		f.time_s = d->file[d->n - 1].time_s;
	if (!err)
		remember_file(d, &f, d->n);
	close(dir);
	return err;
}
