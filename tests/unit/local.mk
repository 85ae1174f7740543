if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect
TESTS += tests/unit/test-inspect
tests_unit_test_inspect_SOURCES = tests/unit/test-inspect.c
tests_unit_test_inspect_LDADD = src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a src/policy/libpolicy.a \
	src/dissect/libdissect.a src/record/librecord.a src/packet/libpacket.a src/base/libbase.a \
	$(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-base tests/unit/test-modbus tests/unit/test-policy
TESTS += tests/unit/test-base tests/unit/test-modbus tests/unit/test-policy
tests_unit_test_base_SOURCES = tests/unit/test-base.c
tests_unit_test_base_LDADD = src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_modbus_SOURCES = tests/unit/test-modbus.c tests/unit/modbus-samples.h
tests_unit_test_modbus_LDADD = src/dissect/libdissect.a src/record/librecord.a $(CMOCKA_LIBS)
tests_unit_test_policy_SOURCES = tests/unit/test-policy.c
tests_unit_test_policy_LDADD = src/compile/libcompile.a src/policy/libpolicy.a src/dissect/libdissect.a 	src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-packet tests/unit/test-record
TESTS += tests/unit/test-packet tests/unit/test-record
tests_unit_test_packet_SOURCES = tests/unit/test-packet.c
tests_unit_test_packet_LDADD = src/packet/libpacket.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_record_SOURCES = tests/unit/test-record.c
tests_unit_test_record_LDADD = src/compile/libcompile.a src/record/librecord.a src/policy/libpolicy.a \
	src/dissect/libdissect.a src/record/librecord.a src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
endif

# Needs the right to load BPF programs; without it the test is skipped.
if HAVE_BPF
check_PROGRAMS += tests/unit/test-fastpath
TESTS += tests/unit/test-fastpath
tests_unit_test_fastpath_SOURCES = tests/unit/test-fastpath.c
tests_unit_test_fastpath_LDADD = src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a \
	src/compile/libcompile.a src/policy/libpolicy.a src/dissect/libdissect.a src/record/librecord.a \
	src/packet/libpacket.a src/base/libbase.a $(BPF_LIBS) -lpthread
endif
