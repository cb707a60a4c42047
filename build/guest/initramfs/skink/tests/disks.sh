#!/bin/sh
# Several disks, given by their letters: all are written at the same time, each with its own name again and again, and
# hold that afterwards. A line "disk N" before each begins: whoever waits for it may break something meanwhile.
sectors=2048

fill() {
	yes "$1" | head -c $((sectors * 512))
}

for letter; do
	echo "disk $letter"
	fill "vd$letter" | dd of="/dev/vd$letter" bs=64k conv=fsync 2>/dev/null &
	usleep 200000
done
wait
echo 3 >/proc/sys/vm/drop_caches
for letter; do
	fill "vd$letter" >/tmp/expected
	head -c $((sectors * 512)) "/dev/vd$letter" | cmp - /tmp/expected &&
		echo "vd$letter is $(cat "/sys/block/vd$letter/serial"), as written"
done
