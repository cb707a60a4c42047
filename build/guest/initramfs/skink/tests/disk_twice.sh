#!/bin/sh
# For a VM that is destroyed while it writes, and made again: the first time it writes until it is stopped; the second
# time, which it knows by a file, the disk's test must pass on what the first one left.
mkdir -p /mnt
mount -t ext4 /dev/vda /mnt || exit 1
if [ -e /mnt/again ]; then
	umount /mnt
	exec sh /skink/tests/disk.sh 2
fi
touch /mnt/again
sync
umount /mnt
exec sh /skink/tests/disk.sh 1000
