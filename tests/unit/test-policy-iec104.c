/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104: a model's text -> image -> decisions. Each dimension of a policy has a message
 * that passes by it and one that does not, which is the same but for what the dimension is about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-iec104.h"

static void check_rows(struct pol_image *img, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum reason got = decide(img, rows[i].asdu).reason;
		if (got != rows[i].want)
			print_error("%s: %s, not %s\n", rows[i].asdu, reason_name(got),
				    reason_name(rows[i].want));
		assert_int_equal(got, rows[i].want);
	}
	free(img);
}

#define CHECK(img, ...) \
	do { \
		const struct row rows[] = { __VA_ARGS__ }; \
		check_rows(img, rows, COUNT(rows)); \
	} while (0)

/* type n cause oa ca ioa element */
#define GI(qoi) "64 01 06 00 0100 000000 " qoi
#define SINGLE_COMMAND(sco) "2d 01 06 00 0100 0a0000 " sco

#define COMMAND_OF(type) \
	"types = [ \"" type \
	"\" ]; common_addresses = 1; object_addresses = 10; states = \"any\"; " \
	"pulses = \"any\"; select_before_operate = \"direct\"; "

static void test_types(void **state)
{
	(void)state;
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "}"), { SINGLE_COMMAND("01"), R_NONE },
	      { "2e 01 06 00 0100 0a0000 01", R_IEC_TYPE_REFUSED },
	      { GI("14"), R_IEC_TYPE_REFUSED });
	CHECK(image_with("", "{ types = [ 46, 103 ]; common_addresses = 1; object_addresses = 10; "
			     "states = \"any\"; "
			     "pulses = \"any\"; select_before_operate = \"direct\"; }"),
	      { "2e 01 06 00 0100 0a0000 01", R_NONE },
	      { "67 01 06 00 0100 000000 " SAMPLE_CP56, R_NONE },
	      { SINGLE_COMMAND("01"), R_IEC_TYPE_REFUSED });
	/* a class, and what is in none */
	CHECK(image_with("", "{ types = [ \"system\" ]; common_addresses = \"any\"; "
			     "object_addresses = \"any\"; "
			     "interrogations = \"any\"; counter_groups = \"any\"; freezes = "
			     "\"any\"; causes = \"any\"; }"),
	      { GI("14"), R_NONE }, { "65 01 06 00 0100 000000 05", R_NONE },
	      { "66 01 05 00 0100 010000", R_NONE },
	      { "67 01 06 00 0100 000000 " SAMPLE_CP56, R_NONE },
	      { "68 01 06 00 0100 000000 aa55", R_IEC_TYPE_REFUSED },
	      { "69 01 06 00 0100 000000 01", R_IEC_TYPE_REFUSED },
	      { "6a 01 06 00 0100 000000 0100", R_IEC_TYPE_REFUSED },
	      { "6b 01 06 00 0100 000000 0100 " SAMPLE_CP56, R_IEC_TYPE_REFUSED });
}

static void test_causes(void **state)
{
	(void)state;
	const char *deactivation = "2d 01 08 00 0100 0a0000 81";
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "}"), { SINGLE_COMMAND("81"), R_NONE },
	      { deactivation, R_IEC_CAUSE_REFUSED });
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "causes = [ \"deactivation\" ]; }"),
	      { SINGLE_COMMAND("81"), R_IEC_CAUSE_REFUSED }, { deactivation, R_NONE });
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "causes = [ 6, 8 ]; }"),
	      { SINGLE_COMMAND("81"), R_NONE }, { deactivation, R_NONE });
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "causes = \"any\"; }"),
	      { SINGLE_COMMAND("81"), R_NONE }, { deactivation, R_NONE });
	/* left out: what a read and a file transfer need */
	CHECK(image_with("", "{ types = [ \"C_RD_NA_1\", \"F_SC_NA_1\" ]; common_addresses = 1; "
			     "object_addresses = 1; "
			     "files = 1; file_calls = \"any\"; }"),
	      { "66 01 05 00 0100 010000", R_NONE },
	      { "7a 01 0d 00 0100 010000 0100 00 01", R_NONE },
	      { "7a 01 05 00 0100 010000 0100 00 00", R_NONE });
}

