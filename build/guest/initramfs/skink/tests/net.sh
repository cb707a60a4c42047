#!/bin/sh
# The network: an address by DHCP, an answer from the gateway, and one TCP connection to the host's port $1 that carries
# $2 KiB of noise each way at the same time. While it lives there is a line "tick N" from time to time: whoever waits for it
# may break something meanwhile. What came in and what went out is told by checksums, for the host to compare.
. /skink/tests/lib.sh

port=$1
kib=$2
host=10.0.2.2

address() { udhcpc -i eth0 -n -q -t 20 -T 1 -s /skink/udhcpc >/dev/null 2>&1; }
has_address() { ip addr show dev eth0 | grep -q "inet 10\.0\.2\."; }
told() { sha256sum "$1" | cut -d' ' -f1; }

transfer() {
	nc "$host" "$port" </tmp/sent >/tmp/received &
	connection=$!
	tick=0
	while kill -0 "$connection" 2>/dev/null; do
		echo "tick $((tick += 1))"
		sleep 0.3
	done
	wait "$connection"
}

no_complaints() { ! dmesg | grep -E "virtio_net.*(error|missing|bad)|NETDEV WATCHDOG|eth0: .*(error|bad)"; }

head -c "$((kib * 1024))" /dev/urandom >/tmp/sent
check "the interface is there" [ -e /sys/class/net/eth0 ]
check "it gets an address" address
check "which it has" has_address
check "the gateway answers" ping -c 3 -q "$host"
check "the connection lasts to its end" transfer
check "as much came in as went out" [ "$(wc -c </tmp/received)" -eq "$((kib * 1024))" ]
echo "sent $(told /tmp/sent)"
echo "received $(told /tmp/received)"
check "the kernel has nothing to complain about" no_complaints
finish
