noinst_LIBRARIES += src/recording/librecording.a
src_recording_librecording_a_SOURCES = src/recording/uninspected.h src/recording/uninspected.c src/recording/recorded.h \
	src/recording/recorded.c src/recording/refusals.h src/recording/refusals.c src/recording/tap-filters.h src/recording/tap-filters.c
