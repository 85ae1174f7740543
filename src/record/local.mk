noinst_LIBRARIES += src/record/librecord.a
src_record_librecord_a_SOURCES = src/record/event.h src/record/reason.h src/record/reason.c \
	src/record/facts.h src/record/facts.c src/record/fields.h src/record/fields.c \
	src/record/expected.h src/record/expected.c src/record/varied.h src/record/varied.c src/record/line.h src/record/line.c \
	src/record/aggregate.h src/record/aggregate.c src/record/cap.h src/record/cap.c src/record/json.h src/record/json.c \
	src/record/forms.h src/record/forms.c src/record/rfc5424.c src/record/cef.c \
	src/record/output.h src/record/output.c src/record/file.h src/record/file.c src/record/socket.h src/record/socket.c \
	src/record/record.h src/record/record.c src/record/spool.h src/record/spool.c
