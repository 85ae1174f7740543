# The data path, with what makes policies for it; NETTLE_LIBS comes behind.
DATA_PATH_LIBS = src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a src/compile/libcompile.a \
	src/policy/libpolicy.a src/proto/libwire.a src/record/librecord.a src/packet/libpacket.a src/base/libbase.a
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect tests/unit/test-connection tests/unit/test-room tests/unit/test-share tests/unit/test-rate tests/unit/test-counts
TESTS += tests/unit/test-inspect tests/unit/test-connection tests/unit/test-room tests/unit/test-share tests/unit/test-rate tests/unit/test-counts
tests_unit_test_counts_SOURCES = tests/unit/test-counts.c
tests_unit_test_counts_LDADD = $(tests_unit_test_inspect_LDADD)
tests_unit_test_rate_SOURCES = tests/unit/test-rate.c
tests_unit_test_rate_LDADD = $(tests_unit_test_inspect_LDADD)
tests_unit_test_share_SOURCES = tests/unit/test-share.c
tests_unit_test_share_LDADD = $(tests_unit_test_inspect_LDADD)
tests_unit_test_connection_SOURCES = tests/unit/test-connection.c
tests_unit_test_connection_LDADD = $(tests_unit_test_inspect_LDADD)
tests_unit_test_inspect_SOURCES = tests/unit/test-inspect.c tests/unit/inspect-bench.h
tests_unit_test_room_SOURCES = tests/unit/test-room.c tests/unit/inspect-bench.h
tests_unit_test_room_LDADD = $(tests_unit_test_inspect_LDADD)
check_PROGRAMS += tests/unit/test-book
TESTS += tests/unit/test-book
tests_unit_test_book_SOURCES = tests/unit/test-book.c src/daemon/counts.c src/daemon/counts.h
tests_unit_test_book_LDADD = src/inspect/libinspect.a src/policy/libpolicy.a src/record/librecord.a src/proto/libwire.a src/record/librecord.a \
	src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-tolerate
