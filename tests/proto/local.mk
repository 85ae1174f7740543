TESTS += tests/proto/add.sh
EXTRA_DIST += tests/proto/add.sh tests/proto/fuzz-echo.c tests/proto/echo
