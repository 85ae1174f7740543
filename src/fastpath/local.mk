noinst_LIBRARIES += src/fastpath/libfastpath.a
src_fastpath_libfastpath_a_SOURCES = src/fastpath/fast.h src/fastpath/policy.h src/fastpath/policy.c \
	src/fastpath/load.h src/fastpath/claim.h src/fastpath/slot.h
FAST_PROGRAM = src/fastpath/fast.bpf.c src/fastpath/fast-bytes.bpf.h src/fastpath/fast-entry.bpf.h \
	src/fastpath/fast-keep.bpf.h src/fastpath/fast-kernel.bpf.h src/fastpath/fast-limits.bpf.h \
	src/fastpath/fast-maps.bpf.h src/fastpath/fast-packet.bpf.h src/fastpath/fast-plain.bpf.h
EXTRA_DIST += $(FAST_PROGRAM) src/fastpath/judged.sh src/fastpath/load.c src/fastpath/load-entries.c src/fastpath/load-internal.h \
	src/fastpath/load-layout.c src/fastpath/load-tables.c src/fastpath/load-none.c src/fastpath/README
if HAVE_BPF
src_fastpath_libfastpath_a_SOURCES += src/fastpath/load.c src/fastpath/load-entries.c src/fastpath/load-internal.h \
	src/fastpath/load-layout.c src/fastpath/load-tables.c
# The object is in zoned as it is: names of folders in it are mapped as in all else.
BPF_CLANG_FLAGS = $(filter -ffile-prefix-map=%,$(CFLAGS)) -target bpf -I$(srcdir)/src -Isrc/fastpath -mcpu=v3 -O2 -g -Wall -Wextra $(BPF_INCLUDES) $(BPF_TSO) $(BPF_CFLAGS)
FAST_PARTS = $(FAST_PROGRAM) src/fastpath/fast.h src/proto/protocols.h src/fastpath/judged.bpf.h
src/fastpath/judged.bpf.h: $(FAST_PROGRAM) src/fastpath/judged.sh src/proto/list.sh src/proto/protocols.h
	$(AM_V_GEN)$(MKDIR_P) src/fastpath && $(srcdir)/src/fastpath/judged.sh $(srcdir)/src >$@.new && mv $@.new $@
src/fastpath/fast.bpf.o: $(FAST_PARTS)
	$(AM_V_GEN)$(MKDIR_P) src/fastpath && $(CLANG_BPF) $(BPF_CLANG_FLAGS) -c $(srcdir)/src/fastpath/fast.bpf.c -o $@
src/fastpath/fast-cast.bpf.o: $(FAST_PARTS)
	$(AM_V_GEN)$(MKDIR_P) src/fastpath && $(CLANG_BPF) $(BPF_CLANG_FLAGS) -DFAST_CAST -c $(srcdir)/src/fastpath/fast.bpf.c -o $@
src/fastpath/fast.skel.h: src/fastpath/fast.bpf.o src/fastpath/fast-cast.bpf.o
	$(AM_V_GEN){ echo '#pragma GCC system_header' && $(BPFTOOL) gen skeleton src/fastpath/fast.bpf.o name fast_bpf && \
		$(BPFTOOL) gen skeleton src/fastpath/fast-cast.bpf.o name fast_cast; } >$@.new && mv $@.new $@
src/fastpath/load.$(OBJEXT): src/fastpath/fast.skel.h
CLEANFILES += src/fastpath/judged.bpf.h src/fastpath/judged.bpf.h.new src/fastpath/fast.bpf.o src/fastpath/fast-cast.bpf.o src/fastpath/fast.skel.h src/fastpath/fast.skel.h.new
else
src_fastpath_libfastpath_a_SOURCES += src/fastpath/load-none.c
endif
