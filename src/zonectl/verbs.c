/* SPDX-License-Identifier: MIT
 *
 * The table of verbs: how each is called, what its options are, examples, and how it ends. The
 * help, the reader of options and the shell's completion read it; tests/model/verbs.py compares it
 * with zonectl(8) and runs the examples.
 */
#include "zonectl/zonectl.h"

#include <string.h>

/* clang-format off */
#define OPTION_END { NULL, NULL, NULL, VALUE_NONE, false }
#define STATUS_END { 0, NULL }
#define OPTION_JSON { "--json", NULL, "print JSON", VALUE_NONE, false }
#define OPTION_MODEL { "-m", "MODEL", "of this model; without it, of the one that the running zoned has", VALUE_FILE, false }
#define OPTION_PORT { "--port", "PROTOCOL:PORT", "this port speaks the protocol, too", VALUE_PROTOCOL, true }

static const struct verb_status plain_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure" },
	STATUS_END
};
static const struct verb_status model_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	STATUS_END
};
static const struct verb_status ask_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure, or zoned refuses" },
	{ EXIT_NOT_RUNNING, "zoned is not running" },
	STATUS_END
};

static const struct verb_option check_options[] = {
	{ "--here", NULL, "also compare the model with the interfaces of this machine", VALUE_NONE, false },
	{ "--unused", "DAYS", "with --here: a conduit that nothing has used for so long is a finding, 1 to 3650; 30", VALUE_TEXT, false },
	{ "--strict", NULL, "notes too, each with its rule, and a warning is no success", VALUE_NONE, false },
	OPTION_JSON,
	OPTION_END
};
static const char *const check_examples[] = { "check plant.conf", "check --strict plant.conf", "check --json draft.conf", NULL };
static const struct verb_status check_statuses[] = {
	{ EXIT_OK, "the model is good; there may be warnings" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	{ EXIT_NOT_HERE, "the model is good, and this machine is not as it says (--here), or there is a warning (--strict)" },
	STATUS_END
};

static const char *const print_examples[] = { "print plant.conf", NULL };

static const struct verb_option manifest_options[] = {
	{ "--keys", "DIRECTORY", "instead, is FILE.sig a signature by one of these public keys?", VALUE_FILE, false },
	OPTION_END
};
static const char *const manifest_examples[] = { "manifest plant.conf", "manifest --keys /etc/zoned/keys plant.conf", NULL };
static const struct verb_status manifest_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_BROKEN, "it is not signed by one of the keys" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	STATUS_END
};

static const struct verb_option listed_options[] = { OPTION_JSON, OPTION_MODEL, OPTION_END };
static const char *const zones_examples[] = { "zones -m plant.conf", "zones -m plant.conf --json cell", NULL };
static const char *const conduits_examples[] = { "conduits -m plant.conf", NULL };
static const struct verb_status listed_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	{ EXIT_NOT_RUNNING, "zoned is not running, and no model is named" },
	STATUS_END
};

static const struct verb_option diff_options[] = { OPTION_JSON, OPTION_END };
static const char *const diff_examples[] = { "diff plant.conf plant.conf", "diff --json plant.conf draft.conf", "diff @ draft.conf", "diff @3 @", NULL };
static const struct verb_status diff_statuses[] = {
	{ EXIT_OK, "both are equal in effect" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "a model has errors" },
	{ EXIT_NO_FILE, "a model cannot be read" },
	{ EXIT_NOT_RUNNING, "zoned is not running, and a model of it is asked for" },
	{ EXIT_NARROWER, "the new model differs, and opens nothing" },
	{ EXIT_WIDER, "the new model opens something" },
	STATUS_END
};

static const struct verb_option probe_options[] = { OPTION_JSON, OPTION_END };
static const char *const probe_examples[] = { "probe", "probe --json", NULL };

