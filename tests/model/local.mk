TESTS += tests/model/run.sh tests/model/man.sh tests/model/keys.sh tests/model/readme.sh
EXTRA_DIST += tests/model/run.sh tests/model/man.sh tests/model/keys.sh tests/model/readme.sh tests/model/keys.py \
	tests/model/mdoc.py tests/model/options.py tests/model/cases tests/model/good
