# Do the links in these Markdown files lead somewhere? Files and #headings only, no network.
#   awk -f tools/slug.awk -f tools/links.awk README.md docs/*.md
# Prints what leads nowhere; exit 1 when anything does.

function folder(path) { return match(path, /.*\//) ? substr(path, 1, RLENGTH) : "" }

function tidy(path,    before) { # a/./b and a/x/../b are a/b
    do {
        before = path
        gsub(/\/\.\//, "/", path)
        sub(/^\.\//, "", path)
        sub(/[^\/.][^\/]*\/\.\.\//, "", path)
    } while (path != before)
    return path
}

function note(target) {
    if (target ~ /^[a-z]+:/) return
    links++
    from[links] = FILENAME
    line[links] = FNR
    to[links] = target
}

function notes(text, pattern, lead,    found) { # every match of a pattern; its lead goes
    while (match(text, pattern)) {
        found = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        sub(lead, "", found)
        sub(/[ ")].*/, "", found)
        note(found)
    }
}

FNR == 1 { fenced = 0 }
/^ *(```|~~~)/ { fenced = !fenced; next }
fenced { next }

/^#+ / {
    heading = $0
    sub(/^#+ +/, "", heading)
    sub(/ +#*$/, "", heading)
    name = slug(heading)
    key = FILENAME "#" name
    if (key in anchor) anchor[key "-" again[key]++ + 1] = 1
    anchor[key] = 1
}

{
    text = $0
    while (match(text, /(id|name)="[^"]*"/)) {
        name = substr(text, RSTART, RLENGTH - 1)
        sub(/.*"/, "", name)
        anchor[FILENAME "#" name] = 1
        text = substr(text, RSTART + RLENGTH)
    }
    text = $0
    gsub(/`[^`]*`/, "code", text)
    notes(text, "\\]\\([^)]+\\)", "^\\]\\(")
    notes(text, "^ *\\[[^]]+\\]: *[^ ]+", "^ *\\[[^]]+\\]: *")
    notes(text, "(src|href|srcset)=\"[^\"]*\"", "^[a-z]+=\"")
}

END {
    for (i = 1; i <= links; i++) {
        target = to[i]
        at = index(target, "#")
        file = at == 1 ? from[i] : tidy(folder(from[i]) (at ? substr(target, 1, at - 1) : target))
        lost = system("test -e '" file "'") != 0
        if (!lost && at && file ~ /\.md$/) lost = !((file substr(target, at)) in anchor)
        if (lost) { print from[i] ":" line[i] ": " target " leads nowhere"; wrong = 1 }
    }
    exit wrong
}
