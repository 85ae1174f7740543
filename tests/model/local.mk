TESTS += tests/model/run.sh tests/model/man.sh tests/model/keys.sh tests/model/events.sh tests/model/readme.sh tests/model/explain.sh tests/model/completion.sh tests/model/diff.sh tests/model/lint.sh tests/model/tables.sh tests/model/selftest.sh tests/model/conduct.sh
EXTRA_DIST += tests/model/conduct.sh tests/model/conduct.py tests/model/selftest.sh tests/model/pages.sh tests/model/run.sh tests/model/man.sh tests/model/keys.sh tests/model/readme.sh tests/model/keys.py \
	tests/model/events.sh tests/model/events.py tests/model/explain.sh tests/model/completion.sh tests/model/diff.sh tests/model/lint.sh tests/model/tables.sh tests/model/lint.py tests/model/diff.py tests/model/explain.py tests/model/explain_keys.py \
	tests/model/mdoc.py tests/model/options.py tests/model/verbs.py tests/model/cases tests/model/good
check_PROGRAMS += tests/model/event-walks
tests_model_event_walks_SOURCES = tests/model/event-walks.c tests/unit/record-plant.h tests/plant.h
tests_model_event_walks_LDADD = src/record/librecord.a src/compile/libcompile.a src/policy/libpolicy.a \
	src/record/librecord.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a $(JANSSON_LIBS)
