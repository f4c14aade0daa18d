#!/bin/sh
# The C files of this project, one a line, sorted.
#   tools/sources.sh [FOLDER...]   in these folders, or everywhere
#   tools/sources.sh formatted     those a person lays out: all but the golden numbers
all='lib programs lessons notebooks-c tests tools bench'
folders=${*:-$all}
[ "$1" = formatted ] && folders=$all
for folder in $folders; do
    [ -d "$folder" ] && find "$folder" -name '*.[ch]'
done | if [ "$1" = formatted ]; then grep -v '^tests/golden/'; else cat; fi | LC_ALL=C sort