static void test_test_bit(void **state)
{
	(void)state;
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "}"),
	      { "2d 01 86 00 0100 0a0000 01", R_IEC_TEST_BIT });
	CHECK(image_with("", "{ " INTERROGATION "}"),
	      { "64 01 86 00 0100 000000 14", R_IEC_TEST_BIT });
	CHECK(image_with("", "{ " COMMAND_OF("C_SC_NA_1") "test_bit = true; }"),
	      { "2d 01 86 00 0100 0a0000 01", R_NONE });
}

static void test_common_addresses(void **state)
{
	(void)state;
	const char *all = "64 01 06 00 ffff 000000 14";
	CHECK(image_with("", "{ types = [ 100 ]; interrogations = 20; common_addresses = [ "
			     "\"7-9\", \"300\" ]; }"),
	      { "64 01 06 00 0700 000000 14", R_NONE }, { "64 01 06 00 0900 000000 14", R_NONE },
	      { "64 01 06 00 2c01 000000 14", R_NONE },
	      { "64 01 06 00 0600 000000 14", R_IEC_COMMON_REFUSED },
	      { "64 01 06 00 0a00 000000 14", R_IEC_COMMON_REFUSED }, { all, R_DNP_BROADCAST });
	CHECK(image_with("",
			 "{ types = [ 100 ]; interrogations = 20; common_addresses = \"any\"; }"),
	      { "64 01 06 00 0100 000000 14", R_NONE }, { "64 01 06 00 feff 000000 14", R_NONE },
	      { all, R_DNP_BROADCAST });
	CHECK(image_with("", "{ types = [ 100 ]; interrogations = 20; common_addresses = 65535; }"),
	      { all, R_NONE }, { "64 01 06 00 0100 000000 14", R_IEC_COMMON_REFUSED });
}

/* The dissector refuses it before; a policy would, too. */
static void test_for_all_but_commands(void **state)
{
	(void)state;
	struct pol_image *img = image_with(
		"", "{ types = [ 45, 100 ]; common_addresses = [ 1, 65535 ]; interrogations = 20; "
		    "object_addresses = 10; states = \"any\"; pulses = \"any\"; "
		    "select_before_operate = \"direct\"; }");
	struct iec_msg m;
	assert_int_equal(read_asdu("2d 01 06 00 ffff 0a0000 01", IEC_CONTROLLING, &m),
			 R_IEC_COMMON);
	assert_int_equal(policy_iec104(img, policy_flow(img, 0), &m).reason, R_DNP_BROADCAST);
	assert_int_equal(read_asdu("2d 01 06 00 0000 0a0000 01", IEC_CONTROLLING, &m),
			 R_IEC_COMMON);
	assert_int_equal(policy_iec104(img, policy_flow(img, 0), &m).reason, R_IEC_COMMON_REFUSED);
	free(img);
	img = image_with("", "{ types = [ 103 ]; common_addresses = \"any\"; }");
	assert_int_equal(read_asdu("67 01 06 00 0000 000000 " SAMPLE_CP56, IEC_CONTROLLING, &m),
			 R_IEC_COMMON);
	assert_int_equal(policy_iec104(img, policy_flow(img, 0), &m).reason, R_IEC_COMMON_REFUSED);
	free(img);
}

static void test_originators(void **state)
{
	(void)state;
	CHECK(image_with("", "{ " INTERROGATION "originators = [ \"0-2\", \"9\" ]; }"),
	      { "64 01 06 02 0100 000000 14", R_NONE }, { "64 01 06 09 0100 000000 14", R_NONE },
	      { "64 01 06 03 0100 000000 14", R_IEC_ORIGINATOR });
	CHECK(image_with("", "{ " INTERROGATION "}"), { "64 01 06 ff 0100 000000 14", R_NONE });
}

