# Names the functions that are longer than `limit` lines, from the line with the name to the closing
# brace. A function is what has both its braces in column 0; a struct or a table has not.
FNR == 1 { inside = 0 }
/^[a-zA-Z_]/ && !inside { begin = FNR; head = $0 }
/^\{/ { inside = 1 }
/^\}/ && inside {
    inside = 0
    lines = FNR - begin + 1
    if (lines <= limit) next
    name = head
    sub(/ *\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    print FILENAME ": " name "() has " lines " lines, more than " limit
}
