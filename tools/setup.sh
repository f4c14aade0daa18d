#!/bin/sh
# What this project needs from the system, and why.
#
#   tools/setup.sh look    GROUP   says what is missing, and the command that installs it
#   tools/setup.sh install GROUP   installs it, where it has the right to
#   tools/setup.sh bare    GROUP   says what install does on a Debian where nothing is there
#
# GROUP is build, test (and with it build), notebooks (the same as build), docs, check (and with it
# test), cross, or all.
#
# Each line: group, how to see that it is there, what for, then its package in Debian, Fedora, Arch
# and Homebrew (- where there is none). A new need is one more line here.
table() {
    cat <<'TABLE'
build | command cc            | the compiler                     | gcc libc6-dev      | gcc                    | gcc            | -
build | header png.h          | reading and writing PNG          | libpng-dev         | libpng-devel           | libpng         | libpng
build | header zlib.h         | animations and PNG               | zlib1g-dev         | zlib-devel             | zlib           | zlib
build | header jpeglib.h      | reading JPEG                     | libjpeg-dev        | libjpeg-turbo-devel   | libjpeg-turbo  | jpeg-turbo
build | header stb/stb_truetype.h | letters in figures           | libstb-dev         | stb-devel              | stb            | -
build | header jansson.h      | what a model says of itself      | libjansson-dev     | jansson-devel          | jansson        | jansson
build | header utf8proc.h     | letters of all scripts in prompts | libutf8proc-dev   | utf8proc-devel         | libutf8proc    | utf8proc
test  | header cmocka.h       | the tests                        | libcmocka-dev      | libcmocka-devel        | cmocka         | cmocka
docs  | command doxygen       | the manual                       | doxygen            | doxygen                | doxygen        | doxygen
docs  | command dot           | drawings in the manual           | graphviz           | graphviz               | graphviz       | graphviz
docs  | file /usr/share/doxygen-awesome-css | the manual's looks | doxygen-awesome-css | -                     | -              | -
docs  | file /usr/share/javascript/mathjax  | formulas in the manual | libjs-mathjax  | -                      | -              | -
check | command pkg-config    | is what we install found?        | pkg-config         | pkgconf-pkg-config     | pkgconf        | pkgconf
check | command clang         | the second compiler              | clang              | clang                  | clang          | -
check | command clang-format  | the one way to lay out code      | clang-format       | clang-tools-extra      | clang          | clang-format
check | file /usr/lib/python3*/*-packages/nbformat | are notebooks valid? | python3-nbformat | python3-nbformat | jupyter-nbformat | -
check | file /usr/lib/*/lib*/libomp.so /usr/lib*/libomp.so | threads with clang | libomp-dev | libomp-devel    | openmp         | -
check | file /usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.asan* /usr/lib*/clang/*/lib/*/libclang_rt.asan* | the watch over memory | libclang-rt-14-dev | compiler-rt | compiler-rt | -
cross | command aarch64-linux-gnu-gcc | kernels for ARM          | gcc-aarch64-linux-gnu libc6-dev-arm64-cross | - | aarch64-linux-gnu-gcc | -
cross | command qemu-aarch64  | running them                     | qemu-user          | qemu-user              | qemu-user      | -
cross | command emcc          | kernels for WebAssembly          | emscripten         | emscripten             | emscripten     | emscripten
cross | command node          | running them                     | nodejs             | nodejs                 | nodejs         | node
TABLE
}

has_header() {
    for folder in /usr/include /usr/local/include /opt/homebrew/include; do
        [ -e "$folder/$1" ] && return 0
    done
    echo "#include <$1>" | ${CC:-cc} -E -x c - > /dev/null 2>&1
}

has_file() {
    for path in "$@"; do [ -e "$path" ] && return 0; done
    [ "$(uname)" = Darwin ] # there these come with the system or not at all
}

is_there() { # kind, names
    kind=$1
    shift
    case $kind in
        command) command -v "$1" > /dev/null ;;
        header) has_header "$1" ;;
        file) has_file $* ;; # the names are patterns
    esac
}

if command -v apt-get > /dev/null; then column=4
elif command -v dnf > /dev/null; then column=5
elif command -v pacman > /dev/null; then column=6
elif command -v brew > /dev/null; then column=7
else column=4
fi

mode=$1
[ "$mode" = bare ] && column=4
case $2 in
    test) groups='build test' ;;
    notebooks) groups=build ;;
    check) groups='build test check' ;;
    all) groups='build test check docs cross' ;;
    *) groups=$2 ;;
esac
missing='' homeless='' reasons=''
while IFS='|' read -r group how why debian fedora arch brew; do
    case " $groups " in *" ${group%% *} "*) ;; *) continue ;; esac
    [ "$mode" != bare ] && is_there $how && continue
    case $column in
        4) package=$debian ;; 5) package=$fedora ;; 6) package=$arch ;; 7) package=$brew ;;
    esac
    package=$(echo $package)
    name=$(set -f; echo ${how#* })
    if [ "$package" = - ]; then homeless="$homeless $name"; else missing="$missing $package" name=$package; fi
    reasons="$reasons  $name: $(echo $why)
"
done <<END
$(table)
END
[ -n "$reasons" ] || exit 0

# Only the package manager gets more rights; nothing in this folder is ever written by root.
as_root=''
if [ $column -ne 7 ] && [ "$(id -u)" -ne 0 ]; then as_root='sudo '; fi
case $column in
    4) typed="${as_root}apt-get update && ${as_root}apt-get install -y --no-install-recommends$missing" ;;
    5) typed="${as_root}dnf install -y$missing" ;;
    6) typed="${as_root}pacman -S --needed --noconfirm$missing" ;;
    7) typed="brew install$missing" ;;
esac

printf 'Missing on this system:\n%s' "$reasons"
if [ -n "$homeless" ]; then
    echo "Your package manager has no package for:$homeless"
    echo "A header can be copied to where the compiler looks, for example /usr/local/include."
fi
[ -n "$missing" ] || exit 1

if [ "$mode" = look ]; then
    echo "Install it with: $typed"
    echo "(\`make run\` and \`make test\` do that by themselves.)"
    exit 1
fi
if [ "$mode" = bare ]; then echo "Installing:$missing"; exit; fi
# By itself it installs only where that was tried, and where it may without asking for a password.
if [ $column -ne 4 ] || { [ -n "$as_root" ] && ! sudo -n true 2> /dev/null; }; then
    echo "Type this, then try again:"
    echo "  $typed"
    exit 1
fi
echo "Installing:$missing"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# No questions, and patience while another program holds the lock.
settings='env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120'
steps=$(echo "$typed" | sed "s/^sudo /sudo -n /; s/&& sudo /\&\& sudo -n /; s/apt-get/$settings/g")
if ! sh -c "$steps" > "$log" 2>&1 < /dev/null; then
    cat "$log"
    echo "That did not work. Type this, then try again:"
    echo "  $typed"
    exit 1
fi
