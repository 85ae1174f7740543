/* SPDX-License-Identifier: MIT
 * The control socket: connections, and who has how many. Requests: control-line.c. */
#include "daemon/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control-line.h"

enum {
	NOBODY_LOGGED_IN = -1,
	CONTROL_SCHEMA = 1,	       /* of documents that have none of their own */
	INPUT_MOST = 2 * CONTROL_LINE, /* that is read before it is answered; more for a body */
};

struct control {
	struct control_conf conf;
	struct event_base *base;
	struct event *accept;
	int fd;
	struct client *client[CONTROL_CLIENTS]; /* NULL: a free place */
	char path[108];
};

struct client {
	struct control *c;
	struct bufferevent *b;
	struct control_peer peer;
	struct control_line line; /* the request that waits for its body; without a verb: none */
	bool ending;		  /* when all is written */
	bool half_closed;	  /* its sender says no more; what was said is answered */
	struct event *late;	  /* how long this may take at most, however slow it goes on */
	unsigned place;
};

static bool is_admin(const struct control_peer *who)
{
	return who->uid == 0 || who->uid == geteuid();
}

/* A place for one more; false: there is none, or its user has its share. */
static bool find_client_place(const struct control *c, const struct control_peer *who,
			      unsigned *place)
{
	unsigned others = 0, same = 0;
	*place = CONTROL_CLIENTS;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *k = c->client[i];
		if (!k)
			*place = i;
		others += k && !is_admin(&k->peer);
		same += k && k->peer.uid == who->uid;
	}
	return *place < CONTROL_CLIENTS &&
	       (is_admin(who) || (others < CONTROL_OTHERS && same < CONTROL_PER_USER));
}

static void drop_client(struct client *k)
{
	k->c->client[k->place] = NULL;
	if (k->late)
		event_free(k->late);
	bufferevent_free(k->b);
	control_line_free(&k->line);
	free(k);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drop_client(arg);
}

/* From now on: else whoever sends an octet now and then keeps its place for ever. */
static void set_limit(struct client *k, int seconds)
{
	event_add(k->late, &(struct timeval){ .tv_sec = seconds });
}

/* The socket keeps what is more: nobody fills our memory with requests. */
static void set_input_most(struct client *k, size_t n)
{
	bufferevent_setwatermark(k->b, EV_READ, 0, n > INPUT_MOST ? n : INPUT_MOST);
}

/* ---- requests ---- */

static void send_reply(struct client *k, struct control_reply r)
{
	if (r.document && !json_object_get(r.document, "schema"))
		json_object_set_new(r.document, "schema", json_integer(CONTROL_SCHEMA));
	char *text = r.document ? json_dumps(r.document, JSON_COMPACT | JSON_PRESERVE_ORDER |
								 JSON_REAL_PRECISION(15))
				: NULL;
	evbuffer_add_printf(bufferevent_get_output(k->b), "%d %s\n",
			    text ? (int)r.code : CONTROL_FAILED,
			    text ? text : "{\"error\":\"out of memory\"}");
	json_decref(r.document);
	free(text);
}

/* What is left of the connection is not read: a line that makes no sense may have a body. */
static void end_with(struct client *k, struct control_reply r)
{
	k->ending = true;
	bufferevent_disable(k->b, EV_READ);
	send_reply(k, r);
}

static void answer_request(struct client *k, const char *body, size_t body_len)
{
	const struct control_conf *conf = &k->c->conf;
	struct control_request q = { .peer = &k->peer,
				     .verb = k->line.verb,
				     .n = k->line.n,
				     .body = body,
				     .body_len = body_len };
	memcpy(q.name, k->line.name, sizeof(q.name));
	memcpy(q.value, k->line.value, sizeof(q.value));
	struct control_reply r = q.verb->run(conf->ctx, &q);
	/* a change may have waited for inspectors: libevent's time is that of before, and a limit
	 * that begins then may be over before an octet is sent */
	event_base_update_cache_time(k->c->base);
	send_reply(k, r);
	set_limit(k, CONTROL_WHOLE);
}

static bool may_ask(struct client *k)
{
	const struct control_conf *conf = &k->c->conf;
	const struct control_request q = { .peer = &k->peer, .verb = k->line.verb };
	k->peer.role = conf->role_of(conf->ctx, &k->peer);
	if (k->peer.role >= k->line.verb->role)
		return true;
	if (k->line.verb->role > ROLE_VIEWER)
		conf->refused(conf->ctx, &q);
	end_with(k, control_error(CONTROL_FORBIDDEN, "\"%s\" is for the role %s; yours is %s",
				  k->line.verb->name, control_role_name(k->line.verb->role),
				  control_role_name(k->peer.role)));
	return false;
}

/* True: a line is read, and its sender may ask that. */
static bool read_request(struct client *k, struct evbuffer *in)
{
	char why[CONTROL_VALUE];
	size_t n;
	char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
	if (!line && evbuffer_get_length(in) > CONTROL_LINE)
		end_with(k,
			 control_error(CONTROL_BAD, "a line of more than %d octets", CONTROL_LINE));
	if (!line)
		return false;
	bool good = control_line_read(&k->line, line, n, k->c->conf.verbs, why);
	free(line);
	if (!good)
		end_with(k, control_error(CONTROL_BAD, "%s", why));
	if (!good || !may_ask(k))
		return false;
	if (k->line.body)
		set_limit(k, CONTROL_WHOLE);
	set_input_most(k, k->line.body);
	return true;
}

/* Its body is there; false: it is answered, or it cannot be. A reload may have taken the role away
 * since the line came. */
