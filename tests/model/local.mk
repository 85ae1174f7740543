TESTS += tests/model/run.sh
EXTRA_DIST += tests/model/run.sh tests/model/cases
