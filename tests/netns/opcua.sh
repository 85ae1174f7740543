#!/bin/bash
# SPDX-License-Identifier: MIT
# OPC UA with a real client and a real server (node-opcua) on both sides of the gate: what the
# policy permits works over None, Sign and SignAndEncrypt; what it refuses never reaches the
# server, and syslog says what it was.
. "$(dirname "$0")/lab.sh"

# The two come from npm, in the versions of package-lock.json, into the build directory.
fetch()
{
	local at=$top_builddir/tests/netns/opcua-modules new
	export NODE_PATH=$at/node_modules
	[ -d "$NODE_PATH/node-opcua" ] && return
	new=$(mktemp -d "$top_builddir/tests/netns/opcua-new.XXXXXX") || exit 1
	cp "$lab_src/opcua/package.json" "$lab_src/opcua/package-lock.json" "$new"
	if ! (cd "$new" && timeout 180 npm ci --no-audit --no-fund >npm.log 2>&1 </dev/null); then
		rm -rf "$new"
		lab_skip "npm could not install node-opcua"
	fi
	mv -T "$new" "$at" 2>/dev/null || rm -rf "$new"	# another run was faster
}

command -v node >/dev/null && command -v npm >/dev/null || lab_skip "needs node and npm"
lab_need
fetch
lab_up
export HOME=$lab_dir	# where it would keep its certificates
mkdir "$lab_dir/ua"
in_s timeout 400 node "$lab_src/opcua/server.js" "$V4" 4840 "$lab_dir/ua" >"$lab_dir/ua/log" 2>&1 &
server=$!
lab_pids+=("$server")
lab_wait 40 test -s "$lab_dir/ua/ready" || lab_fail "the OPC UA server did not start: $(tail -n 3 "$lab_dir/ua/log")"

# client MODE USER ACTION...: what it printed, in $lab_dir/said
client()
{
	in_c timeout 30 node "$lab_src/opcua/client.js" "opc.tcp://$V4:4840/plc" "$1" "$2" "$lab_dir/ua" \
		"${@:3}" 2>/dev/null | grep -v '^[0-9:.]*Z ' >"$lab_dir/said"
	return "${PIPESTATUS[0]}"
}

good() { client "$@" || lab_fail "$*: $(tr '\n' ';' <"$lab_dir/said")"; echo "ok: passes: $*"; }
bad() { client "$@" && lab_fail "passed: $*"; kill -0 "$server" || lab_fail "the server is gone"; echo "ok: refused: $*: $(tail -n 1 "$lab_dir/said" | cut -c1-60)"; }
value() { cat "$lab_dir/ua/value"; }
logged() { lab_wait 3 grep -qE "$1" "$lab_dir/syslog" || lab_fail "syslog has no line with $1"; echo "ok: logged: $1"; }

# model HEAD ALLOW: the policy's own keys, and its entries
model()
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; log = "${log:-all}";
               flows = ( { protocol = "opcua"; policy = "pump"; } ); } );
policies = { pump = { protocol = "opcua"; security_policies = "any"; client_certificates = "any";
  $1
  allow = ( { services = [ "discovery", "session", "browsing", "reading", "subscription" ];
              nodes = "any"; attributes = "any"; least_interval = 100; } $2 ); }; };
daemon = { queues = 1; };
END
}

turn_to()	# MODEL: in force
{
	generation=$((generation + 1))
	cat >"$lab_dir/model.conf"
	kill -HUP "$lab_zoned"
	lab_wait 5 lab_said "generation $generation is in force" || lab_fail "the model was not taken"
}

# without the gate everything works
good None anonymous read "ns=1;s=Pump.Level" write "ns=1;s=Pump.Setpoint" 20
expect "setpoint without the gate" "$(value)" 20
good SignAndEncrypt operator write "ns=1;s=Pump.Setpoint" 21
expect "setpoint without the gate" "$(value)" 21
said() { grep "^$1 " "$lab_dir/said"; }
good None anonymous subscribe -1 -1
expect "a negative publishing interval is the server's fastest" "$(said subscribe)" "subscribe 50 100"
good Sign operator modify 1 -1
expect "the same of a subscription that is there" "$(said modify)" "modify 50"

open='security = "none"; opaque = "refuse"; endpoint_urls = [ "opc.tcp://10.10.2.20:4840*" ];
  server_certificates = "any"; user_tokens = [ "anonymous", "user-name" ];'
other=', { services = [ "write" ]; nodes = [ "ns=1;s=Pump.Level", "ns=1;s=Pump.Log" ];
  attributes = [ "value" ]; }'
model "$open" "$other" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
generation=1

