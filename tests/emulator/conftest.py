"""Fixtures: a stack of recorders (what wakes whom), a stack of the real functions beside a sandbox, and a sandbox alone."""

import pathlib
import sys

import pytest

from . import pipeline as pipelines
from . import servers
from .stack import Stack


@pytest.fixture(scope="session")
def wiring(tmp_path_factory):
    """The template with its functions replaced by recorders."""
    folder = tmp_path_factory.mktemp("wiring")
    recorder = folder / "bootstrap"
    source = pathlib.Path(__file__).with_name("recorder.py").read_text()
    recorder.write_text(f"#!{sys.executable}\n{source}")
    emulator = servers.start_emulator(folder, 900, {"RECORDER_FOLDER": str(folder)})
    try:
        stack = Stack(emulator)
        stack.folder = folder
        stack.deploy({name: recorder for name in pipelines.FUNCTIONS}, {"Timing": "quick"}, folder)
        yield stack
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory):
    """The template with the real functions, their API being the sandbox, and a connected destination `acme`."""
    try:
        running = pipelines.start(tmp_path_factory.mktemp("pipeline"), seconds=1800)
    except FileNotFoundError as problem:
        pytest.fail(str(problem), pytrace=False)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """The stand-in for TikTok's API, alone: no stack, and another one than the pipeline's."""
    program = pipelines.built("tiktok-sandbox")
    if not program.exists():
        pytest.fail(f"{program} not found: run `cargo build -p tiktok-sandbox` first", pytrace=False)
    running = servers.start_sandbox(tmp_path_factory.mktemp("sandbox"), program, 900)
    try:
        yield running
    finally:
        running.stop()
