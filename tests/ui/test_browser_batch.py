"""The page Batch in a real Chromium: give many texts, run, stop, go on, filter, judge again, take away, look closer."""

import csv
import gzip
import io
import json
import re

import docx
import pytest
from browser import serious_violations
from pyarrow import parquet
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.layout import Layout
from analyzer.batch.sources import bytes_source
from analyzer.batch.taking import take
from analyzer.calibration import Settings
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

# What Streamlit makes of its own parts is not ours to mend.
HOSTILE = '</span><img src=x onerror=window.pwned=1> **bold** [a](javascript:1) =HYPERLINK("x") $x$'


def word_file(text):
    made, file = docx.Document(), io.BytesIO()
    made.add_paragraph(text)
    made.save(file)
    return file.getvalue()


FILES = {
    "a.txt": MACHINE.encode(),
    "b.docx": word_file(HUMAN),
    "c.html": f"<p>{HUMAN}</p><script>no</script>".encode(),
    "=d.csv": (
        "id,text,note\n" + f'=1+1,"{MACHINE}",yes\n"{HOSTILE.replace(chr(34), chr(34) * 2)}",the cat,\nz,,\n'
    ).encode(),
    "e.jsonl.gz": gzip.compress(json.dumps({"id": 5, "text": HUMAN}).encode()),
    "broken.pdf": b"no",
}


def records(rate=0.01, files=FILES):
    """What the engine itself makes of the files."""
    model = load_model("toy")
    rows = take([bytes_source(data, name=name) for name, data in files.items()]).rows
    layout = Layout(settings=Settings(rate))
    return [layout.record(one) for one in score_rows(Analyzer(model, calibration=toy_card(model.info)), rows)]


def open_batch(visit, url, **options):
    page = visit(url, **options)
    if page.get_by_role("link", name="Batch").count() == 0:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Batch").first.click()
    page.get_by_role("heading", name="Analyse many texts").wait_for()
    return page


def upload(page, files):
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()]
    )


def run(page, count):
    page.get_by_role("button", name=f"Analyse {count} texts").click()
    expect(page.locator(".st-key-batch-progress")).to_contain_text(re.compile(rf"{count} rows · [\d,]+ tokens in"))


def downloaded(page, label):
    with page.expect_download() as waiting:
        page.locator(".st-key-batch-downloads").get_by_role("button", name=label).click()
    with open(waiting.value.path(), "rb") as file:
        return waiting.value.suggested_filename, file.read()


def test_files_of_many_kinds_from_the_upload_to_the_downloads(visit, judged_url):
    page = open_batch(visit, judged_url)
    upload(page, FILES)
    expect(page.get_by_text("6 files")).to_be_visible()
    expect(page.get_by_text(re.compile(r"8 rows · \d+ words · 1 cannot be read"))).to_be_visible()
    run(page, 8)
    name, data = downloaded(page, "JSON lines")
    found = [json.loads(line) for line in data.decode().splitlines()]
    assert name == "batch.jsonl"
    assert found == records()
    assert [row["verdict"] for row in found] == [
        "likely AI", "likely human", "likely human", "likely AI", "not judged", None, "likely human", None,
    ]  # fmt: skip
    table = parquet.read_table(io.BytesIO(downloaded(page, "Parquet")[1])).to_pylist()
    assert [row["probability"] for row in table] == [row["probability"] for row in found]
    cells = list(csv.DictReader(io.StringIO(downloaded(page, "CSV")[1].decode(), newline="")))
    assert [row["id"] for row in cells] == ["a.txt", "b.docx", "c.html", "'=1+1", HOSTILE, "z", "5", "broken.pdf"]
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)  # the table’s own, which guards nothing
    page.get_by_text("2 rows without numbers, and why").click()
    expect(page.get_by_role("listitem").filter(has_text="broken.pdf is no readable PDF.")).to_be_visible()
    assert page.get_by_test_id("stVegaLiteChart").count() == 2
    assert page.evaluate("window.pwned") is None
    assert "cat" not in page.url


def test_another_rate_and_filters(visit, judged_url):
    page = open_batch(visit, judged_url)
    upload(page, FILES)
    run(page, 8)
    progress = page.locator(".st-key-batch-progress [data-testid=stMarkdown]")
    before = progress.inner_text()  # how many tokens were read, and in what time
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("in about 1 in 200 such tables")).to_be_visible()  # five of them are judged
    found = [json.loads(line) for line in downloaded(page, "JSON lines")[1].decode().splitlines()]
    assert found == records(0.001)
    assert [row["verdict"] for row in found] != [row["verdict"] for row in records()]
    assert progress.inner_text() == before
    page.get_by_role("button", name="Failed (2)").click()
    expect(page.get_by_text("2 of 8 rows are shown.")).to_be_visible()
    page.get_by_label("Name contains").fill("pdf")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 8 rows are shown.")).to_be_visible()
    page.get_by_label("Name contains").fill("nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No row is like that")).to_be_visible()


