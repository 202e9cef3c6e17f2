# Builds, tests and runs Shosoin. `make` alone lists the targets.

CARGO ?= cargo
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help demo test build check bench release schemas prepare

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: prepare ## the main job on seven sample contracts, narrated / 見本の契約書で一通り動かす
	$(CARGO) run --locked -- demo

test: prepare ## every test, from units to strangers reading our formats / すべてのテスト
	$(CARGO) test --locked

build: prepare ## the program, in the same profile as demo and test
	$(CARGO) build --locked

check: prepare ## formatting, and clippy with warnings as errors
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

bench: prepare ## speed of search and deposits; compiles everything once more, optimised
	$(CARGO) bench --locked

release: prepare ## the optimised program, target/release/shosoin; compiles everything once more
	$(CARGO) build --locked --release

schemas: prepare ## writes the generated files in schema/ again; read the difference
	SHOSOIN_WRITE_SCHEMAS=1 $(CARGO) test --locked --test schemas -- is_current

# Installs what is missing (asks before it uses sudo's rights), and tells how long the first build takes.
prepare:
	@./scripts/setup-debian.sh
	@if ! ls -d $(TARGET)/*/build/librocksdb-sys-*/out >/dev/null 2>&1; then \
		echo "最初のビルドは2コアで約35分かかります。2回目からは1〜3分です。" >&2; \
		echo "The first build takes about 35 minutes on two cores; later ones 1 to 3." >&2; \
	fi