static const struct verb_option selftest_options[] = {
	OPTION_JSON,
	{ "--messages", NULL, "only messages through the engine", VALUE_NONE, false },
	{ "--probes", NULL, "only packets through a copy of the ruleset; needs root", VALUE_NONE, false },
	OPTION_END
};
static const char *const selftest_examples[] = { "selftest plant.conf", "selftest --messages --json plant.conf", NULL };
static const struct verb_status selftest_statuses[] = {
	{ EXIT_OK, "all that was tried is as the model says" },
	{ EXIT_FAIL, "failure; no name space can be made (--probes)" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NOT_RUNNING, "zoned is not running, and no model is named" },
	{ EXIT_REFUSED, "something is judged otherwise than the model says" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	STATUS_END
};

static const struct verb_option reasons_options[] = { OPTION_JSON, OPTION_END };
static const char *const reasons_examples[] = { "reasons", "reasons --json", NULL };

static const struct verb_option replay_options[] = {
	{ "-q", NULL, "print no summary", VALUE_NONE, false },
	{ "--json", NULL, "print each message as a JSON object", VALUE_NONE, false },
	{ "--violations", NULL, "print only what is refused", VALUE_NONE, false },
	{ "--checksums", NULL, "refuse packets with a wrong checksum, as in the network", VALUE_NONE, false },
	{ "-m", "MODEL", "judge every message by this model; without it, only dissect", VALUE_FILE, false },
	OPTION_PORT,
	{ "--from", "TIME", "packets from this time on: 2026-11-27T20:15:00Z, or @SECONDS since 1970", VALUE_TEXT, false },
	{ "--to", "TIME", "packets before this time", VALUE_TEXT, false },
	{ "--filter", "EXPRESSION", "packets for which this pcap-filter(7) expression is true", VALUE_TEXT, false },
	{ "--jobs", "NUMBER", "judge with so many threads, 1 to 8", VALUE_TEXT, false },
	{ "--summary", "FILE", "write the summary to this file, as JSON", VALUE_FILE, false },
	OPTION_END
};
static const char *const replay_examples[] = {
	"replay -m plant.conf plant.pcap",
	"replay -m plant.conf --violations --filter 'port 502' plant.pcap",
	"replay --json --from 2023-11-14 plant.pcap",
	NULL
};
static const struct verb_status replay_statuses[] = {
	{ EXIT_OK, "all was read and, with -m, permitted" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	{ EXIT_REFUSED, "something would be refused" },
	{ EXIT_NOT_READ, "a part could not be read or followed, and nothing would be refused" },
	STATUS_END
};

static const struct verb_option explain_options[] = {
	OPTION_JSON,
	OPTION_MODEL,
	{ "--in", "INTERFACE", "the packet comes in by this interface", VALUE_INTERFACE, false },
	{ "--out", "INTERFACE", "the packet goes out by this interface", VALUE_INTERFACE, false },
	{ "--hex", "OCTETS", "the message, in hexadecimal digits", VALUE_TEXT, false },
	{ "--log", "FILE", "look for the id in this JSON file of records", VALUE_FILE, false },
	{ "--frame", "NUMBER CAPTURE", "the message that ends in this packet of a capture", VALUE_TEXT, false },
	OPTION_END
};
static const char *const explain_examples[] = {
	"explain -m plant.conf '10.1.0.5 -> 10.2.0.9 tcp 22'",
	"explain -m plant.conf --frame 5 plant.pcap",
	"explain value-not-allowed",
	NULL
};
static const struct verb_status explain_statuses[] = {
	{ EXIT_OK, "the model permits what was asked" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NO_FILE, "the model cannot be read" },
	{ EXIT_REFUSED, "the model refuses what was asked" },
	STATUS_END
};

static const struct verb_option learn_options[] = {
	{ "--least", "N", "observations seen fewer than so many times are rare; 2", VALUE_TEXT, false },
	{ "--admit", "WORD,...", "admit what is proposed for these reasons: writes, controls, restarts, programs, tolerances, rare, single, unanswered, subnets, all", VALUE_TEXT, true },
	{ "--hold-out", "PART", "leave this last part of the time out, and judge it: 30%, 90s, 15m, 2h", VALUE_TEXT, false },
	{ "--subnet", "BITS", "the length of IPv4 subnets, 8 to 30; 24", VALUE_TEXT, false },
	OPTION_PORT,
	{ "--onto", "MODEL", "compare with this model, instead of proposing one", VALUE_FILE, false },
	{ "--live", "DURATION", "learn from interfaces for so long (90s, 15m, 2h), instead of captures", VALUE_TEXT, false },
	{ "--interface", "NAME", "with --live: this interface", VALUE_INTERFACE, true },
	OPTION_END
};
static const char *const learn_examples[] = {
	"learn plant.pcap",
	"learn --admit writes,single plant.pcap",
	"learn --onto plant.conf plant.pcap",
	NULL
};
static const struct verb_status learn_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure; a model of --onto that cannot be read" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_NOT_RUNNING, "zoned is not running (--live without --interface)" },
	{ EXIT_REFUSED, "something that was held out is refused" },
	STATUS_END
};

static const struct verb_option ask_options[] = { OPTION_JSON, OPTION_END };
static const char *const status_examples[] = { "status", "status --json", NULL };
#define OPTION_OF_CONDUIT { "--conduit", "NAME", "only of this conduit", VALUE_CONDUIT, false }
#define OPTION_OF_ZONE { "--zone", "NAME", "only from or to this zone", VALUE_ZONE, false }
#define OPTION_WATCH { "--watch", "SECONDS", "print it again every so many seconds, until it is ended", VALUE_TEXT, false }
static const struct verb_option counters_options[] = {
	OPTION_JSON,
	OPTION_WATCH,
	{ "--use", NULL, "print instead what each conduit was used for, over restarts", VALUE_NONE, false },
	OPTION_OF_CONDUIT,
	OPTION_OF_ZONE,
	{ "--verdict", "WORD", "only with this verdict: accept, drop, reset, observed", VALUE_VERDICT, false },
	{ "--reason", "REASON", "only with this reason; none: of what is permitted", VALUE_REASON, false },
	OPTION_END
};
static const char *const counters_examples[] = { "counters", "counters --conduit hmi-to-cell --verdict drop", NULL };
static const struct verb_option connections_options[] = {
	OPTION_JSON,
	OPTION_OF_CONDUIT,
	OPTION_OF_ZONE,
	{ "--address", "ADDRESS", "only from or to this address, or one of this network", VALUE_TEXT, false },
	{ "--protocol", "NAME", "only of this protocol", VALUE_TEXT, false },
	{ "--limit", "NUMBER", "at most so many, 1 to 10000; 100", VALUE_TEXT, false },
	OPTION_END
};
static const char *const connections_examples[] = { "connections", "connections --address 10.1.0.0/24 --limit 20", NULL };
static const struct verb_option top_options[] = {
	{ "--once", NULL, "print one page", VALUE_NONE, false },
	{ "--interval", "SECONDS", "a page every so many seconds, 1 to 3600; 2", VALUE_TEXT, false },
	OPTION_END
};
static const char *const top_examples[] = { "top --once", "top --interval 5", NULL };
static const struct verb_option metrics_options[] = {
	OPTION_JSON,
	{ "--output", "FILE", "write this file instead, for a collector of text files; whoever reads it finds all or what was before", VALUE_FILE, false },
	OPTION_END
};
static const char *const metrics_examples[] = { "metrics", "metrics --output /var/lib/prometheus/node-exporter/zoned.prom", NULL };
static const char *const generations_examples[] = { "generations", NULL };
static const char *const show_examples[] = { "show", "show 3", NULL };
static const char *const reopen_examples[] = { "reopen", NULL };

#define OPTION_CONFIRM { "--confirm", "SECONDS", "for so long only, unless it is confirmed: 5 to 86400, or 90s, 15m, 2h", VALUE_TEXT, false }
#define OPTION_REASON { "--reason", "TEXT", "why, for the log and for generations", VALUE_TEXT, false }
static const struct verb_option change_options[] = { OPTION_JSON, OPTION_CONFIRM, OPTION_REASON, OPTION_END };
static const struct verb_option confirm_options[] = { OPTION_JSON, OPTION_REASON, OPTION_END };
static const char *const apply_examples[] = { "apply --confirm 60 --reason 'ticket 12' plant.conf", NULL };
static const char *const reload_examples[] = { "reload", "reload --confirm 60", NULL };
static const char *const rollback_examples[] = { "rollback --reason 'pump 3 stopped'", "rollback 7", NULL };
static const char *const confirm_examples[] = { "confirm", NULL };
static const struct verb_status change_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure, or zoned refuses" },
	{ EXIT_MODEL, "the model has errors, or cannot be put in force; nothing was changed" },
	{ EXIT_NO_FILE, "the model cannot be read (apply)" },
	{ EXIT_PROPOSED, "nothing was changed: the model waits for the approval of others" },
	{ EXIT_NOT_RUNNING, "zoned is not running" },
	STATUS_END
};

