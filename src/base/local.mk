noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = src/proto/protocols.h src/proto/list.h src/base/rd.h src/base/pages.h src/base/words.h src/base/clock.h src/base/landlock.h src/base/landlock.c src/base/write.h src/base/thread.h src/base/thread.c src/base/sb.h src/base/sb.c src/base/errs.h src/base/errs.c \
	src/base/arena.h src/base/arena.c src/base/hex.h src/base/num.h src/base/num.c src/base/addr.h src/base/addr.c \
	src/base/siphash.h src/base/siphash.c src/base/utf8.h src/base/utf8.c src/base/utc.h src/base/utc.c src/base/tz.h src/base/tz.c \
	src/base/decimal.h src/base/decimal.c
