# medlocker: every command of the project. `make help` lists them.
#
# Layout of a build: build/<config>/<folder>/<file>.o, one library for each folder, one program for each main file.
# CONFIG: release (default), asan (address and undefined-behaviour sanitizers, used by the tests), clang (its warnings), fuzz, sim
# (for the simulator, which renames what the daemons ask of the system), simasan (the same under the sanitizers).

CONFIG ?= release
B := build/$(CONFIG)

# ---------------------------------------------------------------- dependencies
DEBIAN := build-essential pkg-config clang clang-tidy clang-format cppcheck libclang-rt-dev \
	libmodbus-dev libgpiod-dev libmosquitto-dev mosquitto mosquitto-clients libcjson-dev libsodium-dev libsystemd-dev \
	libsqlite3-dev libmicrohttpd-dev libconfuse-dev libqrencode-dev libgnutls28-dev liboath-dev libcmocka-dev \
	python3-pymodbus python3-serial-asyncio nodejs npm openssl sqlite3 gcovr libseccomp-dev spin chromium fonts-dejavu-core man-db \
	espeak-ng opus-tools

# ---------------------------------------------------------------- compiler
LIBS := libmodbus libgpiod libmosquitto libcjson libsodium libsystemd sqlite3 libmicrohttpd libconfuse libqrencode gnutls liboath
WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wformat=2 -Wimplicit-fallthrough -Wstrict-prototypes -Wvla \
	-Wshadow -Wundef -Wcast-qual -Wnull-dereference -Wdouble-promotion -Wswitch-enum -Wmissing-prototypes -Werror \
	-Wno-error=deprecated-declarations
MACHINE := $(shell uname -m)
BRANCHES_x86_64 := -fcf-protection=full
BRANCHES_aarch64 := -mbranch-protection=standard
HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection $(BRANCHES_$(MACHINE)) \
	-ftrivial-auto-var-init=zero
CODEGEN := -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fPIE
CC_release := gcc
CC_asan := gcc
CC_clang := clang
CC_fuzz := clang
CC_sim := gcc
CC_simasan := gcc
CC_cov := gcc
CFLAGS_release := -O2 -g $(HARDENING)
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_clang := -O1 -g -Wno-unknown-warning-option
CFLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -Wno-unknown-warning-option
# Coverage counts what the release build decides; an assertion that holds has no second branch.
CFLAGS_cov := -O0 -g --coverage -fprofile-update=atomic -DNDEBUG -Wno-error=unused-variable \
	-Wno-error=unused-parameter -Wno-error=unused-function
CFLAGS_sim := -O2 -g -ftrivial-auto-var-init=zero
LDFLAGS_release := -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_clang :=
LDFLAGS_fuzz := -fsanitize=address,undefined
CFLAGS_simasan = $(CFLAGS_asan)
LDFLAGS_simasan = $(LDFLAGS_asan)
LDFLAGS_sim := -Wl,--as-needed
LDFLAGS_cov := --coverage
CC := $(CC_$(CONFIG))
CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CODEGEN) $(CFLAGS_$(CONFIG)) -I. $(shell pkg-config --cflags $(LIBS) 2>/dev/null) \
	$(EXTRA_CFLAGS)
LDFLAGS := -pie $(LDFLAGS_$(CONFIG))
LDLIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpthread -lm

# ---------------------------------------------------------------- what is made of what
GPIOD_MAJOR := $(firstword $(subst ., ,$(shell pkg-config --modversion libgpiod 2>/dev/null)))
GPIO_OTHER := $(if $(filter 1,$(GPIOD_MAJOR)),hw/gpio_v2.c,hw/gpio_v1.c)
MAINS := controller/lockerd.c controller/lockerctl.c backend/hubd.c backend/hubctl.c hw/sim/lockersim.c
PROGRAMS := $(foreach m,$(wildcard $(MAINS)),$(B)/$(basename $(notdir $(m))))

