#!/bin/sh
# A sleep lasts as long as asked: never shorter, and not much longer. Under an emulator without hardware
# virtualisation "much" is generous; what must not happen is a lost timer interrupt (a sleep that hangs until
# another one arrives) or a clock that runs at the wrong rate.
. /skink/tests/lib.sh

sleep_between() {
	start=$(uptime_centis)
	sleep "$1"
	took=$(($(uptime_centis) - start))
	[ "$took" -ge "$2" ] && [ "$took" -le "$3" ] && return 0
	echo "# sleep $1 took $took/100 s, wanted $2 to $3"
	return 1
}

short_sleeps() {
	start=$(uptime_centis)
	rounds=0
	while [ $rounds -lt 20 ]; do
		usleep 10000
		rounds=$((rounds + 1))
	done
	took=$(($(uptime_centis) - start))
	[ "$took" -ge 19 ] && [ "$took" -le 150 ] && return 0
	echo "# twenty sleeps of 10 ms took $took/100 s"
	return 1
}

clocks_agree() {
	wall=$(cat /sys/class/rtc/rtc0/since_epoch)
	start=$(uptime_centis)
	sleep 3
	wall=$(($(cat /sys/class/rtc/rtc0/since_epoch) - wall))
	took=$(($(uptime_centis) - start))
	[ $((wall * 100 - took)) -ge -110 ] && [ $((wall * 100 - took)) -le 110 ] && return 0
	echo "# the real-time clock went on by $wall s, the counter by $took/100 s"
	return 1
}

check "sleep 0.1" sleep_between 0.1 9 40
check "sleep 1" sleep_between 1 99 130
check "twenty short sleeps" short_sleeps
check "counter and real-time clock agree" clocks_agree
finish
