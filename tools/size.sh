#!/bin/sh
# Lines of C by layer (*.c and *.h), beside what was promised: all lines, and those that hold code.
# The limits are for code: comments are the manual here, and must not be paid for.
#   tools/size.sh         the table
#   tools/size.sh check   only what is too large; exit 1 when something is
text() { tools/sources.sh "$@" | tr '\n' '\0' | xargs -0 cat /dev/null; }
code() { text "$@" | awk -f tools/code_lines.awk; }
here=$(mktemp) || exit 1
trap 'rm -f "$here"' EXIT

row() { printf '%-28s %6s %6s  %s\n' "$@"; }
both() { row "$1" "$(text "$2" | wc -l | tr -d ' ')" "$(code "$2")"; }
over() { [ "$2" -le "$3" ] || echo "$1 has $2 lines$4, more than $3"; }
longer_than() { limit=$1; shift; for f in "$@"; do [ -f "$f" ] && over "$f" "$(wc -l < "$f")" "$limit"; done; }

course=$(code lib/base lib/draw lib/diffusion lib/samplers)
engine=$(code lib/nn lib/models lib/pipeline)
if [ "$1" != check ]; then
    row layer lines code limit
    for layer in base draw diffusion samplers nn models pipeline; do
        [ -d lib/$layer ] && both "lib/$layer" lib/$layer
    done
    row 'base+draw+diffusion+samplers' '' "$course" 6000
    row 'nn+models+pipeline' '' "$engine" 7000
    for folder in lessons notebooks-c tests tools bench; do both $folder $folder; done
    exit 0
fi
{
    over 'lib/base+draw+diffusion+samplers' "$course" 6000 " of code"
    over 'lib/nn+models+pipeline' "$engine" 7000 " of code"
    longer_than 150 lessons/*.c lessons/*/*.c
    longer_than 400 $(tools/sources.sh formatted)
    longer_than 120 README.md
    tools/sources.sh lib lessons notebooks-c | xargs awk -v limit=60 -f tools/long_functions.awk
    # A row of golden numbers may be as wide as it is. Bytes that only go on a letter do not count.
    for f in $(tools/sources.sh formatted); do
        LC_ALL=C tr -d '\200-\277' < "$f" |
            awk -v f="$f" 'length > 100 { print f ":" FNR " is wider than 100 columns" }'
    done
} > "$here"
cat "$here"
[ ! -s "$here" ]
