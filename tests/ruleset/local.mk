check_PROGRAMS += tests/ruleset/commit-tool
tests_ruleset_commit_tool_SOURCES = tests/ruleset/commit-tool.c
tests_ruleset_commit_tool_LDADD = src/nft/libnft.a src/compile/libcompile.a src/model/libmodel.a \
	src/proto/libwire.a src/base/libbase.a $(NFTNL_LIBS) $(MNL_LIBS) $(CONFIG_LIBS)
TESTS += tests/ruleset/run.sh tests/ruleset/traffic.sh tests/ruleset/reach.sh
EXTRA_DIST += tests/qemu/run.sh tests/qemu/boot.sh tests/qemu/checks.sh tests/qemu/guest.sh tests/qemu/systemd.sh
EXTRA_DIST += tests/ruleset/run.sh tests/ruleset/layout.py tests/ruleset/traffic.sh tests/ruleset/talk.py \
	tests/ruleset/example-small-cell.nft tests/ruleset/example-substation.nft \
	tests/ruleset/example-water-works.nft tests/ruleset/example-opcua.nft tests/ruleset/example-dnp3.nft tests/ruleset/example-iec104.nft tests/ruleset/zoned.nft \
	tests/ruleset/offload.conf tests/ruleset/offload.nft tests/ruleset/watched.nft \
	tests/ruleset/reach.sh tests/ruleset/reach.py tests/ruleset/reach.conf \
	tests/ruleset/words.conf tests/ruleset/words.nft tests/ruleset/ends.conf tests/ruleset/ends.nft tests/ruleset/gates.conf tests/ruleset/gates.nft \
	tests/ruleset/assets.conf tests/ruleset/assets.nft
