#!/bin/sh
# Runs the test programs of a folder, a line each, and adds up what cmocka says. Full output is
# shown for a program in which something failed. One that hangs is ended after SECS of work (120
# unless told).   tools/test.sh FOLDER [PATTERN...]
folder=$1
shift
[ $# -gt 0 ] || set -- 'test_*' 'double_*'
log=$folder/log.txt
passed=0 failed=0 skipped=0

for pattern in "$@"; do
    for program in "$folder"/$pattern; do
        name=${program##*/}
        [ -f "tests/$name.c" ] && [ -x "$program" ] || continue
        (ulimit -t "${SECS:-120}"; CMOCKA_MESSAGE_OUTPUT=stdout exec "$program") > "$log" 2>&1
        code=$?
        set -- $(awk '/^\[       OK \]/ { p++ }
                      /^\[  FAILED  \] [a-zA-Z_0-9]+$/ { if (!seen[$NF]++) f++ }
                      /^\[  SKIPPED \] [a-zA-Z_0-9]+$/ { if (!seen[$NF]++) s++ }
                      END { print p + 0, f + 0, s + 0 }' "$log")
        p=$1 f=$2 s=$3
        # A program that died, or that ran nothing, has failed too.
        if [ $code -ne 0 ] && [ $f -eq 0 ] || [ $((p + f + s)) -eq 0 ]; then
            f=$((f + 1))
            echo "exit code $code" >> "$log"
        fi
        printf '%-28s %3d passed' "$name" "$p"
        [ $s -eq 0 ] || printf ', %d skipped' "$s"
        [ $f -eq 0 ] || printf ', %d FAILED' "$f"
        echo
        [ $f -eq 0 ] || cat "$log"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
done

echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
