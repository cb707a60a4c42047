#!/bin/sh
# Each CPU takes timer interrupts while it works, and interrupts from its peers.
. /skink/tests/lib.sh

# A busy CPU's tick comes 250 times a second here; 10 in half a second leaves room for a slow host.
timer_counts() {
	cpu=$1
	before=$(interrupt_count arch_timer "$cpu")
	start=$(uptime_centis)
	while [ $(($(uptime_centis) - start)) -lt 50 ]; do
		taskset $((1 << cpu)) cat /proc/interrupts >/dev/null
	done
	[ $(($(interrupt_count arch_timer "$cpu") - before)) -ge 10 ]
}

ipi_total() {
	awk -v column=$(($1 + 2)) '/^ *IPI/ { total += $column } END { print total + 0 }' /proc/interrupts
}

# Moving a process between CPUs makes them interrupt each other.
ipis_count() {
	cpu=$1
	before=$(ipi_total "$cpu")
	rounds=0
	while [ $rounds -lt 200 ]; do
		taskset $((1 << cpu)) true
		[ "$(ipi_total "$cpu")" -gt "$before" ] && return 0
		rounds=$((rounds + 1))
	done
	return 1
}

for cpu in $(online_cpus); do
	check "timer interrupts on CPU $cpu" timer_counts "$cpu"
done
if [ "$(nproc)" -gt 1 ]; then
	for cpu in $(online_cpus); do
		check "interrupts from peers on CPU $cpu" ipis_count "$cpu"
	done
fi
finish
