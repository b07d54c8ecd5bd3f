# What a person types; `make help` lists it. Set-up happens by itself, once per lock file.

PYTHON ?= python3
WORKERS ?= auto
TESTS ?=
UPGRADE ?=
PAGES ?= 500
SLIPS ?= 20
FILES ?= 100000
MOMENTS ?= 500
OLD ?= 7b29a35

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
LOCK = $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(UPGRADE)

# An environment is ready when there is a stamp with the checksum of all that it was made from;
# folder and Python are part of it, because an environment that was moved does not work.
stamp = $(VENV)/$(1)-$(shell { pwd; $(PYTHON) --version; cat setup.cfg pyproject.toml $(2); } | cksum | cut -d ' ' -f 1)
RUNTIME := $(call stamp,runtime,requirements/runtime.txt)
DEV := $(call stamp,dev,requirements/runtime.txt requirements/dev.txt)

.NOTPARALLEL:
.PHONY: help demo test test-programs torture traced kinds viewers lint types setup wheel accuracy accuracy-large ink calibration bench bench-compare docs hooks guide pictures rollbacks acts killed mutants cluster-trial browser scanner bundle package-trial bundle-windows windows-trial container-trial country lock system questionnaires

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: setup  ## the whole job on simulated slips, in ./demo
	$(BIN)/omr demo demo

test: $(DEV) test-programs  ## all tests; TESTS=tests/forms for some, WORKERS=1 for one at a time
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

test-programs: system  ## all programs that the tests need beside ours: browser, viewers, scanner
	@$(PYTHON) requirements/system.py browser viewers scanner

lint: $(DEV)  ## errors, style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)  ## mypy --strict on the package
	$(BIN)/mypy

setup: $(RUNTIME)  ## all that omr needs to run, then .venv/bin/omr

wheel: $(DEV)  ## dist/omr-*.whl, with forms, fonts and catalogues inside
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

accuracy: $(DEV)  ## errors per condition and kind of mark, in out/*.csv; SLIPS=20 each
	$(BIN)/python bench papers harmed
	$(BIN)/python bench simulated alignment --pages $$(( 75 * $(SLIPS) ))
	$(BIN)/python bench identity serials --misreads $$(( 50000 * $(SLIPS) ))
	$(BIN)/python bench simulated conditions --slips $(SLIPS)

questionnaires: $(DEV)  ## the sample questionnaires: pages, numbers, "not applicable"; 20,000 positions each
	$(BIN)/python bench simulated questionnaires

accuracy-large: SLIPS = 400
accuracy-large: accuracy  ## the same for hours; where it was interrupted, it goes on

ink: $(DEV)  ## our forms filled with marks cut from real scans: silent and asked; SLIPS=20 of each kind of trouble
	$(BIN)/python bench ink slips everyday --slips $$(( 10 * $(SLIPS) )) --workers $$(nproc)
	$(BIN)/python bench ink slips trouble --slips $(SLIPS) --workers $$(nproc)
	$(BIN)/python bench ink displaced --pages $$(( 100 * $(SLIPS) )) --workers $$(nproc)
	$(BIN)/python bench ink worth --everyday $$(( 10 * $(SLIPS) )) --trouble $(SLIPS) --workers $$(nproc)
	$(BIN)/python bench papers all

traced: $(DEV)  ## papers of other makers: 20,000 simulated positions, and the labelled scans of FOLDER
	$(BIN)/python bench simulated traced
	$(if $(FOLDER),$(BIN)/python bench papers traced $(FOLDER))

