/* SPDX-License-Identifier: MIT
 * Declarations that the files of learn share. */
#ifndef ZONED_LEARN_INTERNAL_H
#define ZONED_LEARN_INTERNAL_H

#include "base/arena.h"
#include "inspect/recording.h"
#include "learn/identity.h"
#include "learn/learn.h"
#include "packet/packet.h"
#include "packet/capture.h"

struct learn_flow;

/* Where and when something was seen. */
struct learn_seen {
	uint64_t count, first_ns, last_ns;
	uint32_t frame; /* the first one */
	uint16_t file;
};

struct learn_span {
	double lo, hi;
};

struct learn_item {
	double lo, hi;
	uint8_t column;
};

struct learn_note {
	struct learn_seen seen;
	struct learn_item *v, *collected; /* sorted, those that touch joined */
	uint32_t talk, next;		  /* next in bucket, index + 1 */
	uint16_t n, n_collected;
	uint8_t kind;
	uint8_t filler; /* enum learn_filler */
	bool setting;
	uint16_t reason; /* of --onto: the model in force refuses it; R_NONE: not so */
};

/* The elements of one column. */
struct learn_cells {
	struct learn_span *v;
	uint32_t n;
};

struct learn_entry {
	struct learn_cells c[LEARN_COLUMNS];
	struct learn_seen seen;
	uint32_t client; /* the host that did it, */
	bool several;	 /* or one of those */
	uint8_t kind;
	uint8_t filler; /* enum learn_filler: nothing like it was seen */
	bool setup;	/* LEARN_SETUP */
	uint16_t why;	/* not admitted: bits by enum learn_kind; 0: admitted */
};

struct learn_entries {
	struct learn_entry *v;
	size_t n;
};

/* Which notes are made entries of. */
enum learn_of {
	LEARN_OF_ALL,
	LEARN_OF_REFUSED,   /* by the model in force */
	LEARN_OF_PERMITTED, /* by it: admitted, whatever they are */
};

struct learn_fault {
	struct learn_seen seen;
	uint32_t talk;
	uint16_t reason;
};

struct learn_host {
	struct addr addr;
	uint32_t next;				/* in bucket, index + 1 */
	uint32_t asks, answers;			/* protocols, as bits */
	bool programs;				/* it sends programs or restarts */
	bool alone;				/* it speaks to others of its role in its subnet */
	bool serves;				/* it answers a plain service */
	bool unwritable;			/* only its subnet can be written */
	uint32_t zone;				/* index in zones */
	char said[LEARN_SAID][LEARN_SAID_TEXT]; /* escaped */
	unsigned n_said, n_kept;		/* kept: said in packets that no engine reads */
	struct learn_seen said_at;
	uint8_t mac[6]; /* that its packets came from, the first */
	bool has_mac, several_macs;
	uint16_t vlan; /* the first one's outermost; 0: none */
};

/* A client's conversations with one port of a server. */
struct learn_talk {
	struct learn_seen seen; /* its packets; count: those that brought something */
	uint32_t client, server, next;
	uint16_t port;
	uint8_t l4, proto; /* PROTO_NONE: not inspected */
	bool answered;
	bool turned;
	uint64_t messages, second, in_second, writes_in_second;
	uint64_t busiest, busiest_writes; /* in one second */
	uint64_t refused;		  /* messages that no policy permits */
	uint16_t begun; /* why the model in force refuses a message by its beginning */
	uint64_t memory[LEARN_MEMORY]; /* the protocol's */
	struct identity_asked asked;   /* where it is EtherNet/IP */
	const struct learn_flow *flow; /* of the plant; NULL: inside one zone */
};

struct learn_zone {
	char name[MODEL_NAME_MAX + 1];
	uint32_t known; /* its number in the model in force; 0: it is new */
	const char *role, *asset;
	struct prefix subnet;
	bool shared;	     /* another zone has addresses of its subnet */
	bool whole, outside; /* the subnet is its network; addresses of the public network */
	unsigned n_hosts;
	uint32_t alone; /* host + 1, where the zone is its own */
};

