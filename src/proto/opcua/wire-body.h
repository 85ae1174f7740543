/* SPDX-License-Identifier: MIT
 *
 * OPC UA services: what a message body says, in the fields that policy names.
 * OPC 10000-4 (services), OPC 10000-6 clause 5.2 (binary encoding). The body
 * may be put together from several chunks. No policy, no state, no allocation.
 *
 *   +-----------------+----------------------------+---------------------
 *   | TypeId (NodeId) | request (response) header  | fields of the service
 *   +-----------------+----------------------------+---------------------
 */
#ifndef ZONED_PROTO_OPCUA_WIRE_BODY_H
#define ZONED_PROTO_OPCUA_WIRE_BODY_H

#include "proto/opcua/wire.h"

enum {
	UA_DEPTH_MAX = 16, /* values inside values */
	UA_NODE_TEXT = 96, /* a node id as text, shortened if need be */
	/* ms, nearly 25 days: more is no interval that anybody wants */
	UA_INTERVAL_MOST = INT32_MAX,
};

enum ua_class {
	UA_CHANNEL = 1,
	UA_DISCOVERY = 2,
	UA_SESSION = 4,
	UA_BROWSE = 8,
	UA_READ = 16,
	UA_SUBSCRIBE = 32,
	UA_WRITE = 64,
	UA_CALL = 128,
	UA_HISTORY_READ = 256,
	UA_HISTORY_UPDATE = 512,
	UA_NODE_MANAGEMENT = 1024,
	UA_QUERY = 2048,
	UA_REGISTRATION = 4096,
};

struct ua_service {
	uint16_t request, response; /* ids of the binary encodings, namespace 0 */
	const char *name;	    /* "create-session": policy language, records, manual */
	uint16_t classes;	    /* enum ua_class bits */
	const char *fields;	    /* of the request behind its header; see wire-body.c */
	const char *answer;	    /* of the response, NULL: not read past its header */
};

extern const struct ua_service ua_services[]; /* in order of request */
extern const size_t ua_services_n;
const struct ua_service *ua_service_by_id(uint32_t id); /* of request or response */
const struct ua_service *ua_service_by_name(const char *name);
/* Does the service name nodes (attributes, any interval, a sampling interval) that a policy must
 * judge? */
bool ua_service_names(const struct ua_service *s, char what); /* 'n', 'a', 'i' or 's' */
struct ua_class_name {
	const char *name;
	uint16_t bit;
};
extern const struct ua_class_name ua_classes[];
extern const size_t ua_classes_n;

enum { UA_EVENT_NOTIFIER = 12, UA_VALUE = 13 }; /* attributes */
enum { UA_SERVICE_FAULT = 397, UA_OPEN_CHANNEL = 446, UA_CLOSE_CHANNEL = 452 };

enum ua_id { UA_NUMERIC, UA_STRING, UA_GUID, UA_OPAQUE };

struct ua_node { /* NodeId, ExpandedNodeId */
	uint16_t ns;
	uint8_t kind;	    /* enum ua_id */
	bool foreign;	    /* named by a namespace URI, or on another server */
	uint32_t number;    /* UA_NUMERIC */
	struct ua_bytes id; /* the others; a GUID as its 16 bytes on the wire */
};

/* The purpose for which a request names a node. */
enum ua_role {
	UA_ROLE_READ,
	UA_ROLE_WRITE,
	UA_ROLE_CALL_OBJECT,
	UA_ROLE_CALL_METHOD,
	UA_ROLE_BROWSE,
	UA_ROLE_MONITOR,
	UA_ROLE_ADD,
	UA_ROLE_DELETE,
	UA_ROLE_REFERENCE,
	UA_ROLE_HISTORY_READ,
	UA_ROLE_HISTORY_UPDATE,
	UA_ROLE_TRANSLATE,
	UA_ROLE_REGISTER,
	UA_ROLE_QUERY,
	UA_ROLES
};

struct ua_visit {
	enum ua_role role;
	struct ua_node node;
	bool has_attribute;
	uint32_t attribute; /* 1..27 */
};

/* Called for every node a request names, in order. False stops the calls, not the parse. */
struct ua_visitor {
	bool (*visit)(void *ctx, const struct ua_visit *v);
	void *ctx;
};

enum ua_token {
	UA_TOKEN_NONE,
	UA_TOKEN_ANONYMOUS,
	UA_TOKEN_USER_NAME,
	UA_TOKEN_X509,
	UA_TOKEN_ISSUED,
	UA_TOKEN_OTHER
};
enum ua_mode { UA_MODE_INVALID, UA_MODE_NONE, UA_MODE_SIGN, UA_MODE_ENCRYPT };

struct ua_body {
	bool has_type;
	struct ua_node type;		  /* as on the wire */
	const struct ua_service *service; /* NULL: not one of the table, or a ServiceFault */
	bool has_result;
	uint32_t handle, result; /* RequestHandle; ServiceResult of a response */
	/* In the bytes given: of a request its time, with the handle behind it; the service's
	 * fields, NULL: the header is not whole */
	const uint8_t *stamp, *fields;
	/* OpenSecureChannel; a response names the channel and token it opens */
	uint32_t request_type, mode;	   /* 0 issue, 1 renew; enum ua_mode */
	uint32_t channel, token, lifetime; /* ms */
	/* EndpointUrl of CreateSession, GetEndpoints, FindServers */
	struct ua_bytes url;
	enum ua_token user; /* ActivateSession */
	/* an item of data leaves its sampling interval to the server: 0 */
	bool server_sampling;
	bool has_interval;
	/* least sampling or publishing interval asked for, ms; never negative */
	double interval;
	uint32_t nodes; /* nodes named */
	size_t rest;	/* bytes behind the last field; then R_TRAILING */
};

/* Parse a whole body. R_NONE with service NULL: a type that is not known here.
 * Requests are read to their last byte, responses as far as the table says.
 * to may be NULL. */
enum reason ua_body(const uint8_t *p, size_t n, bool response, const struct ua_visitor *to,
		    struct ua_body *b);
struct ua_application {
	struct ua_bytes uri, product, name;
};
/* Who the sender of this body says it is, where it says so. Of the first chunk of a message, too.
 */
bool ua_application(const uint8_t *p, size_t n, bool response, struct ua_application *out);
/* "ns=1;s=Plc1.Setpoint"; bytes that are no printable ASCII become '?'. Cut at UA_NODE_TEXT. */
void ua_node_text(const struct ua_node *n, char out[UA_NODE_TEXT]);
const char *ua_attribute_name(uint32_t id);	 /* NULL: none */
uint32_t ua_attribute_by_name(const char *name); /* 0: none */
extern const char *const ua_token_names[];	 /* by enum ua_token; NULL terminated */
extern const char *const ua_role_names[];	 /* by enum ua_role */

#endif
