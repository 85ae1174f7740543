#!/bin/bash
# SPDX-License-Identifier: MIT
# The plant of doc/tutorial.md: an HMI that reads and writes a controller, a historian in the office that only reads,
# and the gateway between them. `plant.sh` opens a shell in the gateway, where nothing is in force; when it ends,
# everything is taken away. `plant.sh FILE` has bash run a file there instead (tests/netns/tutorial.sh).
#
#	hmi      10.10.1.10 -- eth1 [gateway] eth2 -- 10.10.2.20 controller
#	office   10.10.3.30 -- eth3 [gateway]
built=$(dirname "$0")/../../build/plain		# where ./quickstart builds
[ "$top_builddir" ] || ! [ -x "$built/zoned" ] || top_builddir=$(realpath "$built")
. "$(dirname "$0")/lab.sh"
lab_need unshare
lab_up
lab_more=zo$$
ip netns add "$lab_more" || exit 1
lab_link "$lab_more" eth3 3 30

# For as long as the plant stands the HMI reads twelve registers, and somebody there writes register 10; the
# historian reads five registers.
station() # NAMESPACE SCRIPT
{
	ip netns exec "$1" bash -c "ask() { mbpoll -m tcp -a 1 -0 -1 -o 0.5 \"\$@\"; }; while :; do $2; done" >/dev/null 2>&1 &
	lab_pids+=($!)
}
station "$lab_c" "ask -r 0 -c 12 $V4; sleep 0.4"
station "$lab_c" "for value in 300 350 420; do ask -r 10 $V4 \$value; sleep 0.6; done"
station "$lab_more" "ask -r 0 -c 5 $V4; sleep 0.9"

mkdir "$lab_dir/bin" "$lab_dir/plant"
# hmi and office: what a station does
for station in hmi:$lab_c office:$lab_more; do
	cat >"$lab_dir/bin/${station%:*}" <<END
#!/bin/bash
# ${station%:*} read REGISTER, write REGISTER VALUE, or any command, at that station
case \$1 in
read | write) exec ip netns exec ${station#*:} mbpoll -m tcp -a 1 -0 -1 -o 0.5 -r "\$2" $V4 \${3:+"\$3"} 2>&1 |
	grep -E '^\[|Written|failed' ;;
*) exec ip netns exec ${station#*:} "\$@" ;;
esac
END
done
# start and stop: what systemctl start zoned and systemctl stop zoned are at a gateway
cat >"$lab_dir/bin/start" <<END
#!/bin/bash
unshare -m "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -f "\$PWD/zoned.conf" -R "$top_srcdir/rules" -u nobody \\
	-C "$lab_dir/control" </dev/null >"$lab_dir/started" 2>&1 &
echo \$! >"$lab_dir/zoned.pid"
for i in {1..100}; do
	kill -0 \$! 2>/dev/null || { cat "$lab_dir/started"; exit 3; }
	"$top_builddir/zonectl" status >/dev/null 2>&1 && exit 0
	sleep 0.1
done
echo "zoned did not become ready"
exit 1
END
cat >"$lab_dir/bin/stop" <<END
#!/bin/bash
pid=\$(cat "$lab_dir/zoned.pid")
kill "\$pid"
for i in {1..50}; do kill -0 "\$pid" 2>/dev/null || exit 0; sleep 0.1; done
END
chmod +x "$lab_dir"/bin/*
ln -s "$lab_dir/syslog" "$lab_dir/plant/syslog"
cat >"$lab_dir/shell" <<END
mount -t tmpfs -o mode=755 tmpfs /var/lib	# of this name space: the machine's own stays
mkdir -m 750 /var/lib/zoned && chown nobody /var/lib/zoned
cd "$lab_dir/plant"
export PATH="$lab_dir/bin:$(realpath "$top_builddir"):\$PATH" ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL="$lab_dir/control"
exec bash "\$@"
END
if [ $# -gt 0 ]; then
	in_g bash "$lab_dir/shell" "$(realpath "$1")"
else
	echo 'PS1="gateway# "' >"$lab_dir/rc"
	echo "the plant stands: hmi (10.10.1.10) and office (10.10.3.30) read the controller, 10.10.2.20; exit takes it away"
	in_g bash "$lab_dir/shell" --rcfile "$lab_dir/rc" -i
fi