static void test_object_addresses(void **state)
{
	(void)state;
	CHECK(image_with("", "{ types = [ 51 ]; common_addresses = 1; bitstrings = \"any\"; "
			     "object_addresses = [ \"10-19\", \"16777215\" ]; "
			     "select_before_operate = \"direct\"; }"),
	      { "33 01 06 00 0100 0a0000 00000000", R_NONE },
	      { "33 01 06 00 0100 130000 00000000", R_NONE },
	      { "33 01 06 00 0100 ffffff 00000000", R_NONE },
	      { "33 01 06 00 0100 090000 00000000", R_IEC_ADDRESS },
	      { "33 01 06 00 0100 140000 00000000", R_IEC_ADDRESS },
	      { "33 01 06 00 0100 0a0001 00000000", R_IEC_ADDRESS },
	      { "33 01 06 00 0100 000000 00000000", R_IEC_ADDRESS });
}

static void test_states(void **state)
{
	(void)state;
#define OF_STATE(type, word) \
	"{ types = [ " type \
	" ]; common_addresses = 1; object_addresses = 10; pulses = [ \"none\" ]; " \
	"select_before_operate = \"direct\"; states = [ \"" word "\" ]; }"
	CHECK(image_with("", OF_STATE("45", "on")), { SINGLE_COMMAND("01"), R_NONE },
	      { SINGLE_COMMAND("00"), R_IEC_QUALIFIER });
	CHECK(image_with("", OF_STATE("45", "off")), { SINGLE_COMMAND("00"), R_NONE },
	      { SINGLE_COMMAND("01"), R_IEC_QUALIFIER });
	CHECK(image_with("", OF_STATE("46", "on")), { "2e 01 06 00 0100 0a0000 02", R_NONE },
	      { "2e 01 06 00 0100 0a0000 01", R_IEC_QUALIFIER });
	CHECK(image_with("", OF_STATE("46", "off")), { "2e 01 06 00 0100 0a0000 01", R_NONE },
	      { "2e 01 06 00 0100 0a0000 02", R_IEC_QUALIFIER });
	CHECK(image_with("", OF_STATE("47", "lower")), { "2f 01 06 00 0100 0a0000 01", R_NONE },
	      { "2f 01 06 00 0100 0a0000 02", R_IEC_QUALIFIER });
	CHECK(image_with("", OF_STATE("47", "higher")), { "2f 01 06 00 0100 0a0000 02", R_NONE },
	      { "2f 01 06 00 0100 0a0000 01", R_IEC_QUALIFIER });
	/* words of one kind of command say nothing of another */
	CHECK(image_with("", OF_STATE("45, 47", "on\", \"lower")), { SINGLE_COMMAND("01"), R_NONE },
	      { SINGLE_COMMAND("00"), R_IEC_QUALIFIER }, { "2f 01 06 00 0100 0a0000 01", R_NONE },
	      { "2f 01 06 00 0100 0a0000 02", R_IEC_QUALIFIER });
}

static void test_pulses(void **state)
{
	(void)state;
#define OF_PULSE(words) \
	"{ types = [ 45 ]; common_addresses = 1; object_addresses = 10; states = \"any\"; " \
	"select_before_operate = \"direct\"; pulses = " words "; }"
	CHECK(image_with("", OF_PULSE("[ \"none\" ]")), { SINGLE_COMMAND("01"), R_NONE },
	      { SINGLE_COMMAND("05"), R_IEC_QUALIFIER }, { SINGLE_COMMAND("7d"), R_IEC_QUALIFIER });
	CHECK(image_with("", OF_PULSE("[ \"short\", \"persistent\" ]")),
	      { SINGLE_COMMAND("05"), R_NONE }, { SINGLE_COMMAND("0d"), R_NONE },
	      { SINGLE_COMMAND("01"), R_IEC_QUALIFIER }, { SINGLE_COMMAND("09"), R_IEC_QUALIFIER },
	      { SINGLE_COMMAND("11"), R_IEC_QUALIFIER });
	CHECK(image_with("", OF_PULSE("\"any\"")), { SINGLE_COMMAND("7d"), R_NONE },
	      { SINGLE_COMMAND("3d"), R_NONE });
}

