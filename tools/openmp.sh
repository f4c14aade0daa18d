#!/bin/sh
# Prints -fopenmp when this compiler can compile AND link it (clang often comes without the
# library), else nothing.   tools/openmp.sh CC FLAGS...
here=$(mktemp -d) || exit 0
trap 'rm -rf "$here"' EXIT
printf '#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n' > "$here/try.c"
compiler=$1
shift
$compiler -fopenmp "$@" -o "$here/try" "$here/try.c" > /dev/null 2>&1 && echo "-fopenmp"
exit 0
