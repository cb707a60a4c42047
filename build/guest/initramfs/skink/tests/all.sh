#!/bin/sh
# Every test that leaves the machine running. The last line says how it went.
failed=
for test in proc interrupts timers cpus; do
	echo "# $test"
	"/skink/tests/$test.sh" || failed="$failed $test"
done
if [ -n "$failed" ]; then
	echo "guest tests: failed:$failed"
	exit 1
fi
echo "guest tests: all passed"
