#!/bin/sh
# The figures that README.md and docs/*.md show are drawn by lessons and by tools/draw_*, the pages
# in tools/pages.txt are printed by programs, the notebooks in notebooks-c are made from the program
# beside them. docs/figures/inputs.txt holds two numbers for each: the checksum of all that it was
# made from, and its own.
#
#   tools/figures.sh make BUILD      runs the lessons, keeps what the pages show, notes the checksums
#   tools/figures.sh notebooks BUILD the notebooks only
#   tools/figures.sh check           is anything stale, edited by hand, shown but not made, or made
#                                    but not shown?
#   tools/figures.sh compare BUILD   makes everything again elsewhere and compares the numbers
mode=$1
build=$2
figures=docs/figures
notes=$figures/inputs.txt
unset DIFFUSE_MODEL # lessons draw what the pages show
wrong=0
complain() { echo "$*" >&2; wrong=1; }

pages() { for page in README.md docs/*.md; do [ -f "$page" ] && echo "$page"; done; }

# Markdown shows a figure as figures/NAME, from README.md as docs/figures/NAME.
shown() {
    pages | xargs cat /dev/null | tr '()"<> ' '\n\n\n\n\n\n' |
        sed -n 's|^\(.*/\)*figures/\([A-Za-z0-9_.-]*\.[a-z]*\)$|\2|p' | LC_ALL=C sort -u
}

# out/03_noise.png is drawn by lessons/03_*.c, out/wrong_grain.png (or wrong.png) by tools/draw_wrong.c.
maker() {
    stem=${1%%.*}
    for l in lessons/"${stem%%_*}"_*.c tools/draw_"${stem%%_*}".c; do [ -f "$l" ] && echo "$l"; done
}

