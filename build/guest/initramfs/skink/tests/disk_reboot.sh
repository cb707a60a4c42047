#!/bin/sh
# What was written before a reset is there after it, though the machine was reset with requests under way. The first
# start reboots; the second one looks, and leaves the disk as empty as the first one found it.
. /skink/tests/lib.sh

mkdir -p /mnt
disk=/dev/vda
if ! mount -t ext2 "$disk" /mnt 2>/dev/null; then
	mke2fs "$disk" >/dev/null && mount -t ext2 "$disk" /mnt || exit 1
	dd if=/dev/urandom of=/mnt/one bs=4096 count=200 2>/dev/null
	cp /mnt/one /mnt/two
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for skip in 0 100 200 300; do
		dd if="$disk" of=/dev/null bs=65536 skip=$skip 2>/dev/null &
	done
	sh /skink/tests/reboot.sh
	exit 1
fi
check "the files are there" cmp /mnt/one /mnt/two
umount /mnt
check "the disk can be written" dd if=/dev/zero of="$disk" bs=4096 count=16 conv=fsync
finish
