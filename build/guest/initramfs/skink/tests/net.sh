#!/bin/sh
# The network: an address by DHCP, an answer from the gateway, and one TCP connection to the host's port $1 that carries
# noise each way: $2 pieces of 128 KiB go out, as much comes back. A line "tick N" for each piece: whoever waits for it
# may break something meanwhile. What came in and what went out is told by checksums, for the host to compare.
. /skink/tests/lib.sh

port=$1
pieces=$2
host=10.0.2.2

address() { udhcpc -i eth0 -n -q -t 20 -T 1 -s /skink/udhcpc >/dev/null 2>&1; }
has_address() { ip addr show dev eth0 | grep -q "inet 10\.0\.2\."; }
told() { sha256sum "$1" | cut -d' ' -f1; }

send() {
	piece=0
	while [ $((piece += 1)) -le "$pieces" ]; do
		echo "tick $piece" >&2
		dd if=/tmp/sent bs=128k skip=$((piece - 1)) count=1 2>/dev/null
		sleep 0.3
	done
}

transfer() { send | nc "$host" "$port" >/tmp/received; }

no_complaints() { ! dmesg | grep -E "virtio_net.*(error|missing|bad)|NETDEV WATCHDOG|eth0: .*(error|bad)"; }

head -c "$((pieces * 131072))" /dev/urandom >/tmp/sent
check "the interface is there" [ -e /sys/class/net/eth0 ]
check "it gets an address" address
check "which it has" has_address
check "the gateway answers" ping -c 3 -q "$host"
check "the connection lasts to its end" transfer
check "as much came in as went out" [ "$(wc -c </tmp/received)" -eq "$((pieces * 131072))" ]
echo "sent $(told /tmp/sent)"
echo "received $(told /tmp/received)"
check "the kernel has nothing to complain about" no_complaints
finish