static bool read_body(struct client *k, struct evbuffer *in, char **body)
{
	size_t n = k->line.body;
	*body = NULL;
	if (evbuffer_get_length(in) < n || (n && !may_ask(k)))
		return false;
	if (n && !(*body = malloc(n + 1))) {
		end_with(k, control_error(CONTROL_FAILED, "out of memory"));
		return false;
	}
	if (n) {
		evbuffer_remove(in, *body, n);
		(*body)[n] = '\0';
	}
	set_input_most(k, 0);
	return true;
}

/* Requests one after the other: the next one is read when the answer is on its way. */
static void on_readable(struct bufferevent *b, void *arg)
{
	struct client *k = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	while (!k->ending && evbuffer_get_length(bufferevent_get_output(b)) == 0) {
		char *body;
		if ((!k->line.verb && !read_request(k, in)) || !read_body(k, in, &body))
			return;
		answer_request(k, body, k->line.body);
		free(body);
		control_line_free(&k->line);
	}
}

static void on_written(struct bufferevent *b, void *arg)
{
	struct client *k = arg;
	if (evbuffer_get_length(bufferevent_get_output(b)) > 0)
		return;
	if (!k->ending) {
		set_limit(k, CONTROL_SECONDS);
		on_readable(b, k);
	}
	if (evbuffer_get_length(bufferevent_get_output(b)) == 0 && (k->ending || k->half_closed))
		drop_client(k);
}

/* Its end of the line is closed, it was silent for too long, or gone. */
static void on_trouble(struct bufferevent *b, short what, void *arg)
{
	struct client *k = arg;
	if (what & BEV_EVENT_EOF && evbuffer_get_length(bufferevent_get_output(b)) > 0)
		k->half_closed = true;
	else
		drop_client(k);
}

/* ---- connections ---- */

static void put_user_name(uid_t uid, char out[CONTROL_NAME])
{
	const struct passwd *pw = getpwuid(uid);
	out[0] = '\0';
	if (pw && strlen(pw->pw_name) < CONTROL_NAME)
		memcpy(out, pw->pw_name, strlen(pw->pw_name) + 1);
}

/* Not known where /proc hides it, and of whoever did not log in. */
static void put_login(pid_t pid, char out[CONTROL_NAME])
{
	char path[40];
	long uid = NOBODY_LOGGED_IN;
	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &uid) != 1)
		uid = NOBODY_LOGGED_IN;
	if (f)
		fclose(f);
	out[0] = '\0';
	if (uid >= 0 && uid < UINT32_MAX)
		put_user_name((uid_t)uid, out);
}

bool control_read_peer(int s, struct control_peer *who)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	*who = (struct control_peer){ .uid = cred.uid, .pid = cred.pid, .n_groups = 1 };
	who->group[0] = cred.gid;
	len = (CONTROL_GROUPS - 1) * sizeof(gid_t);
	if (getsockopt(s, SOL_SOCKET, SO_PEERGROUPS, who->group + 1, &len) == 0)
		who->n_groups += len / sizeof(gid_t);
	put_user_name(who->uid, who->user);
	put_login(who->pid, who->login);
	return true;
}

static void turn_away(int s)
{
	static const char text[] = "429 {\"error\":\"too many connections\"}\n";
	(void)!send(s, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(s);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct timeval limit = { .tv_sec = CONTROL_SECONDS };
	(void)what;
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s < 0)
		return;
	struct client *k = calloc(1, sizeof(*k));
	if (!k || !control_read_peer(s, &k->peer) || !find_client_place(c, &k->peer, &k->place) ||
	    !(k->late = evtimer_new(c->base, on_late, k)) ||
	    !(k->b = bufferevent_socket_new(c->base, s, BEV_OPT_CLOSE_ON_FREE))) {
		if (k && k->late)
			event_free(k->late);
		free(k);
		turn_away(s);
		return;
	}
	k->c = c;
	c->client[k->place] = k;
	bufferevent_setcb(k->b, on_readable, on_written, on_trouble, k);
	/* of reading set_limit() knows more: that we are busy is not the client's silence */
	bufferevent_set_timeouts(k->b, NULL, &limit);
	set_limit(k, CONTROL_SECONDS);
	set_input_most(k, 0);
	bufferevent_enable(k->b, EV_READ | EV_WRITE);
}

mode_t control_mode(bool everybody)
{
	return everybody ? 0666 : 0660;
}

int control_listen(const char *path, bool everybody)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	struct stat st;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) { /* a slip, not a dead zoned's */
		close(fd);
		errno = EEXIST;
		return -1;
	}
	unlink(path);
	mode_t old = umask(0777 & ~control_mode(everybody));
	int err = bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, CONTROL_CLIENTS);
	umask(old);
	if (!err)
		return fd;
	close(fd);
	return -1;
}

struct control *control_open(struct event_base *base, const struct control_conf *conf)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct control){ .conf = *conf, .base = base };
	c->fd = control_listen(conf->path, conf->everybody);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	snprintf(c->path, sizeof(c->path), "%s", conf->path);
	c->accept = event_new(base, c->fd, EV_READ | EV_PERSIST, on_accept, c);
	if (!c->accept || event_add(c->accept, NULL)) {
		control_close(c);
		return NULL;
	}
	return c;
}

int control_let_in(struct control *c, bool everybody)
{
	return chmod(c->path, control_mode(everybody)) ? -errno : 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i])
			drop_client(c->client[i]);
	if (c->accept)
		event_free(c->accept);
	close(c->fd);
	unlink(c->path);
	free(c);
}
