noinst_LIBRARIES += src/inspect/libinspect.a
src_inspect_libinspect_a_SOURCES = src/inspect/inspect.h src/inspect/inspect.c src/inspect/internal.h \
	src/inspect/flow.h src/inspect/flow.c src/inspect/judge.c src/inspect/emit.c \
	src/inspect/proto.h src/inspect/proto.c src/inspect/proto-modbus.c src/inspect/prefix-modbus.c \
	src/inspect/fast.h src/inspect/fast.c
