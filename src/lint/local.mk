noinst_LIBRARIES += src/lint/liblint.a
src_lint_liblint_a_SOURCES = src/lint/lint.h src/lint/internal.h src/lint/lint.c src/lint/gates.c src/lint/policies.c src/lint/ends.c
