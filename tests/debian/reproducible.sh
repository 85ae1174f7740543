#!/bin/bash
# SPDX-License-Identifier: MIT
# Whoever builds a release has the same programs: `make dist` twice gives the same archive, and that archive, built in two
# folders of other names, at other times, in other languages and time zones, the same zoned, zonectl and bill of
# materials, octet by octet. Two builds take minutes, so only with ZONED_LONG=1.
#
# By hand, in an unpacked archive:
#	export SOURCE_DATE_EPOCH=...	(that of the newest entry of debian/changelog)
#	./configure CFLAGS="-g -O2 -ffile-prefix-map=$PWD=." ... && make
set -eu
skip() { echo "SKIP: $*"; exit 77; }
fail() { echo "FAIL: $*"; exit 1; }
[ -n "${ZONED_LONG:-}" ] || skip "takes minutes: only with ZONED_LONG=1"
grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" && skip "not again with sanitizers"
unset MAKEFLAGS MFLAGS MAKELEVEL
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/zoned-reproducible.XXXXXX")
trap 'rm -rf "$dir"' EXIT
SOURCE_DATE_EPOCH=$(date -d "$(sed -n '/^ -- /{s/.*>  //p;q}' "$top_srcdir/debian/changelog")" +%s)
export SOURCE_DATE_EPOCH
# names in a fixed order, of nobody, at that time; nothing of the process that wrote them
export TAR_OPTIONS="--sort=name --owner=0 --group=0 --numeric-owner --mtime=@$SOURCE_DATE_EPOCH \
	--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime"
bpf=$(sed -n "s/^HAVE_BPF_TRUE='\(.*\)'$/\1/p" "$top_builddir/config.log")
bpf=$([ -z "$bpf" ] && echo --with-bpf || echo --without-bpf)

archive()	# archive NAME: what make dist makes, in a copy of the build folder's own
{
	make -s -C "$top_builddir" distdir="zoned-reproducible" dist >"$dir/log" 2>&1 || fail "make dist: $(tail -5 "$dir/log")"
	mv "$top_builddir/zoned-reproducible.tar.xz" "$dir/$1.tar.xz"
}
build()		# build FOLDER: of the archive, without a cache of compilers
{
	local was=$PWD
	mkdir -p "$1" && cd "$1" && tar -xf "$dir/first.tar.xz" --strip-components=1
	CCACHE_DISABLE=1 ./configure -q $bpf CFLAGS="-g -O2 -ffile-prefix-map=$1=." >"$dir/log" 2>&1 &&
		CCACHE_DISABLE=1 make -s -j"${ZONED_JOBS:-2}" zoned zonectl sbom >>"$dir/log" 2>&1 || fail "build in $1: $(tail -5 "$dir/log")"
	cd "$was"
}
umask 022
archive first
sleep 2
(umask 077; archive second)
cmp "$dir/first.tar.xz" "$dir/second.tar.xz" || fail "make dist differs"
echo "ok: make dist, twice the same: $(sha256sum <"$dir/first.tar.xz" | cut -c1-16)"

a=$dir/a/zoned b=$dir/another-folder/of/zoned-0.1
(export LC_ALL=C.UTF-8 TZ=UTC; build "$a")
(umask 077; export LC_ALL=C TZ=Pacific/Kiritimati; build "$b")
for file in zoned zonectl zoned.cdx.json; do
	cmp "$a/$file" "$b/$file" || fail "$file differs"
	! grep -qaF "$dir" "$a/$file" || fail "$file has the folder in which it was built"
	echo "ok: $file, twice the same: $(sha256sum <"$a/$file" | cut -c1-16)"
done
