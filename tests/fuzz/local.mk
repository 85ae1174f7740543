# Fuzz targets. Without --enable-fuzzer they get a plain main() that runs the
# seeds, so the seeds are part of `make check` with every compiler.
if FUZZER
FUZZ_MAIN =
FUZZ_LDFLAGS = -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/run-seeds.c
FUZZ_LDFLAGS =
endif
check_PROGRAMS += tests/fuzz/fuzz-modbus tests/fuzz/fuzz-inspect
tests_fuzz_fuzz_modbus_SOURCES = tests/fuzz/fuzz-modbus.c $(FUZZ_MAIN)
tests_fuzz_fuzz_modbus_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_modbus_LDADD = src/dissect/libdissect.a src/record/librecord.a
tests_fuzz_fuzz_inspect_SOURCES = tests/fuzz/fuzz-inspect.c $(FUZZ_MAIN)
tests_fuzz_fuzz_inspect_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_inspect_LDADD = src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a \
	src/compile/libcompile.a src/policy/libpolicy.a src/dissect/libdissect.a \
	src/record/librecord.a src/packet/libpacket.a src/base/libbase.a
TESTS += tests/fuzz/run-seeds.sh
EXTRA_DIST += tests/fuzz/soak.sh tests/fuzz/run-seeds.sh tests/fuzz/gen-seeds.py tests/fuzz/seeds-modbus \
	tests/fuzz/seeds-inspect
