src_proto_libwire_a_SOURCES += src/proto/dnp3/wire-objects-table.c src/proto/dnp3/wire-objects.c \
	src/proto/dnp3/wire-objects.h src/proto/dnp3/wire-table.c src/proto/dnp3/wire.c src/proto/dnp3/wire.h
src_model_libmodel_a_SOURCES += src/proto/dnp3/words-read.c src/proto/dnp3/words.c src/proto/dnp3/words-read.h src/proto/dnp3/words.h
src_compile_libcompile_a_SOURCES += src/proto/dnp3/image.c
src_compare_libcompare_a_SOURCES += src/proto/dnp3/scope.c
src_policy_libpolicy_a_SOURCES += src/proto/dnp3/decide.c src/proto/dnp3/policy.h
src_inspect_libinspect_a_SOURCES += src/proto/dnp3/gate-collect.c src/proto/dnp3/gate-fast.c \
	src/proto/dnp3/gate-state.c src/proto/dnp3/gate-station.c src/proto/dnp3/gate-station.h \
	src/proto/dnp3/gate.c src/proto/dnp3/gate.h
src_fastpath_libfastpath_a_SOURCES += src/proto/dnp3/kernel.c
src_record_librecord_a_SOURCES += src/proto/dnp3/facts.c src/proto/dnp3/facts.h src/proto/dnp3/facts-expected.c src/proto/dnp3/facts-expected.h
zonectl_SOURCES += src/proto/dnp3/replay.c src/proto/dnp3/explain.c src/proto/dnp3/explain.h src/proto/dnp3/explain-words.c src/proto/dnp3/explain-samples.c
src_learn_liblearn_a_SOURCES += src/proto/dnp3/learn.c
FAST_PROGRAM += src/proto/dnp3/kernel.bpf.h src/proto/dnp3/kernel.h
EXTRA_DIST += src/proto/dnp3/seeds
MANUAL_PARTS += src/proto/dnp3/manual/fields.mdoc src/proto/dnp3/manual/policies.mdoc \
	src/proto/dnp3/manual/peers.mdoc src/proto/dnp3/manual/reasons.mdoc src/proto/dnp3/manual/rules.mdoc src/proto/dnp3/manual/tables.mdoc
