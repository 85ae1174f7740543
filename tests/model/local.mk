TESTS += tests/model/run.sh tests/model/man.sh
EXTRA_DIST += tests/model/run.sh tests/model/man.sh tests/model/cases tests/model/good
