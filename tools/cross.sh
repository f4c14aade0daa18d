#!/bin/sh
# The kernels of lib/nn on other kinds of processor, from the same source: built by a cross
# compiler, and tested in an emulator, with a part of the cases. Ends with 3 where it cannot be done.
#   tools/cross.sh neon   64-bit ARM
#   tools/cross.sh wasm   WebAssembly
# `tools/setup.sh install cross` installs what it needs.
case $1 in
    neon) tools='aarch64-linux-gnu-gcc qemu-aarch64'
          compile() { aarch64-linux-gnu-gcc -fopenmp "$@"; }
          run() { OMP_WAIT_POLICY=passive qemu-aarch64 -L /usr/aarch64-linux-gnu "$1"; } ;;
    wasm) tools='emcc node'
          compile() { NODE_PATH=/usr/share/nodejs emcc -msimd128 "$@"; }
          link='-s SINGLE_FILE=1 -s INITIAL_MEMORY=128MB -s ALLOW_MEMORY_GROWTH=1'
          run() { node "$1"; } ;;
    *) sed -n '2,6s/^# *//p' "$0"; exit 1 ;;
esac
for tool in $tools; do
    command -v $tool > /dev/null || { echo "$tool is missing"; exit 3; }
done

flags='-std=c11 -O2 -ffp-contract=fast -Wall -Wextra -Werror -Ilib -Itests/cross'
flags="$flags -DISA=base -DNN_EVERY=25"
folder=build/cross/$1
mkdir -p "$folder"
objects=''
for source in lib/base/arena.c lib/base/error.c lib/nn/*.c lib/nn/fast/*.c; do
    object=$folder/$(echo "${source%.c}" | tr / _).o
    compile $flags '-DISAS=X(base,1)' -c "$source" -o "$object" || exit 1
    objects="$objects $object"
done
for test in linear norm activate weight softmax attention conv nn_golden; do
    echo "$test"
    compile $flags $link "tests/test_$test.c" $objects -lm -o "$folder/$test.js" &&
        run "$folder/$test.js" || exit 1
done
