# Counts the lines of C that hold code: a line that is blank, or only comment, does not count.
# Comments are long here on purpose, so a limit on all lines would pay for leaving them out.
{
    line = $0
    code = ""
    while (line != "") {
        if (inside) {
            at = index(line, "*/")
            if (!at) break
            line = substr(line, at + 2)
            inside = 0
        } else if (match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*|\/\//)) {
            token = substr(line, RSTART, RLENGTH)
            code = code substr(line, 1, RSTART - 1)
            line = substr(line, RSTART + RLENGTH)
            if (token == "/*") inside = 1
            else if (token == "//") break
            else code = code token
        } else {
            code = code line
            break
        }
    }
    if (code ~ /[^ \t]/) count++
}
END { print count + 0 }