/* One inspected flow of a conduit, or one port of a plain one. */
struct learn_flow {
	uint8_t proto, l4;
	bool turned;
	bool empty;   /* connections without any message */
	bool clashes; /* a flow before has its ports, and the master at the other end */
	enum learn_of of;
	uint16_t ports[16];
	unsigned n_ports;
	char policy[MODEL_NAME_MAX + 1];
	struct learn_talk **talks; /* of it, in order */
	size_t n_talks;
	struct learn_seen seen;
	uint16_t why; /* not admitted; see struct learn_entry */
	struct learn_entries admitted, proposed, settings;
};

struct learn_conduit {
	char name[MODEL_NAME_MAX + 1];
	uint32_t from, to;
	const struct conduit *known; /* the one of the model in force; NULL: it is new */
	struct learn_flow *flows;
	size_t n_flows;
	unsigned stations;
};

struct learn_plant {
	struct learn_zone *zones;
	size_t n_zones;
	struct learn_conduit *conduits;
	size_t n_conduits;
	uint32_t *hosts; /* in order of zone and address */
	size_t n_hosts;
};

struct learn_path {
	const char *path, *name;
	uint64_t first_ns, last_ns, frames;
	bool broken;
};

/* Packets that are no conversation between two stations, and why. */
enum learn_left {
	LEFT_NOT_IP,
	LEFT_BROKEN,
	LEFT_FRAGMENT,
	LEFT_ITSELF, /* a station to itself */
	LEFT_LOCAL,  /* multicast, broadcast, link-local: no gateway forwards them */
	LEFT_OTHER_L4,
	LEFT_NO_ROOM,
	LEFT_GAP, /* not packets, but places where some are missing */
	LEFT_N
};

struct learn_link { /* the client of a connection in a file */
	uint64_t ends[5];
	uint32_t talk;	 /* index + 1; 0: free */
	bool from_first; /* the client is the end with the smaller key */
};

struct learn {
	struct learn_options o;
	struct arena *arena;
	struct learn_path *files;
	size_t n_files;
	struct learn_host *hosts;
	uint32_t *host_buckets, *talk_buckets, *note_buckets, *text_buckets;
	size_t n_hosts, n_talks, n_notes, n_texts, n_faults;
	struct learn_talk *talks;
	struct learn_link *links;
	size_t n_links;
	struct learn_note *notes;
	struct learn_text {
		const char *s;
		uint32_t n, next;
	} * texts;
	struct learn_fault *faults;
	uint64_t left[LEFT_N], packets;
	uint64_t gaps; /* seen by all passes together */
	/* without room: notes, texts, faults, connections */
	uint64_t lost_notes, lost_texts, lost_faults, lost_links;
	uint64_t first_ns, last_ns, until_ns; /* until_ns: what is learned from */

	/* the message that is observed */
	struct learn_talk *talk;
	const struct event *ev;
	uint16_t file;
	uint32_t frame;
	bool turned_one;
	struct {
		struct learn_item v[LEARN_ITEMS];
		size_t n;
		uint8_t kind;
		uint8_t filler; /* enum learn_filler */
		bool setting, cut;
	} note;
	struct learn_plant plant;
	struct learn_onto *onto; /* NULL: there is no model in force */
	uint16_t reason;	 /* of the message that is observed, under that model */
};

static inline const struct learn_ops *learn_ops_of(uint8_t proto)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = &learn_##name,
	static const struct learn_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P
	return proto < PROTO_N ? ops[proto] : NULL;
}

static inline const struct learn_column *learn_column_of(const struct learn_ops *ops, bool setting,
							 unsigned column)
{
	return setting ? &ops->settings[column] : &ops->columns[column];
}

/* notes.c */
void learn_sight(struct learn_seen *s, uint64_t ns, uint16_t file, uint32_t frame, uint64_t n);
void learn_sight_join(struct learn_seen *into, const struct learn_seen *s);
/* Sorted, and joined where they overlap, or touch in columns of whole numbers. */
size_t learn_join(struct learn_span *v, size_t n, enum learn_form form);
uint64_t learn_hash(const uint64_t *w, size_t n);
/* The number of a text, from 1; 0: there is no room for one more. */
uint32_t learn_text_number(struct learn *l, const void *text, size_t n);
void learn_fault_seen(struct learn *l, enum reason why);
void learn_notes_forget(struct learn *l);

