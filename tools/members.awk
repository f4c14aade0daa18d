# A filter for Doxygen: several members that share a comment get it each.
#   int w, h; /**< columns, rows */   becomes   int w; /**< columns, rows */ int h; /**< ... */
{
    line = $0
    at = index(line, "/**<")
    code = at ? substr(line, 1, at - 1) : ""
    if (code !~ /^ +[a-zA-Z][^(){}=]*,[^(){}=]*; *$/) { print line; next }
    blank = ""
    while (line !~ /\*\//) { # the comment goes on
        if ((getline more) <= 0) break
        sub(/^ *\*? ?/, " ", more)
        line = line more
        blank = blank "\n"
    }
    comment = substr(line, at)
    sub(/; *$/, "", code)
    count = split(code, name, /, */)
    type = name[1]
    sub(/\**[a-zA-Z_0-9]+(\[[^\]]*\])*$/, "", type)
    name[1] = substr(name[1], length(type) + 1)
    out = ""
    for (i = 1; i <= count; i++) out = out type name[i] "; " comment
    printf "%s%s\n", out, blank
}
