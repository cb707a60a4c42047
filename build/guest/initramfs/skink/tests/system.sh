#!/bin/sh
# The default system: its root is on the disk, it has an address, entropy, a second console and a clock. Then rounds, each
# with a line "round N" (whoever waits for it may break something meanwhile): a file is fetched from port $1 of the host and
# is what the checksum $2 says, and is written to the disk and read back. $3 is the number of rounds. What is left on the
# disk, the host checks.
. /skink/tests/lib.sh

port=$1
sum=$2
rounds=$3
kept=/root/kept

root_on_disk() { grep -q '^/dev/vda / ext4 rw' /proc/mounts; }
has_address() { ip -4 addr show dev eth0 | grep -q 'inet 10\.0\.2\.'; }
resolves() { grep -q '^nameserver 10\.0\.2\.' /etc/resolv.conf; }
entropy() { [ "$(dd if=/dev/hwrng bs=64 count=20 2>/dev/null | wc -c)" -eq 1280 ]; }
speaks() { echo "second console: $1" >/dev/hvc0; }
ticks() { hwclock -r >/dev/null; }
right() { [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sum" ]; }
fetch() { wget -q -O "$1" "http://10.0.2.2:$port/file" && sync; }
forget_cache() { echo 3 >/proc/sys/vm/drop_caches; }
no_complaints() {
	! dmesg | grep -E 'I/O error|EXT4-fs (error|warning)|blk_update_request|NETDEV WATCHDOG|Oops|BUG:|WARNING:|Unable to handle'
}

check "the root is on the disk" root_on_disk
check "there is an address" has_address
check "there is a name server" resolves
check "the kernel's entropy is the device's" grep -q '^virtio_rng' /sys/class/misc/hw_random/rng_current
check "modules load" modprobe loop
mkdir -p "$kept"
round=0
while [ $((round += 1)) -le "$rounds" ]; do
	echo "round $round"
	check "round $round: fetched" fetch "$kept/$round"
	forget_cache
	check "round $round: right" right "$kept/$round"
	check "round $round: entropy" entropy
	check "round $round: second console" speaks "$round"
	check "round $round: clock" ticks
done
check "no complaints" no_complaints
finish
