/* SPDX-License-Identifier: MIT
 * Tests of IEC 60870-5-104 policies: a model's text into an image, an ASDU in hexadecimal digits.
 * Included behind cmocka. */
#ifndef ZONED_TESTS_POLICY_IEC104_H
#define ZONED_TESTS_POLICY_IEC104_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile/policy_build.h"
#include "iec104-samples.h"
#include "model/model.h"
#include "proto/iec104/policy.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* One conduit with the policy of that name. */
static struct pol_image *image_of(const char *name, const char *policies)
{
	static char text[8192];
	char rules[256];
	struct errs errs;
	int err = 1;
	int n = snprintf(
		text, sizeof(text),
		"zones = ( { name = \"a\"; type = \"control\"; networks = [ \"10.1.0.0/24\" ]; },\n"
		" { name = \"b\"; type = \"control\"; networks = [ \"10.2.0.0/24\" ]; } );\n"
		"conduits = ( { name = \"c\"; from = \"a\"; to = \"b\";\n"
		" flows = ( { protocol = \"iec104\"; policy = \"%s\"; } ); } );\npolicies = "
		"{\n%s\n};\n",
		name, policies);
	snprintf(rules, sizeof(rules), "%s/rules",
		 getenv("top_srcdir") ? getenv("top_srcdir") : ".");
	errs_init(&errs);
	char path[] = "/tmp/zoned-iec104-XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
	struct model *m = model_load(path, rules, &errs);
	unlink(path);
	errs_print(&errs, stderr);
	errs_free(&errs);
	assert_non_null(m);
	struct pol_image *img = policy_build(m, 1, &err);
	model_free(m);
	assert_non_null(img);
	assert_true(policy_valid(img, img->size));
	return img;
}

/* Whole policy from keys of the policy and the entries of allow. */
static struct pol_image *image_with(const char *keys, const char *entries)
{
	char text[4096];
	snprintf(text, sizeof(text), "p = { protocol = \"iec104\"; %s allow = ( %s ); };", keys,
		 entries);
	return image_of("p", text);
}

/* An ASDU in hexadecimal digits, as the end sends it. */
static enum reason read_asdu(const char *hex, enum iec_end from, struct iec_msg *m)
{
	static uint8_t asdu[256];
	size_t n = unhex(hex, asdu);
	*m = (struct iec_msg){ .has_asdu = true };
	return iec104_asdu(asdu, n, from, &m->asdu);
}

static struct iec_decision decide(const struct pol_image *img, const char *hex)
{
	struct iec_msg m;
	assert_int_equal(read_asdu(hex, IEC_CONTROLLING, &m), R_NONE);
	return policy_iec104(img, policy_flow(img, 0), &m);
}

struct row {
	const char *asdu;
	enum reason want;
};

#define INTERROGATION "types = [ \"C_IC_NA_1\" ]; common_addresses = 1; interrogations = 20; "

#endif