#define SETPOINT(type, key, spans) \
	"{ types = [ " type " ]; common_addresses = 1; object_addresses = 10; " \
	"select_before_operate = \"direct\"; " key " = " spans "; }"
#define SET(type, value) type " 01 06 00 0100 0a0000 " value

static void test_values(void **state)
{
	(void)state;
	CHECK(image_with("", SETPOINT("48", "normalised_values", "( [ -0.5, 0.25 ] )")),
	      { SET("30", "0020 00"), R_NONE }, { SET("30", "0120 00"), R_VALUE },
	      { SET("30", "00c0 00"), R_NONE }, { SET("30", "ffbf 00"), R_VALUE },
	      { SET("30", "0080 00"), R_VALUE });
	CHECK(image_with("", SETPOINT("49", "scaled_values", "( [ -10, -10 ], [ 0, 100 ] )")),
	      { SET("31", "f6ff 00"), R_NONE }, { SET("31", "f7ff 00"), R_VALUE },
	      { SET("31", "0000 00"), R_NONE }, { SET("31", "6400 00"), R_NONE },
	      { SET("31", "6500 00"), R_VALUE }, { SET("31", "ffff 00"), R_VALUE });
	CHECK(image_with("", SETPOINT("50", "float_values", "( [ 104.5, 115.5 ] )")),
	      { SET("32", "0000d142 00"), R_NONE }, { SET("32", "0000e742 00"), R_NONE },
	      { SET("32", "ffffd042 00"), R_VALUE }, { SET("32", "0100e742 00"), R_VALUE },
	      { SET("32", "0000d1c2 00"), R_VALUE });
	CHECK(image_with("", SETPOINT("50", "float_values", "( [ 0.7, 0.7 ], [ -3.5e38, 0.1 ] )")),
	      { SET("32", "3333333f 00"), R_NONE }, { SET("32", "cdcccc3d 00"), R_NONE },
	      { SET("32", "3433333f 00"), R_VALUE }, { SET("32", "ffff7fff 00"), R_NONE });
	CHECK(image_with("", SETPOINT("50", "float_values", "\"any\"")),
	      { SET("32", "ffff7f7f 00"), R_NONE }, { SET("32", "ffff7fff 00"), R_NONE });
	CHECK(image_with("", "{ types = [ 112 ]; common_addresses = 1; object_addresses = 10; "
			     "parameter_qualifiers = \"any\"; "
			     "float_values = ( [ 0, 1 ] ); }"),
	      { SET("70", "0000803f 01"), R_NONE }, { SET("70", "00000040 01"), R_VALUE });
	CHECK(image_with("", "{ types = [ 51 ]; common_addresses = 1; object_addresses = 10; "
			     "bitstrings = [ \"0-255\" ]; "
			     "select_before_operate = \"direct\"; }"),
	      { SET("33", "ff000000"), R_NONE }, { SET("33", "00010000"), R_VALUE },
	      { SET("33", "ff000080"), R_VALUE });
}

/* What is no finite number is in no span, and in no "any". */
static void test_no_number(void **state)
{
	(void)state;
	static const char *const values[] = { "0000c07f 00", "0000807f 00", "000080ff 00",
					      "0100807f 00" };
	struct pol_image *img = image_with("", SETPOINT("50", "float_values", "\"any\""));
	for (size_t i = 0; i < COUNT(values); i++) {
		char hex[80];
		struct iec_msg m;
		snprintf(hex, sizeof(hex), SET("32", "%s"), values[i]);
		assert_int_equal(read_asdu(hex, IEC_CONTROLLING, &m), R_IEC_NUMBER);
		assert_int_equal(policy_iec104(img, policy_flow(img, 0), &m).reason, R_VALUE);
	}
	free(img);
}