TESTS += tests/unit/test-tolerate
tests_unit_test_tolerate_SOURCES = tests/unit/test-tolerate.c tests/unit/inspect-bench.h
tests_unit_test_tolerate_LDADD = $(tests_unit_test_inspect_LDADD)
check_PROGRAMS += tests/unit/test-follow
TESTS += tests/unit/test-follow
tests_unit_test_follow_SOURCES = tests/unit/test-follow.c tests/unit/inspect-bench.h tests/unit/modbus-samples.h
tests_unit_test_follow_LDADD = $(tests_unit_test_inspect_LDADD)
tests_unit_test_inspect_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-base tests/unit/test-modbus tests/unit/test-policy
TESTS += tests/unit/test-base tests/unit/test-modbus tests/unit/test-policy
tests_unit_test_base_SOURCES = tests/unit/test-base.c
tests_unit_test_base_LDADD = src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_modbus_SOURCES = tests/unit/test-modbus.c tests/unit/modbus-samples.h
tests_unit_test_modbus_LDADD = src/proto/libwire.a src/record/librecord.a $(CMOCKA_LIBS)
tests_unit_test_policy_SOURCES = tests/unit/test-policy.c
tests_unit_test_policy_LDADD = src/compile/libcompile.a src/policy/libpolicy.a src/proto/libwire.a 	src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-typed
TESTS += tests/unit/test-typed
tests_unit_test_typed_SOURCES = tests/unit/test-typed.c
tests_unit_test_typed_LDADD = src/model/libmodel.a $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS) $(CONFIG_LIBS) -lm
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-packet tests/unit/test-record tests/unit/test-record-files tests/unit/test-varied tests/unit/test-fields tests/unit/test-cap tests/unit/test-spool
TESTS += tests/unit/test-packet tests/unit/test-record tests/unit/test-record-files tests/unit/test-varied tests/unit/test-fields tests/unit/test-cap tests/unit/test-spool
tests_unit_test_cap_SOURCES = tests/unit/test-cap.c
tests_unit_test_cap_LDADD = src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_spool_SOURCES = tests/unit/test-spool.c
tests_unit_test_spool_LDADD = src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_packet_SOURCES = tests/unit/test-packet.c
tests_unit_test_packet_LDADD = src/packet/libpacket.a src/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_varied_SOURCES = tests/unit/test-varied.c tests/unit/record-plant.h tests/plant.h
tests_unit_test_varied_LDADD = $(tests_unit_test_record_LDADD)
tests_unit_test_fields_SOURCES = tests/unit/test-fields.c tests/unit/record-plant.h tests/plant.h
tests_unit_test_fields_LDADD = $(tests_unit_test_record_LDADD)
tests_unit_test_record_SOURCES = tests/unit/test-record.c tests/unit/record-sink.h
tests_unit_test_record_files_SOURCES = tests/unit/test-record-files.c tests/unit/record-sink.h
tests_unit_test_record_files_LDADD = $(tests_unit_test_record_LDADD)
check_PROGRAMS += tests/unit/test-forms tests/unit/test-outputs tests/unit/test-store
TESTS += tests/unit/test-forms tests/unit/test-outputs tests/unit/test-store
tests_unit_test_forms_SOURCES = tests/unit/test-forms.c tests/unit/record-sink.h
tests_unit_test_forms_LDADD = $(tests_unit_test_record_LDADD)
tests_unit_test_outputs_SOURCES = tests/unit/test-outputs.c tests/unit/record-sink.h
tests_unit_test_outputs_LDADD = $(tests_unit_test_record_LDADD)
tests_unit_test_store_SOURCES = tests/unit/test-store.c
tests_unit_test_store_LDADD = src/store/libstore.a $(CMOCKA_LIBS) $(SQLITE_LIBS) $(NETTLE_LIBS)
tests_unit_test_record_LDADD = src/compile/libcompile.a src/record/librecord.a src/policy/libpolicy.a \
	src/proto/libwire.a src/record/librecord.a src/store/libstore.a src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS) \
	$(SQLITE_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-schedules
TESTS += tests/unit/test-schedules
tests_unit_test_schedules_SOURCES = tests/unit/test-schedules.c tests/put.h tests/unit/schedule.h tests/unit/schedule-plant.h \
	tests/unit/schedule-sim.h tests/unit/schedule.c tests/unit/schedule-reverse.c tests/unit/schedule-dnp3.c tests/unit/schedule-iec104.c \
	tests/unit/iec104-bench.h tests/unit/iec104-station.h tests/unit/stations.c tests/unit/stations.h tests/unit/station.h tests/unit/dnp3-samples.h tests/plant.h
tests_unit_test_schedules_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-stations
TESTS += tests/unit/test-stations
tests_unit_test_stations_SOURCES = tests/unit/test-stations.c tests/unit/stations.c tests/unit/stations.h tests/unit/station.h \
	tests/unit/dnp3-samples.h tests/plant.h tests/put.h
tests_unit_test_stations_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-opcua tests/unit/test-opcua-values
TESTS += tests/unit/test-opcua tests/unit/test-opcua-values
tests_unit_test_opcua_values_SOURCES = tests/unit/test-opcua-values.c tests/unit/opcua-samples.h
tests_unit_test_opcua_values_LDADD = src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CMOCKA_LIBS)
tests_unit_test_opcua_SOURCES = tests/unit/test-opcua.c tests/unit/opcua-samples.h
tests_unit_test_opcua_LDADD = src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-policy-opcua
TESTS += tests/unit/test-policy-opcua
tests_unit_test_policy_opcua_SOURCES = tests/unit/test-policy-opcua.c tests/unit/opcua-samples.h
tests_unit_test_policy_opcua_LDADD = src/compile/libcompile.a src/policy/libpolicy.a src/proto/libwire.a \
	src/record/librecord.a src/base/libbase.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect-opcua