static const char *const proposals_examples[] = { "proposals", "proposals --json", NULL };
static const char *const approve_examples[] = {
	"approve --reason 'looked at with anna' "
	"b475a83cd2380e1f6c7a59d4b3021f8e7d6c5b4a39281706f5e4d3c2b1a09f8e", NULL };
static const char *const withdraw_examples[] = { "withdraw b475a83cd238", NULL };

#define OPTION_WHY { "--reason", "TEXT", "why, for the log and for status", VALUE_TEXT, false }
static const struct verb_option order_options[] = { OPTION_JSON, OPTION_WHY, OPTION_END };
static const struct verb_option mode_options[] = {
	OPTION_JSON,
	OPTION_WHY,
	{ "--for", "TIME", "for so long: 5 to 2678400 seconds, or 90s, 15m, 2h", VALUE_TEXT, false },
	OPTION_END
};
static const struct verb_option grant_options[] = {
	OPTION_JSON,
	OPTION_WHY,
	{ "--for", "TIME", "for so long: 5 to 2678400 seconds, or 90s, 15m, 2h; at most grant_max of the conduit", VALUE_TEXT, false },
	OPTION_END
};
static const char *const grant_examples[] = { "grant --for 30m --reason 'ticket 12' remote-service", NULL };
static const char *const revoke_examples[] = { "revoke --reason 'work is done' remote-service", NULL };
static const char *const isolate_examples[] = { "isolate --reason 'malware in the office' cell", NULL };
static const char *const release_examples[] = { "release cell", NULL };
static const char *const mode_examples[] = { "mode --for 2h --reason 'new station' hmi-cell observe", "mode hmi-cell model", NULL };

