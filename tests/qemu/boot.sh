# SPDX-License-Identifier: MIT
# A stock Debian kernel for a guest. Sourced, with $cache: a directory that is kept.

# boot_need COMMAND...: status 77 when one is not there
boot_need()
{
	local c
	for c in qemu-system-x86_64 busybox cpio depmod dpkg-deb "$@"; do
		command -v "$c" >/dev/null || { echo "SKIP: needs $c"; exit 77; }
	done
}

# boot_kernel: the newest linux-image that apt knows, downloaded once: $version, $kernel, $modules
boot_kernel()
{
	local image
	mkdir -p "$cache"
	if [ ! -d "$cache/kernel/boot" ]; then
		image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -n 1)
		(cd "$cache" && apt-get download "$image") || { echo "SKIP: no kernel to be had"; exit 77; }
		dpkg-deb -x "$cache"/linux-image-*.deb "$cache/kernel"
		depmod -b "$cache/kernel" "$(ls "$cache/kernel/lib/modules")"
	fi
	version=$(ls "$cache/kernel/lib/modules")
	kernel=$cache/kernel/boot/vmlinuz-$version
	modules=$cache/kernel/lib/modules/$version
}

# boot_modules DIR: the kernel's modules into a root, without those of hardware that no guest has
boot_modules()
{
	mkdir -p "$1/lib/modules"
	cp -r "$modules" "$1/lib/modules/"
	rm -rf "$1/lib/modules/$version/kernel/drivers/"{gpu,net,media,scsi,infiniband,staging,usb,iio,hid,input}
	mkdir -p "$1/lib/modules/$version/kernel/drivers/net"
	cp "$modules/kernel/drivers/net/"{veth,dummy}.ko "$1/lib/modules/$version/kernel/drivers/net/"
}

# boot_initrd ROOT FILE: with busybox, and what else is in ROOT
boot_initrd()
{
	mkdir -p "$1"/{bin,proc,sys,dev,new}
	cp "$(command -v busybox)" "$1/bin/"
	chmod +x "$1/init"
	(cd "$1" && find . | cpio -o -H newc --quiet | gzip -1) >"$2"
}

# boot_guest SECONDS INITRD OPTION...: its console to standard output; it has no network device, and ends by itself
boot_guest()
{
	local seconds=$1 initrd=$2
	shift 2
	timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 2048 -smp 2 -nographic -no-reboot -nodefaults \
		-serial stdio -kernel "$kernel" -initrd "$initrd" \
		-append "console=ttyS0 panic=-1 quiet loglevel=3 mitigations=off" "$@" </dev/null | tr -d '\r'
}
