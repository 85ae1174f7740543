TESTS += tests/pcap/truth.sh tests/pcap/cases.sh
EXTRA_DIST += tests/pcap/truth.sh tests/pcap/truth.py tests/pcap/differences.tsv tests/pcap/cases.sh \
	tests/pcap/make-case.py
