# /// script
# requires-python = ">=3.10"
# dependencies = ["transformers==5.23.0", "tokenizers==0.23.3"]
# ///
"""The ids that transformers gives to many strings, for tests/test_tokenizer.c.

    python tools/golden/tokenizer.py > tests/golden/tokenizer.h

Three tokenizers: as Stable Diffusion 1 has it, as 2 has it ("!" fills up), and a tiny one whose
vocabulary lacks most bytes. Most strings are drawn by a generator that tests/test_tokenizer.c has too;
of their ids a hash is kept. Only code points that Unicode 14 knows are used, since newer ones are
letters for some versions of the tables, and nothing for others; and no marks that are newer than the
tables of tokenizers, Unicode 9, which leave them where they stand.
"""
import json
import os
import tempfile
import unicodedata

import transformers
from transformers import CLIPTokenizer

transformers.logging.set_verbosity_error()
START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = open("assets/clip/merges.txt", encoding="utf-8").read().split("\n")[:-1]


def alphabet():
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in seen]
    return [chr(b) for b in seen] + [chr(256 + i) for i in range(len(rest))]


def token(content):
    return {"__type": "AddedToken", "content": content, "lstrip": False, "normalized": True,
            "rstrip": False, "single_word": False}


def open_tokenizer(vocab, merges, config):
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        write("vocab.json", json.dumps(vocab))
        write("merges.txt", "#version: 0.2\n" + "".join(m + "\n" for m in merges))
        if config:
            write("tokenizer_config.json", json.dumps(config))
        return CLIPTokenizer.from_pretrained(folder)


letters = alphabet()
names = letters + [c + "</w>" for c in letters] + [m.replace(" ", "") for m in MERGES] + [START, END]
vocab = {name: i for i, name in enumerate(names)}
roles = {"bos_token": token(START), "eos_token": token(END), "unk_token": token(END)}
config = {1: {**roles, "pad_token": END}, 2: {**roles, "pad_token": "!"}}
bare = open_tokenizer(vocab, MERGES, None)
sd = {n: open_tokenizer(vocab, MERGES, config[n]) for n in (1, 2)}


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False).input_ids


# ---- The generator, as tests/test_tokenizer.c has it ----

MASK = (1 << 32) - 1


class Dice:
    def __init__(self, seed):
        self.state = seed * 2654435761 + 1 & MASK

    def below(self, n):
        self.state = self.state * 1664525 + 1013904223 & MASK
        return (self.state >> 8) % n


def moves(mark):
    """Whether a mark goes before one of a higher class."""
    two = bare.backend_tokenizer.normalizer.normalize_str("\u25cc\u0361" + mark)
    return not 0 < unicodedata.combining(mark) < unicodedata.combining("\u0361") or two[1] == mark


def assigned(first, last):
    """Ranges of what all tables know."""
    ranges = []
    for c in range(first, last + 1):
        if unicodedata.category(chr(c)) in ("Cn", "Cs") or c == 0 or not moves(chr(c)):
            continue
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return ranges


def listed(text):
    return [[ord(c), ord(c)] for c in text]


POOLS = [
    [[32, 126]], [[97, 122]], [[97, 122], [32, 32], [44, 44], [65, 90], [48, 57]], [[1, 31], [127, 160]],
    assigned(0xa0, 0x24f), assigned(0x300, 0x36f), assigned(0x370, 0x52f), assigned(0x590, 0x6ff),
    assigned(0x900, 0x97f), assigned(0xe00, 0xeff), assigned(0x1100, 0x11ff), [[0xac00, 0xd7a3]],
    assigned(0x1e00, 0x1fff), assigned(0x3040, 0x30ff), [[0x4e00, 0x9fff]], assigned(0xff00, 0xffef),
    listed("\u200d\ufe0f\u200d\ufe0f") + [[0x1f300, 0x1f64f], [0x1f3fb, 0x1f3ff], [0x1f1e6, 0x1f1ff]],
    assigned(0x2000, 0x2bff), listed(" '<|>tsdrevmlendoftext!"), listed("'''sStTrReEvVmMlLdD"),
    listed("\t\n\v\f\r \u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b\u180e\ufeffab"),
    assigned(0xf900, 0xfaff) + assigned(0x1d100, 0x1d7ff), listed("\u0130\u01c5\u1e9e\u03a3\u03c2\u212a"),
    assigned(1, 0x10ffff),
]