static void test_qualifiers(void **state)
{
	(void)state;
	CHECK(image_with("", SETPOINT("49", "scaled_values", "\"any\"")),
	      { SET("31", "0000 00"), R_NONE }, { SET("31", "0000 01"), R_IEC_QUALIFIER },
	      { SET("31", "0000 7f"), R_IEC_QUALIFIER });
	CHECK(image_with("", SETPOINT("49", "setpoint_qualifiers = 64; scaled_values", "\"any\"")),
	      { SET("31", "0000 40"), R_NONE }, { SET("31", "0000 00"), R_IEC_QUALIFIER });
	CHECK(image_with(
		      "",
		      "{ types = [ 100 ]; common_addresses = 1; interrogations = [ \"20-22\" ]; }"),
	      { GI("14"), R_NONE }, { GI("16"), R_NONE }, { GI("17"), R_IEC_QUALIFIER },
	      { GI("00"), R_IEC_QUALIFIER });
	CHECK(image_with("", "{ types = [ 101 ]; common_addresses = 1; counter_groups = [ 1, 5 ]; "
			     "freezes = [ \"read\", \"reset\" ]; }"),
	      { "65 01 06 00 0100 000000 05", R_NONE }, { "65 01 06 00 0100 000000 c1", R_NONE },
	      { "65 01 06 00 0100 000000 02", R_IEC_QUALIFIER },
	      { "65 01 06 00 0100 000000 45", R_IEC_QUALIFIER },
	      { "65 01 06 00 0100 000000 85", R_IEC_QUALIFIER });
	CHECK(image_with("", "{ types = [ 105 ]; common_addresses = 1; resets = 2; }"),
	      { "69 01 06 00 0100 000000 02", R_NONE },
	      { "69 01 06 00 0100 000000 01", R_IEC_QUALIFIER });
	CHECK(image_with("", "{ types = [ 113 ]; common_addresses = 1; object_addresses = 10; "
			     "parameter_qualifiers = 3; }"),
	      { SET("71", "03"), R_NONE }, { SET("71", "01"), R_IEC_QUALIFIER });
}

static void test_files(void **state)
{
	(void)state;
	CHECK(image_with("", "{ types = [ \"file\" ]; common_addresses = 1; object_addresses = 10; "
			     "files = \"3-4\"; "
			     "file_calls = [ \"select-file\", \"call-file\", \"directory\" ]; }"),
	      { "7a 01 0d 00 0100 0a0000 0300 00 01", R_NONE },
	      { "7a 01 0d 00 0100 0a0000 0400 00 02", R_NONE },
	      { "7a 01 05 00 0100 0a0000 0400 00 00", R_NONE },
	      { "7a 01 0d 00 0100 0a0000 0500 00 01", R_FILE },
	      { "7a 01 0d 00 0100 0a0000 0300 00 04", R_IEC_QUALIFIER },
	      { "7a 01 0d 00 0100 0a0000 0300 00 11", R_IEC_QUALIFIER },
	      { "7a 01 0d 00 0100 0a0000 0300 00 20", R_IEC_QUALIFIER },
	      { "7d 01 0d 00 0100 0a0000 0300 01 01 ff", R_NONE },
	      { "7d 01 0d 00 0100 0a0000 0200 01 01 ff", R_FILE });
}

/* ---- selects ---- */

static void expect_select(struct pol_image *img, const char *asdu, bool first)
{
	struct iec_decision d = decide(img, asdu);
	assert_int_equal(d.reason, R_NONE);
	assert_int_equal(d.select_first, first);
}

#define SELECTED(mode) \
	"{ types = [ 45, 46 ]; causes = \"any\"; common_addresses = 1; object_addresses = 10; " \
	"states = \"any\"; pulses = \"any\"; " mode "}"

