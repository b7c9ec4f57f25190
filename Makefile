# The front door. CMake does the work; this only spares people from remembering how to call it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
# Most tests wait for a process, a host or a deadline most of the time.
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))

.PHONY: help setup build test fleet soak lint format demo sandbox sandbox-stop install clean fuzz-smoke tsan

help:
	@printf '%s\n' \
	  'Belay: signed release packages over SSH, with a proven way back.' '' \
	  '  make demo          build, start a six-host sandbox, and play a release train through it' \
	  '  make sandbox       start the sandbox alone and say how to use it   (make sandbox-stop ends it)' \
	  '  make test          everything CI runs: sanitizer builds, tests, lint, house rules, shellcheck' \
	  '  make fleet         of these only the tests that boot whole machines (TOPIC=power: one kind)' \
	  '  make soak          hours of kills, random trees and simulated faults; see tools/soak.sh for how much' \
	  '  make build         build/release: belayd, belay and the transports' \
	  '  make install       into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)' '' \
	  '  make setup         install the Debian packages that are missing (tools/packages.txt)' \
	  '  make lint          clang-format, clang-tidy and shellcheck without the tests' \
	  '  make format        rewrite the C++ sources the way clang-format wants them' \
	  '  make fuzz-smoke    run every fuzz target for SECONDS_EACH=20 seconds, from a new seed' \
	  '  make tsan          the tests in which threads meet, with the thread sanitizer' \
	  '  make clean         remove build/' '' \
	  'Inner loop:  cmake --preset dev && ninja -C build/dev && ctest --test-dir build/dev -L unit'

setup:
	@tools/setup.sh

build: setup
	@mkdir -p build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX='$(PREFIX)' >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset release -j $(JOBS)

# The last line printed is ctest's own summary: lint, house rules and shellcheck are ctest tests themselves. First the
# tests in which threads meet, in a small build of their own with the thread sanitizer.
test: setup
	@mkdir -p build
	@tools/tsan.sh
	@cmake --preset asan >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset asan -j $(JOBS)
	@ctest --test-dir build/asan -j $(TEST_JOBS) --output-on-failure --no-tests=error

TOPIC ?=
fleet: setup
	@mkdir -p build
	@cmake --preset asan >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset asan -j $(JOBS) --target tests/fleet/all
	@ctest --test-dir build/asan -L fleet -R 'fleet.*$(TOPIC)' --output-on-failure --no-tests=error

soak: setup
	@mkdir -p build
	@cmake --preset asan >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset asan -j $(JOBS) --target belayd belay belay-ssh belay-local belay-openssh e2e_crash_test \
	  property_path simulation_engine
	@tools/soak.sh build/asan

lint: setup
	@tools/lint.sh format shell tidy

format: setup
	@tools/lint.sh reformat

demo: build
	@playbooks/demo/demo.sh

sandbox: build
	@playbooks/demo/sandbox.sh start

sandbox-stop:
	@playbooks/demo/sandbox.sh stop

install: setup
	@tools/install.sh '$(PREFIX)' '$(DESTDIR)'

SECONDS_EACH ?= 20
fuzz-smoke: setup
	@mkdir -p build
	@cmake --preset asan >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset asan -j $(JOBS) --target tests/fuzz/all
	@BELAY_FUZZ_SECONDS=$(SECONDS_EACH) BELAY_FUZZ_SEED=0 ctest --test-dir build/asan -L '^fuzz$$' -j $(TEST_JOBS) \
	  --timeout 86400 --output-on-failure --no-tests=error

tsan: setup
	@tools/tsan.sh

clean:
	@rm -rf build
