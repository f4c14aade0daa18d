#!/bin/sh
# The manual of lib/ and docs/ as a web site that needs no network: build/docs/html/index.html.
# A warning of Doxygen is an error here.
out=build/docs
looks=/usr/share/doxygen-awesome-css
maths=/usr/share/javascript/mathjax
rm -rf $out
mkdir -p $out/html
# What this system has of looks and formulas is added to the plain settings.
{
    cat docs/Doxyfile
    if [ -d $looks ]; then
        echo "HTML_EXTRA_STYLESHEET = $looks/doxygen-awesome.css $looks/doxygen-awesome-sidebar-only.css"
    fi
    if [ -d $maths ]; then
        echo 'USE_MATHJAX = YES'
        echo 'MATHJAX_RELPATH = mathjax'
    fi
    if command -v dot > /dev/null; then echo 'HAVE_DOT = YES'; fi
} > $out/Doxyfile
doxygen $out/Doxyfile > $out/log.txt 2> $out/all.txt || { cat $out/all.txt; exit 1; }
# A field whose name says it all needs no comment; functions, types, macros and files do.
sed "s|^$PWD/||" $out/all.txt | grep -v '(variable) of struct' > $out/warnings.txt
if [ -d $maths ]; then # the part of it that draws with SVG
    for piece in MathJax.js config/TeX-AMS-MML_SVG.js config/TeX-MML-AM_CHTML.js jax/input/TeX \
        jax/output/SVG jax/element extensions localization/en; do
        [ -e "$maths/$piece" ] || continue
        mkdir -p "$out/html/mathjax/$(dirname $piece)"
        cp -RL "$maths/$piece" "$out/html/mathjax/$(dirname $piece)/"
    done
fi
if [ -s $out/warnings.txt ]; then
    cat $out/warnings.txt
    echo "$(grep -c . $out/warnings.txt) lines of warnings"
    exit 1
fi
echo "$out/html/index.html"
