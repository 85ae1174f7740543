#!/bin/bash
# SPDX-License-Identifier: MIT
# What an operator edits is his: `make install` writes it only where nothing is, `make uninstall`
# removes it only while it is what was installed. All else comes and goes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
fail() { echo "FAIL: $*"; sed 's/^/    /' "$dir/log"; exit 1; }
run() { make -s -C "$top_builddir" DESTDIR="$dir/root" prefix=/usr sysconfdir=/etc "$@" >"$dir/log" 2>&1 || fail "make $*"; }
files() { (cd "$dir/root" && find . ! -type d | sort); }
etc=$dir/root/etc
names=$(sed -n '/^OPERATORS_FILES = /,/[^\\]$/p' "$top_builddir/Makefile" | tr -s ' \t\\' '\n' | sed -n 's/.*://p')
for name in zoned/zoned.conf logrotate.d/zoned; do
	grep -qx $name <<<"$names" || fail "$name is not among: $names"
done

run install
files >"$dir/first"
for name in $names; do
	[ -f "$etc/$name" ] || fail "$name is not installed"
done
run uninstall
[ -z "$(files)" ] || fail "uninstall leaves: $(files)"
echo "ok: unchanged files come and go"

run install
for name in $names; do
	echo "# the plant's own" >>"$etc/$name"
done
rm "$etc/zoned/zoned.conf"
ln -s plant.conf "$etc/zoned/zoned.conf"	# kept under another name; it need not be there now
echo 'zones = ();' >"$etc/zoned/other.conf"
(cd "$etc" && find . -type f -exec cksum {} + | sort) >"$dir/before"
run install
grep -q 'zoned/zoned.conf is kept' "$dir/log" || fail "it is not told that the model is kept"
(cd "$etc" && find . -type f -exec cksum {} + | sort) | diff "$dir/before" - >>"$dir/log" || fail "install changed an operator's file"
[ "$(readlink "$etc/zoned/zoned.conf")" = plant.conf ] || fail "install replaced a link"
run uninstall
(cd "$etc" && find . -type f -exec cksum {} + | sort) | diff "$dir/before" - >>"$dir/log" || fail "uninstall changed an operator's file"
[ "$(readlink "$etc/zoned/zoned.conf")" = plant.conf ] || fail "uninstall removed a link"
[ -z "$(files | grep -v '^./etc/')" ] || fail "uninstall leaves: $(files | grep -v '^./etc/')"
echo "ok: an operator's files are neither replaced nor removed"
