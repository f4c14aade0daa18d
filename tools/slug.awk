# The name GitHub gives to a heading, for links that end with #name.
function slug(heading) {
    gsub(/\]\([^)]*\)/, "", heading)
    heading = tolower(heading)
    gsub(/[][!"#$%&'()*+,.\/:;<=>?@\\^`{|}~]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}
