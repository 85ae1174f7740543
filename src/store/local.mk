noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = src/store/store.h src/store/internal.h src/store/write.c src/store/read.c src/store/chain.c
