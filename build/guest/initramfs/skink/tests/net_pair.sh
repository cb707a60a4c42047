#!/bin/sh
# The first of two guests on a network (net_peer.sh is the other one): it pings, fetches and sends, again and again. A
# line "round N" for each time: whoever waits for it may break something meanwhile.
. /skink/tests/lib.sh

rounds=${1:-6}
peer=10.9.0.2

is_up() { for i in $(seq 120); do wget -q -O /dev/null "http://$peer/file.sum" && return 0; sleep 0.5; done; return 1; }
sum_of() { wget -q -O - "http://$peer/$1.sum"; }
fetch() { [ "$(wget -q -O - "http://$peer/file" | sha256sum)" = "$(sum_of file)" ]; }

send() {
	head -c 2000000 /dev/urandom >/tmp/sent
	nc "$peer" 5000 </tmp/sent || return 1
	for i in $(seq 100); do
		got=$(sum_of "got$1" 2>/dev/null) && [ -n "$got" ] && break
		sleep 0.1
	done
	[ "$got" = "$(sha256sum </tmp/sent)" ]
}

ip addr add 10.9.0.1/24 dev eth0
ip link set eth0 up
check "the other guest is there" is_up
check "it answers" ping -c 3 -q "$peer"
check "also long packets" ping -c 3 -q -s 8000 "$peer"
round=0
while [ $((round += 1)) -le "$rounds" ]; do
	echo "round $round"
	check "round $round: what it gives is right" fetch
	check "round $round: what it gets is right" send "$round"
done
finish