static void test_select(void **state)
{
	(void)state;
	static const char *const modes[] = { "", "select_before_operate = \"require\"; ",
					     "select_before_operate = \"direct\"; " };
	for (size_t i = 0; i < COUNT(modes); i++) {
		char entry[400];
		snprintf(entry, sizeof(entry), SELECTED("%s"), modes[i]);
		struct pol_image *img = image_with("", entry);
		expect_select(img, SINGLE_COMMAND("81"), false);
		expect_select(img, SINGLE_COMMAND("01"), i < 2);
		/* calls a select off */
		expect_select(img, "2d 01 08 00 0100 0a0000 81", false);
		/* some execute it */
		expect_select(img, "2d 01 08 00 0100 0a0000 01", i < 2);
		free(img);
	}
	/* a select that could not be executed */
	CHECK(image_with("", "{ types = [ 45 ]; common_addresses = 1; object_addresses = 10; "
			     "states = [ \"on\" ]; "
			     "pulses = [ \"none\" ]; }"),
	      { SINGLE_COMMAND("80"), R_IEC_QUALIFIER }, { SINGLE_COMMAND("85"), R_IEC_QUALIFIER },
	      { SINGLE_COMMAND("81"), R_NONE });
}

/* Two entries for the same: the one that asks for no select, wherever it stands; and never for
 * another message. */
static void test_select_of_two_entries(void **state)
{
	(void)state;
	const char *direct = "{ types = [ 45 ]; common_addresses = 1; object_addresses = 10; "
			     "states = [ \"off\" ]; "
			     "pulses = \"any\"; select_before_operate = \"direct\"; }";
	for (int i = 0; i < 2; i++) {
		char both[1024];
		snprintf(both, sizeof(both), "%s, %s", i ? SELECTED("") : direct,
			 i ? direct : SELECTED(""));
		struct pol_image *img = image_with("", both);
		expect_select(img, SINGLE_COMMAND("00"), false);
		expect_select(img, SINGLE_COMMAND("01"), true);
		assert_int_equal(decide(img, SINGLE_COMMAND("00")).rule, i ? 1 : 0);
		assert_int_equal(decide(img, SINGLE_COMMAND("01")).rule, i ? 0 : 1);
		free(img);
	}
}

/* No model has it; an image that does lets no bitstring pass. */
static void test_select_of_bitstrings(void **state)
{
	(void)state;
	struct pol_image *img = image_with("", "{ types = [ 51 ]; common_addresses = 1; "
					       "object_addresses = 10; bitstrings = \"any\"; "
					       "select_before_operate = \"direct\"; }");
	struct pol_iec104_rule *r = (void *)((char *)img + img->rules_off[PROTO_IEC104]);
	assert_int_equal(decide(img, SET("33", "ff000000")).reason, R_NONE);
	r->limits.select_mode = IEC_SELECT_REQUIRED;
	assert_int_equal(decide(img, SET("33", "ff000000")).reason, R_DNP_NOT_SELECTED);
	free(img);
}

/* ---- the record ---- */

static void test_furthest(void **state)
{
	(void)state;
	struct pol_image *img = image_with(
		"", "{ " INTERROGATION "}, "
		    "{ " COMMAND_OF("C_SC_NA_1") "}, "
						 "{ types = [ 45 ]; common_addresses = 1; "
						 "object_addresses = 11; states = [ \"off\" ]; "
						 "pulses = \"any\"; }");
	struct iec_decision d = decide(img, "2d 01 06 00 0100 0b0000 01");
	assert_int_equal(d.reason, R_IEC_QUALIFIER);
	assert_int_equal(d.rule, 2);
	assert_true(d.has_object);
	assert_int_equal(d.object.ioa, 11);
	assert_int_equal(d.object.state, 1);
	d = decide(img, "2d 01 06 00 0100 0c0000 01");
	assert_int_equal(d.reason, R_IEC_ADDRESS);
	assert_int_equal(d.rule, 1);
	d = decide(img, "67 01 06 00 0100 000000 " SAMPLE_CP56);
	assert_int_equal(d.reason, R_IEC_TYPE_REFUSED);
	assert_int_equal(d.rule, 0xffff);
	assert_true(d.has_object);
	struct iec_msg u = { .apci = { .format = IEC_U, .u = IEC_TESTFR_ACT } };
	assert_int_equal(policy_iec104(img, policy_flow(img, 0), &u).reason, R_NONE);
	assert_int_equal(policy_iec104_answer(img, policy_flow(img, 0), &u).reason, R_NONE);
	free(img);
}

