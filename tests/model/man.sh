#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual says what the program does: the examples of zoned-model(5), zoned.conf(5), zoned-peers(7) and zoned-operate(7)
# load, zonectl knows the commands of the last of them,
# zoned-events(5) lists exactly the reasons of the table, pages are well formed. keys.sh has the keys and words
# of the model, options.py what the programs are called with.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
export ZONED_RULES="$top_srcdir/rules"
ctl=$(realpath "$top_builddir/zonectl")
# A part of a model gets what it lacks: a list of flows its conduit, conduits zones and policies, policies a zone.
whole() {
	case $1 in
	flows*) whole "conduits = ( { name = \"c\"; from = \"a\"; to = \"b\";
$1
} );" ;;
	conduits*) printf '%s\n' 'zones = (' \
		'  { name = "a"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.1.0.0/24" ]; },' \
		'  { name = "b"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.2.0.0/24" ]; } );' \
		"$1" \
		'policies = {' '@include "modbus-read-only.conf"' '@include "dnp3-all.conf"' '};' ;;
	*zones\ =*) printf '%s\n' "$1" ;;
	policies* | daemon*) printf '%s\n' 'zones = ( { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; } );' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}
for page in zoned-model.5 zoned.conf.5 zoned-peers.7 zoned-operate.7; do
	awk -v dir="$dir/$page" '/^\.Bd/ { n++; inside = 1; next } /^\.Ed/ { inside = 0 } inside { print >(dir "." n) }' \
		"$dir/man/$page"
	for example in "$dir/$page".*; do
		# commands, and what is printed, are no models
		[ "$page" != zoned-operate.7 ] || grep -q '^[a-z_]* = ' "$example" || continue
		whole "$(cat "$example")" >"$dir/example.conf"
		"$ctl" check "$dir/example.conf"
	done
done
# Called as on that page, with no daemon to ask, none of these is wrong usage.
n=0
while read -r args; do
	n=$((n + 1)) status=0
	eval "set -- ${args% >*}"
	ZONED_CONTROL=/nonexistent/control timeout 10 "$ctl" "${@/8h/1s}" >"$dir/said" 2>&1 </dev/null || status=$?
	case $status in 2 | 124 | 12[5-9]) echo "zonectl $args: status $status: $(head -2 "$dir/said")"; exit 1 ;; esac
done < <(sed -n 's/^# zonectl //p' "$dir/man/zoned-operate.7" | grep -v '^probe$')
[ "$n" -gt 25 ]
# The table of services is that of the program: each of their ports, written beside the service, is there twice.
sed -n '/^\.Ss Services$/,/^\.El$/s/^\.It Cm //p' "$dir/man/zoned-model.5" >"$dir/services"
[ "$(grep -c . "$dir/services")" -gt 20 ]
while read -r name _ what ports; do
	[ "$what" = ICMP ] && flow='icmp_types = 8; icmpv6_types = 128;' n=2 ||
		{ flow="transport = \"${what,,}\"; ports = [ ${ports// and /, } ];"; n=$(wc -w <<<"${ports// and / }"); }
	whole "flows = ( { service = \"$name\"; }, { $flow } );" >"$dir/example.conf"
	[ "$("$ctl" check "$dir/example.conf" 2>&1 | grep -c 'is there twice')" = "$n" ] || { echo "service $name: not $what $ports"; exit 1; }
done <"$dir/services"
# The example of zonectl(8) is what its commands print: README.md's model, a draft of it with two errors, and a capture
# of a read and of a write with a value that is not allowed.
mkdir "$dir/tried"
sed -n '/^    zones = ($/,/^$/s/^    //p' "$top_srcdir/README.md" |
	sed 's/10\.10\.1\.0/10.1.0.0/; s/10\.10\.2\.0/10.2.0.0/' >"$dir/tried/plant.conf"
sed 's/"setpoints"/"setpoint"/; s/"0-1000"/"0-70000"/' "$dir/tried/plant.conf" >"$dir/tried/draft.conf"
PYTHONPATH="$top_srcdir/tests/pcap" python3 -B -c 'import sys, peers
steps = [peers.ask(1, "03 0000 0002"), peers.ask(2, "06 000a 1267")]
peers.write_pcap(sys.argv[1], peers.packets_of(steps, "modbus", False), 2000)' "$dir/tried/plant.pcap"
example() # PAGE: the first one
{
	awk '/^\.Ed/ { exit } inside { print } /^\.Bd/ { inside = 1 }' "$dir/man/$1"
}
example zonectl.8 >"$dir/example"
grep -c '^\$ zonectl ' "$dir/example" | grep -qx 3
sed -n 's/^\$ zonectl //p' "$dir/example" | while read -r args; do
	echo "\$ zonectl $args"
	# shellcheck disable=SC2086	# these are words
	(cd "$dir/tried" && "$ctl" $args 2>&1) || case $? in 3 | 5) ;; *) exit 1 ;; esac
done | tr -s ' \n' '\n' >"$dir/printed"
tr -s ' \n' '\n' <"$dir/example" | diff - "$dir/printed"
# That of zoned(8) begins with the same check; its refused message is the one that zoned-events(5) explains.
args=$(example zoned.8 | sed -n '1s/^# zonectl //p')
(cd "$dir/tried" && "$ctl" "${args%% *}" plant.conf) | sed "s|^plant.conf|${args#* }|" >"$dir/printed"
example zoned.8 | sed -n 2p | diff - "$dir/printed"
said=$(example zoned.8 | sed -n '/^write-single-register/,/\.\.\.$/p' | tr -s ' \n' ' ')
[[ $(example zoned-events.5 | tr -s ' \n' ' ') == "${said%... }"* && -n $said ]]
# the page groups them by protocol, the table appends
sed -n 's/^\.It Cm //p' "$dir/man/zoned-events.5" | sort >"$dir/reasons"
"$ctl" reasons | sed 's/ .*//' | sort >"$dir/table"
diff "$dir/table" "$dir/reasons"
python3 -B "$top_srcdir/tests/model/verbs.py" "$ctl" "$dir/man" "$dir/tried"
python3 -B "$top_srcdir/tests/model/options.py" "$top_builddir" "$top_srcdir/src" "$dir/man"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$dir"/man/*.[578]
fi
