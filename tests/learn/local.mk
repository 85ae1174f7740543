TESTS += tests/learn/learn.sh tests/learn/captures.sh
EXTRA_DIST += tests/learn/learn.sh tests/learn/captures.sh tests/learn/plant.py