calibration: $(DEV)  ## fit calibration/default.json anew to real ink and practice sheets
	$(BIN)/python bench papers labels out/labels
	$(BIN)/omr --workspace out/fit calibrate fit out/labels/*.csv --practice 60 --risk 0.05 --workers $$(nproc)
	cp out/fit/calibration/default.json calibration/default.json
	$(BIN)/python bench ink likeness --workers $$(nproc)

bench: $(DEV)  ## what reading costs, in times decoding, and beside other programs; PAGES=500
	$(BIN)/python bench speed cost --pages $(PAGES)
	$(BIN)/python bench speed peers --pages 100

.PHONY: reviewer training
reviewer: $(DEV)  ## keys and time of a scripted reviewer on difficult hands, row by row and slip by slip
	$(BIN)/python bench desks reviewer

training: $(DEV)  ## the training set of the desks, made anew
	$(BIN)/python bench desks training

bench-compare: $(DEV)  ## the last bench against the saved baseline: what changed by more than noise
	$(BIN)/python bench speed changes

guide: $(DEV) browser  ## the pictures of docs/guide-clerks.md, taken on simulated slips
	$(BIN)/python tests/web/guide_pictures.py

pictures: $(DEV)  ## the pictures of README.md, from the samples
	$(BIN)/python docs/pictures.py

rollbacks: $(DEV)  ## 1,000 losses of database, write-ahead file, mark and originals: none is called intact
	ROLLBACKS=1000 $(BIN)/python -m pytest -q tests/records/test_rollback.py

acts: $(DEV)  ## 200 sequences of acts and counter-acts: every figure is the sum of what stands, the chain is whole
	ACTS=200 $(BIN)/python -m pytest -q tests/records/test_acts_at_random.py

docs: $(DEV)  ## the documents that are made from the code: reasons, rooms, licences
	$(BIN)/python docs/generate.py

hooks:  ## before each commit lint and types, before each push the whole gate
	git config core.hooksPath .githooks

mutants: $(DEV)  ## change the core line by line: does a test notice? Hours; goes on where it stopped
	$(BIN)/python bench house mutants

cluster-trial: $(DEV)  ## 5,000 pages on a cluster, parts of it killed; then over TLS between machines on a wire
	$(BIN)/python bench cluster trial
	$(BIN)/python bench cluster machines --pages 500

scanner: system  ## SANE, with the devices that it brings for tests
	$(PYTHON) requirements/system.py scanner

viewers: system  ## other makers' programs that show scans; the tests compare what is read with them
	$(PYTHON) requirements/system.py viewers

torture: $(DEV)  ## mutated files and bombs of every format, opened under the limits of reading; FILES=100000
	$(BIN)/python bench faults torture --files $(FILES) --workers $$(nproc)

kinds: $(DEV) viewers  ## every kind of file that scanners and phones write beside what others show of it
	OMR_ALL_KINDS=1 $(BIN)/python -m pytest -q -s tests/reading/test_kinds.py

country: $(DEV)  ## ten million slips of 34 provinces in Parquet, asked by DuckDB: seconds, and right?
	$(BIN)/python bench scale country out/country
	$(BIN)/python bench scale ask-country out/country

killed: $(DEV)  ## kill the program at MOMENTS=500 random moments and count what is lost or doubled
	$(BIN)/python bench faults killed --moments $(MOMENTS)

browser: system  ## the browser that the tests of the desks drive
	$(PYTHON) requirements/system.py browser

lock: $(DEV)  ## write requirements/*.txt anew from setup.cfg and *.in; UPGRADE=--upgrade for newer versions
	$(LOCK) --output-file requirements/runtime.txt setup.cfg requirements/build.in
	$(LOCK) --output-file requirements/cluster.txt setup.cfg requirements/build.in --extra cluster \
		--constraint requirements/runtime.txt
	$(LOCK) --output-file requirements/parquet.txt setup.cfg requirements/build.in --extra parquet \
		--constraint requirements/runtime.txt
	$(LOCK) --output-file requirements/dev.txt setup.cfg requirements/build.in requirements/dev.in --extra cluster \
		--extra parquet --constraint requirements/cluster.txt --constraint requirements/parquet.txt

system:
	@$(PYTHON) requirements/system.py

$(RUNTIME): | system
	@echo "Setting up $(VENV) (once) …"
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version != sys.argv[1])' \
		"$$($(PYTHON) -c 'import sys; print(sys.version)')" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@requirements/install.sh $(BIN)/python requirements/runtime.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/runtime-* && touch $@

$(DEV): $(RUNTIME)
	@requirements/install.sh $(BIN)/python requirements/dev.txt
	@rm -f $(VENV)/dev-* && touch $@

bundle: $(DEV)  ## dist/omr-*-linux-x86_64.tar and .deb: installs where there is no internet
	$(BIN)/python packaging/bundle.py
	$(BIN)/python packaging/deb.py dist/omr-$$($(BIN)/python -c 'import omr; print(omr.__version__)')-linux-x86_64.tar

bundle-windows: $(DEV)  ## dist/omr-*-windows-x86_64.zip: installs on a PC where there is no internet (docs/windows.md)
	$(BIN)/python packaging/bundle.py --system windows

windows-trial: bundle-windows  ## install that and play a month, with Python for Windows in Wine (not Windows)
	$(PYTHON) requirements/system.py wine
	$(BIN)/python packaging/wine_trial.py dist/omr-*-windows-x86_64.zip

container-trial: bundle  ## follow docs/container.md word by word with podman: build, a stack, update, way back, removal
	sh packaging/container_trial.sh

package-trial: bundle  ## install, upgrade from OLD=REVISION, roll back, remove, follow docs/operate.md, in an empty Debian that boots; Debian 13
	$(BIN)/python packaging/bundle.py --revision $(OLD) --dist out/old --work out/old/bundle
	$(BIN)/python packaging/deb.py out/old/omr-*-linux-x86_64.tar --dist out/old --work out/old/deb --version-suffix "~before"
	$(BIN)/python packaging/trial.py out/old/omr_*.deb dist/omr_*.deb dist/omr-*-linux-x86_64.tar
