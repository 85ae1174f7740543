/* SPDX-License-Identifier: MIT
 * The control socket. */
#include "daemon/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

struct control {
	struct event_base *base;
	struct event *accept;
	int fd;
	struct client *client[CONTROL_CLIENTS]; /* NULL: a free place */
	const struct control_verb *verbs;
	void *ctx;
	void (*say)(int, const char *);
	char path[108];
};

struct client {
	struct control *c;
	struct bufferevent *b;
	struct ucred peer;
	bool replied;
	unsigned place;
};

static bool is_admin(const struct ucred *who)
{
	return who->uid == 0 || who->uid == geteuid();
}

/* A place for one more; false: there is none, or its user has its share. */
static bool find_client_place(const struct control *c, const struct ucred *who, unsigned *place)
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

static void drop_client(struct bufferevent *b, struct client *k)
{
	k->c->client[k->place] = NULL;
	bufferevent_free(b);
	free(k);
}

static json_t *refusal_reply(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *answer_request(const struct client *k, const char *line)
{
	const struct control *c = k->c;
	char text[200];
	for (const struct control_verb *v = c->verbs; v->name; v++) {
		if (strcmp(v->name, line) != 0)
			continue;
		bool may = !v->admin || is_admin(&k->peer);
		if (v->admin) {
			snprintf(text, sizeof(text), "control: \"%s\" asked by uid %u, pid %d: %s",
				 v->name, (unsigned)k->peer.uid, (int)k->peer.pid,
				 may ? "done" : "refused, not root");
			c->say(may ? LOG_NOTICE : LOG_WARNING, text);
		}
		return may ? v->run(c->ctx) : refusal_reply("only root may ask this");
	}
	return refusal_reply("unknown verb");
}

static void on_readable(struct bufferevent *b, void *arg)
{
	struct client *k = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	size_t n;
	char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
	if (!line) {
		if (evbuffer_get_length(in) > CONTROL_LINE)
			drop_client(b, k);
		return;
	}
	json_t *reply = answer_request(k, line);
	char *text = reply ? json_dumps(reply, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	bufferevent_disable(b, EV_READ);
	evbuffer_add_printf(bufferevent_get_output(b), "%s\n",
			    text ? text : "{\"error\":\"out of memory\"}");
	k->replied = true;
	json_decref(reply);
	free(text);
	free(line);
}

static void on_written(struct bufferevent *b, void *arg)
{
	struct client *k = arg;
	if (k->replied && evbuffer_get_length(bufferevent_get_output(b)) == 0)
		drop_client(b, k);
}

static void on_trouble(struct bufferevent *b, short what, void *arg)
{
	(void)what;
	drop_client(b, arg);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct timeval limit = { .tv_sec = CONTROL_SECONDS };
	socklen_t len = sizeof(struct ucred);
	(void)what;
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s < 0)
		return;
	struct client *k = calloc(1, sizeof(*k));
	if (!k || getsockopt(s, SOL_SOCKET, SO_PEERCRED, &k->peer, &len) ||
	    !find_client_place(c, &k->peer, &k->place)) {
		free(k);
		close(s);
		return;
	}
	struct bufferevent *b = bufferevent_socket_new(c->base, s, BEV_OPT_CLOSE_ON_FREE);
	if (!b) {
		free(k);
		close(s);
		return;
	}
	k->c = c;
	k->b = b;
	c->client[k->place] = k;
	bufferevent_setcb(b, on_readable, on_written, on_trouble, k);
	bufferevent_set_timeouts(b, &limit, &limit);
	bufferevent_enable(b, EV_READ | EV_WRITE);
}

static int listen_at(const char *path)
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
	unlink(path);
	mode_t old = umask(0117);
	int err = bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, CONTROL_CLIENTS);
	umask(old);
	if (!err)
		return fd;
	close(fd);
	return -1;
}

struct control *control_open(struct event_base *base, const char *path,
			     const struct control_verb *verbs, void *ctx,
			     void (*say)(int, const char *))
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct control){ .base = base, .verbs = verbs, .ctx = ctx, .say = say };
	c->fd = listen_at(path);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	snprintf(c->path, sizeof(c->path), "%s", path);
	c->accept = event_new(base, c->fd, EV_READ | EV_PERSIST, on_accept, c);
	if (!c->accept || event_add(c->accept, NULL)) {
		control_close(c);
		return NULL;
	}
	return c;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i])
			drop_client(c->client[i]->b, c->client[i]);
	if (c->accept)
		event_free(c->accept);
	close(c->fd);
	unlink(c->path); /* may fail: the directory is root's; the next start replaces it */
	free(c);
}
