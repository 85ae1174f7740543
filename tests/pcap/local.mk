TESTS += tests/pcap/truth.sh
EXTRA_DIST += tests/pcap/truth.sh tests/pcap/truth.py tests/pcap/differences.tsv
