TESTS += tests/learn/learn.sh tests/learn/live.sh tests/learn/onto.sh tests/learn/protocols.sh tests/learn/captures.sh
EXTRA_DIST += tests/learn/link.py tests/learn/live.sh tests/learn/live.py tests/learn/onto.sh tests/learn/paste.py tests/learn/protocols.sh tests/learn/protocols.py tests/learn/learn.sh tests/learn/captures.sh tests/learn/plant.py tests/learn/apart.py