/* ---- rates ---- */

static void test_writes(void **state)
{
	(void)state;
	static const struct {
		const char *asdu;
		bool writes;
	} rows[] = {
		{ GI("14"), false },
		{ "65 01 06 00 0100 000000 05", false },
		{ "65 01 06 00 0100 000000 45", true },
		{ "66 01 05 00 0100 010000", false },
		{ "67 01 06 00 0100 000000 " SAMPLE_CP56, true },
		{ "68 01 06 00 0100 000000 aa55", false },
		{ "69 01 06 00 0100 000000 01", true },
		{ SINGLE_COMMAND("01"), true },
		{ SINGLE_COMMAND("81"), true },
		{ SET("31", "0000 00"), true },
		{ SET("33", "ff000000"), true },
		{ SET("70", "0000803f 01"), true },
		{ SET("71", "03"), true },
		{ "7a 01 0d 00 0100 0a0000 0300 00 01", false },
		{ "7a 01 0d 00 0100 0a0000 0300 00 04", true },
		{ "7a 01 0d 00 0100 0a0000 0300 00 08", true },
		{ "7a 01 05 00 0100 0a0000 0300 00 00", false },
		{ "7d 01 0d 00 0100 0a0000 0300 01 01 ff", true },
		{ "7c 01 0d 00 0100 0a0000 0300 01 01", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct iec_msg m;
		assert_int_equal(read_asdu(rows[i].asdu, IEC_CONTROLLING, &m), R_NONE);
		assert_int_equal(policy_iec104_writes(&m.asdu), rows[i].writes);
	}
}

/* ---- the rules that are installed, and what is not written ---- */

/* Does the good sample of a type pass? */
static bool sample_passes(const struct pol_image *img, const struct sample_type *t)
{
	uint8_t asdu[256];
	struct iec_msg m = { .has_asdu = true };
	size_t n = sample_asdu(t, t->asks, 1, false, 4711, asdu);
	assert_int_equal(iec104_asdu(asdu, n, IEC_CONTROLLING, &m.asdu), R_NONE);
	return policy_iec104(img, policy_flow(img, 0), &m).reason == R_NONE;
}

static struct pol_image *image_of_rule(const char *name)
{
	char text[80];
	snprintf(text, sizeof(text), "  @include \"%s.conf\"", name);
	return image_of(name, text);
}

static void test_installed_rules(void **state)
{
	(void)state;
	struct pol_image *all = image_of_rule("iec104-all"),
			 *some = image_of_rule("iec104-monitor-only");
	unsigned asked = 0, watched = 0;
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		const struct sample_type *t = &sample_types[i];
		if (!t->asks)
			continue;
		asked++;
		assert_true(sample_passes(all, t));
		bool watches = t->number >= 100 && t->number <= 103;
		assert_int_equal(sample_passes(some, t), watches);
		watched += watches;
	}
	assert_int_equal(watched, 4);
	assert_int_equal(asked, 14 + 8 + 4 + 7);
	free(all);
	free(some);
}

