# SPDX-License-Identifier: MIT
# Other releases of Debian, made by debootstrap, for tests that take minutes: they run with ZONED_LONG=1, as root, where
# debootstrap is there and the machine's own mirror has the release. Sourced by tests.
#
# What runs in one has mounts of its own, so nothing is left mounted, whatever ends.
chroot_skip() { echo "SKIP: $*"; exit 77; }

# chroot_need COMMAND...
chroot_need()
{
	local c
	[ -n "${ZONED_LONG:-}" ] || chroot_skip "takes minutes: only with ZONED_LONG=1"
	[ "$(id -u)" = 0 ] || chroot_skip "needs root"
	! grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" || chroot_skip "not again with sanitizers"
	unshare -m true 2>/dev/null || chroot_skip "no mount name spaces"
	for c in debootstrap "$@"; do
		command -v "$c" >/dev/null || chroot_skip "there is no $c"
	done
	chroot_mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 2>/dev/null | head -n 1)
	[ -n "$chroot_mirror" ] || chroot_skip "apt knows no mirror of Debian; apt-get update"
	chroot_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/zoned-chroot.XXXXXX")
	trap 'rm -rf --one-file-system "$chroot_dir"' EXIT
	trap 'exit 130' INT TERM HUP
}

# chroot_make RELEASE: $chroot_root. ZONED_CHROOT_RELEASE may name one that is there already: it is used, and kept.
chroot_make()
{
	local name=ZONED_CHROOT_$1
	chroot_root=${!name:-}
	[ -z "$chroot_root" ] || return 0
	chroot_root=$chroot_dir/$1
	timeout 60 debootstrap --print-debs --variant=minbase "$1" "$chroot_dir/try" "$chroot_mirror" >"$chroot_dir/log" 2>&1 ||
		chroot_skip "the mirror has no $1: $(tail -n 1 "$chroot_dir/log")"
	timeout 300 debootstrap --variant=minbase "$1" "$chroot_root" "$chroot_mirror" >"$chroot_dir/log" 2>&1 ||
		{ tail -n 5 "$chroot_dir/log"; echo "FAIL: debootstrap $1"; exit 1; }
	apt-config dump --format '%f "%v";%n' Acquire | grep -E '::(Proxy|Check-|Languages)' >"$chroot_root/etc/apt/apt.conf.d/90host"
	cp /etc/resolv.conf /etc/hosts "$chroot_root/etc/"
	printf '#!/bin/sh\nexit 101\n' >"$chroot_root/usr/sbin/policy-rc.d"	# no service is started
	chmod +x "$chroot_root/usr/sbin/policy-rc.d"
}

# chroot_run COMMAND...: with the chroot as the root of everything
chroot_run()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m --propagation private bash -ec '
		root=$1
		shift
		mount --bind "$root" "$root"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t sysfs sys "$root/sys"
		mount -t bpf bpf "$root/sys/fs/bpf" 2>/dev/null || :
		mount -t tmpfs tmpfs "$root/run"
		cd "$root"
		pivot_root . .
		umount -l .
		exec chroot . env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' - "$chroot_root" "$@"
}

# chroot_copy DIR: the tree without what is built, to DIR of the chroot
chroot_copy()
{
	mkdir -p "$chroot_root/$1"
	(cd "$top_srcdir" && { git ls-files -coz --exclude-standard 2>/dev/null || find . -path ./build -prune -o -type f -print0; } |
		tar -c --null --ignore-failed-read -T - -f -) | tar -x --no-same-owner -C "$chroot_root/$1" -f -
}

# chroot_package RELEASE TOOL...: build the packages there, in /package; and install these tools
chroot_package()
{
	local release=$1 tools="dpkg-dev build-essential ${*:2}"
	rm -rf "$chroot_root/package"
	chroot_copy package/zoned
	check "$release: tools" chroot_run bash -ec "apt-get update -q && apt-get install -qy --no-install-recommends $tools"
	check "$release: Build-Depends" chroot_run bash -ec 'cd /package/zoned && apt-get build-dep -qy --no-install-recommends ./'
	check "$release: dpkg-buildpackage" chroot_run timeout 900 bash -ec 'cd /package/zoned && DEB_BUILD_OPTIONS=parallel=2 dpkg-buildpackage -us -uc -b'
}

# check WHAT COMMAND...
check()
{
	local what=$1 began=$SECONDS
	shift
	if "$@" >"$chroot_dir/log" 2>&1; then
		echo "ok: $what ($((SECONDS - began)) s)"
	else
		echo "FAIL: $what"
		tail -n 30 "$chroot_dir/log" | sed 's/^/    /'
		fails=$((fails + 1))
	fi
}
fails=0
