#!/bin/bash
# SPDX-License-Identifier: MIT
# What a flow can say beside protocols and single ports, each with real packets over IPv4 and IPv6: what it permits
# gets there and back, what is beside it does not, and does where the site is only watched, with a record.
# zonectl explain says the same of each.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
ctl=$top_builddir/zonectl
export ZONED_RULES=$top_srcdir/rules

in_s "$python" -B "$lab_src/words.py" serve 79 80 7999 8000 8005 8010 8011 40000 65535 >"$lab_dir/ready" &
lab_pids+=($!)
lab_wait 5 test -s "$lab_dir/ready" || lab_fail "no servers"

# ask WHAT...: the answers over IPv4, and IPv6
ask() { echo "$(in_c "$python" -B "$lab_src/words.py" ask "$V4" "$@") | $(in_c "$python" -B "$lab_src/words.py" ask "$V6" "$@")"; }
# explained WHAT...: the same by zonectl explain, over IPv4
explained()
{
	local what
	for what in "$@"; do
		# shellcheck disable=SC2086	# these are words
		if "$ctl" explain -m "$model" 10.10.1.10 "$V4" ${what/:/ } | grep -q '^verdict: accept'; then echo yes; else echo no; fi
	done | paste -sd ' '
}
plant() { lab_model services="$1" "${@:2}" >"$model"; }
recorded() { grep -c "event=refused-flow.* verdict=$1 .* dport=$2 " "$lab_dir/syslog"; }

# --- without the gate everything gets there
ALL=(tcp:79 tcp:80 tcp:7999 tcp:8000 tcp:8005 tcp:8010 tcp:8011 udp:8005 udp:40000 udp:65535)
YES="yes yes yes yes yes yes yes yes yes yes"
expect "without the gate" "$(ask "${ALL[@]}")" "$YES | $YES"

# --- ranges of ports
plant '{ transport = "tcp"; ports = ( 80, "8000-8010" ); }, { transport = "udp"; ports = "40000-65535"; }'
lab_gate "$model"
SOME="no yes no yes yes yes no no yes yes"
expect "ranges of ports" "$(ask "${ALL[@]}")" "$SOME | $SOME"
expect "explained" "$(explained "${ALL[@]}")" "$SOME"
if grep -q 'in-kernel path: up to' "$lab_dir/zoned.err"; then
	expect_at_least "packets of them that the kernel passed" "$(lab_in_kernel uninspected)" 8
fi
lab_wait 5 eval '[ "$(recorded drop 79)" -gt 0 ]' || lab_fail "what is refused has no record"

# --- ICMP by the type of its request, and protocols without ports
KINDS4=(icmp:8 icmp:13 icmp:17 ip:47 ip:50 ip:112) KINDS6=(icmp:128 icmp:139 ip:47 ip:50 ip:112)
ask4() { in_c "$python" -B "$lab_src/words.py" ask "$V4" "$@"; }
ask6() { in_c "$python" -B "$lab_src/words.py" ask "$V6" "$@"; }
lab_gate_stop
expect "kinds, without the gate" "$(ask4 "${KINDS4[@]}" icmp:8:9) | $(ask6 "${KINDS6[@]}")" "yes yes yes yes yes yes yes | yes yes yes yes yes"
plant '{ service = "ping"; }'
lab_gate "$model"
expect "ping, which is echo" "$(ask4 "${KINDS4[@]}" icmp:8:9) | $(ask6 "${KINDS6[@]}")" "yes no no no no no no | yes no no no no"
plant '{ icmp_types = [ "timestamp" ]; icmpv6_types = [ 139 ]; }, { ip_protocols = ( "esp", 112 ); }'
lab_reload
expect "other types, and protocols" "$(ask4 "${KINDS4[@]}") | $(ask6 "${KINDS6[@]}")" "no yes no no yes yes | no yes no yes yes"
expect "explained" "$(explained "${KINDS4[@]}")" "no yes no no yes yes"
lab_wait 5 grep -q "event=refused-flow.* came=.IP protocol 47," "$lab_dir/syslog" || lab_fail "GRE that is refused has no record"

# --- only watched: all of it goes on, with records
{ echo 'mode = "observe";'; sed 's/mode = "enforce";//' "$model"; } >"$model.watched"
mv "$model" "$model.enforced"; mv "$model.watched" "$model"
lab_reload
expect "only watched" "$(ask "${ALL[@]}")" "$YES | $YES"
lab_wait 5 eval '[ "$(recorded observed 79)" -gt 0 ]' || lab_fail "what is only watched has no record"
