# Every target creates .venv first if it is missing or older than what it is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
STAMP := $(VENV)/.complete

MINUTES ?= 30
NETWORKS ?=
A ?= HEAD
B ?= workspace
PIPELINE ?=
MARKDOWN ?=
ALL := sweep@B1 variants published@B1 near transposed centring copying gradients stand_in newdata readings published@B2 sweep@B2 published@B3 published@B4 sweep@B4 sweep@B3
PAPER ?= $(if $(NETWORKS),$(foreach n,$(NETWORKS),sweep@$(n) published@$(n)),$(ALL))

.PHONY: repro compare plots lock demo paper study celeba report test lint bench clean

repro: $(STAMP)            ## everything: run all stages anew, then compare with the committed numbers
	$(BIN)/python -m stages.report.repro

compare: $(STAMP)          ## two revisions, HEAD and the workspace unless named: make compare A=main B=HEAD
	@$(BIN)/python -m stages.compare '$(A)' '$(B)' \
	  $(if $(PIPELINE),--pipeline '$(PIPELINE)') $(if $(MARKDOWN),--markdown '$(MARKDOWN)')

plots: $(STAMP)            ## plots and figures of two revisions beside each other, without a network: make plots A=main
	@test -e .cache/plots.html || $(BIN)/python -m stages.report.plots || true
	$(BIN)/dvc plots diff '$(A)' $(filter-out workspace,$(B))

lock: $(STAMP)             ## the committed lock matches code and parameters: on a fresh clone no stage would run
	@dry=$$($(BIN)/dvc repro --allow-missing --dry) && ! echo "$$dry" | grep '^Running stage' || { echo "$$dry"; \
	  echo "dvc.lock does not match code and parameters: run dvc repro, commit dvc.lock with metrics/"; exit 1; }

demo: $(STAMP)             ## a first picture in two minutes
	$(BIN)/python -m stages.report.demo

paper: $(STAMP)            ## go on at the paper's scale, then judge: make paper MINUTES=30 NETWORKS=B2
	@status=0; for stage in $(PAPER); do \
	  IDEM_MINUTES=$(MINUTES) $(BIN)/dvc repro stages/pipelines/paper/dvc.yaml:$$stage || { status=1; break; }; \
	done; for command in claims "summary --so-far" figures.plot_paper; do \
	  $(BIN)/python -m stages.$$command --params stages/pipelines/paper/params.yaml \
	    --metrics metrics/paper || status=1; \
	done; exit $$status

study: $(STAMP)            ## the generative study at length, go on: make study MINUTES=30
	IDEM_MINUTES=$(MINUTES) $(BIN)/dvc repro stages/pipelines/study/dvc.yaml

celeba: $(STAMP)           ## the generative study on CelebA, whose archive its user brings
	IDEM_MINUTES=$(MINUTES) $(BIN)/dvc repro stages/pipelines/celeba/dvc.yaml

report: $(STAMP)           ## report.html, all that was found on one page; tables in READMEs; scale.md
	$(BIN)/python -m stages.report.page
	$(BIN)/python -m stages.report.readme
	$(BIN)/python -m stages.scale

test: $(STAMP)             ## the test suite
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)             ## what CI checks besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

bench: $(STAMP)            ## benchmarks, printed; never part of the tests
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file || exit 1; done

clean:                     ## what can be made again, downloads excepted
	rm -rf $(VENV) .pytest_cache .ruff_cache

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	  "idem needs Python 3.11 to 3.13, got %d.%d: name another with make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[pipeline,dev]'
	@touch $@
