noinst_LIBRARIES += src/inspect/libinspect.a
src_inspect_libinspect_a_SOURCES = src/inspect/inspect.h src/inspect/inspect.c src/inspect/internal.h \
	src/inspect/flow.h src/inspect/flow.c src/inspect/source.h src/inspect/source.c src/inspect/share.h src/inspect/share.c \
	src/inspect/rate.h src/inspect/rate.c src/inspect/room.c src/inspect/life.c src/inspect/judge.c src/inspect/emit.c \
	src/inspect/deliver.c src/inspect/proto.h src/inspect/proto.c src/inspect/proto-modbus.c src/inspect/unfinished.c \
	src/inspect/opcua.h src/inspect/opcua-internal.h src/inspect/proto-opcua.c src/inspect/opcua-channel.c \
	src/inspect/opcua-parts.c src/inspect/opcua-pending.c src/inspect/opcua-cert.c \
	src/inspect/dnp3.h src/inspect/dnp3-state.c src/inspect/dnp3-collect.c src/inspect/dnp3-station.h \
	src/inspect/dnp3-station.c src/inspect/proto-dnp3.c \
	src/inspect/fast.h src/inspect/fast.c src/inspect/fast-modbus.c src/inspect/fast-dnp3.c src/inspect/fast-opcua.c
