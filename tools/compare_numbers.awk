# Do two text files say the same? Words must be equal, numbers may differ a little: machines round
# differently.   awk -f tools/compare_numbers.awk A B       exit 1 when they differ

BEGIN { relative = 1e-4; absolute = 1e-6 }

function size(x) { return x < 0 ? -x : x }

function is_number(word) { return word ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/ }

function differ(a, b,    larger) {
    if (!is_number(a) || !is_number(b)) return a != b
    larger = size(a) > size(b) ? size(a) : size(b)
    return size(a - b) > absolute + relative * larger
}

FNR == NR { first[FNR] = $0; lines = FNR; next }

{
    count = split(first[FNR], a, /[ ,;|\t]+/)
    if (split($0, b, /[ ,;|\t]+/) != count) count = 1
    for (i = 1; i <= count; i++)
        if (differ(a[i], b[i])) {
            print FILENAME ":" FNR ": \"" b[i] "\" where \"" a[i] "\" was"
            wrong = 1
        }
    second = FNR
}

END {
    if (lines != second) { print "one has " lines + 0 " lines, the other " second + 0; wrong = 1 }
    exit wrong
}
