#!/bin/sh
# target.sh DIR TARGET TIME: fuzzes one target on one core and prints its last
# lines; all of them where it fails.
set -u
dir=$1 target=$2 time=$3
log=fuzz-$target.log
try() {
	${GO:-go} test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -parallel 1 -fuzzminimizetime 20x "$dir" >"$log" 2>&1
}
try && rc=0 || rc=$?
# The go command reports its own time limit as a failure where it is reached at an
# unlucky moment. Nothing was found then:
# what is found is written down. It is run again, once.
if [ $rc -ne 0 ] && grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
	echo "$target: the time limit was taken for a failure; once more"
	try && rc=0 || rc=$?
fi
if [ $rc -ne 0 ]; then
	cat "$log"
	exit 255 # which ends xargs
fi
tail -n 3 "$log"
rm "$log"
