# diffusion.c. `make help` lists what there is. Needs a C11 compiler and GNU make 3.81 or newer.
#
# Yours to set: CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR, BUILD (where all output goes), OPENMP (empty:
# one thread), V=1 (show the commands). Our flags come first on the command line, so yours win.
# What the system lacks is found by tools/setup.sh; `make run` and `make test` also install it.

VERSION = 0.1.0
PREFIX  = /usr/local
BUILD   = build
ifneq ($(words $(BUILD)),1)
$(error BUILD must be one word, but is "$(BUILD)")
endif
CFLAGS ?= -O3
LIBS    = -ljansson -lutf8proc -lpng -lz -ljpeg -lm

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wdouble-promotion -Wcast-qual -Wvla -Wundef -Wwrite-strings
# Contraction would give other bits on other machines; where speed is all (nn), it may.
CONTRACT = off
$(BUILD)/lib/nn/%.o $(BUILD)/lessons/30_%.o: CONTRACT = fast
$(BUILD)/lib/diffusion.o: CPPFLAGS += -DDIFFUSION_VERSION='"$(VERSION)"'
OURS     = -std=c11 -ffp-contract=$(CONTRACT) $(WARNINGS) -Ilib -fPIC -fvisibility=hidden

# The fast kernels, each built for every instruction set of this kind of processor; lib/nn/isa.h says
# what the names mean. `make PLAIN=1` leaves them out, and then the plain twins do all the work.
ifeq ($(PLAIN),)
MACHINE := $(shell $(CC) -dumpmachine)
AMX     := $(if $(filter x86_64%,$(MACHINE)),$(shell \
             $(CC) -mamx-bf16 -c -x c /dev/null -o /dev/null 2>/dev/null && echo amx_bf16))
ISAS    := base $(if $(filter x86_64%,$(MACHINE)),avx2_wide avx2 avx2_bf16 avx512_bf16 $(AMX) avx512)
endif
# No jump may lie across two lines of the cache: at the end of a tile's loop that costs a twentieth.
comma   := ,
JUMPS   := $(if $(word 2,$(ISAS)),$(firstword $(foreach how,-m -Wa$(comma)-m,$(shell \
             $(CC) $(how)branches-within-32B-boundaries -c -x c /dev/null -o /dev/null 2>/dev/null && \
             echo $(how)branches-within-32B-boundaries))))
