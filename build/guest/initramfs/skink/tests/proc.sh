#!/bin/sh
# What the kernel found: CPUs, memory, console, clock, PSCI.
. /skink/tests/lib.sh

psci_found() { dmesg | grep -q 'psci: PSCIv1\.[0-9]* detected'; }
gic_found() { grep -q GICv3 /proc/interrupts; }
console_is_pl011() { [ "$(cat /sys/class/tty/console/active)" = ttyAMA0 ]; }
clock_is_arch() { grep -q arch_sys_counter /sys/devices/system/clocksource/clocksource0/current_clocksource; }
rtc_runs() { [ "$(cat /sys/class/rtc/rtc0/since_epoch)" -gt 1000000000 ]; }
all_online() { cmp -s /sys/devices/system/cpu/online /sys/devices/system/cpu/present; }
quiet_kernel() { ! dmesg | grep -E 'Oops|BUG:|WARNING:|rcu:.*stall|Unable to handle|SError'; }

check "PSCI 1.x found" psci_found
check "GICv3 found" gic_found
check "console is ttyAMA0" console_is_pl011
check "clock is the architected counter" clock_is_arch
check "real-time clock is set" rtc_runs
check "all present CPUs are online" all_online
check "no warning in the kernel's log" quiet_kernel
finish
