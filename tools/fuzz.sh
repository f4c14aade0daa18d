#!/bin/sh
# Feeds damaged files to what reads files (tests/fuzz/*.c), with every byte of memory watched.
#   tools/fuzz.sh [SECONDS]   for each of them, 60 unless told
# What breaks one stays in build/fuzz/found/.
seconds=${1:-60}
build=build/fuzz
${MAKE:-make} --no-print-directory BUILD=$build CC=clang OPENMP= MAIN=-fsanitize=fuzzer \
    CFLAGS='-O1 -g -DROLLED -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' \
    fuzzers || exit 1
wrong=0
for source in tests/fuzz/*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    mkdir -p $build/corpus/"$name" $build/found
    [ $name = fuzz_image ] && cp assets/*.png assets/*.jpg $build/corpus/"$name" 2> /dev/null
    cp tests/fuzz/"$name"/* $build/corpus/"$name" 2> /dev/null
    log=$build/$name.txt
    if $build/tests/fuzz/"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix=$build/found/"$name"- $build/corpus/"$name" > "$log" 2>&1; then
        echo "$name: $(sed -n 's/^Done //p' "$log"), nothing found"
    else
        tail -40 "$log"
        echo "$name: broken by a file in $build/found"
        wrong=1
    fi
done
exit $wrong
