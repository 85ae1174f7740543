noinst_LIBRARIES += src/backup/libbackup.a
src_backup_libbackup_a_SOURCES = src/backup/backup.h src/backup/backup.c src/backup/restore.c src/backup/tar.h src/backup/tar.c
