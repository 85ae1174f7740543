noinst_LIBRARIES += src/stream/libstream.a
src_stream_libstream_a_SOURCES = src/stream/stream.h src/stream/stream.c