sources = $(filter-out $(MAINS) $(GPIO_OTHER),$(wildcard $(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
COMMON := $(call objects,common)
HW := $(call objects,hw)
SIM := $(call objects,hw/sim)
CONTROLLER := $(call objects,controller controller/kiosk)
BACKEND := $(call objects,backend backend/web)
ARCHIVES := $(foreach a,common hw sim controller backend,$(B)/lib$(a).a)

UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
CONTRACT := $(patsubst %.c,$(B)/%,$(wildcard tests/contract/test_*.c))
MODEL := $(B)/tests/model/replay
BENCH := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))

.PHONY: sim web bus bus-programs all help deps install run demo check check-people check-pages check-machines check-long lint format bench bench-programs clean tests unit contract scenario crash npm assets \
	warned tidy analyzer fuzzers fuzz fuzz-replay coverage sandbox safety-case model model-long mutants
.DEFAULT_GOAL := all

all: $(PROGRAMS) ## build the programs
	@:

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile tests/board/board.mk

$(B)/libcommon.a: $(COMMON)
$(B)/libhw.a: $(HW)
$(B)/libsim.a: $(SIM)
$(B)/libcontroller.a: $(CONTROLLER)
$(B)/libbackend.a: $(BACKEND)
$(ARCHIVES):
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcsD $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lockerd $(B)/lockerctl: $(B)/%: $(B)/controller/%.o $(B)/libcontroller.a $(B)/libhw.a $(B)/libcommon.a
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/hubd $(B)/hubctl: $(B)/%: $(B)/backend/%.o $(B)/libbackend.a $(B)/libcommon.a
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/lockersim: $(B)/hw/sim/lockersim.o $(B)/libsim.a $(B)/libcommon.a
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A test program links the side that it includes: backend and controller may use the same name for their own noun.
SIDE_backend := $(B)/libbackend.a $(B)/libcommon.a
SIDE_controller := $(B)/libcontroller.a $(B)/libhw.a $(B)/libsim.a $(B)/libcommon.a
side = $(if $(shell grep -l '^.include "backend/' $(1)),$(SIDE_backend),$(SIDE_controller))
.SECONDEXPANSION:
$(UNIT) $(CONTRACT) $(BENCH) $(MODEL): $(B)/%: $(B)/%.o $$(call side,$$*.c)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call side,$*.c) -Wl,--end-group $(LDLIBS) -lcmocka

# ---------------------------------------------------------------- bus proof (CONFIG=sim): hw in virtual time
BUS_ALL := $(wildcard tests/bus/*.c)
BUS_TESTS := $(patsubst %.c,$(B)/%,$(filter tests/bus/test_%,$(BUS_ALL)))
BUS_WRAP := clock_mono_us clock_boot_ms log_write pthread_create pthread_join eventfd read write close ppoll clock_nanosleep \
	ioctl sd_event_add_io
$(BUS_TESTS): $(B)/%: $(B)/%.o $(B)/tests/bus/world.o $(SIDE_controller)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) $(BUS_WRAP:%=-Wl,--wrap=%) -o $@ $< $(B)/tests/bus/world.o -Wl,--start-group $(SIDE_controller) \
		-Wl,--end-group $(LDLIBS) -lcmocka
bus-programs: $(BUS_TESTS)

bus: ## every fault of line and boards at every frame, every mis-wiring
	@$(MAKE) --no-print-directory CONFIG=sim bus-programs
	@mkdir -p build/proof
	@tests/tally c bus $(patsubst %.c,build/sim/%,$(filter tests/bus/test_%,$(BUS_ALL)))

# ---------------------------------------------------------------- simulator (CONFIG=sim)
SIM_ALL := $(wildcard tests/sim/*.c tests/sim/*/*.c)
SIM_TEST := $(filter tests/sim/test_%,$(SIM_ALL))
SIM_PARTS := $(patsubst %.c,$(B)/%.o,$(filter-out $(SIM_TEST) tests/sim/run.c,$(SIM_ALL)))
SIM_TESTS := $(SIM_TEST:%.c=$(B)/%)
SIM_LIBS = $(shell pkg-config --libs libcjson libsodium sqlite3 libconfuse libqrencode gnutls liboath) -lm
# What the simulator itself is instead of.
SIM_INSTEAD := $(addprefix $(B)/,common/mqtt.o common/http.o hw/gpio_v1.o hw/gpio_v2.o)
SIDES := $(B)/side_locker.o $(B)/side_hub.o

