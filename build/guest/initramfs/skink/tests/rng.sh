#!/bin/sh
# The entropy device gives as much as it is asked for, again and again, and never the same. Whoever runs this may kill its
# server at any "read" line.
. /skink/tests/lib.sh

is_virtio() { case $(cat /sys/class/misc/hw_random/rng_current) in virtio_rng.*) return 0 ;; esac; return 1; }
whole() { [ "$(dd if=/dev/hwrng bs=64 count=100 2>/dev/null | tee /tmp/read | wc -c)" -eq 6400 ]; }

check "the kernel's source is the device" is_virtio
round=0
while [ $((round += 1)) -le 20 ]; do
	check "100 reads of 64 bytes" whole
	md5sum </tmp/read >>/tmp/sums
	echo "read $round"
done
check "never the same" [ "$(sort -u /tmp/sums | wc -l)" -eq 20 ]
finish
