#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package, in chroots of Debian 12 and 13: it builds from what is in the tree, without a warning of lintian; its
# installation puts nothing in force; an upgrade keeps what the operator changed, and restarts what runs; after a purge
# nothing of it is left.
set -u
. "$(dirname "$0")/chroot.sh"
chroot_need dpkg-deb

# all that is in the system but for what apt and dpkg keep of every package: to compare
listing()
{
	(cd "$chroot_root" && find . -xdev \( -path ./package -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o \
		-path ./var/log -o -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp \) -prune -o -print | sort)
}

# next_version: the same package as 0.2, with another conffile, as the next release would have it
next_version()
{
	local deb
	for deb in "$chroot_root"/package/zoned_0*.deb "$chroot_root"/package/zoned-doc_0*.deb; do
		rm -rf "$chroot_dir/next"
		dpkg-deb -R "$deb" "$chroot_dir/next" &&
			sed -i 's/^Version: .*/Version: 0.2/' "$chroot_dir/next/DEBIAN/control" || return
		if [ -f "$chroot_dir/next/etc/logrotate.d/zoned" ]; then
			echo '# of the next version' >>"$chroot_dir/next/etc/logrotate.d/zoned"
			echo '# of the next version' >>"$chroot_dir/next/etc/sysctl.d/zoned.conf"
			(cd "$chroot_dir/next" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
		fi
		dpkg-deb --root-owner-group -b "$chroot_dir/next" "$chroot_root/package/$(basename "$deb" | cut -d_ -f1)_0.2.deb" >/dev/null || return
	done
}

for release in ${ZONED_RELEASES:-bookworm trixie}; do
	chroot_make "$release"
	chroot_package "$release" lintian
	check "$release: lintian" chroot_run bash -ec 'cd /package && lintian --allow-root --fail-on error,warning zoned_*.changes'
	check "$release: the next version" next_version
	# what it depends on, from the mirror; the rest is without a network
	check "$release: Depends" chroot_run bash -ec 'apt-get satisfy -qy --no-install-recommends "$(dpkg-deb -f /package/zoned_0.1*.deb Depends)"'
	listing >"$chroot_dir/before"
	check "$release: install, upgrade, remove, purge" chroot_run timeout 300 unshare -n bash -e /package/zoned/tests/debian/installed.sh
	listing | diff "$chroot_dir/before" - >"$chroot_dir/left"
	check "$release: nothing is left" bash -c '! grep -E "^[<>].*" "$0"' "$chroot_dir/left"
done
[ "$fails" = 0 ]
