# toggled: one Makefile, no recursion. `make help` lists the targets.
#
# A variant (release debug asan tsan cover fuzz) only sets CFLAGS.<name> and has
# its own tree below build/. Nothing is written beside the sources.

VARIANT ?= release
B       := build/$(VARIANT)
CC      ?= cc
PREFIX  ?= /usr/local
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
VERSION := $(shell sed -n 's|.*TOGGLED_VERSION "\(.*\)"|\1|p' include/base/version.h)

PKGS      := libmicrohttpd libevent_core libevent_extra sqlite3 jansson gnutls zlib
TEST_PKGS := check libcurl
# Where packages are not installed yet, `make deps` comes first and asks again.
PKG_CFLAGS  = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS    = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
TEST_CFLAGS = $(shell pkg-config --cflags $(TEST_PKGS) 2>/dev/null)
TEST_LIBS   = $(shell pkg-config --libs $(TEST_PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wcast-qual -Wcast-align -Wformat=2 -Wundef -Wvla -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference \
	$(if $(WERROR),-Werror)

HARDEN         := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS.release := -O2 -g $(HARDEN)
LDFLAGS.release := -pie -Wl,-z,relro,-z,now
CFLAGS.debug   := -O0 -g3
CFLAGS.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS.asan   := -fsanitize=address,undefined
CFLAGS.tsan    := -O1 -g -fsanitize=thread
LDFLAGS.tsan   := -fsanitize=thread
CFLAGS.cover   := -O0 -g --coverage
LDFLAGS.cover  := --coverage
CFLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS.fuzz   := -fsanitize=address,undefined

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -MMD -MP -pthread \
	$(WARN) $(CFLAGS.$(VARIANT)) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS.$(VARIANT)) $(LDFLAGS)

LIB_SRC := $(sort $(filter-out src/daemon/main.c,$(wildcard src/*/*.c)))
GEN_SRC := $(B)/gen/migrations.c $(B)/gen/assets.c
LIB_OBJ := $(LIB_SRC:src/%.c=$(B)/obj/%.o) $(GEN_SRC:$(B)/gen/%.c=$(B)/obj/gen/%.o)
LIB     := $(B)/libtoggled.a
BIN     := $(B)/toggled

UNIT   := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
FAULT  := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fault/test_*.c)))
HTTP   := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/http/test_*.c)))
FUZZ   := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCHES := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/bench/*.c)))
# Those that take long come first, so that none is left alone at the end. The store is one thread's, evaluation and the
# wire know none, so the thread sanitizer has nothing to look for in their tests.
CROWDS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/http/test_together*.c tests/http/test_hostile*.c tests/http/test_stall.c))
HTTP   := $(CROWDS) $(filter-out $(CROWDS),$(HTTP))
TESTS  := $(FAULT) $(HTTP) $(UNIT)
ifeq ($(VARIANT),tsan)
TESTS  := $(HTTP) $(filter-out $(addprefix $(B)/tests/unit/test_,store_% eval_% wire_%),$(UNIT))
endif
# What several tests of a folder share; every file there that is no test.
HELP_SRC := $(filter-out $(wildcard tests/*/test_*.c),$(wildcard tests/unit/*.c tests/fault/*.c tests/http/*.c))
HELP_OBJ := $(HELP_SRC:tests/%.c=$(B)/obj/tests/%.o)
# Put between the program and libc by tests that break its disk.
PRELOAD := $(B)/tests/fault/disk_calls.so

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps deps-run run test check asan tsan fuzz fuzz-replay cover bench lint \
	headers layers banned format format-check tidy cppcheck analyze spell clean help \
	install deb deb-before check-deb check-systemd check-ops compat compat-update sdk torture soak debian13 clang schemathesis

all: $(BIN) ## build build/$(VARIANT)/toggled

help: ## list the targets
	@sed -n 's/^\([a-z -]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## install what is missing (Debian packages)
	$(Q)sh tests/lint/install-deps test

deps-run:
	$(Q)sh tests/lint/install-deps run

run: deps-run ## build, load the example into a fresh database, serve on 127.0.0.1:8016
	$(Q)$(MAKE) --no-print-directory $(BIN)
	$(Q)sh conf/run-example $(BIN)

test: deps ## install what is missing, build, run every test
	$(Q)$(MAKE) --no-print-directory check

check: $(BIN) $(TESTS) $(PRELOAD) $(FUZZ) layers ## run every test of VARIANT
	$(Q)sh tests/lint/replay-fuzz $(FUZZ)
	$(Q)sh tests/lint/check-docs $(BIN)
	$(Q)TOGGLED=$(BIN) sh tests/lint/run-tests $(TESTS)

# Another Debian than this machine's; what is run there is any of the goals here.
RELEASE  := trixie
DEBIAN13 := test
debian13: ## DEBIAN13="goals" (test) in a Debian 13 made by debootstrap; as root
	$(Q)sh tests/lint/in-debian $(RELEASE) $(DEBIAN13)

clang: ## build with clang in build/clang; a warning fails
	$(Q)$(MAKE) --no-print-directory CC=clang B=build/clang WERROR=1 all

asan tsan: ## run every test under the sanitizer
	$(Q)$(MAKE) --no-print-directory VARIANT=$@ check

# Built by clang with libFuzzer's instrumentation; each target runs for FUZZ_SECONDS.
FUZZ_SECONDS ?= 20
fuzz: ## fuzz every target for FUZZ_SECONDS (20); FUZZ_SEED repeats a run
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzz-run

fuzz-run: $(FUZZ)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/lint/run-fuzz $(B) $(FUZZ)

fuzz-replay: ## feed the stored corpus to every fuzz target, under the sanitizers
	$(Q)$(MAKE) --no-print-directory VARIANT=asan fuzz-replay-run

fuzz-replay-run: $(FUZZ)
	$(Q)sh tests/lint/replay-fuzz $(FUZZ)

# Counters add up from run to run, so those of earlier ones go first.
cover: deps ## run every test counting branches; fails when a gated layer has 90 % or less
	$(Q)mkdir -p build/cover && find build/cover -name '*.gcda' -delete
	$(Q)$(MAKE) --no-print-directory VARIANT=cover check
	$(Q)sh tests/lint/coverage build/cover

bench: $(BIN) $(BENCHES) ## measure against floor server, nginx + nchan, bare SQLite (BENCH=quick)
	$(Q)BENCH="$(BENCH)" sh tests/bench/run $(B)

torture: $(BIN) $(FAULT) $(HTTP) $(PRELOAD) ## the tests that break things, with bigger numbers (CRASH_ROUNDS=300)
	$(Q)sh tests/torture/run $(B)

soak: $(BIN) $(B)/tests/bench/fanout ## SOAK_MINUTES (10) of mixed load; fails when memory or descriptors grow
	$(Q)sh tests/soak/run $(B)

# The clients and the evaluator of OpenFeature as npm has them, in a copy of
# tests/sdk, because npm installs beside package.json. Then the SDKs of other
# languages, of those that are installed here.
SDK           := build/sdk
SDK_LANGUAGES := python go java
LANGUAGES     := $(abspath build/languages)
sdk: $(BIN) ## unmodified OpenFeature SDKs and flagd's evaluator against the daemon
	$(Q)sh tests/lint/install-deps sdk
	$(Q)mkdir -p $(SDK) && cp -r tests/sdk/. $(SDK)/
	$(Q)cd $(SDK) && sh fetch sh npm-ci
	$(Q)for l in $(SDK_LANGUAGES); do \
		echo "  SDK     $$l"; \
		sh tests/sdk/fetch sh tests/sdk/$$l/build $(LANGUAGES)/$$l || exit 1; \
	done
	$(Q)[ ! -d $(SDK)/node_modules ] || { cd $(SDK) && \
		TOGGLED=$(abspath $(BIN)) LANGUAGES=$(LANGUAGES) node --test --test-concurrency=1; }

# From PyPI, into build/schemathesis.
schemathesis: $(BIN) ## ask what docs/openapi.yaml allows and does not (EXAMPLES=20 SEED=1)
	$(Q)sh tests/lint/install-deps schemathesis
	$(Q)sh tests/schemathesis/run $(BIN) build/schemathesis

# Versions side by side: this binary and that of PREVIOUS in turn on one database,
# at rest and with clients that go on.
COMPAT := $(addprefix $(B)/tests/http/test_,meanings compat swap)
compat: $(BIN) $(COMPAT) ## old stores and answers; the binary of PREVIOUS=<rev> in turn
	$(Q)rev="$(PREVIOUS)"; rev=$${rev:-$$(sh tests/compat/find-previous)}; \
		test -n "$$rev" || exit 0; \
		echo "compat: the release before is $$rev"; \
		previous=$$(sh tests/compat/build-previous $$rev) && \
		TOGGLED=$(BIN) TOGGLED_PREVIOUS=$$previous sh tests/lint/run-tests $(COMPAT)

compat-update: $(BIN) $(B)/tests/http/test_meanings ## write both answers into the list of allowed differences
	$(Q)previous=$$(sh tests/compat/build-previous $${PREVIOUS:-$$(sh tests/compat/find-previous)}) && \
		TOGGLED=$(BIN) TOGGLED_PREVIOUS=$$previous COMPAT_UPDATE=1 $(B)/tests/http/test_meanings >/dev/null 2>&1; \
		git --no-pager diff --stat -- tests/compat

# `make install` leaves a configuration that is there as it is.
SYSCONFDIR  ?= /etc
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
SHARE       := $(DESTDIR)$(PREFIX)/share
EXAMPLES    := example.json nginx.conf haproxy.cfg apache.conf varnish.vcl grafana-dashboard.json alerts.yml toggled-isolated.conf

install: $(BIN) ## install under DESTDIR and PREFIX
	$(Q)install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/toggled
	$(Q)install -D -m 644 -t $(SHARE)/man/man8 docs/man/toggled.8
	$(Q)install -D -m 644 -t $(SHARE)/man/man5 docs/man/toggled.conf.5
	$(Q)install -D -m 644 -t $(SHARE)/doc/toggled/examples $(EXAMPLES:%=conf/%)
	$(Q)install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR)/toggled/toggled.conf.d
	$(Q)install -D -m 644 conf/toggled.sysusers $(DESTDIR)$(SYSUSERSDIR)/toggled.conf
	$(Q)install -m 644 conf/toggled.socket $(DESTDIR)$(UNITDIR)/toggled.socket
	$(Q)sh conf/unit-here $(PREFIX)/bin/toggled <conf/toggled.service | \
		install -m 644 /dev/stdin $(DESTDIR)$(UNITDIR)/toggled.service
	$(Q)conf=$(DESTDIR)$(SYSCONFDIR)/toggled/toggled.conf; test -e $$conf || \
		sed 's|^#database = .*|database = /var/lib/toggled/toggled.db|' conf/toggled.conf | \
		install -m 644 /dev/stdin $$conf

# Built by debhelper in a copy of the tree: nothing is written beside the sources.
DEB := build/deb
deb: ## build a Debian package in build/deb
	$(Q)sh tests/lint/install-deps deb
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/toggled-$(VERSION)
	$(Q)tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C $(DEB)/toggled-$(VERSION)
	$(Q)cd $(DEB)/toggled-$(VERSION) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		dpkg-buildpackage --build=binary --no-sign >../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	@ls $(DEB)/*.deb

check-deb: deb ## install the package, use it, purge it (as root); lintian
	$(Q)sh tests/lint/check-deb $(DEB) $(VERSION)

# BOOTED is the Debian that is booted; its packages are built in its root.
BOOTED := trixie
check-systemd: ## the package in a booted Debian by systemd-nspawn (BOOTED=trixie), as root
	$(Q)sh tests/lint/check-systemd $(BOOTED)

# In the root of another release: the package of the release that was put there.
deb-before:
	$(Q)$(MAKE) --no-print-directory -C build/before deb

check-ops: $(BIN) ## units, dashboard, alerts, manuals, proxies: does it all fit the program?
	$(Q)sh tests/lint/install-deps ops
	$(Q)sh tests/lint/check-units $(BIN)
	$(Q)sh tests/lint/check-metrics $(BIN)
	$(Q)sh tests/lint/check-man $(BIN)
	$(Q)sh tests/lint/check-proxies $(BIN)

$(BIN): $(B)/obj/daemon/main.o $(LIB)
	@echo "  LD      $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) -Itests -c -o $@ $<

$(B)/gen/migrations.c: $(wildcard migrations/*.sql) tests/lint/embed
	@mkdir -p $(@D)
	$(Q)sh tests/lint/embed migrations $(sort $(wildcard migrations/*.sql)) > $@

$(B)/gen/assets.c: docs/openapi.yaml tests/lint/embed
	@mkdir -p $(@D)
	$(Q)sh tests/lint/embed assets docs/openapi.yaml > $@

# Under VARIANT=fuzz libFuzzer brings main; else it replays the files it is given.
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(B)/obj/tests/fuzz/replay.o)
# What several targets share; every file there that is no target.
FUZZ_HELP := $(filter-out tests/fuzz/fuzz_% tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FUZZ_HELP := $(FUZZ_HELP:tests/%.c=$(B)/obj/tests/%.o)
$(FUZZ): $(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(FUZZ_HELP) $(FUZZ_MAIN) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS)

$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# A test links with the helpers of its own folder. The stem would take the place
# of a % that is written out.
ANY := %
.SECONDEXPANSION:
$(B)/tests/%: $(B)/obj/tests/%.o $$(filter $(B)/obj/tests/$$(*D)/$$(ANY),$(HELP_OBJ)) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS)

# Without the sanitizer of VARIANT, which comes with the program.
$(PRELOAD): tests/fault/disk_calls.c tests/fault/disk_calls.h
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -fPIC $(WARN) -shared -o $@ $< -ldl

lint: layers banned headers format-check tidy cppcheck analyze spell ## every static check

layers: ## fail on an include that does not point downwards
	$(Q)sh tests/lint/check-layers

banned: ## fail on calls the house does not use
	$(Q)sh tests/lint/check-banned

headers: ## every header compiles alone, with gcc and clang
	$(Q)for h in $$(find include src -name '*.h'); do \
		for cc in gcc clang; do \
			$$cc -std=c11 -D_GNU_SOURCE -Iinclude -Isrc $(PKG_CFLAGS) -Wall -Wextra -Werror -Wno-unused-function -fsyntax-only -x c $$h || exit 1; \
		done; done; echo "headers: each compiles alone"

C_FILES = $(shell find src include tests -name '*.[ch]')

format: ## rewrite the sources in the house style
	$(Q)clang-format -i $(C_FILES)

format-check:
	$(Q)clang-format --dry-run -Werror $(C_FILES) && echo "format: clean"

tidy:
	$(Q)printf '%s\n' $(LIB_SRC) src/daemon/main.c | xargs -P 2 -n 6 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 -D_GNU_SOURCE -Iinclude -Isrc $(PKG_CFLAGS) 2>/dev/null' tidy \
		&& echo "clang-tidy: clean"

cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem -Iinclude -Isrc src && echo "cppcheck: clean"

# Each source by itself, again only when it or a header of it has changed. -O1,
# because gcc 12 has no false reports there, and some at -O0 and -O2.
ANALYZED := $(patsubst src/%.c,build/analyze/%.o,$(LIB_SRC) src/daemon/main.c)
analyze: ## gcc's -fanalyzer over src; a report fails
	$(Q)$(MAKE) --no-print-directory -j2 analyze-run && echo "analyzer: clean"

analyze-run: $(ANALYZED)

build/analyze/%.o: src/%.c
	@mkdir -p $(@D)
	$(Q)gcc -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -MMD -MP -pthread $(PKG_CFLAGS) \
		-O1 -fanalyzer -Werror -c -o $@ $<

spell:
	$(Q)codespell --ignore-words=tests/lint/words README.md CHANGELOG.md SECURITY.md docs src include conf migrations && echo "codespell: clean"

clean: ## remove build/
	$(Q)rm -rf build

-include $(shell find $(B) build/analyze -name '*.d' -type f 2>/dev/null)
