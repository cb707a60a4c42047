# Packages of another architecture or suite, fetched as an ordinary user and without touching this machine's own
# package state: a private apt root whose source list is derived from the machine's own one.
#
# The project names no mirror: whatever the machine itself installs Debian from is used, with the same keys, proxy
# and credentials. Sourced by scripts, never run.
#
#   apt_root_prepare ROOT ARCH [SUITE [source]]
#       makes or refreshes the root (downloads the package lists). SUITE is a codename, by default this machine's
#       own; with `source`, source packages too. Lists younger than a day are kept.
#   apt_root ROOT TOOL ARG...
#       runs apt-get, apt-cache … inside it
#
# APT_ROOT_ETC names another folder than /etc/apt to take the sources from (for the test).
# Both return non-zero after saying on stderr what failed and what to do about it.

apt_root_fail() {
	printf 'apt_root: %s\n' "$*" >&2
	return 1
}

# The machine's Debian sources with `main`, written for one architecture: reads one-line and deb822 lists.
# A third-party source is left out: its suite isn't a plain Debian one.
apt_root_sources() {
	local own=$1 wanted=$2 arch=$3 source=$4 etc=${APT_ROOT_ETC:-/etc/apt} list
	cat "$etc/sources.list" "$etc"/sources.list.d/*.list 2>/dev/null |
		awk -v own="$own" -v wanted="$wanted" -v arch="$arch" -v source="$source" '
		$1 == "deb" {
			sub(/#.*/, "")
			options = ""
			if (match($0, /\[[^]]*\]/)) {
				options = substr($0, RSTART + 1, RLENGTH - 2)
				$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
				gsub(/(^| )arch[+-]?=[^ ]*/, "", options)
				gsub(/^ +| +$/, "", options)
			}
			if ($3 !~ ("^" own "(-updates|-security|/updates)?$") || $0 !~ / main( |$)/) {
				next
			}
			suite = wanted substr($3, length(own) + 1)
			printf "deb [arch=%s%s] %s %s main\n", arch, options == "" ? "" : " " options, $2, suite
			if (source != "") {
				printf "deb-src%s %s %s main\n", options == "" ? "" : " [" options "]", $2, suite
			}
		}'
	for list in "$etc"/sources.list.d/*.sources; do
		[ -r "$list" ] || continue
		awk -v own="$own" -v wanted="$wanted" -v arch="$arch" -v source="$source" '
			function flush_stanza(    n, i, parts, suites) {
				n = split(field["suites"], parts, " ")
				for (i = 1; i <= n; i++) {
					if (parts[i] ~ ("^" own "(-updates|-security|/updates)?$")) {
						suites = suites " " wanted substr(parts[i], length(own) + 1)
					}
				}
				if (suites != "" && (" " field["components"] " ") ~ / main / &&
					field["enabled"] != "no") {
					emit(suites)
				}
				delete field
				last = ""
			}
			function emit(suites,    n, m, i, j, uris, names, key, options) {
				n = split(field["uris"], uris, " ")
				m = split(suites, names, " ")
				key = field["signed-by"] ~ /^\// ? " signed-by=" field["signed-by"] : ""
				for (i = 1; i <= n; i++) {
					for (j = 1; j <= m; j++) {
						printf "deb [arch=%s%s] %s %s main\n", arch, key, uris[i], names[j]
						if (source != "") {
							options = key == "" ? "" : " [" substr(key, 2) "]"
							printf "deb-src%s %s %s main\n", options, uris[i], names[j]
						}
					}
				}
			}
			/^#/ { next }
			/^[ \t]*$/ { flush_stanza(); next }
			/^[ \t]/ { if (last != "") { field[last] = field[last] " " $0 } next }
			{
				last = tolower(substr($0, 1, index($0, ":") - 1))
				field[last] = substr($0, index($0, ":") + 1)
				gsub(/^[ \t]+|[ \t]+$/, "", field[last])
			}
			END { flush_stanza() }' "$list"
	done
}

apt_root() {
	local root=$1 tool=$2
	shift 2
	APT_CONFIG=$root/apt.conf "$tool" "$@"
}

apt_root_prepare() {
	local root=$1 arch=$2 source=${4:-} own suite
	command -v apt-get >/dev/null || { apt_root_fail "apt-get is missing: this needs a Debian machine"; return 1; }
	own=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
	suite=${3:-$own}
	[ -n "$suite" ] || { apt_root_fail "/etc/os-release names no VERSION_CODENAME: is this Debian?"; return 1; }
	mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/empty" || return 1
	root=$(cd "$root" && pwd)
	apt_root_sources "$own" "$suite" "$arch" "$source" >"$root/sources.list.new"
	if ! [ -s "$root/sources.list.new" ]; then
		apt_root_fail "no Debian source for suite '$own' with component 'main' in /etc/apt/sources.list or" \
			"/etc/apt/sources.list.d: add the machine's Debian mirror there"
		return 1
	fi
	if [ -e "$root/ready" ] && cmp -s "$root/sources.list.new" "$root/sources.list" &&
		[ -z "$(find "$root/ready" -mtime +0)" ]; then
		return 0
	fi
	mv "$root/sources.list.new" "$root/sources.list"
	rm -f "$root/ready"
	{
		# The machine's own way to the network (proxies, certificates), none of its other settings or hooks.
		apt-config dump | grep '^Acquire::' | grep -v '^Acquire::\(Languages\|IndexTargets\|GzipIndexes\)'
		cat <<-END
			APT::Architecture "$arch";
			APT::Architectures { "$arch"; };
			APT::Sandbox::User "root";
			Acquire::Languages "none";
			Dir::State::Lists "$root/lists";
			Dir::State::status "/dev/null";
			Dir::Cache "$root";
			Dir::Cache::archives "$root/archives";
			Dir::Etc::SourceList "$root/sources.list";
			Dir::Etc::SourceParts "$root/empty";
			Dir::Etc::Parts "$root/empty";
			Dir::Etc::Preferences "/dev/null";
			Dir::Etc::PreferencesParts "$root/empty";
			Dir::Log "$root";
		END
	} >"$root/apt.conf"
	printf 'Fetching the package lists of %s (%s)\n' "$suite" "$arch"
	if ! apt_root "$root" apt-get update --error-on=any; then
		apt_root_fail "the package lists of $suite ($arch) could not be fetched." \
			"Check the network, and that 'apt-get update' works on this machine, then run this again"
		return 1
	fi
	: >"$root/ready"
}
