#!/bin/sh
# The C files of this project, one a line, sorted.
#   tools/sources.sh [FOLDER...]   in these folders, or everywhere
#   tools/sources.sh formatted     those a person lays out: all but the golden numbers
folders=${*:-lib lessons tests tools bench}
[ "$1" = formatted ] && folders='lib lessons tests tools bench'
for folder in $folders; do
    [ -d "$folder" ] && find "$folder" -name '*.[ch]'
done | if [ "$1" = formatted ]; then grep -v '^tests/golden/'; else cat; fi | LC_ALL=C sort
