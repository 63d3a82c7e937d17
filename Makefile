# Two commands: `make demo` shows what the template makes, `make test` proves it. Both set everything up.
PYTHON ?= python3
UV := .venv/bin/uv

.PHONY: demo check test bench lint docs setup tools clean

demo: setup
	@.venv/bin/python scripts/demo.py

test: setup tools
	@CI=$(CI) scripts/test

# The quick inner loop: the code of a project as it stands in template/, the ladder and the questions.
check: setup
	@scripts/test tests/lifecycle tests/test_levels.py tests/test_answers.py tests/test_repository.py tests/test_words.py

bench: setup
	@for script in benchmarks/*.py; do .venv/bin/python $$script; done

lint: setup
	@.venv/bin/prek run --all-files

docs: setup
	@.venv/bin/python -m mlops_ladder.site

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt $(wildcard levels/*.yml)
	@echo "setting up .venv"
	@$(PYTHON) -c 'import sys; sys.exit("error: Python >= 3.11 is needed; set PYTHON=python3.12, for example" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --constraint constraints.txt uv
	@$(UV) pip install --quiet --python .venv/bin/python --constraint constraints.txt --group dev --editable .
	@.venv/bin/python scripts/lifecycle_packages.py | $(UV) pip install --quiet --python .venv/bin/python --constraint constraints.txt --requirements -
	@touch $@

tools:
	@scripts/install-tools

clean:
	rm -rf .venv .tools demo-project site
