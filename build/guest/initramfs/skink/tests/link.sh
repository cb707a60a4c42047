#!/bin/sh
# A virtio console's port that leads to another guest's (link_peer.sh): every line comes back once, in order, and so do
# many bytes at a time.
. /skink/tests/lib.sh

port=/dev/vport0p1
rounds=${1:-20}

check "the port has its name" test "$(cat /sys/class/virtio-ports/vport0p1/name)" = link
exec 3<>$port
i=0
back=0
while [ $((i += 1)) -le "$rounds" ]; do
	echo "round $i."
	echo "line $i" >&3
	read -r answer <&3
	[ "$answer" = "got line $i" ] && back=$((back + 1)) || echo "not ok: $answer"
done
check "each line came back" test "$back" = "$rounds"
seq 3000 >/tmp/sent
echo many >&3
cat /tmp/sent >&3 &
head -n 3000 <&3 >/tmp/received
wait
check "many lines came back" cmp /tmp/sent /tmp/received
echo off >&3
finish
