# The evasion suite needs root, as the lab does; about 40 seconds.
EVASION_FILES = tests/evasion/bench.py tests/evasion/judge.py tests/evasion/peer.py \
	tests/evasion/rows_connection.py tests/evasion/rows_ip.py tests/evasion/rows_modbus.py \
	tests/evasion/rows_segments.py tests/evasion/rows_values.py tests/evasion/rows_windows.py \
	tests/evasion/suite.py tests/evasion/table.py tests/evasion/wire.py
EVASION_TESTS = tests/evasion/run.sh tests/evasion/datagrams.sh tests/evasion/talks.sh
TESTS += $(EVASION_TESTS)
EXTRA_DIST += $(EVASION_TESTS) tests/evasion/datagrams.py tests/evasion/talks.py tests/evasion/README \
	tests/evasion/ASSUMPTIONS $(EVASION_FILES)
