# Markdown as GitHub reads it, turned into Doxygen's; a filter, used with tools/slug.awk.
#   $`a`$ within a line becomes \f$a\f$; a line that is only $$ opens and closes a block.
#   A heading of docs/words.md is known as #words-heading, and links say so.
function page(path) {
    sub(/.*\//, "", path)
    sub(/\.md$/, "", path)
    return path ~ /^[0-9]/ ? "lesson-" path : path # Doxygen wants a letter first
}

function with_links(text,    target, out, at) {
    out = ""
    while (match(text, /\]\([^()#: ]*#[^()]*\)/)) {
        target = substr(text, RSTART + 2, RLENGTH - 3)
        at = index(target, "#")
        out = out substr(text, 1, RSTART + 1) "#" \
              page(at > 1 ? substr(target, 1, at - 1) : FILENAME) "-" substr(target, at + 1) ")"
        text = substr(text, RSTART + RLENGTH)
    }
    return out text
}

function with_formulas(text,    formula) {
    while (match(text, /\$`[^`]*`\$/)) {
        formula = "\\f$" substr(text, RSTART + 2, RLENGTH - 4) "\\f$"
        text = substr(text, 1, RSTART - 1) formula substr(text, RSTART + RLENGTH)
    }
    return text
}

/^ *(```|~~~)/ { fenced = !fenced }
fenced { print; next }
/^ *\$\$ *$/ { print block ? "\\f]" : "\\f["; block = !block; next }
block { print; next }
/^##+ / {
    heading = $0
    sub(/^#+ +/, "", heading)
    name = page(FILENAME) "-" slug(heading)
    if (!seen[name]++) { print with_formulas($0) " {#" name "}"; next }
}
/^<(\/?details|summary)>/ { $0 = "\\htmlonly" $0 "\\endhtmlonly" } # Doxygen would close it at once
{ print with_formulas(with_links($0)) }