/* Each entry without a key that may be left out permits nothing that "any" does not. */
static void test_left_out(void **state)
{
	(void)state;
	static const struct {
		const char *left_out, *written, *asdu;
	} rows[] = {
		{ "", "causes = \"any\"; ", "2d 01 08 00 0100 0a0000 81" },
		{ "", "test_bit = true; ", "2d 01 86 00 0100 0a0000 81" },
		{ "", "originators = \"any\"; ", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char entry[600];
		snprintf(entry, sizeof(entry), "{ " COMMAND_OF("C_SC_NA_1") "%s}", rows[i].written);
		struct pol_image *wide = image_with("", entry),
				 *narrow = image_with("", "{ " COMMAND_OF("C_SC_NA_1") "}");
		if (rows[i].asdu) {
			assert_int_equal(decide(wide, rows[i].asdu).reason, R_NONE);
			assert_int_not_equal(decide(narrow, rows[i].asdu).reason, R_NONE);
		}
		assert_int_equal(decide(wide, SINGLE_COMMAND("01")).reason,
				 decide(narrow, SINGLE_COMMAND("01")).reason);
		free(wide);
		free(narrow);
	}
}

/* ---- the image ---- */

static void test_head(void **state)
{
	(void)state;
	struct pol_image *img = image_with("", "{ " INTERROGATION "}");
	const struct pol_iec104_head *h = policy_head(img, policy_flow(img, 0));
	assert_true(!h->server_is_controlling && !h->first_number_one && !h->monitor_listed);
	assert_int_equal(h->k, IEC_K_DEFAULT);
	assert_int_equal(h->select_timeout, 10);
	assert_true(h->started_masters == 1 && h->redundancy_group == 1);
	free(img);
	img = image_with(
		"master = \"server\"; unacknowledged = 32767; select_timeout = 60; tolerate = [ "
		"\"first-number-one\" ]; monitor_direction = \"listed\"; started_masters = 16; "
		"redundancy_group = 255;",
		"{ types = [ 1 ]; causes = 1; common_addresses = 1; object_addresses = 1; "
		"}, " SELECTED(""));
	h = policy_head(img, policy_flow(img, 0));
	assert_true(h->server_is_controlling == 1 && h->first_number_one == 1 &&
		    h->monitor_listed == 1);
	assert_int_equal(h->k, 32767);
	assert_int_equal(h->select_timeout, 60);
	assert_true(h->started_masters == 16 && h->redundancy_group == 255);
	free(img);
}

static void test_foreign_image(void **state)
{
	(void)state;
	struct pol_image *img = image_with("", "{ " INTERROGATION "}");
	struct pol_iec104_rule *r = (void *)((char *)img + img->rules_off[PROTO_IEC104]);
	struct pol_iec104_head *h = (void *)((char *)img + img->heads_off[PROTO_IEC104]);
	uint8_t *octets[] = { &r->spans[0].any,	    &r->limits.select_mode,
			      &r->limits.test_bit,  &h->server_is_controlling,
			      &h->first_number_one, &h->monitor_listed,
			      &h->redundancy_group, &h->started_masters,
			      &h->started_masters,  &r->spans[0].n,
			      &r->spans[1].n,	    &r->spans[2].n };
	static const uint8_t bad[] = { 2, 2, 2, 2, 2, 2, 0, 0, 17, 9, 9, 9 };
	for (size_t i = 0; i < COUNT(octets); i++) {
		uint8_t was = *octets[i];
		*octets[i] = bad[i];
		assert_false(policy_valid(img, img->size));
		*octets[i] = was;
	}
	for (size_t i = 0; i < IEC_RANGES; i++) {
		struct pol_rset was = r->ranges[i];
		r->ranges[i] = (struct pol_rset){ .r0 = img->n_ranges, .n = 1 };
		assert_false(policy_valid(img, img->size));
		r->ranges[i] = was;
	}
	struct {
		uint16_t *at, most;
	} numbers[] = { { &h->k, IEC_K_MAX }, { &h->select_timeout, IEC_SELECT_MAX } };
	for (size_t i = 0; i < 4; i++) {
		uint16_t *at = numbers[i / 2].at, was = *at;
		*at = (uint16_t)(i % 2 ? numbers[i / 2].most + 1 : 0);
		assert_false(policy_valid(img, img->size));
		*at = was;
	}
	assert_true(policy_valid(img, img->size));
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_test_bit),
		cmocka_unit_test(test_common_addresses),
		cmocka_unit_test(test_for_all_but_commands),
		cmocka_unit_test(test_originators),
		cmocka_unit_test(test_object_addresses),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_pulses),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_qualifiers),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_of_two_entries),
		cmocka_unit_test(test_select_of_bitstrings),
		cmocka_unit_test(test_furthest),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_installed_rules),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_foreign_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
