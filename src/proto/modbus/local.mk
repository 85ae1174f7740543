src_proto_libwire_a_SOURCES += src/proto/modbus/wire-match.c src/proto/modbus/wire-more.c \
	src/proto/modbus/wire-shape.h src/proto/modbus/wire-table.c src/proto/modbus/wire-tolerate.c src/proto/modbus/wire-typed.c src/proto/modbus/wire-typed.h \
	src/proto/modbus/wire.c src/proto/modbus/wire.h
src_model_libmodel_a_SOURCES += src/proto/modbus/words.c src/proto/modbus/words.h src/proto/modbus/words-typed.c src/proto/modbus/words-typed.h
src_compile_libcompile_a_SOURCES += src/proto/modbus/image.c
src_compare_libcompare_a_SOURCES += src/proto/modbus/scope.c
src_policy_libpolicy_a_SOURCES += src/proto/modbus/decide.c src/proto/modbus/decide-typed.c src/proto/modbus/policy.h
src_inspect_libinspect_a_SOURCES += src/proto/modbus/gate-fast.c src/proto/modbus/gate.c src/proto/modbus/gate.h
src_fastpath_libfastpath_a_SOURCES += src/proto/modbus/kernel.c
src_record_librecord_a_SOURCES += src/proto/modbus/facts.c src/proto/modbus/facts.h src/proto/modbus/facts-expected.c src/proto/modbus/facts-expected.h
zonectl_SOURCES += src/proto/modbus/replay.c src/proto/modbus/explain.c src/proto/modbus/explain.h src/proto/modbus/explain-words.c src/proto/modbus/explain-samples.c
src_learn_liblearn_a_SOURCES += src/proto/modbus/learn.c
FAST_PROGRAM += src/proto/modbus/kernel.bpf.h src/proto/modbus/kernel.h
EXTRA_DIST += src/proto/modbus/seeds
MANUAL_PARTS += src/proto/modbus/manual/fields.mdoc src/proto/modbus/manual/policies.mdoc \
	src/proto/modbus/manual/peers.mdoc src/proto/modbus/manual/reasons.mdoc src/proto/modbus/manual/rules.mdoc src/proto/modbus/manual/tables.mdoc
