noinst_LIBRARIES += src/host/libhost.a
src_host_libhost_a_SOURCES = src/host/links.h src/host/links.c src/host/misfits.h src/host/misfits.c \
	src/host/internal.h src/host/misfits-settings.c src/host/misfits-routes.c src/host/settings.h src/host/settings.c \
	src/host/routes.h src/host/routes.c
