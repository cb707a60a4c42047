#!/bin/sh
# The other end of link.sh: answers each line; `many` is followed by 3000 lines that go back as they are, `off` ends it.
exec 3<>/dev/vport0p1
while read -r line <&3; do
	case $line in
	many) head -n 3000 <&3 >/tmp/many && cat /tmp/many >&3 ;;
	off) break ;;
	*) echo "got $line" >&3 ;;
	esac
done
