/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104: the controlled station under a policy, its reports and its answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-iec104.h"

static enum reason answer(const struct pol_image *img, const char *hex)
{
	struct iec_msg m;
	assert_int_equal(read_asdu(hex, IEC_CONTROLLED, &m), R_NONE);
	return policy_iec104_answer(img, policy_flow(img, 0), &m).reason;
}

#define REPORT(type, cause, rest) type " " cause " 00 0100 " rest

static void test_reports(void **state)
{
	(void)state;
	struct pol_image *img = image_with("", "{ " INTERROGATION "}");
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		const struct sample_type *t = &sample_types[i];
		uint8_t asdu[256];
		struct iec_msg m = { .has_asdu = true };
		if (!t->tells || iec_type(t->number)->class != IEC_MONITOR)
			continue;
		size_t n = sample_asdu(t, t->tells, 1, false, 4711, asdu);
		assert_int_equal(iec104_asdu(asdu, n, IEC_CONTROLLED, &m.asdu), R_NONE);
		assert_int_equal(policy_iec104_answer(img, policy_flow(img, 0), &m).reason, R_NONE);
	}
	/* a parameter, interrogated */
	assert_int_equal(answer(img, "6e 01 14 00 0100 0a0000 0040 01"), R_NONE);
	/* set: by whom? */
	assert_int_equal(answer(img, "6e 01 07 00 0100 0a0000 0040 01"), R_IEC_TYPE_REFUSED);
	assert_int_equal(answer(img, "6e 01 2c 00 0100 0a0000 0040 01"), R_IEC_TYPE_REFUSED);
	free(img);
}

static void test_listed_reports(void **state)
{
	(void)state;
	struct pol_image *img = image_with(
		"monitor_direction = \"listed\";",
		"{ " INTERROGATION "}, "
		"{ types = [ 1, 3 ]; causes = [ \"spontaneous\" ]; common_addresses = 1; "
		"object_addresses = [ \"10-19\", \"20-29\" ]; }, "
		"{ types = [ 70 ]; causes = [ 4 ]; common_addresses = 1; }");
	static const struct row rows[] = {
		{ REPORT("01 01", "03", "0a0000 01"), R_NONE },
		{ REPORT("03 01", "03", "1d0000 01"), R_NONE },
		{ REPORT("46 01", "04", "000000 00"), R_NONE },
		{ REPORT("05 01", "03", "0a0000 01 00"), R_IEC_TYPE_REFUSED },
		{ REPORT("01 01", "14", "0a0000 01"), R_IEC_CAUSE_REFUSED },
		{ "01 01 03 00 0200 0a0000 01", R_IEC_COMMON_REFUSED },
		{ REPORT("01 01", "03", "090000 01"), R_IEC_ADDRESS },
		{ REPORT("01 01", "03", "1e0000 01"), R_IEC_ADDRESS },
		/* several objects, each inside; a sequence as a whole inside one range */
		{ REPORT("01 02", "03", "0a0000 01 1d0000 01"), R_NONE },
		{ REPORT("01 02", "03", "0a0000 01 1e0000 01"), R_IEC_ADDRESS },
		{ REPORT("01 82", "03", "120000 01 01"), R_NONE },
		{ REPORT("01 82", "03", "130000 01 01"), R_IEC_ADDRESS },
		{ REPORT("01 82", "03", "1d0000 01 01"), R_IEC_ADDRESS },
		{ REPORT("6e 01", "14", "0a0000 0040 01"), R_IEC_TYPE_REFUSED },
		{ "64 01 07 00 0100 000000 14", R_NONE },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(answer(img, rows[i].asdu), rows[i].want);
	free(img);
}

static void test_answers(void **state)
{
	(void)state;
	struct pol_image *img = image_with(
		"",
		"{ types = [ 45 ]; common_addresses = 1; object_addresses = 10; states = \"any\"; "
		"pulses = \"any\"; originators = 1; }, { types = [ 100, 103 ]; "
		"common_addresses = [ 1, 65535 ]; interrogations = 20; }");
	static const char *const good[] = { "07", "47", "09", "0a", "2c", "2d", "2e", "2f", "6f" };
	for (size_t i = 0; i < COUNT(good); i++) {
		char hex[80];
		snprintf(hex, sizeof(hex), "2d 01 %s 00 0100 0a0000 00", good[i]);
		assert_int_equal(answer(img, hex), R_NONE);
	}
	struct iec_msg m;
	assert_int_equal(read_asdu("2d 01 07 00 0100 0a0000 01", IEC_CONTROLLED, &m), R_NONE);
	struct iec_decision d = policy_iec104_answer(img, policy_flow(img, 0), &m);
	assert_false(d.select_first);
	assert_int_equal(d.rule, 0);
	assert_int_equal(d.object.ioa, 10);
	assert_int_equal(answer(img, "2d 01 07 00 0100 0b0000 01"), R_IEC_ADDRESS);
	assert_int_equal(answer(img, "2d 01 07 00 0200 0a0000 01"), R_IEC_COMMON_REFUSED);
	assert_int_equal(answer(img, "2e 01 07 00 0100 0a0000 01"), R_IEC_TYPE_REFUSED);
	/* every station answers a broadcast as itself */
	assert_int_equal(answer(img, "64 01 07 00 281e 000000 14"), R_NONE);
	assert_int_equal(answer(img, "64 01 07 00 ffff 000000 14"), R_NONE);
	free(img);
	img = image_with("", "{ " INTERROGATION "}");
	assert_int_equal(answer(img, "64 01 07 00 281e 000000 14"), R_IEC_COMMON_REFUSED);
	free(img);
}

static void test_file_answers(void **state)
{
	(void)state;
	struct pol_image *img =
		image_with("", "{ types = [ \"F_SC_NA_1\", \"F_AF_NA_1\" ]; common_addresses = 1; "
			       "object_addresses = 10; files = 3; file_calls = \"any\"; }");
	assert_int_equal(answer(img, "78 01 0d 00 0100 0a0000 0300 000100 00"), R_NONE);
	assert_int_equal(answer(img, "7d 01 0d 00 0100 0a0000 0300 01 01 ff"), R_NONE);
	/* the directory */
	assert_int_equal(answer(img, "7e 01 05 00 0100 010000 0100 000200 00" SAMPLE_CP56), R_NONE);
	assert_int_equal(answer(img, "7d 01 0d 00 0100 0b0000 0300 01 01 ff"), R_IEC_ADDRESS);
	assert_int_equal(answer(img, "7d 01 0d 00 0200 0a0000 0300 01 01 ff"),
			 R_IEC_COMMON_REFUSED);
	/* no file */
	assert_int_equal(answer(img, "2d 01 07 00 0100 0a0000 01"), R_IEC_TYPE_REFUSED);
	/* it may call files and not send them */
	assert_int_equal(decide(img, "7d 01 0d 00 0100 0a0000 0300 01 01 ff").reason,
			 R_IEC_TYPE_REFUSED);
	free(img);
	img = image_with("", "{ " INTERROGATION "}");
	assert_int_equal(answer(img, "7d 01 0d 00 0100 0a0000 0300 01 01 ff"), R_IEC_TYPE_REFUSED);
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_listed_reports),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_file_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
