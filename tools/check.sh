#!/bin/sh
# All that must hold before a commit. A line for each part with its seconds; when one does not hold,
# all it said.
#   tools/check.sh         the parts that take seconds
#   tools/check.sh all     also those that take minutes
#   tools/check.sh PART    one part
# The parts are the functions part_*; $MAKE is the make to use.
make="${MAKE:-make} --no-print-directory"
logs=build/check
quick='layers size paths format links pages headers figures gcc loops clang install lessons exercises tools'
quick="$quick quotes notebooks sanitizers"
slow='docs redraw slow threads neon wasm'

# Warnings are errors here. gcc is built with threads, clang without, so both ways are seen.
with_gcc() { $make BUILD=build/gcc CC=gcc CFLAGS='-O3 -Werror' "$@"; }
with_clang() { $make BUILD=build/clang CC=clang CFLAGS='-O3 -Werror' OPENMP= "$@"; }
sanitized() {
    $make BUILD=build/asan CC=clang CFLAGS="-O1 -g -DROLLED -Werror -fsanitize=address,undefined \
        -fno-sanitize-recover=all -fno-omit-frame-pointer" "$@"
}

all_files() { # of the project, none that was made
    git ls-files -co --exclude-standard 2> /dev/null ||
        find . -type f | sed 's|^\./||' | grep -Ev '^(\.git|build|out|shared)/'
}

part_layers() { tools/layers.sh --self-test && tools/layers.sh; }

part_size() { tools/size.sh check; }

part_paths() { # nobody else has our folders
    all_files | while read -r f; do [ -f "$f" ] && echo "$f"; done |
        xargs grep -InE '(^|[^A-Za-z0-9_.])/(home|Users|root|work)/' && return 1
    return 0
}

part_format() {
    version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [ "$version" != 14 ]; then
        echo "skipped: the tree is laid out by clang-format 14, this is $version"
        return 0
    fi
    tools/sources.sh formatted | xargs clang-format --dry-run -Werror
}

part_links() { # also in the words of a notebook's program
    awk -f tools/slug.awk -f tools/links.awk /dev/null \
        $(all_files | grep -E '\.md$|^notebooks-c/.*\.c$')
}

part_pages() { # every lesson has one, and all have the same headings
    wrong=0
    same='Idea Math Run Figure Experiment Exercise Check yourself If it looks wrong Words Further reading For teachers Exam '
    for lesson in lessons/[0-9]*_*.c; do
        page=docs/$(basename "$lesson" .c).md
        headings=$(sed -n 's/^## //p' "$page" | tr '\n' ' ')
        [ "$headings" = "$same" ] || { echo "$page has the headings $headings"; wrong=1; }
    done
    return $wrong
}

part_headers() { # each compiles alone; what is installed also as C++
    wrong=0
    for header in $(tools/sources.sh formatted | grep '\.h$'); do
        for cc in gcc clang; do
            printf '#include "%s"\nextern int nothing;\n' "${header#lib/}" |
                $cc -std=c11 -Wall -Wextra -Wpedantic -Werror -Ilib -I. -fsyntax-only -x c - ||
                { echo "$header does not compile alone with $cc"; wrong=1; }
        done
    done
    for cxx in g++ clang++; do
        command -v $cxx > /dev/null || continue
        $cxx -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ lib/diffusion.h || wrong=1
    done
    return $wrong
}

part_figures() { tools/figures.sh check; }

part_gcc() { with_gcc everything && tools/test.sh build/gcc/tests; }

part_loops() { # the kernels hold their sums in registers
    tools/inner_loops.sh --self-test && with_gcc lib && tools/inner_loops.sh build/gcc
}

part_clang() { with_clang everything && tools/test.sh build/clang/tests; }

part_install() { # a stranger's program finds it, in C and in C++; then all of it goes again
    rm -rf $logs/root
    where="DESTDIR=$logs/root PREFIX=/opt"
    libs=$logs/root/opt/lib
    with_gcc install $where || return 1
    touch $libs/libdiffusion.mine
    find_it="env PKG_CONFIG_SYSROOT_DIR=$logs/root PKG_CONFIG_PATH=$libs/pkgconfig pkg-config"
    flags=$($find_it --cflags diffusion) || return 1
    shared=$($find_it --libs diffusion)
    static="$libs/libdiffusion.a $($find_it --static --libs diffusion | sed 's/-ldiffusion//')"
    for compiler in 'gcc -std=c11' 'g++ -x c++'; do
        command -v ${compiler%% *} > /dev/null || continue
        for link in "$shared" "$static"; do
            echo "$compiler, linked with $link"
            $compiler -Wall -Wextra -Wpedantic -Werror $flags -c tests/install/stranger.c \
                -o $logs/stranger.o && gcc $logs/stranger.o $link -o $logs/stranger || return 1
            LD_LIBRARY_PATH=$libs DYLD_LIBRARY_PATH=$libs $logs/stranger || return 1
        done
    done
    with_gcc uninstall $where || return 1
    rm $libs/libdiffusion.mine || { echo "uninstall took what is not ours"; return 1; }
    left=$(find $logs/root ! -type d; find $logs/root -name pkgconfig)
    [ -z "$left" ] || { echo "uninstall left $left"; return 1; }
}

