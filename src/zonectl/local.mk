sbin_PROGRAMS += zonectl
zonectl_SOURCES = src/zonectl/zonectl.h src/zonectl/main.c src/zonectl/verbs.c src/zonectl/help.c src/zonectl/options.c src/zonectl/version.c src/zonectl/complete.c src/zonectl/simple.c src/zonectl/check.c src/zonectl/diff.c src/zonectl/table.h src/zonectl/table.c src/zonectl/model-tables.c src/zonectl/replay.h src/zonectl/replay.c \
	src/zonectl/replay-parts.h src/zonectl/replay-counts.h src/zonectl/replay-counts.c src/zonectl/replay-options.c \
	src/zonectl/replay-file.c src/zonectl/replay-groups.c src/zonectl/replay-workers.c src/zonectl/replay-judge.c \
	src/zonectl/replay-record.c src/zonectl/replay-connection.c src/zonectl/replay-ports.c src/zonectl/replay-summary.c \
	src/zonectl/replay-output.c src/zonectl/replay-filter.c \
	src/zonectl/log.h src/zonectl/log.c src/zonectl/log-print.c src/zonectl/ask.h src/zonectl/ask.c src/zonectl/ask-change.c src/zonectl/ask-order.c src/zonectl/ask-status.c src/zonectl/live.h src/zonectl/live.c src/zonectl/counters.c src/zonectl/connections.c src/zonectl/top.c src/zonectl/metrics.c src/zonectl/learn.c src/zonectl/learn-live.h src/zonectl/learn-live.c src/zonectl/ask-proposal.c \
	src/zonectl/explain.h src/zonectl/explain.c src/zonectl/explain-question.c src/zonectl/explain-run.c \
	src/zonectl/explain-change.c src/zonectl/explain-keys.c src/zonectl/explain-reason.c src/zonectl/explain-log.c src/zonectl/explain-print.c src/zonectl/explain-text.c \
	src/zonectl/backup.c src/zonectl/samples.h src/zonectl/samples.c src/zonectl/selftest.h src/zonectl/selftest.c src/zonectl/selftest-messages.c src/zonectl/selftest-probes.c src/zonectl/selftest-space.c
zonectl_LDADD = src/lint/liblint.a src/compare/libcompare.a src/backup/libbackup.a src/history/libhistory.a src/learn/liblearn.a src/recording/librecording.a src/host/libhost.a src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a src/compile/libcompile.a src/policy/libpolicy.a \
	src/nft/libnft.a src/compile/libcompile.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/store/libstore.a \
	src/packet/libpacket.a src/base/libbase.a $(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS) $(JANSSON_LIBS) $(CONFIG_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(SQLITE_LIBS) $(NETTLE_LIBS) $(BPF_LIBS)
