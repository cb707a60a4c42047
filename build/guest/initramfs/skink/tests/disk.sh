#!/bin/sh
# The default disk (build/guest/disk) on /dev/vda: what is on it is right, and what is written comes back, also after
# it was unmounted and mounted again. A line "round N" for each round: whoever waits for it may break something
# meanwhile. What is left on the disk, the host checks.
. /skink/tests/lib.sh

rounds=${1:-10}

write_round() {
	# Two at a time, so that requests overlap.
	head -c 700000 /dev/urandom >"/mnt/written/a$1" &
	head -c 300000 /dev/urandom >"/mnt/written/b$1" && wait || return 1
	(cd /mnt/written && sha256sum "a$1" "b$1") >>/tmp/sums && sync
}

read_back() {
	(cd /mnt/written && sha256sum -c -s /tmp/sums)
}

forget_cache() {
	echo 3 >/proc/sys/vm/drop_caches
}

no_io_errors() {
	! dmesg | grep -E 'I/O error|EXT4-fs (error|warning)|Buffer I/O|blk_update_request'
}

mkdir -p /mnt
check "the disk is there" [ -b /dev/vda ]
check "it is mounted" mount -t ext4 /dev/vda /mnt
check "what was on it is right" sh -c "cd /mnt/files && sha256sum -c -s ../SHA256SUMS"
mkdir -p /mnt/written
rm -f /mnt/written/* /tmp/sums
round=0
while [ $((round += 1)) -le "$rounds" ]; do
	echo "round $round"
	check "round $round is written" write_round "$round"
	forget_cache
	check "round $round is read back" read_back
done
cp /tmp/sums /mnt/written/SHA256SUMS
check "it is unmounted" umount /mnt
check "it is mounted again" mount -t ext4 /dev/vda /mnt
check "everything is still right" read_back
check "what was on it is still right" sh -c "cd /mnt/files && sha256sum -c -s ../SHA256SUMS"
check "it is unmounted again" umount /mnt
check "there were no errors" no_io_errors
finish
