TESTS += tests/proto/add.sh
EXTRA_DIST += tests/proto/add.sh tests/proto/echo