FLAGS_avx2        = -mavx2 -mfma -mf16c $(JUMPS)
FLAGS_avx2_wide   = $(FLAGS_avx2) -DVEC_WIDE -Wno-psabi
FLAGS_avx2_bf16   = $(FLAGS_avx2_wide) -DISA_BF16 -DISA_MATRIX
FLAGS_avx512      = $(FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
FLAGS_avx512_bf16 = $(FLAGS_avx512) -mavx512bf16 -DISA_BF16
FLAGS_amx_bf16    = $(FLAGS_avx512_bf16) -mamx-tile -mamx-bf16 -DISA_MATRIX
UNASKED  = base avx2 avx512
FAST_O  := $(foreach isa,$(ISAS),$(patsubst %.c,$(BUILD)/%.$(isa).o,$(wildcard lib/nn/fast/*.c)))
$(BUILD)/lib/nn/isa.o: CPPFLAGS += -D'ISAS=$(foreach i,$(ISAS),X($i,$(words $(filter $i,$(UNASKED)))))'

# Where Homebrew keeps what it installs.
BREW     = $(firstword $(wildcard /opt/homebrew/include /usr/local/Homebrew))
ifneq ($(BREW),)
OURS    += -isystem $(shell brew --prefix)/include
LIBS    := -L$(shell brew --prefix)/lib $(LIBS)
endif

# Threads, where this compiler can compile and link them.
ifeq ($(origin OPENMP)$(filter clean help,$(MAKECMDGOALS)),undefined)
OPENMP  := $(shell tools/openmp.sh "$(CC)" $(CFLAGS) $(LDFLAGS))
endif

# All cores, unless you say how many (-j1 is one).
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN)
endif

# These build by a make of their own: beside another goal they wait their turn.
ALONE    = run test bench bench-nn bench-sd check% break figures notebooks fuzz
ifneq ($(and $(word 2,$(MAKECMDGOALS)),$(filter $(ALONE),$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

SAY      = @echo "  $(1) $@"
QUIET    = $(if $(V),,@)
COMPILE  = $(CC) $(OURS) $(OPENMP) $(CFLAGS) $(CPPFLAGS)
LINK     = $(CC) $(OPENMP) $(CFLAGS) $(LDFLAGS)
SUBMAKE  = +@$(MAKE) --no-print-directory

# Sources are found, never listed.
FONT     = $(if $(wildcard tools/embed.c),$(wildcard assets/font/*.ttf))
MERGES   = $(wildcard assets/clip/merges.txt)
PARTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c lib/*/*.c)) $(FAST_O) \
           $(if $(FONT),$(BUILD)/gen/font_dejavu.o) $(if $(MERGES),$(BUILD)/gen/clip_merges.o)
DOUBLES := $(patsubst %.c,$(BUILD)/double/%.o,$(wildcard lib/base/*.c lib/diffusion/*.c \
             lib/samplers/*.c lib/pipeline/names.c))
program  = $(patsubst %.c,$(BUILD)/%,$(wildcard $(1)))
PROGRAMS := $(call program,programs/*.c)
LESSONS := $(call program,lessons/*.c)
EXERS   := $(call program,lessons/exercises/*.c lessons/answers/*.c)
TESTS   := $(call program,tests/test_*.c)
DTESTS  := $(call program,tests/double_*.c)
DTOOLS  := $(call program,tools/double_*.c)
SLOW    := $(call program,tests/slow_*.c)
FUZZERS := $(call program,tests/fuzz/*.c)
BENCHES := $(call program,bench/*.c)
# What bench_nn is made of, its loops built for each instruction set.
LOOPS   := $(or $(filter $(UNASKED) avx512_bf16,$(ISAS)),base)
RACES   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/nn/*.c)) \
           $(LOOPS:%=$(BUILD)/bench/nn/fast/loops.%.o)
$(BUILD)/bench/nn/%.o: CONTRACT = fast
$(BUILD)/bench/nn/machine.o: CPPFLAGS += -D'LOOPS=$(foreach i,$(LOOPS),X($i))'
NOTES   := $(call program,notebooks-c/*.c)
NOTEBOOK = $(BUILD)/tools/notebook
TOOLS   := $(call program,tools/*.c)
USUAL   := $(PROGRAMS) $(LESSONS) $(EXERS) $(TESTS) $(SLOW) $(FUZZERS) $(BENCHES) $(NOTES) \
           $(filter-out %/embed $(DTOOLS),$(TOOLS))
DOBJS   := $(patsubst $(BUILD)/%,$(BUILD)/double/%.o,$(DTESTS) $(DTOOLS))

# What others link.
ifeq ($(shell uname),Darwin)
SHARED   = libdiffusion.dylib
SONAME   = -dynamiclib -install_name $(PREFIX)/lib/$(SHARED)
else
SHARED   = libdiffusion.so
SONAME   = -shared -Wl,-soname,$(SHARED).0
endif

all: lib programs lessons exercises tests benches tools $(NOTES) ## build everything (the default)
lib: $(BUILD)/libdiffusion.a $(BUILD)/$(SHARED)
programs: $(PROGRAMS)
lessons: $(LESSONS)
exercises: $(EXERS)
tests: $(TESTS) $(DTESTS)
slow: $(SLOW)
benches: $(BENCHES)
fuzzers: $(FUZZERS)
tools: $(TOOLS)
everything: all slow $(FUZZERS:=.o)
lib programs lessons exercises tests slow benches fuzzers tools everything:
	@:

run: setup-build ## run the lessons in order; `make run L=07` runs one
	$(SUBMAKE) $(or $(filter $(BUILD)/lessons/$(L)_% $(BUILD)/lessons/0$(L)_%,$(LESSONS)),lessons)
	@tools/run.sh $(BUILD) "$(L)"

test: setup-test ## build and run the tests
	$(SUBMAKE) tests tools programs
	@tools/test.sh $(BUILD)/tests

bench: setup-build ## measure speed and memory
	$(SUBMAKE) benches
	@for b in $(filter-out %/bench_sd,$(BENCHES)); do echo "$$b"; $$b || exit 1; done

bench-nn: setup-build ## the network's layers beside other libraries; P="linear conv" measures some
	$(SUBMAKE) $(BUILD)/bench/bench_nn
	@$(BUILD)/bench/bench_nn $(P)

bench-sd: setup-build ## Stable Diffusion beside other engines; MODEL=PATH, PYTHON=... (with them)
	$(SUBMAKE) $(BUILD)/bench/bench_sd $(BUILD)/tools/make_model $(BUILD)/programs/diffuse
	@tools/bench_sd.sh $(BUILD) "$(MODEL)" "$(PYTHON)"

check: setup-check ## all that must hold before a commit; `make check-links` is one part of it
	+@MAKE="$(MAKE)" tools/check.sh

check-all: setup-all ## slow: also draw everything again and compare, slow tests, 1, 2, 7 threads
	+@MAKE="$(MAKE)" tools/check.sh all

check-%: setup-check
	+@MAKE="$(MAKE)" tools/check.sh $*

break: setup-build ## draw what mistake BUG=1 to 18 makes of a picture; docs/looks_wrong.md has the answers
	$(SUBMAKE) $(BUILD)/tools/draw_wrong
	@$(BUILD)/tools/draw_wrong $(or $(BUG),0)

figures: setup-notebooks ## draw the figures that README and docs/ show, and the notebooks
	$(SUBMAKE) lessons tools $(NOTES) $(NOTEBOOK)
	@tools/figures.sh make $(BUILD)

notebooks: setup-notebooks ## run notebooks-c/*.c, write what they show to notebooks-c/*.ipynb
	$(SUBMAKE) $(NOTES) $(NOTEBOOK)
	@tools/figures.sh notebooks $(BUILD)

docs: setup-docs ## the manual of lib/ and docs/, as a web site in build/docs/html
	@tools/docs.sh

fuzz: setup-check ## feed broken files to the readers; SECS=600 for each (default 60)
	+@MAKE="$(MAKE)" tools/fuzz.sh $(SECS)

size: ## lines of C, beside the limits we promised
	@tools/size.sh

format: setup-check ## clang-format over every C file
	@tools/sources.sh formatted | xargs clang-format -i

info: ## say what was found here: compiler, threads, libraries, processor
	@tools/info.sh "$(CC)" "$(OURS) $(CFLAGS)" "$(OPENMP)"

setup: setup-build ## install what building needs (`make setup-test` and others: for more)
look:
	@tools/setup.sh look build
setup-%:
	@tools/setup.sh install $*

install: lib ## into PREFIX (/usr/local), below DESTDIR when that is set
	@tools/install.sh install "$(BUILD)" "$(DESTDIR)$(PREFIX)" "$(PREFIX)" $(SHARED) $(VERSION) "$(OPENMP) $(LIBS)"

uninstall: ## take it away again
	@tools/install.sh uninstall "$(BUILD)" "$(DESTDIR)$(PREFIX)"

clean: ## forget all that was built (out/ stays)
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: all lib programs lessons exercises tests slow benches fuzzers tools everything run test \
        bench bench-nn bench-sd check \
        check-all break figures notebooks docs fuzz size format info setup look install uninstall \
        clean help

# How things are made. Two notes say what the last build was made with; a note is only written when
# it changes, so that other flags, or a source that went away, rebuild what they must and no more.
quoted = '$(subst ','\'',$(1))'
$(BUILD)/flags.txt: CONTRACT = off
$(BUILD)/flags.txt: NOTE = $(COMPILE) / $(LINK) $(LIBS) / $(ISAS) $(wildcard /usr/include/dnnl.h)
$(BUILD)/parts.txt: NOTE = $(PARTS) $(DOUBLES)
$(BUILD)/flags.txt $(BUILD)/parts.txt: look
	@mkdir -p $(BUILD)
	@echo $(call quoted,$(NOTE)) | cmp -s - $@ || echo $(call quoted,$(NOTE)) > $@

$(BUILD)/%.o: %.c $(BUILD)/flags.txt
	$(call SAY,compile)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) -MMD -MP -c -o $@ $<

define fast_rule
$(BUILD)/%.$(1).o: %.c $(BUILD)/flags.txt
	$$(call SAY,compile)
	@mkdir -p $$(@D)
	$$(QUIET)$$(COMPILE) $$(FLAGS_$(1)) -DISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(or $(ISAS),base),$(eval $(call fast_rule,$(isa))))

$(BUILD)/double/%.o: %.c $(BUILD)/flags.txt
	$(call SAY,compile)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) -DREAL_IS_DOUBLE -MMD -MP -c -o $@ $<

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags.txt
	$(QUIET)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/gen/font_dejavu.c: $(FONT)
$(BUILD)/gen/clip_merges.c: $(MERGES)
$(BUILD)/gen/font_dejavu.c $(BUILD)/gen/clip_merges.c: $(BUILD)/gen/%.c: $(BUILD)/tools/embed
	$(call SAY,embed  )
	@mkdir -p $(@D)
	$(QUIET)$(BUILD)/tools/embed $(filter assets/%,$^) $* > $@.part && mv $@.part $@

# Our own programs see everything; what is installed shows only what diffusion.h declares.
$(BUILD)/parts.a: $(PARTS) $(BUILD)/parts.txt
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $(PARTS)

$(BUILD)/double.a: $(DOUBLES) $(BUILD)/parts.txt
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $(DOUBLES)

$(BUILD)/libdiffusion.a: $(PARTS) $(BUILD)/parts.txt
	$(call SAY,archive)
	@rm -f $@
	$(QUIET)ld -r -o $(BUILD)/diffusion.o $(PARTS)
	@if command -v objcopy > /dev/null; then objcopy --localize-hidden $(BUILD)/diffusion.o; fi
	$(QUIET)$(AR) rcs $@ $(BUILD)/diffusion.o

$(BUILD)/$(SHARED): $(PARTS) $(BUILD)/parts.txt
	$(call SAY,link   )
	$(QUIET)$(LINK) $(SONAME) -o $@ $(PARTS) $(LIBS)

$(BUILD)/tools/embed: $(BUILD)/tools/embed.o
	$(QUIET)$(LINK) -o $@ $<

$(USUAL): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/parts.a
	$(call SAY,link   )
	$(QUIET)$(LINK) $(MAIN) -o $@ $(filter %.o,$^) $(BUILD)/parts.a $(if $(findstring /tests/,$@),-lcmocka) \
	    $(if $(filter %/bench_nn,$@),-ldl) $(LIBS)

$(BUILD)/bench/bench_nn: $(RACES)
$(BUILD)/bench/bench_sd: $(BUILD)/bench/nn/machine.o $(LOOPS:%=$(BUILD)/bench/nn/fast/loops.%.o)
-include $(RACES:.o=.d)

$(DTESTS) $(DTOOLS): $(BUILD)/%: $(BUILD)/double/%.o $(BUILD)/double.a
	$(call SAY,link   )
	$(QUIET)$(LINK) -o $@ $< $(BUILD)/double.a $(if $(findstring /tests/,$@),-lcmocka) $(LIBS)

-include $(PARTS:.o=.d) $(DOUBLES:.o=.d) $(USUAL:%=%.d) $(DOBJS:.o=.d) $(BUILD)/tools/embed.d