#define OPTION_CONFIG { "--config", "FILE", "the configured file; default: the installed one", VALUE_FILE, false }
#define OPTION_STATE { "--state", "DIRECTORY", "where zoned keeps generations; default: /var/lib/zoned", VALUE_FILE, false }
static const struct verb_option backup_options[] = { OPTION_JSON, OPTION_CONFIG, OPTION_STATE, OPTION_END };
static const struct verb_option restore_options[] = {
	OPTION_JSON,
	OPTION_CONFIG,
	OPTION_STATE,
	{ "--reason", "TEXT", "why, for the log", VALUE_TEXT, false },
	{ "--yes", NULL, "do it; without, only what would be written is printed", VALUE_NONE, false },
	{ "--finish", NULL, "finish a restore that was interrupted, and nothing else", VALUE_NONE, false },
	OPTION_END
};
static const char *const backup_examples[] = { "backup plant.backup", NULL };
static const char *const verify_examples[] = { "verify plant.backup", "verify --json plant.backup", NULL };
static const char *const restore_examples[] = { "restore plant.backup", "restore --yes --reason 'new box' plant.backup", NULL };
static const struct verb_status backup_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure; nothing was written" },
	{ EXIT_MODEL, "the model has errors" },
	{ EXIT_BROKEN, "the archive is not whole, or its model is another here (verify, restore)" },
	STATUS_END
};

