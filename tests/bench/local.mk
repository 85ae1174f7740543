# `make bench`: not part of check, needs root. Options by environment or BENCH_ARGS, see tests/bench/README.
EXTRA_PROGRAMS = tests/bench/load tests/bench/serve tests/bench/accept tests/bench/blast
bench_shapes = tests/bench/shapes.c tests/bench/shapes-dnp3.c tests/bench/shapes-iec104.c tests/bench/shapes-opcua.c \
	tests/bench/shapes.h
tests_bench_load_SOURCES = tests/bench/load.c $(bench_shapes)
tests_bench_serve_SOURCES = tests/bench/serve.c $(bench_shapes)
tests_bench_accept_SOURCES = tests/bench/accept.c
tests_bench_accept_LDADD = $(MNL_LIBS)
tests_bench_blast_SOURCES = tests/bench/blast.c
EXTRA_DIST += tests/bench/bench tests/bench/replay tests/bench/growth tests/bench/turns tests/bench/lab.py tests/bench/report.py tests/bench/README
CLEANFILES += $(EXTRA_PROGRAMS) tests/bench/results.json tests/bench/results.svg tests/bench/growth.json tests/bench/turns.json

bench: all $(EXTRA_PROGRAMS)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 $(srcdir)/tests/bench/bench --json tests/bench/results.json \
		--svg tests/bench/results.svg $(BENCH_ARGS)

bench-growth: all $(EXTRA_PROGRAMS)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 $(srcdir)/tests/bench/growth --json tests/bench/growth.json $(BENCH_ARGS)

bench-turns: all $(EXTRA_PROGRAMS)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 $(srcdir)/tests/bench/turns --json tests/bench/turns.json $(BENCH_ARGS)
.PHONY: bench bench-growth bench-turns
