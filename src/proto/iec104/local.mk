src_proto_libwire_a_SOURCES += src/proto/iec104/wire-objects.c src/proto/iec104/wire-objects.h \
	src/proto/iec104/wire-limits.c src/proto/iec104/wire-limits.h \
	src/proto/iec104/wire-table.c src/proto/iec104/wire-types.h src/proto/iec104/wire.c src/proto/iec104/wire.h
src_model_libmodel_a_SOURCES += src/proto/iec104/words-read.c src/proto/iec104/words-read.h \
	src/proto/iec104/words.c src/proto/iec104/words.h
src_compile_libcompile_a_SOURCES += src/proto/iec104/image.c
src_compare_libcompare_a_SOURCES += src/proto/iec104/scope.c
src_policy_libpolicy_a_SOURCES += src/proto/iec104/decide.c src/proto/iec104/policy.h
src_inspect_libinspect_a_SOURCES += src/proto/iec104/gate-fast.c src/proto/iec104/gate-link.c \
	src/proto/iec104/gate-masters.c src/proto/iec104/gate-masters.h src/proto/iec104/gate-select.c \
	src/proto/iec104/gate-start.c src/proto/iec104/gate.c src/proto/iec104/gate.h
src_fastpath_libfastpath_a_SOURCES += src/proto/iec104/kernel.c
src_record_librecord_a_SOURCES += src/proto/iec104/facts.c src/proto/iec104/facts.h src/proto/iec104/facts-expected.c src/proto/iec104/facts-expected.h
zonectl_SOURCES += src/proto/iec104/replay.c src/proto/iec104/explain.c src/proto/iec104/explain.h src/proto/iec104/explain-words.c src/proto/iec104/explain-samples.c
EXTRA_DIST += src/proto/iec104/seeds
MANUAL_PARTS += src/proto/iec104/manual/fields.mdoc src/proto/iec104/manual/policies.mdoc \
	src/proto/iec104/manual/peers.mdoc src/proto/iec104/manual/reasons.mdoc src/proto/iec104/manual/rules.mdoc src/proto/iec104/manual/tables.mdoc
FAST_PROGRAM += src/proto/iec104/kernel.bpf.h src/proto/iec104/kernel.h
src_learn_liblearn_a_SOURCES += src/proto/iec104/learn.c
