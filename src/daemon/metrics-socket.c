/* SPDX-License-Identifier: MIT
 *
 * The socket of a collector (AF_UNIX, daemon.metrics_socket): a small part of HTTP/1.1 (RFC 9112),
 * one request on each connection. GET and HEAD of /metrics and / have an answer, for who has the
 * role viewer; nothing can be changed. The socket has the mode of the control socket.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/metrics.h"
#include "daemon/parent.h"
#include "daemon/steps.h"

struct scraper {
	struct metrics *m;
	struct bufferevent *b;
	struct event *late; /* the request is not whole, or the answer not read */
	bool answered, may_read;
	unsigned place;
};

struct metrics {
	struct parent *p;
	int fd;
	struct event *accept;
	char *path;
	struct scraper *client[METRICS_CLIENTS];
};

static void drop_scraper(struct scraper *s)
{
	s->m->client[s->place] = NULL;
	event_free(s->late);
	bufferevent_free(s->b);
	free(s);
}

static void set_late(struct scraper *s, int seconds)
{
	const struct timeval t = { .tv_sec = seconds };
	evtimer_add(s->late, &t);
}

static void on_scraper_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drop_scraper(arg);
}

/* ---- the answer ---- */

enum answer {
	ANSWER_OK,
	ANSWER_BAD,
	ANSWER_FORBIDDEN,
	ANSWER_NOT_FOUND,
	ANSWER_METHOD,
	ANSWER_LONG,
	ANSWER_FAILED
};

static const char *const status_lines[] = {
	[ANSWER_OK] = "200 OK",
	[ANSWER_BAD] = "400 Bad Request",
	[ANSWER_FORBIDDEN] = "403 Forbidden",
	[ANSWER_NOT_FOUND] = "404 Not Found",
	[ANSWER_METHOD] = "405 Method Not Allowed\r\nAllow: GET, HEAD",
	[ANSWER_LONG] = "431 Request Header Fields Too Large",
	[ANSWER_FAILED] = "500 Internal Server Error",
};

/* The first line of a request: "GET /metrics HTTP/1.1", with a query or without. */
static enum answer read_first_line(const char *line, bool *head)
{
	char method[16], target[64], version[16];
	int end = 0;
	if (sscanf(line, "%15s %63s %15s%n", method, target, version, &end) != 3 || line[end] ||
	    strncmp(version, "HTTP/1.", 7) != 0)
		return ANSWER_BAD;
	*head = strcmp(method, "HEAD") == 0;
	if (!*head && strcmp(method, "GET") != 0)
		return ANSWER_METHOD;
	target[strcspn(target, "?")] = '\0';
	return strcmp(target, "/metrics") == 0 || strcmp(target, "/") == 0 ? ANSWER_OK
									   : ANSWER_NOT_FOUND;
}

static void send_answer(struct scraper *s, enum answer a, bool head)
{
	struct evbuffer *out = bufferevent_get_output(s->b);
	size_t n = 0;
	char *text = a == ANSWER_OK ? metrics_text(s->m->p, &n) : NULL;
	if (a == ANSWER_OK && !text)
		a = ANSWER_FAILED;
	if (a != ANSWER_OK)
		n = strcspn(status_lines[a], "\r") + 1;
	evbuffer_add_printf(out,
			    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; "
			    "charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			    status_lines[a], n);
	if (!head && text)
		evbuffer_add(out, text, n);
	else if (!head)
		evbuffer_add_printf(out, "%.*s\n", (int)n - 1, status_lines[a]);
	free(text);
	s->answered = true;
	set_late(s, METRICS_WHOLE);
}

/* ---- the request ---- */

/* Headers are not looked at, but the request must have all of them. */
static void on_scrape(struct bufferevent *b, void *arg)
{
	struct scraper *s = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	bool head = false;
	if (s->answered)
		return;
	if (end.pos < 0 && evbuffer_get_length(in) < METRICS_REQUEST)
		return;
	bufferevent_disable(b, EV_READ);
	if (end.pos < 0) {
		send_answer(s, ANSWER_LONG, false);
		return;
	}
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF);
	enum answer a = line ? read_first_line(line, &head) : ANSWER_BAD;
	free(line);
	send_answer(s, a == ANSWER_OK && !s->may_read ? ANSWER_FORBIDDEN : a, head);
}

