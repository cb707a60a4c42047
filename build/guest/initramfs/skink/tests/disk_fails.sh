#!/bin/sh
# Reads of a disk that fails under them, for good or until somebody mends it: each of them ends, and so do the readers.
. /skink/tests/lib.sh

disk=/dev/vda
size=/sys/block/vda/size

read_on() {
	while [ "$(cat $size)" != 0 ] && dd if=$disk of=/dev/null bs=16384 count=64 skip="$1" 2>/dev/null; do
		echo 3 >/proc/sys/vm/drop_caches
	done
	echo "reader $1 ends"
}

check "the disk can be read" dd if=$disk of=/dev/null bs=4096 count=1
for skip in 0 64 128 192 256 320; do
	read_on $skip &
done
echo "readers are at work"
wait
echo "all readers have ended"
if [ "$1" = comes-back ]; then
	until dd if=$disk of=/dev/null bs=4096 count=1 skip=2000 2>/dev/null; do
		usleep 100000
	done
	check "the disk can be read again" dd if=$disk of=/dev/null bs=65536 count=16 skip=100
fi
finish
