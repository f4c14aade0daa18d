#!/bin/sh
# A folder is a layer: a file includes its own folder and what stands below it, never upward.
#   tools/layers.sh               reads every #include "..." there is, and <...> of what is in lib/
#   tools/layers.sh --self-test   shows that it can fail

may_include() { # what a folder may include besides itself
    case $1 in
        lib/base) ;;
        lib/draw) echo base ;;
        lib/diffusion) echo base ;;
        lib/samplers) echo diffusion base ;;
        lib/nn) echo base ;;
        lib/nn/fast) echo nn base ;;
        lib/models) echo nn base ;;
        lib/pipeline | lib | programs | lessons* | notebooks-c | tests* | tools | bench*)
            echo base draw diffusion samplers nn nn/fast models pipeline . ;;
    esac
}

check() { # the file, the name it has in the tree
    folder=$(dirname "$2")
    allowed=" ${folder#lib/} $(may_include "$folder") "
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*\(["<][^">]*\)[">].*/\1/p' "$1" | while read -r name; do
        case $name in
            '<'*) [ -e "lib/${name#<}" ] || continue ;; # the system's
        esac
        name=${name#[\"<]}
        case $name in
            */*) layer=${name%/*} ;;
            *) layer=. ;;
        esac
        # A name without a folder is diffusion.h, or a neighbour outside lib.
        case $folder in lib/*) ;; *) [ -e "$folder/$name" ] && continue ;; esac
        case $allowed in
            *" $layer "*) ;;
            *) echo "$2 includes \"$name\", which does not stand below it" ;;
        esac
    done
}

self_test() {
    here=$(mktemp) || exit 1
    trap 'rm -f "$here"' EXIT
    wrong=0
    while read -r verdict file name; do
        case $name in '<'*) ;; *) name=\"$name\" ;; esac
        printf '  #include %s\n' "$name" > "$here"
        said=$(check "$here" "$file")
        if [ "$verdict" = good ] && [ -n "$said" ] || [ "$verdict" = bad ] && [ -z "$said" ]; then
            echo "layers.sh is wrong about $file and $name: it should be $verdict"
            wrong=1
        fi
    done <<'END'
good lib/base/tensor.c base/arena.h
bad lib/base/tensor.c diffusion/sigmas.h
bad lib/base/tensor.c arena.h
bad lib/base/tensor.c <diffusion/sigmas.h>
good lib/base/tensor.c <string.h>
good lib/base/tensor.c <base/arena.h>
bad lib/base/tensor.c <diffusion.h>
bad lib/draw/plot.c diffusion/sigmas.h
bad lib/diffusion/sampler.c samplers/euler.h
bad lib/diffusion/sampler.c nn/gemm.h
good lib/samplers/euler.c diffusion/sampler.h
bad lib/samplers/euler.c draw/plot.h
bad lib/nn/gemm.c diffusion/schedule.h
good lib/nn/fast/gemm.c nn/weight.h
bad lib/nn/gemm.c nn/fast/vec.h
bad lib/nn/fast/gemm.c diffusion/schedule.h
good bench/nn/loops.c nn/fast/vec.h
bad lib/models/unet.c pipeline/pipeline.h
bad lib/base/file.c diffusion.h
good lib/diffusion.c pipeline/pipeline.h
good lessons/00_x.c draw/plot.h
bad lessons/00_x.c ../tests/y.h
good notebooks-c/00_x.c draw/plot.h
bad notebooks-c/00_x.c ../lessons/y.h
bad lib/draw/plot.c ../notebooks-c/y.h
END
    exit $wrong
}

[ "$1" = --self-test ] && self_test
said=$(tools/sources.sh | while read -r file; do check "$file" "$file"; done)
[ -z "$said" ] && exit 0
echo "$said"
exit 1
