if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect
TESTS += tests/unit/test-inspect
tests_unit_test_inspect_SOURCES = tests/unit/test-inspect.c
tests_unit_test_inspect_LDADD = src/inspect/libinspect.a src/stream/libstream.a src/policy/libpolicy.a \
	src/dissect/libdissect.a src/record/librecord.a src/packet/libpacket.a src/base/libbase.a \
	$(CMOCKA_LIBS)
endif