good None anonymous read "ns=1;s=Pump.Level" browse read "ns=1;s=Pump.Log"
bad None anonymous write "ns=1;s=Pump.Setpoint" 30
expect "setpoint after a refused write" "$(value)" 21
logged 'refused and reset .*reason=node-not-allowed .*security=none .*service=write .*named="ns=1;s=Pump.Setpoint"'
good Sign operator read "ns=1;s=Pump.Level" browse read "ns=1;s=Pump.Log"
good Sign operator fill "ns=1;s=Pump.Log" 180000
expect "bytes of a large write" "$(cat "$lab_dir/ua/log")" 180000
bad Sign operator write "ns=1;s=Pump.Setpoint" 31
expect "setpoint after a refused signed write" "$(value)" 21
logged 'reason=node-not-allowed .*security_policy=Basic256Sha256 security=sign .*service=write'
good None anonymous together "ns=1;s=Pump.Level" 1000
good None anonymous subscribe 100 -1
expect "what the shortest interval brings" "$(said subscribe)" "subscribe 100 100"
good None anonymous events
bad None anonymous subscribe 100 0	# no word of the server's sampling there
for mode in None Sign; do
	bad $mode operator subscribe -1 100
	bad $mode operator modify 1 -0.5
done
logged 'reason=interval-too-short .*security=none .*service=create-subscription'
logged 'reason=interval-too-short .*security=sign .*service=modify-subscription'
bad SignAndEncrypt operator read "ns=1;s=Pump.Level"
logged 'reason=opaque-body .*security=sign-and-encrypt'

# one more node, and a session that lives through the reload
client Sign operator poll 6 write "ns=1;s=Pump.Setpoint" 32 &
steady=$!
sleep 3
model "$open" ', { services = [ "write" ]; nodes = [ "ns=1;s=Pump.Set*" ]; attributes = [ "value" ]; }' | turn_to
wait "$steady" || lab_fail "the session did not live: $(tr '\n' ';' <"$lab_dir/said")"
expect_at_least "reads over the reload" "$(sed -n 's/^poll //p' "$lab_dir/said")" 40
expect_at_least "tokens renewed meanwhile" "$(sed -n 's/^renewed //p' "$lab_dir/said")" 2
expect "setpoint after the reload" "$(value)" 32

# what a client asks again and again, over and over, or what it hears of a subscription: most of it
# never wakes an inspector, whose judgement of what comes between is the same as ever
if lab_said "in-kernel path: up to"; then
	log=violations model "${open/refuse/allow}" "" | turn_to
	modes=(None Sign SignAndEncrypt)
	[ -z "${LAB_TRANSACTIONS:-}" ] || modes=(Sign)	# all of them once, in the first build
	for mode in "${modes[@]}"; do
		before=$(lab_in_kernel messages)
		good $mode operator again "ns=1;s=Pump.Level,ns=1;s=Pump.Setpoint" 400
		expect_at_least "$mode: messages that the kernel passed of 800" "$(($(lab_in_kernel messages) - before))" 640
		before=$(lab_in_kernel messages)
		good $mode operator watch "ns=1;s=Pump.Level" 3
		expect_at_least "$mode: the same of a subscription, of about 60" "$(($(lab_in_kernel messages) - before))" 20
	done
	good Sign operator again "ns=1;s=Pump.Level" 60 together "ns=1;s=Pump.Level" 300 again "ns=1;s=Pump.Level" 60
	[ -z "${LAB_TRANSACTIONS:-}" ] || modes=(None)
	for mode in "${modes[@]:0:2}"; do
		bad $mode operator modify 60 -1	# the same request but for the interval, after those that the kernel passed
		bad $mode operator again "ns=1;s=Pump.Level" 60 write "ns=1;s=Pump.Setpoint" 35
		expect "setpoint after a refused write among reads" "$(value)" 32
	done
fi

# the policy that is shipped for looking on: what a client asks for that names no intervals, and events
cat <<END | turn_to
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell";
               flows = ( { protocol = "opcua"; policy = "opcua-read-only"; } ); } );
policies = {
  @include "opcua-read-only.conf"
};
daemon = { queues = 1; };
END
good None anonymous defaults events subscribe 100 0
expect "what is granted where sampling is left to the server" "$(said subscribe)" "subscribe 100 100"
good Sign operator defaults events
bad None anonymous subscribe 100 50

# nothing unsecured but discovery, nobody without a name, this server only
secure='security = "sign"; unsecured_discovery = true; opaque = "allow"; endpoint_urls = "any";
  user_tokens = "any"; server_certificates ='
model "$secure [ \"$(cat "$lab_dir/ua/thumbprint")\" ];" "" | turn_to
bad None operator read "ns=1;s=Pump.Level"
logged 'reason=security-too-low .*security=none .*service=create-session'
bad Sign anonymous read "ns=1;s=Pump.Level"
logged 'reason=user-token-not-allowed .*service=activate-session user_token=anonymous'
good Sign operator read "ns=1;s=Pump.Level"
bad Sign operator write "ns=1;s=Pump.Setpoint" 33
expect "setpoint after a refused signed write" "$(value)" 32
good SignAndEncrypt operator read "ns=1;s=Pump.Level" read "ns=1;s=Pump.Log" write "ns=1;s=Pump.Setpoint" 34
expect "setpoint after an encrypted write" "$(value)" 34
model "$secure [ \"$(printf '%040d' 7)\" ];" "" | turn_to
bad Sign operator read "ns=1;s=Pump.Level"
logged "reason=certificate-not-allowed .*named=\"$(cat "$lab_dir/ua/thumbprint")\""
lab_gate_stop
