/* SPDX-License-Identifier: MIT
 *
 * Two TCP ends, a network that loses, repeats and reorders, and the data path
 * between them, driven by an explicit list of steps. Every list is a valid
 * schedule, so a failing one can be made shorter by leaving steps out.
 */
#ifndef ZONED_TESTS_SCHEDULE_H
#define ZONED_TESTS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/inspect.h"

enum { STEPS_MAX = 400, TEXT_MAX = 200, STREAM_MAX = 8192, MESSAGES_MAX = 64, REQUESTS_MAX = 24 };

enum op {
	OP_REQUEST,
	OP_ANSWER,
	OP_SEND,
	OP_GATE,
	OP_ARRIVE,
	OP_REPEAT,
	OP_LOSE,
	OP_ACK,
	OP_TIME,
	OP_RELOAD,
	OP_ATTACK,
	OP_FORGET,
	OPS
};
/* Of DNP3 frames (schedule-dnp3.c) */
enum op_dnp3 {
	OP_PART,
	OP_ANEW,
	OP_COPY,
	OP_CONFIRMED,
	OP_IGNORED,
	OP_NUMBER,
	OP_ADDRESS,
	OP_CONTROL,
	OP_CONTENT,
	OP_BREAK,
	OP_HIDDEN,
	OP_LINK,
	OP_RECONNECT,
	OP_PAUSE,
	OPS_DNP3
};

enum sort { HONEST, ATTACK, REVERSED, DNP3, DNP3_REVERSED, DNP3_INTERLEAVED, IEC104 };

struct step {
	uint8_t op, a, b, c;
};

struct schedule {
	uint64_t seed;
	bool attack;	  /* some bytes come from somebody else */
	bool reversed;	  /* and the gate forgets; another conduit permits the way back */
	bool dnp3;	  /* frames to stations */
	bool interleaved; /* and the policy permits several stations' responses in turn */
	bool iec104;	  /* likewise; the steps are those of DNP3 */
	bool tame;	  /* of these: nothing is wrong with any */
	unsigned n;
	struct step step[STEPS_MAX];
};

/* From the seed alone. */
void schedule_make(struct schedule *s, uint64_t seed, enum sort sort);

enum sabotage { SABOTAGE_NONE, SABOTAGE_PASS_ALL, SABOTAGE_SWALLOW };

struct schedule_stats { /* summed over runs */
	uint64_t runs, finished, ended, messages, refused, packets;
};

/* Run it. NULL: every promise held; else which did not (static text). sabotage: what
 * the test does to packets behind the data path, to prove that breaches are seen. */
const char *schedule_run(const struct schedule *s, enum sabotage how, struct schedule_stats *stats);
const char *schedule_iec104(const struct schedule *s, enum sabotage how,
			    struct schedule_stats *stats);
const char *schedule_stations(const struct schedule *s, enum sabotage how,
			      struct schedule_stats *stats);
/* Leave out steps as long as it still fails. */
void schedule_shrink(struct schedule *s, enum sabotage how);
void schedule_print(const struct schedule *s);

#endif
