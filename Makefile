# The few words everyone knows; each is one call of scripts/setup.sh or `cargo xtask`.
.PHONY: run test dev check e2e proof bench vectors setup clean

run: ## build for real use and start; http://127.0.0.1:3000
	@scripts/setup.sh run
	@cargo xtask build --release
	@target/release/server serve

test: ## every test; the last line is the sum
	@scripts/setup.sh test
	@cargo xtask test

dev: ## start, and again after every saved change
	@scripts/setup.sh run
	@cargo xtask dev

check: ## format, lints, layers, migrations, saved queries
	@scripts/setup.sh run
	@cargo xtask check

e2e: ## browser tests; make e2e ARGS="-g invoices"
	@scripts/setup.sh test
	@cargo xtask e2e $(ARGS)

proof: ## every test, property tests at full count, the API against its document
	@scripts/setup.sh proof
	@cargo xtask proof

bench: ## figures against their yardsticks; make bench NAME=bundle_kb
	@scripts/setup.sh test
	@cargo xtask bench $(NAME)

vectors: ## price the cases of a directory; make vectors DIR=path
	@cargo run --quiet --package billing --features zones --example vectors -- $(DIR)

setup: ## install what is missing
	@scripts/setup.sh test

clean: ## forget every build; data in .data stays
	@rm -rf target node_modules
