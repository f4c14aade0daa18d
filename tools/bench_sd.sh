#!/bin/sh
# Stable Diffusion 1.5 with random weights, ours and other engines' by turns.
#   tools/bench_sd.sh BUILD [MODEL] [PYTHON]
# MODEL: a folder or file; without one, random weights are written to BUILD/sd15 (2.1 GB).
# PYTHON: an interpreter that has what bench/peers/sd.py lists; "make" makes a virtual environment
# in BUILD/peers for it (6 GB); without one, ours run alone.
# At the end a picture of 20 steps: ours from the start of the process to the file, the others' as
# the sum of their networks' seconds, so without their start, their files and their sampler.
build=$1
model=${2:-$build/sd15}
python=$3
[ "$2" ] || [ -e "$model/text_encoder/model.safetensors" ] || # which is written last
    "$build/tools/make_model" "$model" --type f16 || exit 1
if [ "$python" = make ]; then
    python=$build/peers/bin/python
    [ -x "$python" ] || python3 -m venv "$build/peers" || exit 1
    sed -n 's/^# *"\(.*\)",$/\1/p' bench/peers/sd.py | tr -d '",' | # its list of dependencies
        xargs "$build/peers/bin/pip" install --quiet || exit 1
fi
case $DIFFUSION_ISA in
    *bf16) rounding=openvino_bf16 ;; # as ours do then
esac
room=$(mktemp -d) || exit 1
trap 'rm -rf "$room"' EXIT
printf '%-14s %5s %4s %8s %8s %8s %8s\n' engine stage side seconds best first MB
for stage in text-512 unet-256 unet-512 vae-256 vae-512; do
    side=${stage#*-}
    "$build/bench/bench_sd" "$model" "${stage%-*}" "$side" || exit 1
    [ "$python" ] || continue
    for engine in torch openvino onnx $rounding; do
        "$python" -W ignore bench/peers/sd.py $engine "${stage%-*}" "$side" 3 \
            > "$room/row" 2> "$room/said" ||
            echo "$engine $stage: it failed: $(tail -n 1 "$room/said")"
        cat "$room/row"
        cat "$room/row" >> "$room/rows"
    done
done
begin=$(date +%s.%N)
"$build/programs/diffuse" -m "$model" -p "a picture" -W 512 -H 512 --steps 20 --quiet \
    -o "$room/picture.png" || exit 1
{
    echo "ours all 512 $(date +%s.%N) $begin"
    cat "$room/rows"
} 2> /dev/null | awk '
    $3 != 512 { next }
    $2 == "all" { printf "%-14s %5s %4s %8.1f  20 steps\n", $1, $2, $3, $4 - $5; next }
    { seconds[$1] += $4 * ($2 == "unet" ? 20 : 1) }
    ++networks[$1] == 3 { printf "%-14s %5s %4s %8.1f  20 steps\n", $1, "all", $3, seconds[$1] }'