TESTS += tests/unit/test-inspect-opcua
tests_unit_test_inspect_opcua_SOURCES = tests/unit/test-inspect-opcua.c tests/unit/opcua-samples.h
tests_unit_test_inspect_opcua_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
check_PROGRAMS += tests/unit/test-options
TESTS += tests/unit/test-options
tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_LDADD = $(tests_unit_test_inspect_LDADD)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-dnp3 tests/unit/test-dnp3-objects
TESTS += tests/unit/test-dnp3 tests/unit/test-dnp3-objects
tests_unit_test_dnp3_objects_SOURCES = tests/unit/test-dnp3-objects.c tests/unit/dnp3-samples.h
tests_unit_test_dnp3_objects_LDADD = src/proto/libwire.a src/record/librecord.a $(CMOCKA_LIBS)
tests_unit_test_dnp3_SOURCES = tests/unit/test-dnp3.c tests/unit/dnp3-samples.h
tests_unit_test_dnp3_LDADD = src/proto/libwire.a src/record/librecord.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-iec104 tests/unit/test-iec104-objects
TESTS += tests/unit/test-iec104 tests/unit/test-iec104-objects
tests_unit_test_iec104_SOURCES = tests/unit/test-iec104.c tests/unit/iec104-samples.h tests/put.h
tests_unit_test_iec104_LDADD = src/proto/libwire.a src/record/librecord.a $(CMOCKA_LIBS)
tests_unit_test_iec104_objects_SOURCES = tests/unit/test-iec104-objects.c tests/unit/iec104-samples.h tests/put.h
tests_unit_test_iec104_objects_LDADD = src/proto/libwire.a src/record/librecord.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-policy-iec104 tests/unit/test-policy-iec104-station
TESTS += tests/unit/test-policy-iec104 tests/unit/test-policy-iec104-station
tests_unit_test_policy_iec104_station_SOURCES = tests/unit/test-policy-iec104-station.c tests/unit/policy-iec104.h \
	tests/unit/iec104-samples.h tests/put.h
tests_unit_test_policy_iec104_station_LDADD = $(tests_unit_test_policy_iec104_LDADD)
tests_unit_test_policy_iec104_SOURCES = tests/unit/test-policy-iec104.c tests/unit/policy-iec104.h tests/unit/iec104-samples.h tests/put.h
tests_unit_test_policy_iec104_LDADD = src/compile/libcompile.a src/model/libmodel.a src/policy/libpolicy.a src/proto/libwire.a \
	src/record/librecord.a src/base/libbase.a $(CONFIG_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect-dnp3
TESTS += tests/unit/test-inspect-dnp3
tests_unit_test_inspect_dnp3_SOURCES = tests/unit/test-inspect-dnp3.c tests/unit/dnp3-samples.h tests/put.h tests/plant.h
tests_unit_test_inspect_dnp3_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

# Needs the right to load BPF programs; without it the test is skipped.
if HAVE_BPF
check_PROGRAMS += tests/unit/test-fastpath
TESTS += tests/unit/test-fastpath
tests_unit_test_fastpath_SOURCES = tests/unit/test-fastpath.c tests/unit/fastpath-packets.h tests/unit/fastpath-modbus.h tests/unit/fastpath-dnp3.h tests/unit/fastpath-opcua.h tests/unit/fastpath-iec104.h \
	tests/unit/fastpath-slots.h tests/unit/opcua-samples.h tests/unit/dnp3-samples.h tests/unit/iec104-bench.h \
	tests/unit/iec104-samples.h tests/unit/iec104-station.h tests/put.h tests/plant.h
tests_unit_test_fastpath_LDADD = $(DATA_PATH_LIBS) $(BPF_LIBS) $(NETTLE_LIBS) -lpthread
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-model-text
TESTS += tests/unit/test-model-text
tests_unit_test_model_text_SOURCES = tests/unit/test-model-text.c
tests_unit_test_model_text_LDADD = src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CONFIG_LIBS) $(CMOCKA_LIBS)
endif

