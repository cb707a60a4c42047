#!/bin/sh
# What is typed arrives whole and by interrupt. Whoever runs this types the line "abcdefghijklmnopqrstuvwxyz" after the
# prompt; a driver that waits for the prompt does it.
. /skink/tests/lib.sh

console_interrupts() {
	total=0
	for cpu in $(online_cpus); do
		total=$((total + $(interrupt_count uart-pl011 "$cpu")))
	done
	[ "$total" -gt 0 ]
}

echo "skink-guest: type the alphabet"
read -r line
check "the line is whole" [ "$line" = abcdefghijklmnopqrstuvwxyz ]
check "the console has interrupted" console_interrupts
finish