def draw_code(dice, pool):
    ranges = POOLS[pool]
    first, last = ranges[dice.below(len(ranges))]
    return chr(first + dice.below(last - first + 1))


def draw(number, longest):
    dice = Dice(number)
    one, other, n = dice.below(len(POOLS)), dice.below(len(POOLS)), dice.below(longest + 1)
    return "".join(draw_code(dice, other if dice.below(4) == 0 else one) for _ in range(n))


def draw_bytes(number):
    dice = Dice(number)
    lead = [0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff]
    out = []
    for _ in range(dice.below(20)):
        kind = dice.below(3)
        out.append(lead[dice.below(12)] if kind == 0 else 0x80 + dice.below(64) if kind == 1 else
                   1 + dice.below(255))
    return bytes(out)


def hash_of(ids):
    h = 2166136261
    for i in ids:
        h = (h ^ i) * 16777619 & MASK
    return h


# ---- What is written ----

def c_text(text):
    data = text if isinstance(text, bytes) else text.encode()
    return '"%s"' % "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else "\\%03o" % b
                            for b in data)


def show_numbers(name, kind, numbers, form="%d"):
    print("static const %s %s[] = {%s};" % (kind, name, ", ".join(form % n for n in numbers)))


def show_lists(name, tokenizer, texts):
    print("static const golden_list %s[] = {" % name)
    for text in texts:
        plain = text.decode(errors="replace") if isinstance(text, bytes) else text
        ids = ids_of(tokenizer, plain)
        print("    {%s, %d, (const int32_t[]){%s}}," % (c_text(text), len(ids),
                                                        ", ".join(map(str, ids or [0]))))
    print("};")


WRITTEN = [
    "", " ", "   \t\n", "a cat", "A Photo of a CAT, highly detailed, 4k!!", "a<|endoftext|>b",
    "<|startoftext|>", "A<|ENDOFTEXT|>b", "A<|StartOfText|>b!", "<|endoftext|>!!", "<|endoftext|",
    "<|endoftext|<|endoftext|>|>", "<|ENDOFTEXT|>!!! <|STARTOFTEXT|>|>", "x<|startoftext|>y", "!", "!!",
    "hi! there!!", "!<|endoftext|>!", "it's 'S ''s I'LL don't we've you're I'd I'm 'tis '", "a1234b 5",
    "\uff12\uff13\u00bd\u2167 \u2460 \u0663", "\u00e9 e\u0301 E\u0301 \u00c9", "\u0130stanbul I\u0307",
    "\u03a3\u03a3 \u03a3\u0391\u03a3.", "stra\u00dfe STRASSE \u1e9e", "\ufb01sh \u01c4 \u01c5 \u01c6",
    "a\u00a0b\u200bc\x01d\x1ce\x85f\u3000g\u180eh\ufeffi", "\u0345\u0301\u0323a", "q\u0323\u0307 q\u0307\u0323",
    "\u1100\u1161\u11a8 \uac01 \u1100\u1161", "\u4f60\u597d\uff0c\u4e16\u754c", "\u3053\u3093\u306b\u3061\u306f",
    "\u041f\u0440\u0418\u0412\u0435\u0422", "\u0645\u0631\u062d\u0628\u0627", "\u0928\u092e\u0938\u094d\u0924\u0947",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u05e9\u05c1\u05dc\u05d5\u05dd \ufb2a", "\u212a\u212b\u2126",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family", "\U0001f44d\U0001f3fd\u2764\ufe0f\U0001f1e9\U0001f1ea",
    "\U0001d54f\U0001d7d8 \U0001d15e", "snake_case CamelCase kebab-case a.b.c", "http://example.com/?q=1&r=2#x",
    "(masterpiece:1.2), [low quality]", "\\(escaped\\)", "tab\tnewline\nreturn\rformfeed\f", "\x7f\x1b[31m",
    "antidisestablishmentarianism", "zzzzzzzzzzzzzzzzzzzz", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a" * 70,
    "\u2014\u201cquotes\u201d\u2026", "$%^&*()_+{}|:\"<>?", "e\u0300\u0301\u0302\u0303\u0304\u0305\u0306", "\U0010ffff\ue000",
]
BROKEN = [
    b"\xff", b"a\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82\xac", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98",
    b"\xf0\x9f\x98\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\x80\x80\x80", b"a\xf1\x80\x80z", b"\xfe\xfe\xff\xff", b"\xf5",
]
HASHED, BYTES, LISTED = 3600, 400, 240