static const struct verb_option log_options[] = {
	{ "--follow", NULL, "go on with new records as they come", VALUE_NONE, false },
	{ "--json", NULL, "print the records as they are stored, an object on each line", VALUE_NONE, false },
	{ "--conduit", "NAME", "only records of this conduit", VALUE_CONDUIT, false },
	{ "--zone", "NAME", "only records from or to this zone", VALUE_ZONE, false },
	{ "--address", "ADDRESS", "only records from or to this address, or one of this network", VALUE_TEXT, false },
	{ "--protocol", "NAME", "only records of this protocol", VALUE_TEXT, false },
	{ "--reason", "REASON", "only records with this reason", VALUE_REASON, false },
	{ "--since", "TIME", "records from this time on: 45s, 30m, 2h or 7d before now, 2026-11-27, 2026-11-27T20:15", VALUE_TEXT, false },
	{ "--until", "TIME", "records before this time", VALUE_TEXT, false },
	{ "--counts", NULL, "print the numbers of events by day, verdict, direction, reason and conduit", VALUE_NONE, false },
	{ "--verify", NULL, "walk the chain of hashes, and name the first row that is not whole", VALUE_NONE, false },
	{ "--store", "FILE", "this store, instead of that of the model in force", VALUE_FILE, false },
	OPTION_END
};
static const char *const log_examples[] = { "log --since 2h --reason function-not-allowed", "log --verify", NULL };
static const struct verb_status log_statuses[] = {
	{ EXIT_OK, "success" },
	{ EXIT_FAIL, "failure" },
	{ EXIT_BROKEN, "a row of the store is not whole (--verify)" },
	STATUS_END
};

static const struct verb_option version_options[] = { OPTION_JSON, OPTION_END };
static const char *const version_examples[] = { "version", "version --json", NULL };

static const char *const help_examples[] = { "help", "help replay", NULL };

