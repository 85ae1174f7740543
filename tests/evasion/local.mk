TESTS += tests/evasion/run.sh
EXTRA_DIST += tests/evasion/run.sh tests/evasion/README tests/evasion/evasion.py tests/evasion/table.py \
	tests/evasion/peer.py tests/evasion/bench.py tests/evasion/wire.py tests/evasion/rows_segments.py \
	tests/evasion/rows_decoys.py tests/evasion/rows_state.py tests/evasion/rows_ip.py \
	tests/evasion/rows_messages.py
