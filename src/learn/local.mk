noinst_LIBRARIES += src/learn/liblearn.a
src_learn_liblearn_a_SOURCES = src/learn/learn.h src/learn/internal.h src/learn/notes.c src/learn/entries.c \
	src/learn/talks.c src/learn/plant.c src/learn/survey.c src/learn/identity.h src/learn/identity.c src/learn/passes.c src/learn/judge.c \
	src/learn/write.c src/learn/write-policy.c \
	src/learn/onto.c src/learn/onto-paste.c src/learn/onto-write.c