print("""/* Written by tools/golden/tokenizer.py with transformers %s. Do not edit. */
#ifndef GOLDEN_TOKENIZER_H
#define GOLDEN_TOKENIZER_H
#include <stdint.h>

/* clang-format off */
typedef struct {
    const char *text;
    int count;
    const int32_t *ids;
} golden_list;
""" % transformers.__version__)
print("enum { GOLDEN_POOLS = %d, GOLDEN_HASHED = %d };" % (len(POOLS), HASHED))
flat = [r for pool in POOLS for r in pool]
print("static const int32_t golden_ranges[][2] = {%s};" % ", ".join("{%d, %d}" % tuple(r) for r in flat))
show_numbers("golden_pool_sizes", "int", map(len, POOLS))
print("\n/* Of each code point of each range of the last pool, alone. */")
show_numbers("golden_range_hashes", "uint32_t",
             (hash_of(i for ids in bare([chr(c) for c in range(a, b + 1)], add_special_tokens=False).input_ids
                      for i in ids) for a, b in POOLS[-1]), "%du")
drawn = [draw(i, 30) for i in range(HASHED)]
show_numbers("golden_hashes", "uint32_t", (hash_of(ids_of(bare, t)) for t in drawn), "%du")
broken = [draw_bytes(i) for i in range(BYTES)]
show_numbers("golden_byte_hashes", "uint32_t",
             (hash_of(ids_of(bare, t.decode(errors="replace"))) for t in broken), "%du")
show_numbers("golden_long_hashes", "uint32_t",
             (hash_of(ids_of(bare, draw(HASHED + i, 40000))) for i in range(24)), "%du")
show_lists("golden_drawn", bare, drawn[:LISTED])
show_lists("golden_bare", bare, WRITTEN + BROKEN)
for n in 1, 2:
    print("static const char golden_config_sd%d[] = %s;" % (n, c_text(json.dumps(config[n]))))
    show_lists("golden_sd%d" % n, sd[n], WRITTEN)
    framed = sd[n]("a cat, " * 3 + "!", padding="max_length", max_length=77, truncation=True).input_ids
    cut = sd[n]("a cat, " * 40, padding="max_length", max_length=77, truncation=True).input_ids
    show_numbers("golden_framed_sd%d" % n, "int32_t", framed)
    show_numbers("golden_cut_sd%d" % n, "int32_t", cut)

tiny = {"c": 9, "a": 3, "t</w>": 11, "at</w>": 2, "cat</w>": 30, "a</w>": 8, "b</w>": 5, "ca": 6, "t": 7, START: 1,
        END: 0, "aa": 12, "aa</w>": 13}
tiny_merges = ["a t</w>", "c a", "c at</w>", "a a", "a a</w>", "c a"]
small = open_tokenizer(tiny, tiny_merges, None)
print("static const char golden_tiny_vocab[] = %s;" % c_text(json.dumps(tiny)))
print("static const char golden_tiny_merges[] = %s;" % c_text("".join(m + "\n" for m in tiny_merges)))
show_lists("golden_tiny", small, ["cat", "CAT a b c", "aaaaaaa aaaaaa", "xyz", "caat", "acat", "catx", "xcat",
                                  "\u00e9t", "cacaca", "cat<|endoftext|>a"])
print("/* clang-format on */\n\n#endif")
