# SPDX-License-Identifier: MIT
# The commands of daily work; Meson does the build. 'make help' lists them.
BUILD ?= build
PYTEST = /usr/bin/python3 -m pytest -q -p no:cacheprovider tests
JOBS ?= 4
LONGER = $(if $(LONG),DIRECTMESSAGES_TEST_LONG=1)

.PHONY: all help setup configure run test mutants bare web readers clients conformance together model companion drill asan tsan bench fuzz schemathesis lint fmt reference install dist deb deb-test container-test systemd-test clean

all: setup-build configure
	@ninja -C $(BUILD) --quiet

help:
	@echo 'make          build (into build/)'
	@echo 'make run      set up, build, and serve on http://127.0.0.1:8000/api/dm/'
	@echo 'make test     set up, build, run every test; T=name runs those whose name contains it, LONG=1 their long versions'
	@echo 'make mutants  make mistakes in a copy of the code and list those that no test notices; T=word for some'
	@echo 'make bare     make run and make test in a bare Debian, as root; SUITE=trixie (bookworm), MIRROR=URL, KEEP=1 keeps it'
	@echo 'make readers  the pages for operators, backends and Django projects, pasted in a bare Debian, as root; SUITE=trixie (bookworm)'
	@echo 'make conformance  the same requests to drf-directmessages and to us, compared; N=20000 random ones, SEED=number; then make together and model'
	@echo 'make together  10,000 random operations through Django and us at once: is the inbox right? N=10000'
	@echo 'make model    random inboxes, marks, keys, blocks, erasures, compared with a small model; N=20000, SEED=number'
	@echo 'make companion  the tests of contrib/django on Django 4.2, 5.2 and 6.0; T=name'
	@echo 'make drill    failing calls, kill -9, a promoted standby, slow clients: is anything lost? N=500 kills, PART=kills or patroni'
	@echo 'make asan     every test under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan     the concurrent tests under ThreadSanitizer'
	@echo 'make bench    measure, beside the ceilings of this machine; ARGS=--quick for a short run'
	@echo 'make fuzz     mutated requests, N=20000 of them'
	@echo 'make schemathesis  the server against its own document; N=300 random requests an operation, SEED=number'
	@echo 'make web      the web client: axe-core, pictures of it in build/screenshots, 1,000 partners and 10,000 messages scrolled through'
	@echo 'make clients  generate clients in Go, Java, Rust and TypeScript from the document, and use them'
	@echo 'make lint     gcc and clang without warnings, format, sizes, circles, exported symbols'
	@echo 'make fmt      format the C sources'
	@echo 'make reference  write docs/settings.md, docs/command-line.md and the symbols of the Debian package with the program'
	@echo 'make dist     the release tarball of a commit, and its checksum, in build/dist; REF=v0.1.0'
	@echo 'make deb      Debian packages in build/deb; make deb-test: two builds are equal, and in a bare Debian they install, run, upgrade, purge (as root)'
	@echo 'make container-test  the image of contrib/container, built by buildah on a bare Debian, and run (as root)'
	@echo 'make systemd-test  the Debian package in a bare Debian that boots with a real systemd: started, reloaded, killed, restarted behind its socket (as root)'
	@echo 'make install  program, manual page, library, header (DESTDIR, PREFIX)'
	@echo 'make clean    remove all build folders'

setup-%:
	@scripts/setup $*

configure:
	@scripts/configure $(BUILD) $(PREFIX)

run: setup-run all
	@DIRECTMESSAGES_BUILD=$(BUILD) scripts/run

test: setup-test configure
	@meson configure $(BUILD) -Dtests=enabled -Dwerror=true
	@ninja -C $(BUILD) --quiet
	@DIRECTMESSAGES_BUILD=$(BUILD) $(LONGER) $(PYTEST) -n $(JOBS) $(if $(T),-k "$(T)")

mutants: setup-test
	@PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m mutants --jobs $(JOBS) $(if $(T),--only "$(T)")

bare: setup-bare
	@T="$(T)" JOBS=$(JOBS) MIRROR=$(MIRROR) KEEP=$(KEEP) TARGET=$(or $(TARGET),test) scripts/bare $(or $(SUITE),bookworm)

web: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) DIRECTMESSAGES_WEB_LONG=1 $(PYTEST)/test_web_pages.py -s $(if $(T),-k "$(T)")