static void on_answer_sent(struct bufferevent *b, void *arg)
{
	struct scraper *s = arg;
	if (s->answered && evbuffer_get_length(bufferevent_get_output(b)) == 0)
		drop_scraper(s);
}

/* Whoever closes the sending half gets the answer to what is whole. */
static void on_scraper_gone(struct bufferevent *b, short what, void *arg)
{
	struct scraper *s = arg;
	if (!(what & BEV_EVENT_EOF) || !s->answered ||
	    evbuffer_get_length(bufferevent_get_output(b)) == 0)
		drop_scraper(s);
}

/* ---- connections ---- */

/* Who may not read keeps no collector out. */
static bool may_come(const struct metrics *m, bool may_read)
{
	unsigned strangers = 0;
	for (unsigned i = 0; i < METRICS_CLIENTS; i++)
		strangers += m->client[i] && !m->client[i]->may_read;
	return may_read || strangers < METRICS_STRANGERS;
}

static bool add_scraper(struct metrics *m, int fd, unsigned place)
{
	struct control_peer who;
	bool known = control_read_peer(fd, &who),
	     may_read = known && role_of(m->p, &who) >= ROLE_VIEWER;
	struct scraper *s = known && may_come(m, may_read) ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return false;
	s->m = m;
	s->may_read = may_read;
	s->place = place;
	s->late = evtimer_new(m->p->base, on_scraper_late, s);
	s->b = s->late ? bufferevent_socket_new(m->p->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	if (!s->b) {
		if (s->late)
			event_free(s->late);
		free(s);
		return false;
	}
	m->client[place] = s;
	bufferevent_setcb(s->b, on_scrape, on_answer_sent, on_scraper_gone, s);
	bufferevent_setwatermark(s->b, EV_READ, 0, METRICS_REQUEST);
	set_late(s, METRICS_SECONDS);
	bufferevent_enable(s->b, EV_READ | EV_WRITE);
	return true;
}

static void on_scraper(evutil_socket_t fd, short what, void *arg)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				   "Connection: close\r\n\r\n";
	struct metrics *m = arg;
	unsigned place = 0;
	(void)what;
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s < 0)
		return;
	while (place < METRICS_CLIENTS && m->client[place])
		place++;
	if (place < METRICS_CLIENTS && add_scraper(m, s, place))
		return;
	char request[METRICS_REQUEST]; /* unread, it would have the answer thrown away */
	(void)!recv(s, request, sizeof(request), MSG_DONTWAIT);
	(void)!send(s, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(s);
}

/* ---- start and stop ---- */

/* Its owner is zoned's user, as of the control socket. */
static int give_socket(const struct parent *p, const char *path)
{
	return p->becomes && chown(path, p->uid, p->gid) ? -errno : 0;
}

static int watch_socket(struct metrics *m)
{
	m->accept = event_new(m->p->base, m->fd, EV_READ | EV_PERSIST, on_scraper, m);
	return m->accept && event_add(m->accept, NULL) == 0 ? 0 : -ENOMEM;
}

int metrics_open(struct parent *p)
{
	const char *path = p->model->daemon.metrics_socket;
	if (!path)
		return 0;
	struct metrics *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct metrics){ .p = p, .path = strdup(path), .fd = -1 };
	p->metrics = m;
	m->fd = m->path ? control_listen(path, p->roles.set) : -1;
	int err = m->fd < 0 ? -errno : give_socket(p, path);
	if (!err)
		err = watch_socket(m);
	if (!err)
		return 0;
	if (err != STEP_SAID)
		say(LOG_ERR, "metrics_socket %s: %s; nothing was changed", path, strerror(-err));
	metrics_close(p);
	return STEP_SAID;
}

int metrics_let_in(const struct parent *p, bool everybody)
{
	const char *path = p->metrics ? p->metrics->path : NULL;
	return path && chmod(path, control_mode(everybody)) ? -errno : 0;
}

void metrics_close(struct parent *p)
{
	struct metrics *m = p->metrics;
	if (!m)
		return;
	for (unsigned i = 0; i < METRICS_CLIENTS; i++)
		if (m->client[i])
			drop_scraper(m->client[i]);
	if (m->accept)
		event_free(m->accept);
	if (m->fd >= 0) {
		close(m->fd);
		unlink(m->path);
	}
	free(m->path);
	free(m);
	p->metrics = NULL;
}
