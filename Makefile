# SPDX-License-Identifier: BSD-2-Clause
#
# One graph for everything; outputs go below build/. A file that is put into one of the folders
# below is built without a change here. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
BUILD   ?= build
V       ?= 0

CC      := gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
PYTHON  ?= /usr/bin/python3

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

LIBS_PKG := libbpf libelf zlib libevent libevent_openssl openssl sqlite3 jansson libmnl libpcap \
	libcap-ng

WARN := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wundef -Wvla
CPPFLAGS += -D_GNU_SOURCE -DTMIP_VERSION='"$(VERSION)"' -Iinclude -Iuser -I$(BUILD)/bpf
CFLAGS ?= -O2 -g
HARDEN := -fstack-protector-strong -fPIE $(if $(filter -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)
ALL_CFLAGS = -std=gnu11 $(WARN) $(HARDEN) $(CFLAGS) $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG))
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS_PKG))
BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/;s/riscv64/riscv/')
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wshadow \
	-D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Ivmlinux -Ibpf

# Every source file below a folder, in whatever room: nothing here names one.
sources   = $(sort $(shell find $(1) -name '*.c'))
core_src  := $(call sources,user/core)
io_src    := $(call sources,user/io)
agent_src := $(call sources,user/agent)
mlrd_src  := $(call sources,user/mlrd)
# bpftool 7.1 links maps that are extern elsewhere only if their definitions come first.
bpf_src   := bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(wildcard bpf/*.bpf.c))
objects    = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

unit_src   := $(call sources,tests/unit)
unit_tests := $(patsubst %.c,$(BUILD)/%, \
	$(filter $(addsuffix test_%,$(dir $(unit_src))),$(unit_src)))
bpf_tests  := $(patsubst tests/bpf/%.c,$(BUILD)/tests/bpf/%,$(wildcard tests/bpf/test_*.c))
bpf_world  := $(call objects,$(wildcard tests/bpf/world*.c))
fuzzers    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
tools      := $(patsubst bench/tools/%.c,$(BUILD)/bench-tools/%, \
	$(filter-out %.bpf.c,$(wildcard bench/tools/*.c)))

programs := $(addprefix $(BUILD)/bin/,tmip-agent tmipd mlrd)
all: $(programs) ## build the programs into build/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '  %s\n' \
		'V=1 shows the commands; BENCH=name runs one benchmark;' \
		'TEST=pattern limits check-netns and check-vm;' \
		'AGAIN=1 limits them to what failed last;' \
		'WORLDS=n sets how many worlds check-netns has at a time;' \
		'PART=busy or PART=quiet limits it to the tests that may have others beside them,' \
		'or to the rest;' \
		'KERNEL=6.1 runs check-bpf and check-netns in a VM with that kernel of Debian;' \
		'FUZZ_SECONDS=n sets the time of each fuzzer;' \
		'DESTDIR= PREFIX= SYSCONFDIR= are for install.'

# ---- tools: a missing one is named together with the Debian package that brings it
$(BUILD)/.tools: tests/check-tools Makefile
	$(Q)mkdir -p $(BUILD)
	$(Q)CC='$(CC)' CLANG='$(CLANG)' BPFTOOL='$(BPFTOOL)' PKG_CONFIG='$(PKG_CONFIG)' \
		sh tests/check-tools $(LIBS_PKG)
	$(Q)touch $@

# ---- BPF
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c | $(BUILD)/.tools
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bpf/tmip.o: $(patsubst bpf/%.c,$(BUILD)/bpf/%.o,$(bpf_src))
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/tmip.skel.h: $(BUILD)/bpf/tmip.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name tmip_bpf > $@

# ---- user space
$(BUILD)/obj/%.o: %.c | $(BUILD)/.tools
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(call objects,$(call sources,user/io/datapath)): $(BUILD)/bpf/tmip.skel.h

$(BUILD)/libtmip.a: $(call objects,$(core_src) $(io_src))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

# What is not main(), so that unit tests can have single modules of it.
$(BUILD)/libagent.a: $(call objects,$(filter-out user/agent/cli/main.c,$(agent_src)))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

$(BUILD)/bin/tmip-agent: $(BUILD)/obj/user/agent/cli/main.o $(BUILD)/libagent.a $(BUILD)/libtmip.a
$(BUILD)/bin/mlrd: $(call objects,$(mlrd_src)) $(BUILD)/libtmip.a
$(BUILD)/bin/tmip-agent $(BUILD)/bin/mlrd:
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/bin/tmipd: $(BUILD)/bin/tmip-agent
	$(Q)ln -sf tmip-agent $@

# ---- tests
# Messages and packets made by a second implementation, which the tests compare with.
$(BUILD)/vectors/%.h: tests/vectors/%.py | $(BUILD)/.tools
	$(call say,VECTORS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) $< > $@
$(BUILD)/vectors/mlrp.h: docs/mlrp.md
$(BUILD)/vectors/packets.h: $(wildcard tests/vectors/packet*.py)
$(call objects,$(call sources,tests/unit/core/mlrp)): $(BUILD)/vectors/mlrp.h
$(call objects,$(call sources,tests/unit/core/dhcp)): $(BUILD)/vectors/dhcp.h
$(call objects,tests/unit/core/cell/test_fragment.c): $(BUILD)/vectors/fragments.h
$(BUILD)/obj/tests/%.o: CPPFLAGS += -I$(BUILD)
$(call objects,$(wildcard tests/bpf/*.c)): $(BUILD)/bpf/tmip.skel.h $(BUILD)/vectors/packets.h

$(BUILD)/tests/bpf/%: $(BUILD)/obj/tests/bpf/%.o $(bpf_world) $(BUILD)/libtmip.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# A unit test is linked with the files of its folder, and of those above it, that are no tests
# themselves: what the tests of a subject share. A fake there takes the place of the whole file in
# the library that has the same functions.
above     = $(if $(filter-out tests/unit/,$(1)),$(1) $(call above,$(dir $(1:/=))))
shared_in = $(filter-out $(1)test_%,$(wildcard $(1)*.c))
shared_of = $(foreach folder,$(call above,$(dir $(1))),$(call shared_in,$(folder)))
$(foreach test,$(unit_tests), \
	$(eval $(test): $(call objects,$(call shared_of,$(test:$(BUILD)/%=%)))))
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/libagent.a $(BUILD)/libtmip.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LDLIBS)

$(BUILD)/bench-tools/%: bench/tools/%.c | $(BUILD)/.tools
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) -MMD -MP -MF $@.d $< -o $@ \
		-lm -lpthread $(TOOL_LIBS)

# These run BPF programs: one ours and some of its own, the other its own.
$(BUILD)/bench-tools/bare: $(BUILD)/bpf/bare.skel.h bench/tools/bare.h
$(BUILD)/bench-tools/bare: TOOL_LIBS = $(shell $(PKG_CONFIG) --libs libbpf)
$(BUILD)/bench-tools/prog_ns: $(BUILD)/bpf/tmip.skel.h $(BUILD)/bpf/prog_ns.skel.h
$(BUILD)/bench-tools/prog_ns: bench/tools/prog_ns.h
$(BUILD)/bench-tools/prog_ns: $(BUILD)/obj/user/io/datapath/slots.o
$(BUILD)/bench-tools/prog_ns: TOOL_LIBS = $(BUILD)/obj/user/io/datapath/slots.o \
	$(shell $(PKG_CONFIG) --libs libbpf)
bench_bpf := $(BUILD)/bpf/prog_ns.bpf.o $(BUILD)/bpf/bare.bpf.o
$(bench_bpf): $(BUILD)/bpf/%.bpf.o: bench/tools/%.bpf.c | $(BUILD)/.tools
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Ibench/tools -MMD -MP -c $< -o $@
$(BUILD)/bpf/prog_ns.skel.h $(BUILD)/bpf/bare.skel.h: $(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# Fuzzers compile the pure core again, with clang's sanitizers.
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(BUILD)/fuzz/obj/%.o: %.c | $(BUILD)/.tools
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 -O1 -g $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(core_src))
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^

check-build: all $(unit_tests) $(bpf_tests) $(tools) ## build all that the tests need
# Runs all programs of a list; fails in the end if one failed.
run_each = failed=0; for t in $(1); do echo "== $$t"; $$t || failed=1; done; exit $$failed
check-unit: $(unit_tests) ## unit tests (no root)
	$(Q)$(call run_each,$^)
# In VMs, if a KERNEL is asked for.
suite = TEST='$(TEST)' tests/vm/suite $(if $(AGAIN),--failed) $(if $(KERNEL),--kernel $(KERNEL))
check-bpf: $(bpf_tests) ## single packets through the loaded BPF programs (root)
	$(Q)$(if $(KERNEL),$(suite) $^,$(call run_each,$^))
check-netns: all $(tools) ## small worlds of network namespaces (root)
	$(Q)$(if $(KERNEL),$(suite),TEST='$(TEST)' PYTHON='$(PYTHON)' \
		tests/netns/all $(if $(AGAIN),--failed) $(PART))
encap_twice := test_encapsulated_again[offloads-through both parents, a third CN]
check-vm: check-build ## Debian's own kernel in a VM: programs, ipip, WireGuard, Wi-Fi (root)
	$(Q)$(suite) --seconds 2400 --memory 1024 --cables 3 $(bpf_tests) \
		tests/netns/test_trip.py::test_lease_roam_and_back \
		'tests/netns/test_encap_twice.py::$(encap_twice)' tests/vm
FUZZ_SECONDS ?= 10
fuzz_flags = -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
	-verbosity=0
fuzz: $(fuzzers) ## run each fuzzer for FUZZ_SECONDS
	$(Q)failed=0; for f in $^; do \
		n=$$(basename $$f); corpus=$(BUILD)/fuzz/corpus/$$n; \
		echo "== $$n"; mkdir -p $$corpus; \
		$$f $(fuzz_flags) $$corpus $$(ls -d tests/fuzz/seeds/$$n 2>/dev/null) || failed=1; \
	done; exit $$failed
check-source: ## the source itself: includes that go up, circles of folders, lines (no root)
	$(Q)$(PYTHON) -m pytest -q --noconftest tests/source
	$(Q)$(PYTHON) -B tests/source/check all
# The unit tests and the programs that load BPF programs once more, with GCC's sanitizers.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
check-sanitized: ## unit tests and check-bpf under sanitizers of memory, leaks, behaviour (root)
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized LDFLAGS='$(SANITIZE)' \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -U_FORTIFY_SOURCE $(SANITIZE)' \
		KERNEL= check-unit check-bpf
check: check-source check-unit check-bpf fuzz check-netns ## all of the above
structure: ## draw docs/structure.svg: who includes whom
	$(Q)$(PYTHON) -B tests/source/draw -o docs/structure.svg
coverage: ## lines of user/ that unit tests run, by gcov; results in build/coverage
	$(Q)mkdir -p $(BUILD)
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CFLAGS='-O0 -g --coverage' \
		LDFLAGS=--coverage check-unit > $(BUILD)/coverage.log 2>&1 || \
		{ tail -n 20 $(BUILD)/coverage.log; exit 1; }
	$(Q)tests/source/coverage $(BUILD)/coverage

bench: all $(tools) ## benchmarks; results in build/bench/NAME.json (root)
	$(Q)$(PYTHON) bench/run.py --build $(BUILD) $(if $(BENCH),--only '$(BENCH)')

# ---- install
install: all ## install below DESTDIR PREFIX
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin share/man/man5 share/man/man8) \
		$(addprefix $(DESTDIR)$(PREFIX)/,include/tmip lib/systemd/system) \
		$(DESTDIR)$(SYSCONFDIR)/tmip
	install -m 755 $(BUILD)/bin/tmip-agent $(BUILD)/bin/mlrd $(DESTDIR)$(PREFIX)/sbin
	ln -sf tmip-agent $(DESTDIR)$(PREFIX)/sbin/tmipd
	install -m 644 docs/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 docs/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 include/tmip/*.h $(DESTDIR)$(PREFIX)/include/tmip
	for f in config/*.rc; do \
		install -m 640 $$f $(DESTDIR)$(SYSCONFDIR)/tmip/$$(basename $$f).example; done
	for f in config/*.service; do \
		sed 's,@SBINDIR@,$(PREFIX)/sbin,;s,@SYSCONFDIR@,$(SYSCONFDIR),' $$f \
			> $(DESTDIR)$(PREFIX)/lib/systemd/system/$$(basename $$f); done

uninstall: ## remove what install installed, but no configuration
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/sbin/,tmip-agent tmipd mlrd)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man5/,$(notdir $(wildcard docs/man/*.5)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man8/,$(notdir $(wildcard docs/man/*.8)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/, \
		$(notdir $(wildcard config/*.service)))
	rm -rf $(DESTDIR)$(PREFIX)/include/tmip

clean: ## delete build/
	rm -rf $(BUILD)

.PHONY: all help check check-build check-source check-unit check-bpf check-netns check-vm fuzz
.PHONY: check-sanitized structure coverage bench install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell test -d $(BUILD) && \
	find $(BUILD) -path $(BUILD)/vm -prune -o -type f -name '*.d' -print)