/* talks.c: the conversation of a packet; NULL: it is none (counted in left). *from_client. */
struct learn_talk *learn_talk_of(struct learn *l, const struct packet *p, bool *from_client);
/* That of a message, which may come later than its packet; NULL: it shows no ends. */
struct learn_talk *learn_talk_of_event(struct learn *l, const struct event *ev);
/* A file begins: its connections are others. */
void learn_talks_file(struct learn *l);
uint8_t learn_proto_of(const struct learn *l, uint8_t l4, uint16_t port);

/* passes.c: each packet of the captures, in the order of the files. */
struct learn_each {
	void *ctx;
	/* before the first packet of a file, and behind its last one */
	bool (*begins)(void *ctx, uint16_t file);
	void (*ends)(void *ctx);
	void (*packet)(void *ctx, const struct frame *f);
};
bool learn_each_packet(struct learn *l, const struct learn_each *each);
/* The engine over the captures, with this image; only packets of inspected talks reach it. */
struct learn_run {
	struct learn *l;
	const struct pol_image *img;
	uint64_t until_ns; /* later packets are not read */
	void *ctx;
	void (*message)(void *ctx, struct learn_talk *t, const struct event *ev, const void *m,
			uint32_t frame);
	/* a packet of no inspected talk; NULL: nobody wants it */
	void (*plain)(void *ctx, struct learn_talk *t, bool from_client, const struct packet *p,
		      const struct frame *f);
	struct recording recording; /* of one file */
	/* another image beside, whose verdict of each message comes first; NULL: none */
	const struct pol_image *beside;
	struct recording other;
	void (*judged)(void *ctx, const struct event *ev, uint32_t frame);
};
bool learn_run(struct learn_run *r);

/* survey.c: every station a zone of its own, every inspected talk a conduit that permits all. */
bool learn_survey(struct learn *l);
/* An image of the text; NULL: printed. observe: of every conduit. */
struct pol_image *learn_image(const char *text, size_t len, bool observe, struct model **m);

bool learn_survey_messages(struct learn *l);
/* entries.c: what the notes of these talks need. */
void learn_entries(struct learn *l, struct learn_flow *f);
bool learn_admits(const struct learn *l, unsigned why);

/* plant.c */
void learn_plant(struct learn *l);

/* write.c, write-policy.c */
enum { LEARN_LINE = 1 << 20, LEARN_TIME_TEXT = 32, LEARN_SEEN_TEXT = 600, RATE_MOST = 1000000 };
struct learn_pen {
	FILE *f;
	struct learn *l;
	bool off; /* what is written is proposed only: as comments */
	struct sb line;
};
/* The line that was put together, broken where it is long; a comment where the pen is off. */
void learn_line(struct learn_pen *p, unsigned indent);
/* A comment of its own, in any case. */
void learn_remark(struct learn_pen *p, unsigned indent);
void learn_put_time(struct sb *b, uint64_t ns);
/* "12 times, first plant.pcap frame 3 (TIME), last TIME" */
void learn_put_seen(struct sb *b, const struct learn *l, const struct learn_seen *s,
		    const char *what);
void learn_put_why(struct sb *b, unsigned why);
/* Is it written, not as a comment? */
bool learn_writes_flow(const struct learn_flow *w);
bool learn_writes_conduit(const struct learn_conduit *c);
void learn_put_policy(struct learn_pen *p, const struct learn_flow *w);
void learn_put_zone(struct learn_pen *p, size_t zone, const char *before, const char *behind);
void learn_put_conduit(struct learn_pen *p, const struct learn_conduit *c, const char *before,
		       const char *behind);
void learn_put_flow(struct learn_pen *p, const struct learn_flow *w, const char *before,
		    const char *behind);
/* A limit for what came at so much a second. */
uint64_t learn_rate_with_room(uint64_t n);
void learn_put_busiest(struct learn_pen *p, uint64_t requests, uint64_t writes);
void learn_put_entry(struct learn_pen *p, const struct learn_ops *ops, const struct learn_entry *e,
		     const char *before, const char *behind);
