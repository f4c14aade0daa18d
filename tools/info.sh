#!/bin/sh
# Says in words what was found here: system, compiler, threads, libraries, numbers, processor. Builds
# and installs nothing.   tools/info.sh CC "FLAGS" "OPENMP"      (make info)
cc=$1
flags=$2
openmp=$3

row() { # name, then what to say, broken into lines
    name=$1
    shift
    echo "$*" | fold -s -w 84 | while IFS= read -r line; do
        printf '%-12s%s\n' "$name" "${line% }"
        name=''
    done
}

# What a header says of its version; nothing when the header is not there.
version() { # header, macro
    printf '#include <stdio.h>\n#include <%s>\nanswer=%s\n' "$1" "$2" |
        $cc $flags -E -P -x c - 2> /dev/null | sed -n 's/^answer=//p' | tr -d '" '
}

library() { # name, header, macro
    found=$(version "$2" "$3")
    case $found in
        '') echo "$1 MISSING" ;;
        "$3") echo "$1" ;;
        *) echo "$1 $found" ;;
    esac
}

system() {
    name=$(uname -s)
    [ -r /etc/os-release ] && name=$(. /etc/os-release && echo "$PRETTY_NAME")
    [ "$(uname)" = Darwin ] && name="macOS $(sw_vers -productVersion)"
    if grep -qi microsoft /proc/version 2> /dev/null; then name="$name, in Windows (WSL)"; fi
    echo "$name, $(uname -m)"
}

processor() {
    if [ -r /proc/cpuinfo ]; then
        sed -n 's/^model name[^:]*: *//p; s/^Model[^:]*: *//p' /proc/cpuinfo | head -n 1
    else
        sysctl -n machdep.cpu.brand_string 2> /dev/null
    fi
}

cores=$(getconf _NPROCESSORS_ONLN)
row System "$(system)"
row Processor "$(processor), $cores core$([ "$cores" = 1 ] || echo s)"
if ! first=$($cc --version 2> /dev/null); then
    row Compiler "$cc: not found. \`make setup\` installs one, or says what to type; \`make CC=gcc\` takes" \
        "another."
    exit 0
fi
row Compiler "$cc: $(echo "$first" | head -n 1)"
if [ -n "$openmp" ]; then
    row Threads "yes, by OpenMP ($openmp): on up to $cores cores. The pictures are the same, bit for" \
        "bit, as on one core; OMP_NUM_THREADS=1 before a command uses one."
else
    row Threads "no: $cc cannot compile and link a program with -fopenmp, or you said OPENMP=. All" \
        "works all the same, on one core of $cores, and the pictures are the same, bit for bit."
fi
libraries="$(library libpng png.h PNG_LIBPNG_VER_STRING), $(library zlib zlib.h ZLIB_VERSION),
    $(library libjpeg jpeglib.h LIBJPEG_TURBO_VERSION), $(library stb_truetype stb/stb_truetype.h stb),
    $(library jansson jansson.h JANSSON_VERSION), $(library utf8proc utf8proc.h utf8proc)"
tests=$(library cmocka cmocka.h cmocka)
row Libraries $libraries
row '' "for the tests: $tests"
case "$libraries $tests" in
    *MISSING*) row '' "\`make setup-test\` installs what is missing, or says what to type." ;;
esac
case " $flags " in
    *-DREAL_IS_DOUBLE*) row Pictures "in double: 64 bits a number, 15 to 16 digits" ;;
    *) row Pictures "in float: 32 bits a number, 7 digits; noise sizes and times in double" ;;
esac
row Flags "$(for flag in $flags $openmp; do case $flag in -W*) ;; *) printf '%s ' "$flag" ;; esac; done)"
