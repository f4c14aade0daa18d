#!/bin/sh
# Stable Diffusion 1.5 with random weights, ours and other engines' by turns.
#   tools/bench_sd.sh BUILD [MODEL] [PYTHON]
# MODEL: a folder or file; without one, random weights are written to BUILD/sd15 (2.1 GB).
# PYTHON: an interpreter that has what bench/peers/sd.py lists; "make" makes a virtual environment
# in BUILD/peers for it (6 GB); without one, ours run alone.
build=$1
model=${2:-$build/sd15}
python=$3
[ -e "$model" ] || "$build/tools/make_model" "$model" --type f16 || exit 1
if [ "$python" = make ]; then
    python=$build/peers/bin/python
    [ -x "$python" ] || python3 -m venv "$build/peers" || exit 1
    sed -n 's/^# *"\(.*\)",$/\1/p' bench/peers/sd.py | tr -d '",' | # its list of dependencies
        xargs "$build/peers/bin/pip" install --quiet || exit 1
fi
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
printf '%-14s %5s %4s %8s %8s %8s %8s\n' engine stage side seconds best first MB
for stage in text-512 unet-256 unet-512 vae-256 vae-512; do
    side=${stage#*-}
    "$build/bench/bench_sd" "$model" "${stage%-*}" "$side" || exit 1
    [ "$python" ] || continue
    for engine in torch openvino onnx; do
        "$python" -W ignore bench/peers/sd.py $engine "${stage%-*}" "$side" 3 2> "$said" ||
            echo "$engine $stage: it failed: $(tail -n 1 "$said")"
    done
done
