#!/bin/bash
# SPDX-License-Identifier: MIT
# Records of what is refused say where: both interfaces, the sender's link address, and the assets
# of the model. Of inspected messages and of refused flows, over IPv4 and IPv6, in syslog and JSON,
# enforcing and observing; a renamed interface has its new name.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

mac_c=$(in_c cat /sys/class/net/eth0/address)
mac_s=$(in_s cat /sys/class/net/eth0/address)
mac_1=$(in_g cat /sys/class/net/eth1/address)
mac_2=$(in_g cat /sys/class/net/eth2/address)

# Without the gate the write reaches the device.
lab_poll -t 4 -r 600 "$V4" 4711 >/dev/null || lab_fail "no path to the device without the gate"
lab_device
expect "without the gate the write changes the device" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1

# model MODE: with an asset on each side, for each family
model()
{
	lab_model mode="$1" daemon="json_log = \"$lab_dir/json\";" conduit='ticket = "CHG 7"; owner = "shift";' |
		sed 's|\(interfaces = \[ "eth1" \];\)|\1 assets = ( { name = "panel"; address = "10.10.1.10"; }, { name = "panel-v6"; address = "fd00:10:1::10"; } );|
			s|\(interfaces = \[ "eth2" \];\)|\1 assets = ( { name = "valve"; address = "10.10.2.20"; }, { name = "valve-v6"; address = "fd00:10:2::20"; } );|'
}

# has WHAT PATTERN FIELD...: one line of syslog has the pattern and all of the fields, and so has an object
has()
{
	local what=$1 pattern=$2 line field
	shift 2
	lab_wait 3 grep -Eq -- "$pattern" "$lab_dir/syslog" || lab_fail "$what: no record"
	line=$(grep -E -- "$pattern" "$lab_dir/syslog" | tail -n 1)
	for field; do
		grep -qF -- " $field " <<<"$line " || lab_fail "$what: the line lacks $field: $line"
	done
	"$python" - "$lab_dir/json" "$@" <<'END' || lab_fail "$what: no object has all of: $*"
import json
import shlex
import sys
want = dict(f.split("=", 1) for f in shlex.split(" ".join(sys.argv[2:])))
sys.exit(not any(want.items() <= json.loads(line).items() for line in open(sys.argv[1])))
END
	echo "ok: $what"
}

# hasnt WHAT PATTERN FIELD: its line has no such field
hasnt()
{
	grep -E -- "$2" "$lab_dir/syslog" | tail -n 1 | grep -q " $3=" && lab_fail "$1: it has $3"
	echo "ok: $1: no $3"
}

model enforce >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "the write was answered"
lab_device
expect "the register is unchanged" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1
has "a refused message" "reason=function-not-allowed .* src=10.10.1.10 " src_asset='"panel"' dst_asset='"valve"' \
	in_interface='"eth1"' out_interface='"eth2"' src_mac="$mac_c" ticket='"CHG 7"' owner='"shift"'
lab_poll -t 4 -r 600 "$V6" 17 >/dev/null && lab_fail "the write was answered"
has "a refused message, IPv6" "reason=function-not-allowed .* src=fd00:10:1::10 " src_asset='"panel-v6"' \
	dst_asset='"valve-v6"' in_interface='"eth1"' out_interface='"eth2"' src_mac="$mac_c"

in_c timeout 1 nc -zw1 "$V4" 22 && lab_fail "a service that no conduit names was reachable"
has "a refused flow" "reason=no-conduit .* src=10.10.1.10 .* dport=22 " src_asset='"panel"' dst_asset='"valve"' \
	in_interface='"eth1"' out_interface='"eth2"' src_mac="$mac_c" dst_mac="$mac_1"
in_s timeout 1 nc -zw1 fd00:10:1::10 22 && lab_fail "a service that no conduit names was reachable"
has "a refused flow, IPv6" "reason=no-conduit .* src=fd00:10:2::20 .* dport=22 " src_asset='"valve-v6"' \
	dst_asset='"panel-v6"' in_interface='"eth2"' out_interface='"eth1"' src_mac="$mac_s" dst_mac="$mac_2"

# a record by its id is explained, by the model that the daemon has and the file that this names
id=$(grep -m 1 'reason=function-not-allowed .* src=10\.10\.1\.10 ' "$lab_dir/syslog" | grep -o ' id=[0-9a-f]*-[0-9]*' | cut -d= -f2)
explained=$(ZONED_RULES=$top_srcdir/rules ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" explain "$id" 2>&1) && lab_fail "it is permitted: $explained"
for line in "record: function-not-allowed: " "model: $lab_dir/model.conf (in force in the running zoned)" \
	"from: 10.10.1.10 .*, asset panel, " "to: 10.10.2.20 port 502, asset valve, " "reason: function-not-allowed: "; do
	grep -q "^$line" <<<"$explained" || lab_fail "explain $id: no line \"$line\": $explained"
done
echo "ok: explain by id"

# another's address, on another wire: who really sends it is told
ip -n "$lab_s" addr add 10.10.1.77/32 dev lo
in_s timeout 2 ping -c1 -W1 -I 10.10.1.77 10.10.1.10 >/dev/null
has "a false sender" "reason=wrong-interface .* src=10.10.1.77 " dst_asset='"panel"' in_interface='"eth2"' src_mac="$mac_s" \
	dst_mac="$mac_2"
hasnt "a false sender" "reason=wrong-interface .* src=10.10.1.77 " src_asset

# what is only observed
model observe >"$lab_dir/model.conf"
lab_reload
lab_poll -t 4 -r 600 "$V4" 18 >/dev/null || lab_fail "observed, and not passed"
has "an observed message" "verdict=observed reason=function-not-allowed .* src=10.10.1.10 " src_asset='"panel"' \
	dst_asset='"valve"' in_interface='"eth1"' out_interface='"eth2"' src_mac="$mac_c"
