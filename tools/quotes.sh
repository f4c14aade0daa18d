#!/bin/sh
# What the pages quote must still be true.
#   tools/quotes.sh               every ```c and ```diff block in README.md, CONTRIBUTING.md and
#                                 docs/*.md names a file in backticks on the line above it; its
#                                 lines stand in that file, in this order (of a diff: those that it
#                                 takes away; of a comment: what stands behind the star); so do
#                                 those of a ```text block below a line that is only a name in
#                                 backticks
#   tools/quotes.sh BUILD         also the ```text blocks under "## Run": their lines are printed by
#                                 BUILD/lessons/NN_* (a line "..." leaves some out), and those
#                                 below a line with `build/...` or `tools/... ...` in backticks, by
#                                 that command (without arguments: by its --check). Diffuse finds a
#                                 model that is tiny, so of its --profile the seconds and percents
#                                 are not compared. What "gcc 12" made is compared where that is.
#   tools/quotes.sh --self-test   shows that it can fail
check() ( # BUILD or nothing, pages
    here=''
    if [ "$1" ]; then # commands run in a copy of the tree, made of links, where build is BUILD
        here=$(mktemp -d) || exit 1
        trap 'rm -rf "$here"' EXIT
        ln -s "$PWD"/* "$here"
        rm -f "$here/build" "$here/out"
        ln -s "$(cd "$1" && pwd)" "$here/build"
        mkdir "$here/out"
        model="build/tools/make_model build/tiny --tiny --clip"
        if [ -x "$1/tools/make_model" ]; then (cd "$here" && $model) || exit 1; fi
        export DIFFUSE_MODEL=build/tiny
    fi
    shift
    case "$(gcc -dumpmachine) $(gcc -dumpversion)" in x86_64*\ 12*) gcc12=1 ;; *) gcc12=0 ;; esac
    awk -v here="$here" -v gcc12=$gcc12 '
function trim(s) {
    gsub(/^[ \t]+|[ \t\r]+$/, "", s)
    sub(/^\* +/, "", s)
    if (name ~ / --profile/) gsub(/ +[0-9]+\.[0-9]+/, "", s)
    return s
}

function complain(what) { print FILENAME ":" FNR ": " what; wrong = 1 }

function load(from, command,    line) { # all lines of a file, or what a command prints
    if (command) from = "cd " here " && " from
    if (from == source) return lines > 0
    source = from
    lines = 0
    while ((command ? (from | getline line) : (getline line < from)) > 0) text[++lines] = trim(line)
    close(from)
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
    } else if (kind == "text" && here && !(above ~ /gcc 12/ && !gcc12) &&
               (match(above, /`(build\/[a-z]+\/[a-z_]+|tools\/[a-z_]+\.sh [^`]+)[^`]*`/) ||
                heading == "Run")) {
        if (RSTART) name = substr(above, RSTART + 1, RLENGTH - 2)
        else {
            name = FILENAME
            sub(/.*\//, "build/lessons/", name)
            sub(/\.md$/, "", name)
        }
        if (name !~ / /) name = name " --check"
        if (!load(name, 1)) {
            complain(name " prints nothing")
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
)

self_test() {
    here=$(mktemp -d) || exit 1
    trap 'rm -rf "$here"' EXIT
    mkdir -p "$here/lessons" "$here/tools"
    printf 'int a;\n    int b;\n *  int d;\n' > "$here/x.c"
    printf '#!/bin/sh\necho "  a  1"\necho "ok  x"\necho "  b  2"\n' > "$here/lessons/00_page"
    printf '#!/bin/sh\necho "c  3"\n[ $1 = --check ] || echo "c  4.1"\n' > "$here/tools/draw_x"
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
good What `build/tools/draw_x --profile` says:\n```text\nc  4.5\n```\n
good `HERE/x.c`\n```c\nint d;\n```\n
good `HERE/x.c`\n```text\nint b;\n```\n
bad `HERE/x.c`\n```text\nint c;\n```\n
bad What `build/tools/draw_x` says:\n```text\nc  4\n```\n
bad What `build/tools/draw_x 1` says:\n```text\nc  4.5\n```\n
bad What `build/tools/draw_x --profile` says:\n```text\nd  4.5\n```\n
bad What `build/tools/none` says:\n```text\nc  3\n```\n
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
check "$1" README.md CONTRIBUTING.md docs/*.md