# Sanitizers need calls that the boundary has not.
if HAVE_CMOCKA
if !SANITIZERS
check_PROGRAMS += tests/unit/test-confine tests/unit/test-landlock
TESTS += tests/unit/test-confine tests/unit/test-landlock
endif
tests_unit_test_confine_SOURCES = tests/unit/test-confine.c src/daemon/confine.c src/daemon/confine.h src/daemon/images.c src/daemon/images.h src/base/landlock.c src/base/landlock.h
tests_unit_test_confine_LDADD = $(SECCOMP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_landlock_SOURCES = tests/unit/test-landlock.c src/daemon/confine.c src/daemon/confine.h src/base/landlock.c src/base/landlock.h
tests_unit_test_landlock_LDADD = $(SECCOMP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_landlock_LDFLAGS = -Wl,--wrap=seccomp_load,--wrap=syscall
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-misfits
TESTS += tests/unit/test-misfits
tests_unit_test_misfits_SOURCES = tests/unit/test-misfits.c
tests_unit_test_misfits_LDADD = src/host/libhost.a src/model/libmodel.a src/proto/libwire.a src/base/libbase.a \
	$(CONFIG_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-inspect-iec104
TESTS += tests/unit/test-inspect-iec104
tests_unit_test_inspect_iec104_SOURCES = tests/unit/test-inspect-iec104.c tests/unit/iec104-say.h tests/unit/iec104-bench.h tests/unit/iec104-station.h \
	tests/put.h tests/plant.h
check_PROGRAMS += tests/unit/test-iec104-stations
TESTS += tests/unit/test-iec104-stations
tests_unit_test_iec104_stations_SOURCES = tests/unit/test-iec104-stations.c tests/unit/iec104-bench.h tests/unit/iec104-station.h \
	tests/put.h tests/plant.h
tests_unit_test_iec104_stations_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
tests_unit_test_inspect_iec104_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
check_PROGRAMS += tests/unit/test-iec104-masters tests/unit/test-iec104-started
TESTS += tests/unit/test-iec104-masters tests/unit/test-iec104-started
tests_unit_test_iec104_started_SOURCES = tests/unit/test-iec104-started.c tests/unit/iec104-say.h tests/unit/iec104-bench.h \
	tests/unit/iec104-station.h tests/put.h tests/plant.h
tests_unit_test_iec104_started_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
tests_unit_test_iec104_masters_SOURCES = tests/unit/test-iec104-masters.c
tests_unit_test_iec104_masters_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-ring
TESTS += tests/unit/test-ring
tests_unit_test_ring_SOURCES = tests/unit/test-ring.c
tests_unit_test_ring_LDADD = $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-steps
TESTS += tests/unit/test-steps
tests_unit_test_steps_SOURCES = tests/unit/test-steps.c src/daemon/steps.c src/daemon/steps.h
tests_unit_test_steps_LDADD = $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-capture
TESTS += tests/unit/test-capture
check_PROGRAMS += tests/unit/test-live
TESTS += tests/unit/test-live
tests_unit_test_live_SOURCES = tests/unit/test-live.c
tests_unit_test_live_LDADD = $(tests_unit_test_capture_LDADD)
tests_unit_test_capture_SOURCES = tests/unit/test-capture.c
tests_unit_test_capture_LDADD = src/packet/libpacket.a src/base/libbase.a $(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-learn
TESTS += tests/unit/test-learn
tests_unit_test_learn_SOURCES = tests/unit/test-learn.c
tests_unit_test_learn_LDADD = src/learn/liblearn.a src/inspect/libinspect.a src/fastpath/libfastpath.a src/stream/libstream.a \
	src/compile/libcompile.a src/policy/libpolicy.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/packet/libpacket.a \
	src/base/libbase.a $(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS) $(CONFIG_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-recording
TESTS += tests/unit/test-recording
tests_unit_test_recording_SOURCES = tests/unit/test-recording.c
tests_unit_test_recording_LDADD = $(DATA_PATH_LIBS) $(CMOCKA_LIBS) $(NETTLE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-refusals
TESTS += tests/unit/test-refusals
tests_unit_test_refusals_SOURCES = tests/unit/test-refusals.c
tests_unit_test_refusals_LDADD = src/recording/librecording.a src/base/libbase.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-evidence
TESTS += tests/unit/test-evidence
tests_unit_test_evidence_SOURCES = tests/unit/test-evidence.c
tests_unit_test_evidence_LDADD = src/evidence/libevidence.a src/packet/libpacket.a src/base/libbase.a \
	$(PCAP_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-history
TESTS += tests/unit/test-history
tests_unit_test_history_SOURCES = tests/unit/test-history.c
tests_unit_test_history_LDADD = src/history/libhistory.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(NETTLE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_history_LDFLAGS = -Wl,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=openat,--wrap=unlinkat
check_PROGRAMS += tests/unit/test-orders
TESTS += tests/unit/test-orders
tests_unit_test_orders_SOURCES = tests/unit/test-orders.c tests/unit/state-dir.h
check_PROGRAMS += tests/unit/test-uses
TESTS += tests/unit/test-uses
tests_unit_test_uses_SOURCES = tests/unit/test-uses.c tests/unit/state-dir.h
tests_unit_test_uses_LDADD = $(tests_unit_test_orders_LDADD)
tests_unit_test_orders_LDADD = src/history/libhistory.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(NETTLE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-tz
TESTS += tests/unit/test-tz
tests_unit_test_tz_SOURCES = tests/unit/test-tz.c
tests_unit_test_tz_LDADD = src/base/libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-gate-times
TESTS += tests/unit/test-gate-times
tests_unit_test_gate_times_SOURCES = tests/unit/test-gate-times.c
tests_unit_test_gate_times_LDADD = src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a $(CONFIG_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-gates
TESTS += tests/unit/test-gates
tests_unit_test_gates_SOURCES = tests/unit/test-gates.c
tests_unit_test_gates_LDADD = src/fastpath/libfastpath.a src/compile/libcompile.a src/policy/libpolicy.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CONFIG_LIBS) $(BPF_LIBS) $(NETTLE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-agree
TESTS += tests/unit/test-agree
tests_unit_test_agree_SOURCES = tests/unit/test-agree.c
tests_unit_test_agree_LDADD = src/compile/libcompile.a src/policy/libpolicy.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(CONFIG_LIBS) $(NETTLE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-identity
TESTS += tests/unit/test-identity
tests_unit_test_identity_SOURCES = tests/unit/test-identity.c
tests_unit_test_identity_LDADD = src/learn/liblearn.a src/base/libbase.a $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-trust
TESTS += tests/unit/test-trust
tests_unit_test_trust_SOURCES = tests/unit/test-trust.c
tests_unit_test_trust_LDADD = src/backup/libbackup.a src/history/libhistory.a src/model/libmodel.a src/proto/libwire.a src/record/librecord.a src/base/libbase.a \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(NETTLE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-flips
TESTS += tests/unit/test-flips
tests_unit_test_flips_SOURCES = tests/unit/test-flips.c tests/unit/state-dir.h
tests_unit_test_flips_LDADD = $(tests_unit_test_trust_LDADD)
check_PROGRAMS += tests/unit/test-restore
TESTS += tests/unit/test-restore
tests_unit_test_restore_SOURCES = tests/unit/test-restore.c
tests_unit_test_restore_LDADD = $(tests_unit_test_trust_LDADD)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-table
TESTS += tests/unit/test-table
tests_unit_test_table_SOURCES = tests/unit/test-table.c src/zonectl/table.c src/zonectl/table.h
tests_unit_test_table_LDADD = src/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
endif
