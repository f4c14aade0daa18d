#!/bin/sh
# Looks at what the compiler made of lib/nn/fast: the innermost loops that multiply and add. One
# that holds sums in registers must not store in its loop: sums that go to memory and back at every
# turn halve the speed, and no test of the results would tell.
#   tools/inner_loops.sh [BUILD]       lists them all; exit 1 when one stores what it should hold
#   tools/inner_loops.sh --self-test   shows that it can fail
# Left out are avx2_wide and avx2_bf16: four times the sums that AVX2 has room for, slow on purpose.
#
# A sum is a register that its loop only ever adds to. A loop with four or more of them is a tile,
# and so is every loop of a function that is called a tile_: it may not store at all. Other loops (a
# norm, a transform) store their results, and may run out of registers on the way; but what comes
# from the stack at the beginning of a turn and goes back at its end is a sum in the wrong place.

loops() { # the text that objdump -d prints, and a name for it
    awk -v file="$1" '
    function registers(last) { # the number of the vector register that an operand is, or ""
        return last ~ /^%[xyzt]mm[0-9]/ ? substr(last, 5) + 0 : ""
    }
    function on_stack(operand) {
        return operand ~ /\(%rsp/ || framed && operand ~ /\(%rbp/
    }
    function judge(from, to,    i, k, n, reg, products, sums, loads, stores, calls, other, adds, made,
                   first, carried, verdict) {
        for (i = from; i <= to; i++) {
            n = split_operands(i)
            if (op[i] ~ /^call/) { calls++; continue }
            if (op[i] ~ /^(j|nop|xchg|cmp|test|v?u?comis|vptest|vtest|prefetch|lea)/) {
                if (op[i] ~ /^(cmp|test|v?u?comis|vptest|vtest)/ && text[i] ~ /\(/) loads++
                continue
            }
            if (is_product(i)) products++
            for (k = 1; k < n; k++)
                if (on_stack(part[k]) && !(part[k] in first)) first[part[k]] = "load"
            if (part[n] ~ /\(/) {
                stores++
                if (!(part[n] in first)) first[part[n]] = "store"
                reg = registers(part[n - 1])
                if (reg != "" && on_stack(part[n]) && first[part[n]] == "load") carried[reg]
            } else if (text[i] ~ /\(/) loads++
            reg = registers(part[n])
            if (reg == "") continue
            if (is_product(i) || op[i] ~ /^v?addps/) made[reg]
            if (adds_to(i, n)) adds[reg]; else other[reg]
        }
        if (!products) return
        for (reg in adds) if (!(reg in other)) sums++
        verdict = ""
        for (reg in carried) if ((reg in made) && !calls) verdict = "a sum lives on the stack"
        if ((sums >= 4 || name ~ /tile_/) && stores) verdict = "stores in its loop"
        if (name ~ /tile_/ && !sums) verdict = "holds no sum in a register"
        if (calls && sums >= 4) verdict = "calls a function in its loop"
        if (verdict != "") bad = 1
        printf "%-24s %-30s %8d %4d %5d %6d %5d  %s\n", file, name, products, sums, loads, stores,
            calls, verdict
    }
    function split_operands(i,    s, n, deep, c, k) {
        s = text[i]; n = 1; deep = 0; part[0] = part[1] = ""
        for (k = 1; k <= length(s); k++) {
            c = substr(s, k, 1)
            if (c == "(") deep++
            if (c == ")") deep--
            if (c == "," && !deep) part[++n] = ""; else part[n] = part[n] c
        }
        return n
    }
    function is_product(i) {
        return op[i] ~ /^vfn?m(add|sub)[0-9]*ps$/ || op[i] ~ /^(v|t)dpbf16ps$/ ||
               !has_fma && op[i] ~ /^v?mulps$/
    }
    function adds_to(i, n) { # its last operand keeps what it had, and more
        if (op[i] ~ /^vfn?m(add|sub)231ps$/ || op[i] ~ /^(v|t)dpbf16ps$/) return 1
        if (op[i] == "addps") return 1
        return op[i] == "vaddps" && (part[1] == part[n] || part[2] == part[n])
    }
    function finish(    i, j, t, inside) {
        for (i = 1; i <= count; i++) # jumps back: the loop from where they land to the last of them
            if (op[i] ~ /^j/ && (target[i] in place) && place[target[i]] <= i)
                ends[place[target[i]]] = i
        for (t = 1; t <= count; t++) {
            if (!(t in ends)) continue
            inside = 0
            for (j = t + 1; j < ends[t]; j++) if ((j in ends) && ends[j] <= ends[t]) inside = 1
            if (!inside) judge(t, ends[t])
        }
        count = framed = 0
        split("", place); split("", ends); split("", target)
    }
    FNR == NR { if (/vfn?m(add|sub)|vdpbf16ps/) has_fma = 1; next }
    /^[0-9a-f]+ <.*>:$/ { finish(); name = $2; gsub(/[<>:]/, "", name); next }
    /^ *[0-9a-f]+:/ {
        sub(/ *#.*/, "")
        sub(/:[ \t]*(cs +)+/, ":\t") # what an assembler may put before one to move the next
        at = $1; sub(/:/, "", at)
        count++
        place[at] = count; op[count] = $2
        line = $0; sub(/^ *[0-9a-f]+:[ \t]*[^ \t]+[ \t]*/, "", line)
        if ($2 ~ /^j/) { target[count] = line; sub(/ .*/, "", target[count]) }
        gsub(/[ \t]/, "", line)
        text[count] = line
        if ($2 == "mov" && line == "%rsp,%rbp") framed = 1
    }
    END { finish(); exit bad }' "$2" "$2"
}

self_test() {
    here=$(mktemp) || exit 1
    trap 'rm -f "$here"' EXIT
    wrong=0
    expect() { # good or bad, what it is; then the loop, an instruction a line
        {
            echo "0000000000000000 <${3:-kernel}>:"
            awk '{ printf "  %x:\t%s\n", NR, $0 }'
            printf '  ff:\tjne    1 <kernel+0x1>\n'
        } > "$here"
        said=$(loops "$2" "$here") && verdict=good || verdict=bad
        [ $verdict = "$1" ] && [ -n "$said" ] && return
        echo "inner_loops.sh says that this is $verdict, and it is $1: $2"
        wrong=1
    }
    four='vfmadd231ps %ymm1,%ymm0,%ymm2
vfmadd231ps %ymm1,%ymm0,%ymm3
vfmadd231ps %ymm1,%ymm0,%ymm4
vfmadd231ps 0x20(%rax,%rcx,4),%ymm0,%ymm5'
    expect good 'a tile' << END
vbroadcastss -0x4(%rax),%ymm0
$four
END
    expect bad 'a tile whose sums are also stored' << END
$four
vmovaps %ymm2,0x20(%rsp)
END
    expect bad 'a tile that stores through a pointer' << END
$four
vmovups %ymm7,(%rdi,%rax,4)
END
    expect bad 'a tile that stores, one product behind prefixes' << END
$(echo "$four" | sed 1s/^/cs\ cs\ /)
vmovups %ymm7,(%rdi,%rax,4)
END
    expect bad 'sums that live on the stack' << 'END'
vmovaps 0x20(%rsp),%ymm2
vfmadd231ps %ymm1,%ymm0,%ymm2
vmovaps %ymm2,0x20(%rsp)
END
    expect bad 'sums on a stack with a frame' << 'END'
mov    %rsp,%rbp
vfmadd213ps -0x40(%rbp),%zmm0,%zmm2
vmovaps %zmm2,-0x40(%rbp)
END
    expect good 'a pass that is short of registers' << 'END'
vfmadd213ps %ymm1,%ymm0,%ymm2
vmovaps %ymm2,0x20(%rsp)
vfmadd213ps 0x20(%rsp),%ymm0,%ymm3
END
    expect good 'a pass that scales, shifts and stores' << 'END'
vmovups (%rsi,%rax,4),%ymm2
vfmadd213ps %ymm1,%ymm0,%ymm2
vmovups %ymm2,(%rdi,%rax,4)
END
    expect good 'a tile without fused instructions' << 'END'
mulps  %xmm14,%xmm15
addps  %xmm15,%xmm0
addps  %xmm14,%xmm1
addps  %xmm15,%xmm2
addps  %xmm15,%xmm3
END
    expect bad 'such a tile that stores' << 'END'
mulps  %xmm14,%xmm15
addps  %xmm15,%xmm0
addps  %xmm14,%xmm1
addps  %xmm15,%xmm2
addps  %xmm15,%xmm3
movaps %xmm3,(%rdi)
END
    expect bad 'a tile with a single sum that stores' tile_1 << 'END'
vfmadd231ps %ymm1,%ymm0,%ymm2
vmovaps %ymm2,(%rdi)
END
    expect bad 'a tile without a sum' tile_1 << 'END'
vfmadd213ps %ymm1,%ymm0,%ymm2
vmovaps (%rdi),%ymm2
END
    expect bad 'products of bf16 that are stored' << 'END'
vdpbf16ps (%rax){1to16},%zmm0,%zmm2
vdpbf16ps (%rax){1to16},%zmm0,%zmm3
vdpbf16ps (%rax){1to16},%zmm0,%zmm4
vdpbf16ps (%rax){1to16},%zmm0,%zmm5
vmovups %zmm5,(%rdi)
END
    expect good 'a tile of matrices' tile_1 << 'END'
tileloadd (%rdi,%rax,1),%tmm3
tileloadd (%rsi,%rdx,1),%tmm4
tdpbf16ps %tmm4,%tmm3,%tmm0
END
    expect bad 'a matrix of sums that is stored at every turn' tile_1 << 'END'
tdpbf16ps %tmm4,%tmm3,%tmm0
tilestored %tmm0,(%rdi,%rax,1)
END
    expect bad 'a call in a tile' << END
$four
call   40 <activate_one>
END
    exit $wrong
}

[ "$1" = --self-test ] && self_test
build=${1:-build}
here=$(mktemp) || exit 1
trap 'rm -f "$here"' EXIT
wrong=0 found=0
printf '%-24s %-30s %8s %4s %5s %6s %5s\n' 'innermost loops of' in products sums loads stores calls
for object in "$build"/lib/nn/fast/*.o; do
    case $object in
        *.avx2_wide.o | *.avx2_bf16.o) continue ;;
        *'*.o') echo "no fast kernels in $build"; exit 1 ;;
    esac
    objdump -d --no-show-raw-insn "$object" > "$here" || exit 1
    if ! grep -q 'format elf64-x86-64' "$here"; then
        echo "skipped: this reads x86-64's instructions"
        exit 0
    fi
    loops "${object#"$build"/lib/nn/fast/}" "$here" || wrong=1
    found=1
done
[ $found = 1 ] || exit 1
exit $wrong
