"""What tests of the page in a real Chromium, and its screenshots, share."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@contextmanager
def served(model: str | None, card: Path | None = None) -> Iterator[str]:
    """The page on a free port, for as long as the block runs; with a calibration card other than the model's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full"}
    for name, value in (("ANALYZER_MODEL", model), ("ANALYZER_CALIBRATION", card)):
        environment.pop(name, None)
        if value:
            environment[name] = str(value)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        url = f"http://localhost:{port}"
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
                    break
                except (urllib.error.URLError, OSError):
                    assert process.poll() is None, "the page did not start"
                    time.sleep(0.25)
            yield url
        finally:
            process.terminate()
            process.wait(10)
            log.seek(0)
            if "Traceback" in (said := log.read()):  # the page hides it from its reader
                print(f"\nThe page on the model {model or 'by default'} said:\n{said[-8000:]}", file=sys.__stderr__)


def analyse(page, text):
    page.get_by_label("Your text").fill(text)
    page.get_by_role("button", name="Analyse").click()
    page.locator(".token").first.wait_for(timeout=120_000)


def idle(page):
    """Wait until nothing runs: what is typed or moved before is put back by an answer to what was before."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def shown_text(page):
    return page.locator(".text").evaluate("e => e.textContent")


def background(token):
    return token.evaluate("e => getComputedStyle(e).backgroundColor")


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


# What Streamlit and Vega make of their own parts is not ours to mend.
STREAMLITS = {
    "svg-img-alt": ("brush_",),  # Vega draws what is selected as a picture without a name
    "aria-allowed-attr": ("stSelectbox", "stMultiSelect", "stNumberInput", "stSlider", "st-emotion-cache"),
}


def serious_violations(page):
    """What axe-core finds serious on a page as it is now, less what is not ours; and it did look at the main things."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response
    assert {"color-contrast", "button-name", "label"} <= {one["id"] for one in found["passes"]}
    return [
        (violation["id"], node["target"], node["html"][:160])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(part in node["html"] for part in STREAMLITS.get(violation["id"], ()))
    ]