readers: setup-deb setup-bare
	@BASE=$(BASE) MIRROR=$(MIRROR) scripts/deb-test $(or $(SUITE),bookworm)
	@T='django_page or walk_through or backend_page or installing_page' JOBS=$(JOBS) MIRROR=$(MIRROR) scripts/bare $(or $(SUITE),bookworm)

clients: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/generated_clients.py $(if $(T),-k "$(T)")

conformance: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m conformance \
		$(if $(N),--operations $(N)) $(if $(SEED),--seed $(SEED)) $(ARGS)
	@$(if $(ARGS),true,$(MAKE) --no-print-directory together model)

together: setup-test all
	@INBOX_OPERATIONS=$(or $(N),10000) DIRECTMESSAGES_BUILD=$(BUILD) $(PYTEST) -o faulthandler_timeout=0 -n $(JOBS) -k inbox_together

model: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m model \
		$(if $(N),--operations $(N)) $(if $(SEED),--seed $(SEED)) $(ARGS)

companion: setup-test all
	@for version in 4.2 5.2 6.0; do \
		echo "Django $$version"; \
		python=$$(/usr/bin/python3 tests/companion_project.py $$version) || continue; \
		DIRECTMESSAGES_DJANGO_PYTHON=$$python DIRECTMESSAGES_BUILD=$(BUILD) DIRECTMESSAGES_TEST_LONG=1 $(PYTEST) -n $(JOBS) -k "companion and ($(or $(T),companion))" || exit 1; \
	done

drill: setup-test configure
	@$(if $(filter patroni,$(PART)),scripts/setup drill || true)
	@meson configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@DIRECTMESSAGES_BUILD=$(BUILD) PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m drill \
		$(if $(N),-n $(N)) $(addprefix --part ,$(PART)) $(if $(SEED),--seed $(SEED)) $(ARGS)

asan: setup-test
	@test -f build-asan/build.ninja || meson setup build-asan -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C build-asan --quiet
	@DIRECTMESSAGES_BUILD=build-asan $(LONGER) $(PYTEST) -n $(JOBS) $(if $(T),-k "$(T)")

tsan: setup-test
	@test -f build-tsan/build.ninja || meson setup build-tsan -Dtests=enabled -Db_sanitize=thread -Db_lundef=false >/dev/null
	@ninja -C build-tsan --quiet
	@DIRECTMESSAGES_BUILD=build-tsan $(LONGER) $(PYTEST) -n $(JOBS) -m concurrent $(if $(T),-k "$(T)")

bench: setup-bench all
	@DIRECTMESSAGES_BUILD=$(BUILD) bench/run $(ARGS)
	@for part in webhooks inbox jwt; do \
		echo; DIRECTMESSAGES_BUILD=$(BUILD) bench/$$part $(filter --quick,$(ARGS)) || exit 1; \
	done

fuzz: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) DIRECTMESSAGES_FUZZ=$(or $(N),20000) $(PYTEST) -k fuzz

schemathesis: setup-test all
	@DIRECTMESSAGES_BUILD=$(BUILD) DIRECTMESSAGES_TEST_LONG=1 DIRECTMESSAGES_SCHEMATHESIS=$(or $(N),300) DIRECTMESSAGES_SCHEMATHESIS_SEED=$(or $(SEED),1) $(PYTEST) -s -k schemathesis

lint: setup-lint
	@scripts/lint

fmt: setup-lint
	@scripts/format

reference: all
	@$(BUILD)/directmessages help --form settings > docs/settings.md
	@$(BUILD)/directmessages help --form command-line > docs/command-line.md
	@scripts/symbols $(BUILD)/lib/libdirectmessages.so > $(BUILD)/symbols
	@mv $(BUILD)/symbols debian/libdirectmessages0.symbols

dist: setup-dist
	@scripts/dist $(or $(REF),HEAD)

deb: setup-deb
	@scripts/deb $(or $(REF),HEAD)

deb-test: setup-deb setup-bare
	@BASE=$(BASE) MIRROR=$(MIRROR) KEEP=$(KEEP) scripts/deb-test $(SUITE)

container-test: setup-container
	@BASE=$(BASE) MIRROR=$(MIRROR) KEEP=$(KEEP) scripts/container-test $(or $(SUITE),trixie)

systemd-test: setup-deb setup-bare setup-systemd
	@BASE=$(BASE) MIRROR=$(MIRROR) KEEP=$(KEEP) scripts/systemd-test $(SUITE)

install: all
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-asan build-tsan build-mutants build-lint-gcc build-lint-clang
