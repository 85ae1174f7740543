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
for c in qemu-system-x86_64 busybox cpio depmod dpkg-deb; do
	command -v $c >/dev/null || { echo "needs $c"; exit 77; }
done
mkdir -p "$cache"

if [ ! -d "$cache/kernel/boot" ]; then
	image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -n 1)
	(cd "$cache" && apt-get download "$image") || { echo "no kernel to be had"; exit 77; }
	dpkg-deb -x "$cache"/linux-image-*.deb "$cache/kernel"
	depmod -b "$cache/kernel" "$(ls "$cache/kernel/lib/modules")"
fi
version=$(ls "$cache/kernel/lib/modules")

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,proc,sys,dev,lower,rw,new}
cp "$(command -v busybox)" "$root/bin/"
mkdir -p "$root/lib"
cp -r "$cache/kernel/lib/modules" "$root/lib/"
rm -rf "$root/lib/modules/$version/kernel/drivers/"{gpu,net,media,scsi,infiniband,staging,usb,iio,hid,input}
cp -r --parents "$cache/kernel/lib/modules/$version/kernel/drivers/net/veth.ko" "$root/" 2>/dev/null
mkdir -p "$root/lib/modules/$version/kernel/drivers/net"
cp "$cache/kernel/lib/modules/$version/kernel/drivers/net/veth.ko" "$root/lib/modules/$version/kernel/drivers/net/"
rm -rf "${root:?}/${cache:?}"
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
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$cache/initrd"
timeout "${ZONED_QEMU_SECONDS:-540}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 2048 -smp 2 -nographic -no-reboot -nodefaults \
	-serial stdio -kernel "$cache/kernel/boot/vmlinuz-$version" -initrd "$cache/initrd" \
	-append "console=ttyS0 panic=-1 quiet loglevel=3 mitigations=off" \
	-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null | tr -d '\r' | tee "$cache/out"
grep -q '^guest: .* 0 failed' "$cache/out"
