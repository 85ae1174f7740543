noinst_LIBRARIES += src/compile/libcompile.a
src_compile_libcompile_a_SOURCES = src/compile/policy_build.h src/compile/policy_build.c
