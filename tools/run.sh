#!/bin/sh
# Runs the lessons in order, or one of them, then names the pictures they wrote.
#   tools/run.sh BUILD [NUMBER]
build=$1
number=$2

list() {
    for source in lessons/[0-9]*_*.c; do
        [ -f "$source" ] && basename "$source" .c
    done
}

chosen=$(list)
if [ -n "$number" ]; then
    chosen=$(list | awk -F_ -v n="$number" '$1 == n || $1 == "0" n')
    if [ -z "$chosen" ]; then
        echo "there is no lesson \"$number\". Known: $(list | tr '\n' ' ')" >&2
        exit 1
    fi
fi

mkdir -p out "$build"
start=$build/started
: > "$start"
for lesson in $chosen; do
    echo
    echo "== $lesson"
    if ! "$build/lessons/$lesson"; then
        echo "lesson $lesson did not finish" >&2
        exit 1
    fi
done

echo
echo "Pictures written:"
find out -newer "$start" \( -name '*.png' -o -name '*.svg' \) | LC_ALL=C sort | sed 's/^/  /'
