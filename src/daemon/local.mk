sbin_PROGRAMS += zoned
zoned_SOURCES = src/daemon/zoned.c src/daemon/start.h src/daemon/start.c src/daemon/start-memory.c src/daemon/steps.h src/daemon/steps.c src/daemon/parent.h src/daemon/worker.c src/daemon/thread.c \
	src/daemon/generation.c src/daemon/status.c src/daemon/counts.h src/daemon/counts.c src/daemon/counts-document.c src/daemon/uses.h src/daemon/uses.c src/daemon/connections.h src/daemon/connections.c src/daemon/metrics.h src/daemon/metrics.c src/daemon/metrics-socket.c src/daemon/outputs.c src/daemon/links.c src/daemon/plain.c src/daemon/used.c src/daemon/refused.c src/daemon/offload.c src/daemon/guard.c src/daemon/bypass.c src/daemon/misfits.c \
	src/daemon/control.h src/daemon/control.c src/daemon/control-line.h src/daemon/control-line.c \
	src/daemon/audit.c src/daemon/restored.c src/daemon/proposals.h src/daemon/proposals.c src/daemon/requests-proposals.c src/daemon/roles.c src/daemon/first.c src/daemon/change.h src/daemon/change.c src/daemon/requests.h src/daemon/requests.c src/daemon/requests-orders.c src/daemon/orders.h src/daemon/orders.c src/daemon/gates.c src/daemon/ring.h src/daemon/images.h src/daemon/images.c src/daemon/inspector.h src/daemon/inspector.c src/daemon/confine.h src/daemon/confine.c \
	src/daemon/tap.h src/daemon/taps.h src/daemon/taps.c src/daemon/tap-keeper.c src/daemon/tap-reader.c src/daemon/reactions.c \
	src/daemon/queue.h src/daemon/queue.c src/daemon/spawner.h src/daemon/spawner.c \
	src/daemon/ctwatch.h src/daemon/ctwatch.c src/daemon/ctlist.c src/daemon/nflog.h src/daemon/nflog.c
zoned_LDADD = src/backup/libbackup.a src/history/libhistory.a src/recording/librecording.a src/evidence/libevidence.a src/host/libhost.a src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a src/nft/libnft.a src/compile/libcompile.a \
	src/model/libmodel.a src/record/librecord.a src/policy/libpolicy.a src/proto/libwire.a \
	src/record/librecord.a src/store/libstore.a src/packet/libpacket.a src/base/libbase.a $(SECCOMP_LIBS) $(CAPNG_LIBS) $(EVENT_LIBS) \
	$(SYSTEMD_LIBS) $(JANSSON_LIBS) $(CONFIG_LIBS) $(NFTNL_LIBS) $(MNL_LIBS) $(SQLITE_LIBS) $(NETTLE_LIBS) $(BPF_LIBS) $(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS)
EXTRA_DIST += src/daemon/README
