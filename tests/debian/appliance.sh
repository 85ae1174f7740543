#!/bin/bash
# SPDX-License-Identifier: MIT
# An appliance: Debian 12 with its own kernel, booted in qemu from a disk of its own. In it the package is installed and
# started, and used as by hand (appliance-guest.sh); it is restarted, and its power is cut. Minutes without KVM, so only
# with ZONED_LONG=1. ZONED_PACKAGES may name a directory with packages that are built; $ZONED_QEMU keeps the kernel.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
cache=${ZONED_QEMU:-/var/tmp/zoned-qemu}
. "$top_srcdir/tests/debian/chroot.sh"
. "$top_srcdir/tests/qemu/boot.sh"
chroot_need mke2fs modprobe
boot_need
[ -x "$top_builddir/tests/netns/mbserver" ] || chroot_skip "needs libmodbus (libmodbus-dev) at build time"
boot_kernel

packages=${ZONED_PACKAGES:-}
if [ -z "$packages" ]; then
	chroot_make bookworm
	chroot_package bookworm
	packages=$chroot_dir/packages
	mkdir "$packages" && cp "$chroot_root"/package/*.deb "$packages" || exit 1
	rm -rf --one-file-system "$chroot_root"
fi
unset ZONED_CHROOT_bookworm
chroot_make bookworm
mkdir "$chroot_root/package" "$chroot_root/appliance"
cp "$packages"/zoned_*.deb "$packages"/zoned-doc_*.deb "$chroot_root/package" || exit 1
cp "$top_builddir/tests/netns/mbserver" "$top_srcdir/tests/qemu/checks.sh" "$top_srcdir/tests/debian/appliance-guest.sh" \
	"$chroot_root/appliance"
check "what an appliance has" chroot_run bash -ec 'apt-get update -q
	apt-get install -qy --no-install-recommends systemd-sysv dbus udev apparmor kmod procps iproute2 nftables iputils-ping \
		logrotate libmodbus5 mbpoll
	apt-get satisfy -qy --no-install-recommends "$(dpkg-deb -f /package/zoned_*.deb Depends)"'
[ "$fails" = 0 ] || exit 1

# its first process is systemd, which runs appliance-guest.sh when all else is there
rm "$chroot_root/usr/sbin/policy-rc.d"
boot_modules "$chroot_root"
: >"$chroot_root/etc/fstab"
rm -f "$chroot_root/etc/machine-id" && : >"$chroot_root/etc/machine-id"
for unit in serial-getty@ttyS0 systemd-timesyncd systemd-networkd nftables e2scrub_reap apt-daily.timer apt-daily-upgrade.timer; do
	ln -sf /dev/null "$chroot_root/etc/systemd/system/$unit$([ "${unit%.timer}" = "$unit" ] && echo .service)"
done
cat >"$chroot_root/etc/systemd/system/plant.service" <<END
[Unit]
After=network.target
[Service]
Type=forking
ExecStart=/bin/bash /appliance/appliance-guest.sh plant
[Install]
WantedBy=multi-user.target
END
cat >"$chroot_root/etc/systemd/system/appliance.service" <<END
[Unit]
After=plant.service zoned.service
Requires=plant.service
[Service]
Type=oneshot
ExecStart=/bin/bash /appliance/appliance-guest.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
[Install]
WantedBy=multi-user.target
END
chroot_run systemctl -q enable plant appliance 2>/dev/null

disk=$chroot_dir/disk
check "its disk" mke2fs -q -t ext4 -d "$chroot_root" "$disk" 2G
rm -rf --one-file-system "$chroot_root"
mkdir -p "$chroot_dir/first/lib"
for m in virtio_pci virtio_blk ext4 crc32c_generic; do
	modprobe -d "$cache/kernel" -S "$version" --show-depends "$m"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$chroot_dir/list"
while read -r file; do
	cp "$file" "$chroot_dir/first/lib/"
	load+="insmod /lib/${file##*/}; "
done <"$chroot_dir/list"
cat >"$chroot_dir/first/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
$load
mount -t ext4 /dev/vda /new
mount --move /dev /new/dev
exec switch_root /new /sbin/init
END
boot_initrd "$chroot_dir/first" "$chroot_dir/initrd"

# boot PART: until it ends or restarts, which -no-reboot makes an end
boot()
{
	local began=$SECONDS
	boot_guest "${ZONED_QEMU_SECONDS:-600}" "$chroot_dir/initrd" -drive "file=$disk,format=raw,if=virtio,cache=writeback" | tee "$chroot_dir/console" |
		grep -E '^(ok|FAILED|guest|    )'
	if grep -q '^guest: .* 0 failed' "$chroot_dir/console"; then
		echo "ok: $1 ($((SECONDS - began)) s)"
	else
		echo "FAIL: $1 ($((SECONDS - began)) s)"
		tail -n 30 "$chroot_dir/console" | sed 's/^/    /'
		fails=$((fails + 1))
	fi
}
for part in "installed and used" "restarted" "after a power cut"; do
	boot "$part"
	[ "$fails" = 0 ] || break
done
[ "$fails" = 0 ]