const struct verb verbs[] = {
	{ "check", "FILE", "check a model; every error at once", verb_check,
	  check_options, check_examples, check_statuses, VALUE_FILE },
	{ "print", "FILE", "print a model in canonical form, includes resolved", verb_print,
	  NULL, print_examples, model_statuses, VALUE_FILE },
	{ "manifest", "FILE", "what is signed of a model: the SHA-256 of each of its files", verb_manifest,
	  manifest_options, manifest_examples, manifest_statuses, VALUE_FILE },
	{ "zones", "[ZONE...]", "the zones of a model: types, interfaces, networks", verb_listed,
	  listed_options, zones_examples, listed_statuses, VALUE_ZONE },
	{ "conduits", "[CONDUIT...]", "the conduits of a model: ends, modes, limits, flows", verb_listed,
	  listed_options, conduits_examples, listed_statuses, VALUE_CONDUIT },
	{ "diff", "OLD NEW", "what a new model opens, closes and changes, in words; @: the one in force, @7: generation 7", verb_diff,
	  diff_options, diff_examples, diff_statuses, VALUE_FILE },
	{ "replay", "CAPTURE...", "run the inspection engine over captures", verb_replay,
	  replay_options, replay_examples, replay_statuses, VALUE_FILE },
	{ "explain", "[QUESTION...]", "what a model does with one message or connection, why, and what would permit it", verb_explain,
	  explain_options, explain_examples, explain_statuses, VALUE_WORDS },
	{ "learn", "[CAPTURE...]", "propose a model from captures", verb_learn,
	  learn_options, learn_examples, learn_statuses, VALUE_FILE },
	{ "reasons", "", "every reason code that a record can carry", verb_reasons,
	  reasons_options, reasons_examples, plain_statuses, VALUE_NONE },
	{ "probe", "", "what this kernel can do for zoned (needs root)", verb_probe,
	  probe_options, probe_examples, plain_statuses, VALUE_NONE },
	{ "selftest", "[FILE]", "messages and packets that a model permits and refuses, through engine and ruleset", verb_selftest,
	  selftest_options, selftest_examples, selftest_statuses, VALUE_FILE },
	{ "apply", "FILE", "put a model in force", verb_change,
	  change_options, apply_examples, change_statuses, VALUE_FILE },
	{ "reload", "", "have the running zoned load its file again", verb_change,
	  change_options, reload_examples, change_statuses, VALUE_NONE },
	{ "rollback", "[GENERATION]", "put an earlier generation in force again; without a number the one before", verb_change,
	  change_options, rollback_examples, change_statuses, VALUE_TEXT },
	{ "confirm", "", "what was applied with --confirm stays in force", verb_change,
	  confirm_options, confirm_examples, change_statuses, VALUE_NONE },
	{ "proposals", "", "models that wait for the approval of others", verb_proposal,
	  ask_options, proposals_examples, ask_statuses, VALUE_NONE },
	{ "approve", "HASH", "approve a model that somebody else proposed, and put it in force", verb_proposal,
	  confirm_options, approve_examples, change_statuses, VALUE_TEXT },
	{ "withdraw", "HASH", "a proposed model is proposed no longer", verb_proposal,
	  confirm_options, withdraw_examples, change_statuses, VALUE_TEXT },
	{ "isolate", "ZONE", "nothing passes between a zone, with those inside it, and all others", verb_order,
	  order_options, isolate_examples, ask_statuses, VALUE_ZONE },
	{ "release", "ZONE", "a zone is isolated no longer", verb_order,
	  order_options, release_examples, ask_statuses, VALUE_ZONE },
	{ "mode", "CONDUIT MODE", "observe or enforce a conduit for a time; model: as the model says again", verb_order,
	  mode_options, mode_examples, ask_statuses, VALUE_MODE },
	{ "grant", "CONDUIT", "open a conduit with open = \"on-grant\" for a time", verb_order,
	  grant_options, grant_examples, ask_statuses, VALUE_CONDUIT },
	{ "revoke", "CONDUIT", "close it before its time is over", verb_order,
	  order_options, revoke_examples, ask_statuses, VALUE_CONDUIT },
	{ "reopen", "", "have the running zoned open its files of records again", verb_change,
	  ask_options, reopen_examples, ask_statuses, VALUE_NONE },
	{ "generations", "", "which models were in force: when, whose change, why", verb_status,
	  ask_options, generations_examples, ask_statuses, VALUE_NONE },
	{ "show", "[GENERATION]", "print the model in force, or that of a generation", verb_status,
	  ask_options, show_examples, ask_statuses, VALUE_TEXT },
	{ "status", "", "what the running zoned does", verb_status,
	  ask_options, status_examples, ask_statuses, VALUE_NONE },
	{ "counters", "", "what crosses, by conduit, direction, verdict and reason, with rates and last use", verb_counters,
	  counters_options, counters_examples, ask_statuses, VALUE_NONE },
	{ "connections", "", "the open connections that are inspected: ends, protocol, age, messages, who has them", verb_connections,
	  connections_options, connections_examples, ask_statuses, VALUE_NONE },
	{ "top", "", "the most active conduits, reasons of refusal and sources, again and again", verb_top,
	  top_options, top_examples, ask_statuses, VALUE_NONE },
	{ "metrics", "", "counters and states in the text format of Prometheus", verb_metrics,
	  metrics_options, metrics_examples, ask_statuses, VALUE_NONE },
	{ "log", "", "records out of the store of zoned", verb_log,
	  log_options, log_examples, log_statuses, VALUE_NONE },
	{ "backup", "FILE", "the model with its includes, generations and orders, in one archive", verb_backup,
	  backup_options, backup_examples, backup_statuses, VALUE_FILE },
	{ "verify", "FILE", "is an archive whole, and does its model compile to the same?", verb_backup,
	  version_options, verify_examples, backup_statuses, VALUE_FILE },
	{ "restore", "[FILE]", "put back what an archive has, while zoned does not run", verb_backup,
	  restore_options, restore_examples, backup_statuses, VALUE_FILE },
	{ "version", "", "print the version, and those of the libraries that zonectl runs with", verb_version,
	  version_options, version_examples, plain_statuses, VALUE_NONE },
	{ "help", "[VERB]", "print every verb, or how one is called, its options, examples and exit statuses", verb_help,
	  NULL, help_examples, plain_statuses, VALUE_VERB },
	/* for conf/bash-completion/zonectl; without a help it is in no list */
	{ "complete", "-- WORD...", NULL, verb_complete, NULL, NULL, NULL, VALUE_NONE },
};
/* clang-format on */
const size_t verbs_n = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_named(const char *name)
{
	for (size_t i = 0; i < verbs_n; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
