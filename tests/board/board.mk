# The emulated arm64 board and the tree of the next Debian; see docs/testing.md.

BOARD_DEBIAN := qemu-system-arm gcc-aarch64-linux-gnu cpio kmod socat xz-utils debootstrap debian-archive-keyring
BOARD_SUITES := bookworm trixie

.PHONY: deps-board check-board board-programs check-trixie

deps-board: ## install what check-board and check-trixie need; says so when it cannot
	@missing=; for p in $(BOARD_DEBIAN); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		$$root apt-get update -q && DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -q --no-install-recommends $$missing || \
		echo "deps-board: not everything could be installed; the lanes that need it are skipped"; fi

# A skipped image is in the tally already; then there is nothing to run.
check-board: ## lockerd on an emulated arm64 board with the kernel's GPIO, serial and USB drivers
	@$(MAKE) --no-print-directory all assets
	@tests/tally step board image tests/board/prepare
	@if tests/board/prepare >/dev/null 2>&1; then \
		tests/tally step board programs $(MAKE) --no-print-directory board-programs && \
		tests/tally node board $(BOARD_SUITES:%=tests/board/%.test.mjs); fi

# lockerd cross-built with the libraries of each suite: Debian 12 has libgpiod 1.6, Debian 13 libgpiod 2.
board-programs: $(BOARD_SUITES:%=board-programs-%)
	@:
board-programs-%: root = $(CURDIR)/build/board/$*/root
board-programs-%: out = build/board/$*/out
board-programs-%: force
	@PKG_CONFIG_SYSROOT_DIR=$(root) PKG_CONFIG_LIBDIR=$(root)/usr/lib/aarch64-linux-gnu/pkgconfig:$(root)/usr/share/pkgconfig \
		$(MAKE) --no-print-directory CONFIG=release B=$(out) MACHINE=aarch64 CC="aarch64-linux-gnu-gcc --sysroot=$(root)" \
		$(out)/lockerd $(out)/lockerctl
force:

check-trixie: ## unit, contract and scenario tests in a tree of Debian 13 (needs root, half an hour)
	@tests/tally step trixie suite tests/board/trixie
