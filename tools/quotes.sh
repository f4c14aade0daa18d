#!/bin/sh
# What the pages of the lessons quote must still be true.
#   tools/quotes.sh               every ```c and ```diff block in docs/NN_*.md names a file in
#                                 backticks on the line above it; its lines stand in that file, in
#                                 this order (of a diff: those that it takes away); so do those of
#                                 a ```text block below a line that is only a name in backticks
#   tools/quotes.sh BUILD         also the ```text blocks under "## Run": their lines are printed by
#                                 BUILD/lessons/NN_* (a line "..." leaves some out), and those
#                                 below a line with `build/tools/NAME`, by that program
#   tools/quotes.sh --self-test   shows that it can fail
pages() {
    for page in docs/[0-9]*_*.md docs/looks_wrong.md docs/install.md docs/roofline.md; do [ -f "$page" ] && echo "$page"; done
}

check() { # BUILD or nothing, pages
    build=$1
    shift
    [ $# -eq 0 ] && return 0
    awk -v build="$build" '
function trim(s) { gsub(/^[ \t]+|[ \t\r]+$/, "", s); return s }

function complain(what) { print FILENAME ":" FNR ": " what; wrong = 1 }

function load(name, command,    line) { # all lines of a file, or what a command prints
    if (name == source) return lines > 0
    source = name
    lines = 0
    while ((command ? (name | getline line) : (getline line < name)) > 0) text[++lines] = trim(line)
    close(name)
    return lines > 0
}

function quoted(line,    i) { # does it come next, or further on?
    for (i = at + 1; i <= lines; i++)
        if (text[i] == line) { at = i; return 1 }
    return 0
}

FNR == 1 { kind = ""; above = ""; heading = "" }

/^```/ && kind != "" { kind = ""; above = ""; next }
/^```/ {
    kind = trim(substr($0, 4)) == "" ? "plain" : trim(substr($0, 4))
    at = 0
    if (kind == "c" || kind == "diff" || kind == "text" && above ~ /^`[^`]+`$/) {
        name = above
        if (!sub(/^[^`]*`/, "", name) || !sub(/`[^`]*$/, "", name)) {
            complain("the line above this block names no file")
            kind = "plain"
        } else if (!load(name, 0)) {
            complain("there is no " name)
            kind = "plain"
        }
    } else if (kind == "text" && build && (heading == "Run" || above ~ /`build\/tools\/[a-z_]+`/)) {
        name = FILENAME
        sub(/.*\//, "lessons/", name)
        sub(/\.md$/, "", name)
        if (match(above, /`build\/tools\/[a-z_]+`/)) name = substr(above, RSTART + 7, RLENGTH - 8)
        if (!load(build "/" name " --check", 1)) {
            complain(build "/" name " prints nothing")
            kind = "plain"
        }
    } else kind = "plain"
    next
}
kind == "" {
    if (/^## /) heading = substr($0, 4)
    if (trim($0) != "") above = $0
    next
}
kind == "plain" || trim($0) == "" { next }
kind == "diff" && /^[+]/ { next }
{
    line = $0
    if (kind == "diff") sub(/^[- ]/, "", line)
    line = trim(line)
    if (kind == "text" && line == "...") next
    if (!quoted(line)) complain("not in " name " (any more, or in this order): " line)
}
END { exit wrong }' "$@"
}

self_test() {
    here=$(mktemp -d) || exit 1
    trap 'rm -rf "$here"' EXIT
    mkdir -p "$here/lessons" "$here/tools"
    printf 'int a;\n    int b;\n' > "$here/x.c"
    printf '#!/bin/sh\necho "  a  1"\necho "ok  x"\necho "  b  2"\n' > "$here/lessons/00_page"
    printf '#!/bin/sh\necho "c  3"\n' > "$here/tools/draw_x"
    chmod +x "$here/lessons/00_page" "$here/tools/draw_x"
    failed=0
    while IFS=" " read -r verdict lines; do
        printf "$lines" | sed "s|HERE|$here|" > "$here/00_page.md"
        if check "$here" "$here/00_page.md" > "$here/said" 2>&1; then found=good; else found=bad; fi
        [ $found = "$verdict" ] && continue
        echo "quotes.sh calls this $found, and it is $verdict: $lines"
        failed=1
    done <<'END'
good `HERE/x.c`\n```c\nint a;\nint b;\n```\n
good `HERE/x.c`\n```diff\n-int a;\n+int c;\n```\n
good ## Run\n```text\na  1\n...\nb  2\n```\n
good ## Idea\n```text\nanything\n```\n
good What `build/tools/draw_x` says:\n```text\nc  3\n```\n
good `HERE/x.c`\n```text\nint b;\n```\n
bad `HERE/x.c`\n```text\nint c;\n```\n
bad What `build/tools/draw_x` says:\n```text\nc  4\n```\n
bad `HERE/x.c`\n```c\nint b;\nint a;\n```\n
bad `HERE/x.c`\n```c\nint c;\n```\n
bad `HERE/x.c`\n```c \nint c;\n```\n
bad `HERE/x.c`\n```c\nint a; /* almost */\n```\n
bad `HERE/x.c`\n```diff\n-int c;\n+int a;\n```\n
bad `HERE/none.c`\n```c\nint a;\n```\n
bad No file.\n```c\nint a;\n```\n
bad ## Run\n```text\na  2\n```\n
bad ## Run\n```text\nb  2\na  1\n```\n
END
    exit $failed
}

[ "$1" = --self-test ] && self_test
check "$1" $(pages)
