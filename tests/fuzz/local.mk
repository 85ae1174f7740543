# Fuzz targets. Without --enable-fuzzer they get a plain main() that runs the
# seeds, so the seeds are part of `make check` with every compiler.
if FUZZER
FUZZ_MAIN =
FUZZ_LDFLAGS = -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/run-seeds.c
FUZZ_LDFLAGS =
endif
check_PROGRAMS += tests/fuzz/fuzz-modbus tests/fuzz/fuzz-inspect tests/fuzz/fuzz-stream tests/fuzz/fuzz-packet
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz-stream.c $(FUZZ_MAIN)
tests_fuzz_fuzz_stream_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_stream_LDADD = src/stream/libstream.a
tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz-packet.c $(FUZZ_MAIN)
tests_fuzz_fuzz_packet_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_packet_LDADD = src/packet/libpacket.a src/base/libbase.a
check_PROGRAMS += tests/fuzz/fuzz-capture tests/fuzz/fuzz-fragment
tests_fuzz_fuzz_capture_SOURCES = tests/fuzz/fuzz-capture.c $(FUZZ_MAIN)
tests_fuzz_fuzz_capture_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_capture_LDADD = src/packet/libpacket.a src/base/libbase.a $(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS)
tests_fuzz_fuzz_fragment_SOURCES = tests/fuzz/fuzz-fragment.c $(FUZZ_MAIN)
tests_fuzz_fuzz_fragment_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_fragment_LDADD = src/packet/libpacket.a src/base/libbase.a
EXTRA_DIST += tests/fuzz/gen-seeds-capture.py tests/fuzz/seeds-capture tests/fuzz/seeds-fragment
check_PROGRAMS += tests/fuzz/fuzz-model
tests_fuzz_fuzz_model_SOURCES = tests/fuzz/fuzz-model.c $(FUZZ_MAIN)
tests_fuzz_fuzz_model_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_model_LDADD = src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CONFIG_LIBS)
EXTRA_DIST += tests/fuzz/seeds-model
check_PROGRAMS += tests/fuzz/fuzz-opcua tests/fuzz/fuzz-opcua-flow
tests_fuzz_fuzz_opcua_flow_SOURCES = tests/fuzz/fuzz-opcua-flow.c $(FUZZ_MAIN)
tests_fuzz_fuzz_opcua_flow_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_opcua_flow_LDADD = $(DATA_PATH_LIBS) $(NETTLE_LIBS)
tests_fuzz_fuzz_opcua_SOURCES = tests/fuzz/fuzz-opcua.c $(FUZZ_MAIN)
tests_fuzz_fuzz_opcua_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_opcua_LDADD = src/proto/libwire.a src/record/librecord.a src/base/libbase.a
check_PROGRAMS += tests/fuzz/fuzz-dnp3 tests/fuzz/fuzz-dnp3-flow
tests_fuzz_fuzz_dnp3_flow_SOURCES = tests/fuzz/fuzz-dnp3-flow.c $(FUZZ_MAIN)
tests_fuzz_fuzz_dnp3_flow_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dnp3_flow_LDADD = $(DATA_PATH_LIBS) $(NETTLE_LIBS)
tests_fuzz_fuzz_dnp3_SOURCES = tests/fuzz/fuzz-dnp3.c $(FUZZ_MAIN)
tests_fuzz_fuzz_dnp3_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dnp3_LDADD = src/compile/libcompile.a src/policy/libpolicy.a src/proto/libwire.a \
	src/record/librecord.a src/base/libbase.a
check_PROGRAMS += tests/fuzz/fuzz-iec104
tests_fuzz_fuzz_iec104_SOURCES = tests/fuzz/fuzz-iec104.c $(FUZZ_MAIN)
tests_fuzz_fuzz_iec104_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_iec104_LDADD = src/proto/libwire.a src/record/librecord.a
check_PROGRAMS += tests/fuzz/fuzz-iec104-flow
tests_fuzz_fuzz_iec104_flow_SOURCES = tests/fuzz/fuzz-iec104-flow.c $(FUZZ_MAIN)
tests_fuzz_fuzz_iec104_flow_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_iec104_flow_LDADD = $(DATA_PATH_LIBS) $(NETTLE_LIBS)
tests_fuzz_fuzz_modbus_SOURCES = tests/fuzz/fuzz-modbus.c $(FUZZ_MAIN)
tests_fuzz_fuzz_modbus_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_modbus_LDADD = src/proto/libwire.a src/record/librecord.a
tests_fuzz_fuzz_inspect_SOURCES = tests/fuzz/fuzz-inspect.c $(FUZZ_MAIN)
tests_fuzz_fuzz_inspect_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_inspect_LDADD = $(DATA_PATH_LIBS) $(NETTLE_LIBS)
TESTS += tests/fuzz/run-seeds.sh
EXTRA_DIST += tests/fuzz/soak.sh tests/fuzz/run-seeds.sh tests/fuzz/gen-seeds.py tests/fuzz/seeds-inspect \
	tests/fuzz/seeds-stream tests/fuzz/seeds-packet tests/fuzz/README
check_PROGRAMS += tests/fuzz/fuzz-gaps
tests_fuzz_fuzz_gaps_SOURCES = tests/fuzz/fuzz-gaps.c $(FUZZ_MAIN)
tests_fuzz_fuzz_gaps_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_gaps_LDADD = $(DATA_PATH_LIBS) $(NETTLE_LIBS)
EXTRA_DIST += tests/fuzz/gen-seeds-gaps.py tests/fuzz/seeds-gaps
check_PROGRAMS += tests/fuzz/fuzz-identity
tests_fuzz_fuzz_identity_SOURCES = tests/fuzz/fuzz-identity.c $(FUZZ_MAIN)
tests_fuzz_fuzz_identity_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_identity_LDADD = src/learn/liblearn.a src/base/libbase.a
EXTRA_DIST += tests/fuzz/seeds-identity
