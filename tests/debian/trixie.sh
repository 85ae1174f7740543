#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian 13: quickstart installs what is missing, builds and shows the lab; no warning with its gcc and its clang; tests of
# units, of models (by its libconfig), of the ruleset (by its nft), and the lab's core ones pass there.
set -u
. "$(dirname "$0")/chroot.sh"
chroot_need
chroot_make trixie
chroot_copy zoned

tests="tests/model/run.sh tests/model/man.sh tests/ruleset/run.sh tests/netns/basic.sh tests/netns/start.sh
	tests/netns/reload.sh tests/netns/fast.sh tests/netns/units.sh tests/debian/install.sh"
check "quickstart" chroot_run timeout 900 bash -c 'cd /zoned && ./quickstart </dev/null'
check "its build has no warning" chroot_run bash -c 'cd /zoned/build/plain && ls -l build.log && ! grep -n "warning:" build.log'
check "clang, warnings are errors" chroot_run timeout 600 bash -c 'mkdir -p /zoned/build/clang && cd /zoned/build/clang &&
	../../configure -q CC=clang --enable-werror --with-bpf && make -s -j2 && make -s -k -j2 check TESTS='
check "the tests' programs, warnings are errors" chroot_run timeout 600 bash -c 'cd /zoned/build/plain &&
	../../configure -q --enable-werror --with-bpf && make -s -j2 && make -s -k -j2 check TESTS='
# shellcheck disable=SC2016 # for the inner shell
check "unit tests, and $(echo $tests)" chroot_run timeout 900 bash -c 'cd /zoned/build/plain &&
	{ make -s -k check TESTS="$(cd ../.. && ls tests/unit/test-*.c | sed "s/\.c\$//" | tr "\n" " ") $0" >tests.log 2>&1 || {
		grep -E "^(FAIL|ERROR):" tests.log; sed -n "/^FAIL/,\$p" test-suite.log | tail -n 40; exit 1; }; } &&
	grep -E "^# (PASS|SKIP)" tests.log && grep -qE "^# PASS: *[5-9][0-9]" tests.log' "$(echo $tests)"
[ "$fails" = 0 ]
