TESTS += tests/model/run.sh tests/model/man.sh tests/model/readme.sh
EXTRA_DIST += tests/model/run.sh tests/model/man.sh tests/model/readme.sh tests/model/cases tests/model/good
