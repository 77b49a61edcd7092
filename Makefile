# medlocker: every command of the project. `make help` lists them.
#
# Layout of a build: build/<config>/<folder>/<file>.o, one library for each folder, one program for each main file.
# CONFIG: release (default), asan (address and undefined-behaviour sanitizers, used by the tests), clang (warnings of clang).

CONFIG ?= release
B := build/$(CONFIG)

# ---------------------------------------------------------------- dependencies
DEBIAN := build-essential pkg-config clang clang-tidy clang-format cppcheck libclang-rt-dev \
	libmodbus-dev libgpiod-dev libmosquitto-dev mosquitto mosquitto-clients libcjson-dev libsodium-dev libsystemd-dev \
	libsqlite3-dev libmicrohttpd-dev libconfuse-dev libqrencode-dev libgnutls28-dev libcmocka-dev \
	nodejs npm chromium fonts-dejavu-core man-db

# ---------------------------------------------------------------- compiler
LIBS := libmodbus libgpiod libmosquitto libcjson libsodium libsystemd sqlite3 libmicrohttpd libconfuse libqrencode gnutls
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
CFLAGS_release := -O2 -g $(HARDENING)
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_clang := -O1 -g -Wno-unknown-warning-option
LDFLAGS_release := -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_clang :=
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
BENCH := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))

.PHONY: all help deps run demo check check-long lint format bench clean tests unit contract scenario npm assets
.DEFAULT_GOAL := all

all: $(PROGRAMS) ## build the programs
	@:

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

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

$(B)/lockersim: $(B)/hw/sim/lockersim.o $(B)/libsim.a $(B)/libhw.a $(B)/libcommon.a
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A test program may use any library.
$(UNIT) $(CONTRACT) $(BENCH): $(B)/%: $(B)/%.o $(ARCHIVES)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LDLIBS) -lcmocka

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean: ## remove everything built
	rm -rf build

tests: $(UNIT) $(CONTRACT)
	@:
