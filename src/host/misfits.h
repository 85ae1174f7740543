/* SPDX-License-Identifier: MIT
 *
 * Misfits of a model and its machine: interfaces that do not exist, that no packet comes by,
 * between whose ports packets pass unjudged, or that no zone names; settings of the kernel with
 * which a gateway does not do what the model says; networks that are routed elsewhere. Each is a
 * text for the operator. Pure.
 */
#ifndef ZONED_HOST_MISFITS_H
#define ZONED_HOST_MISFITS_H

#include "host/links.h"
#include "host/routes.h"
#include "host/settings.h"
#include "model/model.h"

enum { MISFITS_MAX = 64 }; /* told one by one; the first are enough to act upon */

/* In the order in which they are reported. */
enum misfit_kind {
	/* a zone names a port of something that moves packets between its ports, unjudged */
	MISFIT_PORT,
	MISFIT_SHARED, /* several zones may be behind such a thing */
	/* a zone names a part of another interface, by which its packets come */
	MISFIT_MEMBER,
	MISFIT_MISSING,	   /* a zone names what is not there */
	MISFIT_OTHER_NAME, /* a zone names another name than that by which the rules know it */
	/* from here on: something to know */
	MISFIT_FORWARDING,  /* packets of a family, or that come by an interface, are not forwarded
			     */
	MISFIT_SETTING,	    /* of connection tracking */
	MISFIT_NO_ZONE,	    /* up, and no zone names it */
	MISFIT_OTHER_ROUTE, /* a zone's network is routed by an interface that is not its own */
	MISFIT_NO_ROUTE,
	MISFIT_UNASKED, /* there are more networks than routes are looked up for */
	MISFIT_KINDS
};

struct misfit {
	enum misfit_kind kind;
	struct where at; /* of the model; line 0: nothing there concerns it */
	/* fields: kind=bridge-port interface="eth2" master="br0" zone="cell" */
	char what[160];
	char text[320]; /* a sentence, and what to do */
};

struct misfits {
	size_t n, more; /* more: for which there was no room */
	struct misfit v[MISFITS_MAX];
};

/* What was read of this machine; the routes are those of this model. */
struct host_facts {
	const struct host_links *links;
	const struct host_settings *settings;
	const struct host_routes *routes;
};

/* False: out of memory, and out is empty. */
bool host_misfits(const struct model *m, const struct host_facts *facts, struct misfits *out);
/* Packets pass between zones that nobody judges nor records. */
bool misfit_is_unjudged(enum misfit_kind kind);
/* The model does not work here as it is written; else it is something to know. */
bool misfit_is_error(enum misfit_kind kind);

#endif
