noinst_LIBRARIES += src/inspect/libinspect.a
src_inspect_libinspect_a_SOURCES = src/inspect/inspect.h src/inspect/inspect.c src/inspect/segment.c src/inspect/datagram.c src/inspect/internal.h \
	src/inspect/connection.h src/inspect/connection.c src/inspect/source.h src/inspect/source.c src/inspect/share.h src/inspect/share.c \
	src/inspect/stance.h src/inspect/stance.c src/inspect/rate.h src/inspect/rate.c src/inspect/room.c src/inspect/life.c src/inspect/judge.c src/inspect/emit.c \
	src/inspect/deliver.c src/inspect/proto.h src/inspect/proto.c src/inspect/unfinished.c \
	src/inspect/follow.c src/inspect/resume.c src/inspect/order.c src/inspect/recording.h src/inspect/recording.c \
	src/inspect/fast.h src/inspect/fast.c src/inspect/counts.h src/inspect/counts.c src/inspect/show.h src/inspect/show.c