void learn_put_cells(struct learn_pen *p, const struct learn_column *k,
		     const struct learn_cells *c);
void learn_put_evidence(struct learn_pen *p, const struct learn_entry *e);

/* onto.c: the model in force. NULL: none. */
struct learn_onto {
	struct model *m;	 /* as the operator wrote it, for places */
	struct pol_image *first; /* of it */
	char *text;		 /* in canonical form, with what was pasted */
	struct model *now;	 /* of that text, as the next */
	struct pol_image *img;
	struct learn_seen *rules[PROTO_N]; /* by rule of first: what it permitted */
	struct learn_seen *flows;	   /* by flow of first */
	struct onto_refused {
		struct learn_seen seen;
		uint16_t flow, reason;
	} refused[LEARN_FAULTS]; /* under first */
	size_t n_refused;
	bool rated;	  /* first is no more what judges: the tables above are filled */
	uint8_t *hurried; /* by conduit of m: bits of what was too much for its limits in this turn
			   */
	struct onto_verdict {
		struct addr src, dst;
		uint32_t frame;
		uint16_t sport, dport, reason;
		bool used;
	} * verdicts; /* of messages that the other engine has not told yet */
	size_t n_verdicts;
	struct onto_block {
		struct onto_place {
			enum onto_kind {
				ONTO_ZONES,
				ONTO_CONDUITS,
				ONTO_POLICIES,
				ONTO_FLOWS,   /* of a conduit */
				ONTO_RATES,   /* likewise */
				ONTO_ALLOW,   /* of a policy */
				ONTO_SETTING, /* likewise */
				ONTO_INSTEAD, /* of all its entries */
			} kind;
			const char *name; /* of the conduit or policy */
		} place;
		char *body;
	} * blocks;
	size_t n_blocks;
};
enum { ONTO_REQUESTS = 1, ONTO_WRITES = 2 }; /* in hurried */
enum { ONTO_VERDICTS = 4096, ONTO_BLOCKS = 8192, ONTO_TURNS = 8 };
void learn_onto_free(struct learn_onto *o);
void learn_onto_judged(void *ctx, const struct event *ev, uint32_t frame);
/* Why the model refuses this message, which has been judged just now; R_NONE: it does not. */
uint16_t learn_onto_reason(struct learn *l, const struct event *ev, uint32_t frame);
/* Its zone in the model; 0: it is in none. */
uint32_t learn_onto_zone(const struct learn *l, const struct addr *a);
/* What no policy permits, by reason, a remark each; w NULL: of all flows. */
void learn_put_faults(struct learn_pen *p, const struct learn_flow *w, unsigned indent);
/* A station says of itself; bytes from the wire. seen: where. */
void learn_host_says(struct learn_host *h, const void *text, size_t n,
		     const struct learn_seen *seen);
/* What the model says that is spoken to this port. */
uint8_t learn_onto_proto(const struct learn *l, uint8_t l4, uint16_t port);
bool learn_onto_uses(const struct learn *l, const char *name);
/* The policy under which the talk is judged, and its number; NULL: none. */
const struct policy *learn_onto_policy(const struct learn *l, const struct learn_talk *t,
				       uint16_t *flow);
/* Does the model permit the talk, inspected or not? */
bool learn_onto_knows(const struct learn *l, const struct learn_talk *t);
/* Is the talk of this flow without inspection? Zones are not looked at. */
bool learn_flow_has(const struct flow *w, const struct learn *l, const struct learn_talk *t);
bool learn_plain_permitted(const struct model *m, const struct pol_image *img,
			   const struct learn *l, const struct learn_talk *t);
/* onto-paste.c: the text with the block in it; malloc'ed; NULL: there is no such place. */
char *onto_paste(const char *text, const struct onto_place *at, const char *body);
/* The value of a setting of a policy, in canonical text; *n: its length. NULL: there is none. */
const char *onto_setting(const char *text, const char *policy, const char *key, size_t *n);
/* onto-write.c: the blocks of this turn. Returns whether any admits something. */
bool onto_write(struct learn *l, bool first, bool last);
void onto_print(struct learn *l, FILE *f);

#endif
