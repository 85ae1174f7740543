noinst_LIBRARIES += src/host/libhost.a
src_host_libhost_a_SOURCES = src/host/links.h src/host/links.c src/host/misfits.h src/host/misfits.c