inputs() { # of what this source draws
    {
        { echo "$1"; ls lessons/*.h; find lib assets -type f; beside "$1"; } |
            LC_ALL=C sort | xargs cat
        said "$1"
    } | cksum | tr ' ' '-'
}

beside() {
    case $1 in
        notebooks-c/*) ls notebooks-c/*.h tools/notebook.c ;;
        tools/*atlas*) ls tools/atlas.h ;;
        lessons/2[78]_*) ls tools/model_shapes.h ;;
        tools/double_samplers.c) ls tools/atlas.h tools/samplers.txt tests/order.h tests/toy.h ;;
    esac
}

said() { # who includes road.h reads what the lessons say of themselves
    grep -q '"road.h"' "$1" || return 0
    cat tools/road.h tools/index.txt
    for page in docs/[0-9]*_*.md; do head -n 4 "$page"; done
    grep -A 2 'Runs in ' lessons/*.c
}

own() { # of a page, or of a figure with the numbers behind it
    for file in "$1" "${1%.*}.csv"; do [ -f "$file" ] && cat "$file"; done | cksum | tr ' ' '-'
}

generated() { sed -n 's/^\([^#].*\): .*/\1/p' tools/pages.txt; }
printer() { sed -n "s|^$1: *||p" tools/pages.txt; }

notebooks() { for n in notebooks-c/*.c; do [ -f "$n" ] && echo "${n%.c}"; done; }

make_notebooks() {
    for name in $(notebooks); do
        "$build/tools/notebook" "$name.c" "$build/$name" "$name.ipynb" || { wrong=1; continue; }
        echo "$(inputs "$name.c") $(own "$name.ipynb") $name.ipynb"
    done
}

run_all() { # in this folder
    for source in lessons/[0-9]*_*.c tools/draw_*.c; do
        [ -f "$source" ] || continue
        (cd "$1" && "$build/${source%.c}" > /dev/null) || complain "$source did not finish"
    done
}

make_all() {
    mkdir -p out $figures
    build=$PWD/$build
    run_all .
    for page in $(generated); do
        program=$(printer "$page")
        if "$build/$program" > "$page.part"; then mv "$page.part" "$page"
        else complain "$program did not finish"; rm -f "$page.part"
        fi
        echo "$(inputs "$program.c") $(own "$page") $page"
    done > $notes.part
    for name in $(shown); do
        lesson=$(maker "$name")
        [ -n "$lesson" ] && [ -f "out/$name" ] || { complain "nothing drew out/$name"; continue; }
        cp "out/$name" $figures/
        numbers=${name%.*}.csv
        [ -f "out/$numbers" ] && cp "out/$numbers" $figures/
        echo "$(inputs "$lesson") $(own "$figures/$name") $name"
    done >> $notes.part
    make_notebooks >> $notes.part
    mv $notes.part $notes
    for file in $figures/*; do
        is_known "${file##*/}" || rm -f "$file"
    done
    echo "$(grep -c . $notes) figures and pages in $notes"
}

is_known() { # a file in docs/figures: shown, the numbers of one that is shown, or the notes
    [ "$1" = inputs.txt ] && return 0
    shown | awk -v name="$1" '{ stem = $0; sub(/\.[a-z]*$/, "", stem) }
                              $0 == name || stem ".csv" == name { good = 1 } END { exit !good }'
}

check_one() { # source, name, file
    noted=$(awk -v name="$2" '$3 == name { print $1, $2 }' $notes 2> /dev/null)
    if [ ! -f "$3" ] || [ -z "$noted" ]; then complain "$2 is shown but was never made: make figures"
    elif [ "${noted% *}" != "$(inputs "$1")" ]; then complain "$2 is older than what it is made from: make figures"
    elif [ "${noted#* }" != "$(own "$3")" ]; then complain "$2, or its numbers, is not as it was drawn: make figures"
    fi
}

check_all() {
    for name in $(shown); do
        lesson=$(maker "$name")
        if [ -z "$lesson" ]; then complain "$name is shown, but nothing makes it"
        else check_one "$lesson" "$name" "$figures/$name"
        fi
    done
    for file in $figures/*; do
        [ -f "$file" ] || continue
        is_known "${file##*/}" || complain "$file is shown by no page"
    done
    for page in $(generated); do
        check_one "$(printer "$page").c" "$page" "$page"
    done
    for name in $(notebooks); do check_one "$name.c" "$name.ipynb" "$name.ipynb"; done
    for file in notebooks-c/*.ipynb; do
        [ ! -f "$file" ] || [ -f "${file%.ipynb}.c" ] || complain "$file: its program is gone"
    done
}

# A notebook's texts are compared by their numbers, its pictures (a line each) by their pixels.
texts() { sed '/"image\/png": "/d; s/\\n"/ "/; s/"/ /g' "$1"; }
picture_count() { grep -c '"image/png": "' "$1"; }
picture() { grep '"image/png": "' "$1" | sed -n "$2"'s/.*: "\(.*\)".*/\1/p' | base64 -d; }

compare_notebooks() { # folder, notebooks
    texts "$2" > "$1/1.txt"
    texts "$3" > "$1/2.txt"
    awk -f tools/compare_numbers.awk "$1/1.txt" "$1/2.txt" || return 1
    count=$(picture_count "$2")
    while [ "$count" -gt 0 ]; do
        picture "$2" "$count" > "$1/1.png"
        picture "$3" "$count" > "$1/2.png"
        "$build/tools/compare_pictures" "$1/1.png" "$1/2.png" || return 1
        count=$((count - 1))
    done
}

compare_all() {
    again=$build/again
    rm -rf "$again"
    mkdir -p "$again/out"
    for folder in assets docs; do ln -s "$PWD/$folder" "$again/$folder"; done
    build=$PWD/$build
    run_all "$again"
    for name in $(shown); do
        stem=${name%.*}
        if [ -f "$figures/$stem.csv" ]; then
            awk -f tools/compare_numbers.awk "$figures/$stem.csv" "$again/out/$stem.csv"
        else
            "$build/tools/compare_pictures" "$figures/$name" "$again/out/$name"
        fi || complain "$name: another run gives another figure"
    done
    for page in $(generated); do
        "$build/$(printer "$page")" > "$again/page.md"
        awk -f tools/compare_numbers.awk "$page" "$again/page.md" ||
            complain "$page: another run gives another page"
    done
    here=$PWD
    for name in $(notebooks); do
        (cd "$again" && "$build/tools/notebook" "$here/$name.c" "$build/$name" again.ipynb) &&
            compare_notebooks "$again" "$name.ipynb" "$again/again.ipynb" ||
            complain "$name.ipynb: another run gives another notebook"
    done
    rm "$again/docs" # Doxygen would find each figure twice
}

case $mode in
    make) make_all ;;
    notebooks)
        { grep -v ' notebooks-c/' $notes 2> /dev/null; make_notebooks; } > $notes.part
        mv $notes.part $notes
        ;;
    check) check_all ;;
    compare) compare_all ;;
esac
exit $wrong
