noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = src/model/model.h src/model/internal.h src/model/text.h src/model/expand.c src/model/expand-copy.c src/model/expand.h src/model/source.c src/model/token.c src/model/grammar.c \
	src/model/agree.c src/model/words.c \
	src/model/values.c src/model/parse.c src/model/flows.c src/model/kinds.c src/model/remarks.c src/model/gates.c src/model/gate-times.c src/model/ends.c src/model/any.c src/model/policies.c src/model/taps.c src/model/outputs.c src/model/roles.c src/model/trust.c src/model/start-keys.c src/model/groups.c src/model/macs.c \
	src/model/check.c src/model/print.c
