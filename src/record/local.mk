noinst_LIBRARIES += src/record/librecord.a
src_record_librecord_a_SOURCES = src/record/event.h src/record/reason.h src/record/reason.c src/record/line.h src/record/line.c
