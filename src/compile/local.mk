noinst_LIBRARIES += src/compile/libcompile.a
src_compile_libcompile_a_SOURCES =
