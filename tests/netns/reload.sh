#!/bin/bash
# SPDX-License-Identifier: MIT
# SIGHUP. A bad file changes nothing and is said with file and line. A good one
# is in force at once: the established connection goes on undisturbed, what the
# new policy permits passes on it, what it refuses no longer does.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
lab_model >"$model"
lab_gate "$model"

# one connection through everything that follows
ip netns exec "$lab_c" timeout 60 "$lab_bin/mbclient" -d 7 "$V4" "$PORT" >"$lab_dir/steady" &
steady=$!
lab_pids+=("$steady")

lab_model | sed 's/from = "hmi"/from = "hmo"/' >"$model"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "reload refused" || lab_fail "the bad file was not refused"
grep -q "$model:[0-9]*: error: .*hmo" "$lab_dir/zoned.err" || lab_fail "file, line or name is missing in the error"
lab_wait 3 grep -q "model.conf:[0-9]*: error: " "$lab_dir/syslog" || lab_fail "syslog does not have the error"
in_c "$lab_bin/mbclient" -n 200 -r 50 "$V4" "$PORT" >/dev/null || lab_fail "the old model is not in force any more"
expect "writes delivered" "$(lab_delivered writes)" 0

lab_model policy=modbus-read-write >"$model"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "generation 2 is in force" || lab_fail "the good file was not taken"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null || lab_fail "the newly permitted write was refused"
expect "writes delivered" "$(lab_delivered writes)" 1

lab_model >"$model"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "generation 3 is in force" || lab_fail "the third file was not taken"
lab_poll -t 4 -r 600 "$V4" 18 >/dev/null && lab_fail "the newly refused write was answered"
expect "writes delivered" "$(lab_delivered writes)" 1

wait "$steady" || lab_fail "the established connection was disturbed: $(cat "$lab_dir/steady")"
echo "ok: $(cat "$lab_dir/steady")"
expect "connections opened again" "$(lab_value "$(cat "$lab_dir/steady")" reconnects)" 0
expect_at_most "longest time without a good answer (ms)" "$(lab_value "$(cat "$lab_dir/steady")" gap_ms)" 500

# A conduit that the new model does not have: its connections are cut.
ip netns exec "$lab_c" timeout 12 "$lab_bin/mbclient" -d 8 -T 1000 "$V4" "$PORT" >"$lab_dir/cut" 2>&1 &
cut=$!
lab_pids+=("$cut")
sleep 1
lab_model | sed '/^conduits/,/^);/c conduits = ( );' >"$model"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "generation 4 is in force" || lab_fail "the model without conduits was not taken"
kill -0 "$cut" || lab_fail "the reload took longer than the client"
sleep 0.3	# what was under way at the switch
reads=$(lab_delivered reads)
wait "$cut" && lab_fail "a connection without conduit went on: $(cat "$lab_dir/cut"), $reads reads when it was cut, $(lab_delivered reads) now"
expect "reads delivered after the cut" "$(lab_delivered reads)" "$reads"

# What is tried never takes the place of what is in force, which goes by the lowest bit of
# the number: 5 is refused, since an inspector does not answer, and 6 would be where 4 is.
lab_model >"$model"
stopped=$(lab_inspectors)
kill -STOP "$stopped"
kill -HUP "$lab_zoned"
lab_wait 10 lab_said "reload refused: an inspector or the kernel refused it" || lab_fail "a model that an inspector does not take"
kill -CONT "$stopped"

# What only a start can change is said, and the rest of that model is in force.
lab_model queues=2 >"$model"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "changed and not in force until a restart: queues;" || lab_fail "other queues were not said"
lab_wait 5 lab_said "generation 7 is in force" || lab_fail "the number after a refused one"
expect "inspectors" "$(lab_inspectors | wc -l)" 1
in_c "$lab_bin/mbclient" -n 200 -r 50 "$V4" "$PORT" >/dev/null || lab_fail "the last model is not in force"
expect "writes delivered" "$(lab_delivered writes)" 1
lab_gate_stop