part_sanitizers() {
    sanitized tests tools programs &&
        LSAN_OPTIONS="suppressions=$PWD/tools/leaks_of_others.txt" tools/test.sh build/asan/tests
}

expect() { # exit code, program: its --check must end with that code, within 5 seconds
    begin=$(date +%s)
    said=$(ulimit -t 60; "$2" --check 2>&1) # one that hangs must end, too
    code=$?
    took=$(($(date +%s) - begin))
    if [ $took -gt 5 ]; then
        echo "$2 --check took $took s, more than 5"
        return 1
    fi
    [ $code -eq "$1" ] && return 0
    echo "$said"
    case $code in
        0) echo "$2 --check passes, and should not" ;;
        1) echo "$2: its check failed" ;;
        *) echo "$2 is broken: exit code $code" ;;
    esac
    return 1
}

part_lessons() {
    with_gcc lessons || return 1
    wrong=0
    for lesson in lessons/*.c; do
        [ -f "$lesson" ] || continue
        expect 0 "build/gcc/${lesson%.c}" || wrong=1
        number=${lesson#lessons/}
        ls lessons/exercises/"${number%%_*}"_*.c > /dev/null 2>&1 ||
            { echo "$lesson has no exercise"; wrong=1; }
    done
    return $wrong
}

part_exercises() { # an exercise is to be solved, its answer is solved
    with_gcc exercises || return 1
    wrong=0
    for exercise in lessons/exercises/*.c; do
        [ -f "$exercise" ] || continue
        name=$(basename "$exercise")
        [ -f "lessons/answers/$name" ] || { echo "$exercise has no answer"; wrong=1; continue; }
        expect 1 "build/gcc/${exercise%.c}" || wrong=1
        expect 0 "build/gcc/lessons/answers/${name%.c}" || wrong=1
    done
    return $wrong
}

part_tools() {
    with_gcc tools && expect 0 build/gcc/tools/draw_wrong && expect 0 build/gcc/tools/draw_roofline
}

part_quotes() {
    tools/quotes.sh --self-test && with_gcc lessons tools programs && tools/quotes.sh build/gcc
}

part_notebooks() {
    with_gcc build/gcc/tools/notebook || return 1
    tools/check_notebooks.py --self-test build/gcc/tools/notebook &&
        tools/check_notebooks.py notebooks-c/*.ipynb
}

part_docs() { $make docs; }

part_redraw() { with_gcc everything && tools/figures.sh compare build/gcc; }

part_slow() {
    ls tests/slow_*.c > /dev/null 2>&1 || return 0
    with_gcc slow && SECS=3600 tools/test.sh build/gcc/tests 'slow_*'
}

part_threads() { # the same bits for any number of threads
    with_gcc tests tools programs || return 1
    for threads in 1 2 7; do
        OMP_NUM_THREADS=$threads tools/test.sh build/gcc/tests || return 1
    done
}

# The fast kernels on processors that this one is not.
part_neon() { tools/cross.sh neon; }

part_wasm() { tools/cross.sh wasm; }

run_part() {
    log=$logs/$1.txt
    begin=$(date +%s)
    (part_"$1") > "$log" 2>&1
    case $? in 0) verdict=good ;; 3) verdict=none ;; *) verdict=BAD ;; esac
    printf '%-11s %-4s %3d s\n' "$1" $verdict $(($(date +%s) - begin))
    [ $verdict = none ] && { echo "    not run here: $(tail -n 1 "$log")"; return 0; }
    [ $verdict = good ] && return 0
    grep -v '^  \(compile\|link\|archive\|embed\) ' "$log" | sed 's/^/    /'
    bad="$bad $1"
}

case $1 in
    '') parts=$quick ;;
    all) parts="$quick $slow" ;;
    *) parts=$1 ;;
esac
for part in $parts; do
    case " $quick $slow " in
        *" $part "*) ;;
        *) echo "there is no part \"$part\". Known: $quick $slow" >&2; exit 1 ;;
    esac
done
mkdir -p $logs
bad=''
start=$(date +%s)
for part in $parts; do run_part "$part"; done
took=$(($(date +%s) - start))
if [ -n "$bad" ]; then echo "does not hold:$bad ($took s)"; exit 1; fi
echo "all of it holds ($took s)"
