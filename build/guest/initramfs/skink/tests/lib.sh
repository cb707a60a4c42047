# Shared by the guest's tests: `check NAME CONDITION...` runs a command and reports it; `finish` prints the totals
# and returns how the whole went.
checks=0
failures=0

check() {
	name=$1
	shift
	checks=$((checks + 1))
	if "$@"; then
		echo "ok $checks - $name"
	else
		failures=$((failures + 1))
		echo "not ok $checks - $name"
	fi
}

finish() {
	echo "$((checks - failures)) passed, $failures failed"
	[ "$failures" -eq 0 ]
}

# Interrupts with this name (the last columns of /proc/interrupts) that CPU $2 has taken.
interrupt_count() {
	awk -v name="$1" -v column=$(($2 + 2)) '
		index($0, name) { total += $column }
		END { print total + 0 }' /proc/interrupts
}

online_cpus() {
	sed 's/,/ /g' /sys/devices/system/cpu/online | tr ' ' '\n' |
		awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }'
}

uptime_centis() {
	awk '{ print int($1 * 100 + 0.5) }' /proc/uptime
}