$(B)/libworld.a: $(SIM_PARTS)
	@rm -f $@
	@ar rcsD $@ $^
$(B)/side_locker.o: $(filter-out $(SIM_INSTEAD),$(COMMON) $(HW) $(CONTROLLER)) $(B)/controller/lockerd.o
$(B)/side_hub.o: $(filter-out $(SIM_INSTEAD),$(COMMON) $(BACKEND)) $(B)/backend/hubd.o
$(SIDES): $(B)/side_%.o: $(B)/libworld.a tests/sim/side $(wildcard tests/sim/*.syms)
	@echo "  SIDE  $@"
	@tests/sim/side $@ $* $(B)/libworld.a $(filter %.o,$^)
$(B)/libsides.a: $(SIDES)
$(B)/libplain.a: $(filter-out $(SIM_INSTEAD),$(COMMON))
$(B)/libsides.a $(B)/libplain.a:
	@rm -f $@
	@ar rcsD $@ $^
$(B)/sim: $(B)/tests/sim/run.o
$(SIM_TESTS): $(B)/%: $(B)/%.o
$(B)/sim $(SIM_TESTS): $(addprefix $(B)/,libworld.a libsides.a libsim.a libplain.a)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(SIM_LIBS) \
		$(if $(filter %/sim,$@),,-lcmocka)
sim-tests: $(SIM_TESTS)

include tests/board/board.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean: ## remove everything built
	rm -rf build

tests: $(UNIT) $(CONTRACT)
	@:

# ---------------------------------------------------------------- packages, pages
deps: ## install what is missing: Debian packages, then npm packages
	@missing=; for p in $(DEBIAN); do \
		case $$p in nodejs|npm) command -v $${p%js} >/dev/null && continue;; esac; \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		$$root apt-get update -q && DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -q --no-install-recommends $$missing; fi
	@$(MAKE) --no-print-directory npm

npm: node_modules/.package-lock.json
node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

SHARE := build/share
VENDOR := $(SHARE)/web/vendor
# Spoken once: every clip lies in SPEECH_STORE by what it says. A recorded voice: controller/kiosk/recordings/README.md.
SPEECH_STORE ?= build/speech
# Scripts go to browsers small; made anew, all of a folder, when one of them changed.
WEB_SCRIPTS := $(wildcard backend/web/*.mjs)
KIOSK_SCRIPTS := $(filter-out %/speak.mjs,$(wildcard controller/kiosk/*.mjs))
WEB_SMALL := $(WEB_SCRIPTS:backend/%=$(SHARE)/%)
KIOSK_SMALL := $(KIOSK_SCRIPTS:controller/%=$(SHARE)/%)
$(WEB_SMALL) &: $(WEB_SCRIPTS)
	@node common/minify.mjs $(SHARE)/web $(WEB_SCRIPTS)
$(KIOSK_SMALL) &: $(KIOSK_SCRIPTS)
	@node common/minify.mjs $(SHARE)/kiosk $(KIOSK_SCRIPTS)
$(WEB_SMALL) $(KIOSK_SMALL): common/minify.mjs node_modules/.package-lock.json

# What is there already is left alone (-u): daemons of a test may be reading it.
assets: npm $(WEB_SMALL) $(KIOSK_SMALL) $(VENDOR)/uplot.mjs
	@node tests/words/lint.mjs --keys
	@cp -u controller/kiosk/*.html controller/kiosk/*.css controller/kiosk/*.json $(SHARE)/kiosk/
	@node controller/kiosk/speak.mjs $(SHARE)/kiosk/speech $(SPEECH_STORE)
	@cp -u backend/web/*.html backend/web/*.css backend/web/*.json $(SHARE)/web/
	@cp -u node_modules/preact/dist/preact.mjs node_modules/htm/dist/htm.mjs $(VENDOR)/
	@cp -u node_modules/uplot/dist/uPlot.min.css $(VENDOR)/uplot.css
$(VENDOR)/uplot.mjs: node_modules/.package-lock.json
	@mkdir -p $(@D)
	@{ cat node_modules/uplot/dist/uPlot.iife.min.js; echo 'export default uPlot;'; } >$@.new && mv $@.new $@

# Where things go. The daemons look for profiles and pages in /usr/share/medlocker unless their settings say otherwise.
PREFIX ?= /usr
TO = $(DESTDIR)$(PREFIX)
DATA = $(TO)/share/medlocker
SPOKEN = $(patsubst controller/kiosk/%.json,%,$(wildcard controller/kiosk/*.json))
EXAMPLES = $(TO)/share/doc/medlocker/examples
put = install -d $(2) && install -m $(3) $(1) $(2)/
install: all assets ## install below DESTDIR and PREFIX (/usr); touches no running system
	@$(call put,$(B)/lockerd $(B)/hubd,$(TO)/sbin,755)
	@$(call put,$(B)/lockerctl $(B)/hubctl $(B)/lockersim,$(TO)/bin,755)
	@$(call put,hw/profiles/*.conf,$(DATA)/profiles,644)
	@$(call put,$(addprefix $(SHARE)/kiosk/*.,html mjs css json),$(DATA)/kiosk,644)
	@$(call put,$(SHARE)/kiosk/speech/*.json,$(DATA)/kiosk/speech,644)
	@for l in $(SPOKEN); do $(call put,$(SHARE)/kiosk/speech/$$l/*.opus,$(DATA)/kiosk/speech/$$l,644) || exit 1; done
	@$(call put,$(addprefix $(SHARE)/web/*.,html mjs css json),$(DATA)/web,644)
	@$(call put,$(VENDOR)/*,$(DATA)/web/vendor,644)
	@$(call put,systemd/*.service,$(TO)/lib/systemd/system,644)
	@sed -i 's|/usr/sbin/|$(PREFIX)/sbin/|' $(TO)/lib/systemd/system/lockerd.service $(TO)/lib/systemd/system/hubd.service
	@install -d $(TO)/lib/sysusers.d && install -m 644 systemd/medlocker.sysusers.conf $(TO)/lib/sysusers.d/medlocker.conf
	@$(call put,systemd/99-medlocker.rules,$(TO)/lib/udev/rules.d,644)
	@for n in 1 5 8; do $(call put,docs/man/*.$$n,$(TO)/share/man/man$$n,644) || exit 1; done
	@$(call put,docs/*.md docs/asyncapi.json LICENSE,$(TO)/share/doc/medlocker,644)
	@$(call put,docs/schema/*.json,$(TO)/share/doc/medlocker/schema,644)
	@install -d $(EXAMPLES) $(DESTDIR)/etc/medlocker
	@install -m 644 controller/lockerd.conf.example $(EXAMPLES)/lockerd.conf
	@install -m 644 backend/hubd.conf.example $(EXAMPLES)/hubd.conf
	@install -m 644 hw/sim/cabinet.conf $(EXAMPLES)/cabinet.conf
	@install -m 644 systemd/mosquitto.service.d/medlocker.conf $(EXAMPLES)/mosquitto-medlocker.conf

# The compiler flags come from pkg-config, which must exist first: hence the second make.
run: deps ## run the whole system with a simulated cabinet until Ctrl-C
	@$(MAKE) --no-print-directory all assets
	@node tests/stage/run.mjs

demo: deps ## the scripted story; exits 0
	@$(MAKE) --no-print-directory all assets
	@node tests/stage/demo.mjs

# ---------------------------------------------------------------- tests
CORES := $(shell nproc)
SUITES := unit contract bus lint fuzz scenario web model sim crash sandbox board proof
# Each suite has its turn, whatever failed before; the sum says it.
check check-long: export TALLY_GO_ON := 1
check: deps ## every test and lint; ends with the sum
	@rm -rf build/tally
	@$(MAKE) --no-print-directory -j$(CORES) all assets
	@$(MAKE) --no-print-directory -j$(CORES) CONFIG=asan all tests
	@$(MAKE) --no-print-directory -j$(CORES) CONFIG=sim build/sim/sim sim-tests
	@$(MAKE) --no-print-directory -j$(CORES) CONFIG=fuzz fuzzers
	@$(MAKE) --no-print-directory -j3 check-people check-pages check-machines
	@tests/tally step proof safety-case node tests/proof/case.mjs --check
	@tests/tally sum $(SUITES)

# Three rows of lanes beside each other, for two of them mostly wait: what people do, their pages (then the sandbox and the boards,
# for which that row has time left), and what machines do. A lane that cannot be built leaves the next their turn; the sum says that
# it did not run.
check-people:
	@-$(MAKE) --no-print-directory CONFIG=asan unit
	@-$(MAKE) --no-print-directory CONFIG=asan contract
	@-$(MAKE) --no-print-directory scenario
check-pages:
	@-$(MAKE) --no-print-directory web
	@-$(MAKE) --no-print-directory sandbox
	@-$(MAKE) --no-print-directory check-board
check-machines:
	@-$(MAKE) --no-print-directory sim
	@-$(MAKE) --no-print-directory crash
	@-$(MAKE) --no-print-directory bus
	@-$(MAKE) --no-print-directory CONFIG=asan model
	@-$(MAKE) --no-print-directory lint
	@-$(MAKE) --no-print-directory fuzz-replay
	@tests/tally step proof coverage $(MAKE) --no-print-directory coverage

unit: tests
	@tests/tally c unit $(UNIT)
	@$(MAKE) --no-print-directory CONFIG=sim sim-tests
	@tests/tally c unit $(SIM_TEST:%.c=build/sim/%)

contract: tests all assets
	@LOCKERSIM=$(B)/lockersim tests/tally c contract $(CONTRACT)
	@MEDLOCKER_CONFIG=$(CONFIG) tests/tally node contract $(wildcard tests/contract/*.test.mjs)

scenario: all assets
	@tests/tally node scenario $(wildcard tests/scenario/*.test.mjs)

web: all assets ## pages in Chromium: every flow, accessibility; pictures in build/web
	@tests/tally node web $(wildcard tests/web/*.test.mjs)

# SEEDS: the first and the last of the small days; every kind of fault must have come. MEDLOCKER_LONG: many more, wide and long ones.
SEEDS ?= $(if $(MEDLOCKER_LONG),1-20000,1-1000)
sim: assets ## days at a site from seeds: the shipped daemons in a world of software, every invariant after every event
	@$(MAKE) --no-print-directory CONFIG=sim build/sim/sim
	@mkdir -p build/proof
	@tests/tally step sim twice build/sim/sim --twice 1-4
	@tests/tally step sim honest build/sim/sim --profile honest --seeds 1-20 --jobs 2
	@tests/tally step sim days build/sim/sim --seeds $(SEEDS) --jobs 2 --all-faults --report build/proof/sim.json
	@$(if $(MEDLOCKER_LONG),tests/tally step sim wide build/sim/sim --profile wide --seeds 1-200 --jobs 2)
	@$(if $(MEDLOCKER_LONG),tests/tally step sim long build/sim/sim --profile long --seeds 1-200 --jobs 2)
	@$(if $(MEDLOCKER_LONG),$(MAKE) --no-print-directory CONFIG=simasan build/simasan/sim)
	@$(if $(MEDLOCKER_LONG),tests/tally step sim sanitizers build/simasan/sim --seeds 1-300 --jobs 2)

# MEDLOCKER_LONG: every outcome at every step, every call.
crash: assets ## power fails before each disk step of each script, and in recovery; each call of the system fails
	@$(MAKE) --no-print-directory CONFIG=sim build/sim/sim
	@mkdir -p build/proof
	@for m in one two calls; do tests/tally step crash $$m build/sim/sim --crash $$m --jobs 2 $(if $(MEDLOCKER_LONG),--long) \
		--report build/proof/crash-$$m.json || exit 1; done

mutants: assets ## breaks the product in each way of tests/mutants; the simulator must find it within 2,000 seeds
	@$(MAKE) --no-print-directory -j$(CORES) CONFIG=sim build/sim/sim
	@tests/tally step sim mutants node tests/mutants/run.mjs

model: $(MODEL) ## the model of the doors: searched, its mistakes found, its runs replayed on the code (docs/model.md)
	@tests/tally step model search node tests/model/run.mjs search
	@tests/tally step model mutants node tests/model/run.mjs mutants
	@tests/tally step model traces node tests/model/run.mjs traces
	@tests/tally c model $(MODEL)

model-long: $(MODEL) ## wider bounds, liveness, more runs; half an hour
	@tests/tally step model search-long node tests/model/run.mjs search-long
	@tests/tally step model mutants node tests/model/run.mjs mutants
	@tests/tally step model liveness node tests/model/run.mjs liveness
	@tests/tally step model traces-long node tests/model/run.mjs traces-long
	@tests/tally c model $(MODEL)

# ---------------------------------------------------------------- lint
C_FILES = $(wildcard common/*.[ch] hw/*.[ch] hw/sim/*.[ch] controller/*.[ch] controller/kiosk/*.[ch] backend/*.[ch] backend/web/*.[ch] \
	tests/unit/*.[ch] tests/contract/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch] tests/sandbox/*.[ch] tests/sim/*.[ch] tests/sim/*/*.[ch] tests/bus/*.[ch] tests/model/*.[ch])
PRODUCT_C = $(filter-out $(GPIO_OTHER),$(filter %.c,$(filter-out tests/%,$(C_FILES))))

format: ## format every C file
	clang-format -i $(C_FILES)

lint: ## formatting, includes, words, both compilers, clang-tidy, cppcheck, gcc -fanalyzer
	@tests/tally step lint format clang-format --dry-run -Werror $(C_FILES)
	@tests/tally step lint includes tests/includes
	@tests/tally step lint clang $(MAKE) --no-print-directory -j$(CORES) -k CONFIG=clang warned
	@tests/tally step lint mutants node tests/mutants/run.mjs --apply
	@tests/tally step lint words node tests/words/lint.mjs
	@tests/tally node lint $(wildcard tests/words/*.test.mjs)
	@tests/tally step lint cppcheck cppcheck --quiet --std=c11 -j2 --inline-suppr --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --error-exitcode=1 -I. "-D__attribute__(x)=" $(PRODUCT_C)
	@tests/tally step lint tidy $(MAKE) --no-print-directory -j2 -k tidy
	@tests/tally step lint analyzer $(MAKE) --no-print-directory -j2 -k analyzer

# What clang has to say of every C file; gcc says it while it builds.
WARNED := $(patsubst %.c,$(B)/%.ok,$(filter-out $(GPIO_OTHER),$(filter %.c,$(C_FILES))))
warned: $(WARNED)
$(B)/%.ok: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) $<
	@touch $@

TIDY := $(PRODUCT_C:%.c=build/tidy/%.ok)
tidy: $(TIDY)
build/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -I. $(shell pkg-config --cflags $(LIBS)) 2>/dev/null
	@touch $@

ANALYZED := $(PRODUCT_C:%.c=build/analyzer/%.o)
analyzer: $(ANALYZED)
build/analyzer/%.o: %.c
	@mkdir -p $(@D)
	@gcc -std=c11 -D_GNU_SOURCE -O1 -fanalyzer -Werror -I. $(shell pkg-config --cflags $(LIBS)) -c -o $@ $<

# ---------------------------------------------------------------- fuzzing
FUZZERS := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
fuzzers: $(FUZZERS)
$(FUZZERS): $(B)/%: $(B)/%.o $$(call side,$$*.c)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(call side,$*.c) -Wl,--end-group $(LDLIBS) -lcmocka

fuzz-replay: ## run every fuzz harness over its checked-in corpus
	@$(MAKE) --no-print-directory CONFIG=fuzz fuzzers
	@for f in $(wildcard tests/fuzz/fuzz_*.c); do n=$$(basename $$f .c); \
		tests/tally step fuzz $$n build/fuzz/tests/fuzz/$$n -runs=0 tests/fuzz/corpus/$${n#fuzz_} || exit 1; done

fuzz: ## fuzz every parser for FUZZ_SECONDS each; new inputs stay in build/fuzz
	@$(MAKE) --no-print-directory CONFIG=fuzz fuzzers
	@for f in $(wildcard tests/fuzz/fuzz_*.c); do n=$$(basename $$f .c); mkdir -p build/fuzz/new/$$n; \
		build/fuzz/tests/fuzz/$$n -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 build/fuzz/new/$$n \
		tests/fuzz/corpus/$${n#fuzz_} || exit 1; done

# ---------------------------------------------------------------- proof
coverage: ## which branches of the safety core the tests take; build/proof/coverage.json
	@$(MAKE) --no-print-directory CONFIG=cov all tests
	@node tests/proof/coverage.mjs $(COVERAGE)

safety-case: ## docs/safety-case.md from the table and the last results
	@node tests/proof/case.mjs

# Under the rules of the units: tests/sandbox says how, without systemd as process 1.
CONFINE := build/release/confine
$(CONFINE): tests/sandbox/confine.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@gcc -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $< -lseccomp

sandbox: all assets $(CONFINE) ## both daemons and their scenarios under the rules of the unit files
	@export MEDLOCKER_CONFINE=$(abspath $(CONFINE)); tests/tally node sandbox tests/sandbox/units.test.mjs && \
	tests/tally step sandbox possible node tests/sandbox/possible.mjs && \
	if node tests/sandbox/possible.mjs >/dev/null; then \
		tests/tally node sandbox $(addprefix tests/scenario/,$(addsuffix .test.mjs,$(SANDBOXED))); fi
SANDBOXED := pickup offline

# ---------------------------------------------------------------- benchmarks
bench: deps ## speed and size as ratios to a limit or peer of the same run
	@$(MAKE) --no-print-directory all assets bench-programs
	@$(MAKE) --no-print-directory CONFIG=sim build/sim/sim
	@node tests/bench/bench.mjs
bench-programs: $(BENCH)

check-long: check ## the long versions: more kills, more seeds
	@rm -rf build/tally
	@MEDLOCKER_LONG=1 $(MAKE) --no-print-directory CONFIG=asan unit
	@MEDLOCKER_LONG=1 $(MAKE) --no-print-directory scenario
	@MEDLOCKER_LONG=1 $(MAKE) --no-print-directory sim crash bus
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory CONFIG=asan model-long
	@MEDLOCKER_LONG=1 $(MAKE) --no-print-directory sandbox SANDBOXED="$(patsubst tests/scenario/%.test.mjs,%,$(wildcard tests/scenario/*.test.mjs))"
	@$(MAKE) --no-print-directory check-trixie
	@tests/tally sum unit scenario sim crash bus model sandbox trixie
