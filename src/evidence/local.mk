noinst_LIBRARIES += src/evidence/libevidence.a
src_evidence_libevidence_a_SOURCES = src/evidence/evidence.h src/evidence/evidence.c src/evidence/job.h src/evidence/job.c \
	src/evidence/ring.h src/evidence/ring.c src/evidence/flow.h src/evidence/flow.c \
	src/evidence/directory.h src/evidence/directory.c
