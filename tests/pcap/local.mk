TESTS += tests/pcap/replay.sh
EXTRA_DIST += tests/pcap/replay.sh tests/pcap/replay.py
TESTS += tests/pcap/truth.sh tests/pcap/cases.sh tests/pcap/tshark.sh tests/pcap/opcua.sh tests/pcap/dnp3.sh tests/pcap/iec104.sh tests/pcap/modbus.sh tests/pcap/peers.sh tests/pcap/encapsulations.sh tests/pcap/recordings.sh tests/pcap/gaps.sh
EXTRA_DIST += tests/pcap/truth.sh tests/pcap/truth.py tests/pcap/truth_opcua.py tests/pcap/truth_dnp3.py tests/pcap/differences.tsv tests/pcap/peers-known.txt \
	tests/pcap/cases.sh tests/pcap/modbus.sh tests/pcap/make-case.py tests/pcap/tshark.sh tests/pcap/opcua.sh tests/pcap/opcua.py \
	tests/pcap/opcua_wire.py tests/pcap/iec104.sh tests/pcap/iec104.py tests/pcap/dnp3.sh tests/pcap/dnp3.py tests/pcap/dnp3_wire.py tests/pcap/encapsulations.sh tests/pcap/encapsulations.py tests/pcap/peers.sh tests/pcap/peers.py \
	tests/pcap/recordings.sh tests/pcap/recordings.py tests/pcap/gaps.sh tests/pcap/gaps.py
check_PROGRAMS += tests/pcap/iec104-read
tests_pcap_iec104_read_SOURCES = tests/pcap/iec104-read.c tests/put.h
tests_pcap_iec104_read_LDADD = src/proto/libwire.a src/record/librecord.a
TESTS += tests/pcap/iec104-tshark.sh
EXTRA_DIST += tests/pcap/iec104-tshark.sh tests/pcap/iec104_tshark.py tests/pcap/iec104_wire.py tests/pcap/iec104-differences.tsv
TESTS += tests/pcap/uninspected.sh tests/pcap/typed.sh
EXTRA_DIST += tests/pcap/typed.sh tests/pcap/typed.py tests/pcap/uninspected.sh tests/pcap/uninspected.py
# zonectl whose replay is the gate on the wire
check_PROGRAMS += tests/pcap/inline-gate
tests_pcap_inline_gate_SOURCES = $(zonectl_SOURCES) tests/pcap/inline-gate.c
tests_pcap_inline_gate_LDADD = $(zonectl_LDADD)
tests_pcap_inline_gate_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=inspect_new -Wl,--wrap=inspect_packet
