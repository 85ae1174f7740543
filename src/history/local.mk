noinst_LIBRARIES += src/history/libhistory.a
src_history_libhistory_a_SOURCES = src/history/history.h src/history/history.c src/history/files.c \
	src/history/orders.h src/history/orders.c src/history/uses.h src/history/uses.c src/history/signature.c src/history/proposals.h src/history/proposals.c
