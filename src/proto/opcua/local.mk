src_proto_libwire_a_SOURCES += src/proto/opcua/wire-application.c src/proto/opcua/wire-body.c src/proto/opcua/wire-body.h \
	src/proto/opcua/wire-read.c src/proto/opcua/wire-read.h src/proto/opcua/wire-table.c src/proto/opcua/wire.c \
	src/proto/opcua/wire.h
src_model_libmodel_a_SOURCES += src/proto/opcua/words.c src/proto/opcua/words.h
src_compile_libcompile_a_SOURCES += src/proto/opcua/image.c
src_compare_libcompare_a_SOURCES += src/proto/opcua/scope.c
src_policy_libpolicy_a_SOURCES += src/proto/opcua/decide.c src/proto/opcua/policy.h
src_inspect_libinspect_a_SOURCES += src/proto/opcua/gate-cert.c src/proto/opcua/gate-channel.c \
	src/proto/opcua/gate-fast.c src/proto/opcua/gate-internal.h src/proto/opcua/gate-parts.c \
	src/proto/opcua/gate-pending.c src/proto/opcua/gate.c src/proto/opcua/gate.h
src_fastpath_libfastpath_a_SOURCES += src/proto/opcua/kernel.c
src_record_librecord_a_SOURCES += src/proto/opcua/facts.c src/proto/opcua/facts.h src/proto/opcua/facts-expected.c src/proto/opcua/facts-expected.h
zonectl_SOURCES += src/proto/opcua/replay.c src/proto/opcua/explain.c src/proto/opcua/explain.h src/proto/opcua/explain-words.c src/proto/opcua/explain-samples.c
src_learn_liblearn_a_SOURCES += src/proto/opcua/learn.c
FAST_PROGRAM += src/proto/opcua/kernel.bpf.h src/proto/opcua/kernel.h
EXTRA_DIST += src/proto/opcua/seeds
MANUAL_PARTS += src/proto/opcua/manual/fields.mdoc src/proto/opcua/manual/policies.mdoc \
	src/proto/opcua/manual/peers.mdoc src/proto/opcua/manual/reasons.mdoc src/proto/opcua/manual/rules.mdoc src/proto/opcua/manual/tables.mdoc
