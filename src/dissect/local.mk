noinst_LIBRARIES += src/dissect/libdissect.a
src_dissect_libdissect_a_SOURCES = src/dissect/modbus.h src/dissect/modbus-table.c \
	src/dissect/modbus.c src/dissect/modbus-shape.h src/dissect/modbus-more.c \
	src/dissect/modbus-match.c
EXTRA_DIST += src/dissect/README
