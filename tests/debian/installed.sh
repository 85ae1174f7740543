#!/bin/bash
# SPDX-License-Identifier: MIT
# Inside the chroot of package.sh, where the packages are in /package: what an administrator would do with them.
set -eu
cd /package
fail() { echo "FAIL: $*"; exit 1; }
unit_is() { [ "$(systemctl is-enabled "$1" 2>/dev/null)" = "$2" ] || fail "$1 is not $2"; }

# --- installed: nothing is in force
apt-get install -qy --no-install-recommends ./zoned_0.1*.deb ./zoned-doc_0.1*.deb
[ ! -e /etc/zoned/zoned.conf ] || fail "there is a model that nobody wrote"
unit_is zoned disabled
unit_is zoned-boot disabled
unit_is zoned-metrics.timer disabled
getent passwd zoned >/dev/null || fail "there is no user zoned"
! grep -v '^#' /etc/sysctl.d/zoned.conf | grep . || fail "a setting of the kernel is in force"
! nft list table inet zoned 2>/dev/null || fail "there is a table"
zonectl check /usr/share/doc/zoned/examples/zoned.conf
apparmor_parser -QK /etc/apparmor.d/zoned 2>/dev/null || [ "$(command -v apparmor_parser)" = "" ] || fail "the AppArmor profile"
ls /usr/share/doc/zoned/html/zoned.8.html /usr/share/zoned/zoned.service.d/taps.conf >/dev/null
for program in zoned zonectl; do
	grep -qF "\"content\":\"$(sha256sum <"/usr/sbin/$program" | cut -d' ' -f1)\"" /usr/share/doc/zoned/zoned.cdx.json ||
		fail "the bill of materials is of another $program"
done
echo "ok: installed, nothing is in force"

# --- an operator's own
cp /usr/share/doc/zoned/examples/zoned.conf /etc/zoned/zoned.conf
echo '# the plant' >>/etc/zoned/zoned.conf
sed -i 's/rotate 14/rotate 99/' /etc/logrotate.d/zoned
mkdir -p /var/lib/zoned/evidence /var/log/zoned
touch /var/lib/zoned/evidence/x.pcapng /var/log/zoned/events.json
systemctl enable zoned
unit_is zoned enabled
unit_is zoned-boot enabled
# the daemon as its unit starts it, in this network name space
nft -f /usr/share/zoned/zoned-boot.nft
install -d -o zoned -g zoned /run/zoned
start() {
	setpriv --reuid=zoned --regid=zoned --clear-groups --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		--bounding-set=-all,+net_admin --no-new-privs zoned &
	daemon=$!
	for _ in $(seq 50); do
		[ -S /run/zoned/control ] && zonectl status >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "zoned does not start"
}
started() { nft list table inet zoned | grep -q 'map conduits'; }
start
started || fail "the model is not in force"
before=$(cksum </etc/zoned/zoned.conf)

# --- upgrade
apt-get install -qy --no-install-recommends -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold ./zoned_0.2.deb ./zoned-doc_0.2.deb
[ "$(dpkg-query -W -f '${Version}' zoned)" = 0.2 ] || fail "not upgraded"
[ "$(cksum </etc/zoned/zoned.conf)" = "$before" ] || fail "the upgrade changed the model"
grep -q 'rotate 99' /etc/logrotate.d/zoned || fail "the upgrade took back a change of a conffile"
grep -q 'of the next version' /etc/logrotate.d/zoned.dpkg-dist || fail "the new conffile is not beside the changed one"
grep -q 'of the next version' /etc/sysctl.d/zoned.conf || fail "an unchanged conffile is not the new one"
unit_is zoned enabled
unit_is zoned-boot enabled
kill -0 "$daemon" && started || fail "the upgrade ended what was in force"
# under systemd it is restarted then: the rules stay meanwhile
grep -q 'deb-systemd-invoke' /var/lib/dpkg/info/zoned.postinst && grep -q '_dh_action=restart' /var/lib/dpkg/info/zoned.postinst ||
	fail "an upgrade does not restart zoned"
kill "$daemon" && wait "$daemon" || fail "zoned did not stop well"
started || fail "a stop takes the rules"
start
kill "$daemon" && wait "$daemon"
echo "ok: upgraded, and all that an operator changed is as it was"

# --- removed: the gate stays shut, and the model is there for the next one
apt-get remove -qy zoned zoned-doc
[ "$(cksum </etc/zoned/zoned.conf)" = "$before" ] || fail "remove took the model"
[ -e /var/lib/zoned/evidence/x.pcapng ] || fail "remove took the state"
started || fail "remove opened the gate"
[ ! -e /usr/sbin/zoned ] || fail "remove left the program"
# --- purged
mkdir -p /run/systemd/system	# as where systemd runs: without it a chroot's purge leaves the table of the host alone
apt-get purge -qy zoned zoned-doc
! nft list table inet zoned 2>/dev/null || fail "purge left the table"
for path in /etc/zoned /var/lib/zoned /var/log/zoned /etc/logrotate.d/zoned* /etc/apparmor.d/zoned /etc/sysctl.d/zoned.conf \
	/etc/systemd/system/*/zoned* /var/lib/systemd/deb-systemd-helper-*/*zoned*; do
	[ ! -e "$path" ] || fail "purge left $path"
done
rm -rf /run/zoned
echo "ok: purged"