def test_a_column_is_chosen(visit, judged_url):
    page = open_batch(visit, judged_url)
    data = f"name,first,second\nx,the cat,{MACHINE}\ny,the dog,{MACHINE}\n"
    upload(page, {"t.csv": data.encode()})
    column = page.get_by_role("combobox", name=re.compile("^Text|Text$"))
    expect(page.get_by_text(f"2 rows · {2 * len(MACHINE.split())} words")).to_be_visible()  # the longest is guessed
    column.click()
    page.get_by_role("option", name="first").click()
    expect(page.get_by_text("2 rows · 4 words")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("^Id|Id$")).click()
    page.get_by_role("option", name="name").click()
    run(page, 2)
    found = [json.loads(line) for line in downloaded(page, "JSON lines")[1].decode().splitlines()]
    assert [(row["id"], row["n_tokens"], row["second"]) for row in found] == [("x", 7, MACHINE), ("y", 7, MACHINE)]


def test_stop_and_go_on_and_leave_and_come_back(visit, judged_url):
    page = open_batch(visit, judged_url)
    text = (MACHINE + HUMAN) * 8
    upload(page, {"many.jsonl": "".join(json.dumps({"text": f"{n} {text}"}) + "\n" for n in range(90)).encode()})
    page.get_by_role("button", name="Analyse 90 texts").click()
    progress = page.locator(".st-key-batch-progress")
    expect(progress).to_contain_text(re.compile(r"[1-9]\d* of 90 rows · [\d,]+ tokens · about .* left"))
    page.locator(".st-key-batch-stop button").click()
    expect(progress).to_contain_text("Stopped")
    stopped = int(re.search(r"after (\d+) of 90", progress.inner_text())[1])
    assert 0 < stopped < 90
    page.wait_for_timeout(2500)
    assert f"after {stopped} of 90" in progress.inner_text()
    expect(page.get_by_role("button", name=re.compile(r"^Likely AI|^Likely human"))).to_have_count(2)
    page.get_by_role("button", name="Go on").click()
    expect(progress).not_to_contain_text("Stopped")
    expect(progress).to_contain_text("left")
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("heading", name="The numbers").wait_for()
    page.get_by_role("link", name="Batch").first.click()
    expect(progress).to_contain_text(re.compile(r"^90 rows · [\d,]+ tokens in"), timeout=120_000)
    found = [json.loads(line) for line in downloaded(page, "JSON lines")[1].decode().splitlines()]
    assert [row["id"] for row in found] == list(range(1, 91))


def test_a_row_opens_in_analyse_and_back_it_is_all_there(visit, judged_url):
    page = open_batch(visit, judged_url)
    page.get_by_label("Or paste several texts").fill(f"{MACHINE}\n---\n{HUMAN}")
    page.keyboard.press("Tab")
    run(page, 2)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 35 + 35 + 17)  # the box before the second row
    chosen = page.get_by_role("combobox", name=re.compile("Look closer at"))
    expect(chosen).to_have_value("2. pasted 2")
    expect(page.get_by_text(re.compile("It begins: My grandmother"))).to_be_visible()
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")  # the rate is one for all pages: a text has the same verdict on each
    expect(page.get_by_text("in about 1 in 25 such tables")).to_be_visible()
    page.get_by_role("button", name="Open in Analyse").click()
    page.get_by_role("heading", name="Analyse a text").wait_for()
    expect(page.get_by_label("Your text")).to_have_value(HUMAN)
    expect(page.locator(".st-key-verdict").get_by_role("heading", name="Likely human")).to_be_visible()
    expect(page.get_by_text("Of 1,000 innocent writers about 20 would")).to_be_visible()
    page.get_by_text("What would change it?").click()
    page.get_by_role("slider", name="How many innocent writers").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Of 1,000 innocent writers about 10 would")).to_be_visible()
    page.get_by_role("link", name="Batch").first.click()
    expect(page.get_by_text("in about 1 in 50 such tables")).to_be_visible()
    expect(page.locator(".st-key-batch-progress")).to_contain_text("2 rows")
    expect(chosen).to_have_value("2. pasted 2")
    page.get_by_text("Other texts").click()
    expect(page.get_by_label("Or paste several texts")).to_have_value(f"{MACHINE}\n---\n{HUMAN}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(visit, judged_url, scheme):
    page = open_batch(visit, judged_url, color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    upload(page, FILES | {"x" * 90 + ".txt": b"the cat"})
    run(page, 9)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_results(visit, judged_url, scheme):
    page = open_batch(visit, judged_url, color_scheme=scheme)
    upload(page, FILES)
    run(page, 8)
    page.wait_for_timeout(1500)  # colours fade in
    assert not serious_violations(page)
