#!/bin/sh
# CPUs go off and come back (PSCI CPU_OFF, CPU_ON), each several times, and work again afterwards.
. /skink/tests/lib.sh

cycle() {
	state=/sys/devices/system/cpu/cpu$1/online
	rounds=0
	while [ $rounds -lt 3 ]; do
		echo 0 >"$state" || return 1
		[ "$(cat "$state")" = 0 ] || return 1
		echo 1 >"$state" || return 1
		[ "$(cat "$state")" = 1 ] || return 1
		[ "$(taskset $((1 << $1)) echo works)" = works ] || return 1
		rounds=$((rounds + 1))
	done
}

all_but_first() {
	for cpu in $others; do
		echo 0 >"/sys/devices/system/cpu/cpu$cpu/online" || return 1
	done
	[ "$(cat /sys/devices/system/cpu/online)" = 0 ] || return 1
	for cpu in $others; do
		echo 1 >"/sys/devices/system/cpu/cpu$cpu/online" || return 1
	done
	[ "$(online_cpus | wc -l)" -eq "$total" ]
}

total=$(online_cpus | wc -l)
others=$(online_cpus | grep -v '^0$')
if [ -z "$others" ]; then
	echo "# only one CPU: nothing to switch off"
fi
for cpu in $others; do
	check "CPU $cpu off and on" cycle "$cpu"
done
check "all but the first off and on" all_but_first
finish
