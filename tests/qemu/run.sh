#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Run lab tests in a booted stock Debian kernel, which has what a test machine's
# own kernel may lack (the native nft queue expression above all).
#
#	tests/qemu/run.sh BUILDDIR TEST...	e.g. build/plain tests/netns/basic.sh
#	tests/qemu/run.sh BUILDDIR systemd	the units, under systemd
#
# Needs root, qemu-system-x86, busybox-static, cpio and kmod. The kernel is the
# newest linux-image that apt knows, downloaded once into $ZONED_QEMU (default
# /var/tmp/zoned-qemu). This machine's file system is the guest's, read only
# under an overlay, so whatever is installed and built here runs there. The
# guest has no network device and ends by itself.
set -eu
[ $# -ge 2 ] || { sed -n '3,15s/^# \?//p' "$0"; exit 2; }
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
shift
# "systemd" instead of tests: boot systemd and have zoned.service run under it
first=guest.sh
[ "$1" = systemd ] && first=systemd.sh
cache=${ZONED_QEMU:-/var/tmp/zoned-qemu}
. "$top/tests/qemu/boot.sh"
boot_need
boot_kernel

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{lower,rw}
boot_modules "$root"
cat >"$root/init" <<END
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t proc proc /proc
\$b mount -t sysfs sys /sys
\$b mount -t devtmpfs dev /dev
for m in virtio_pci 9pnet_virtio 9p overlay; do \$b modprobe \$m || echo "no module \$m"; done
\$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /lower || echo "no root"
\$b mount -t tmpfs tmpfs /rw
\$b mkdir -p /rw/up /rw/work
\$b mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work overlay /new
\$b mkdir -p /new/lib/modules
\$b cp -r /lib/modules/$version /new/lib/modules/
\$b mount -t proc proc /new/proc
\$b mount -t sysfs sys /new/sys
\$b mount -t devtmpfs dev /new/dev
\$b mkdir -p /new/dev/shm
\$b mount -t tmpfs tmpfs /new/run
exec \$b switch_root /new /bin/bash $top/tests/qemu/$first $top $build $*
END
boot_initrd "$root" "$cache/initrd"
boot_guest "${ZONED_QEMU_SECONDS:-540}" "$cache/initrd" \
	-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap | tee "$cache/out"
grep -q '^guest: .* 0 failed' "$cache/out"
