"""axe-core on every page, dark and light: nothing serious that a machine can find."""

import pytest
from browser import analyse
from toy_card import HUMAN, MACHINE

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

# What Streamlit and Vega make of their own parts is not ours to mend.
STREAMLITS = {
    "svg-img-alt": ("brush_",),  # Vega draws what is selected as a picture without a name
    "aria-allowed-attr": ("stSelectbox", "stMultiSelect", "stNumberInput", "stSlider", "st-emotion-cache"),
}


def analysed(page):
    analyse(page, (MACHINE + HUMAN).replace("cat", "c\u200bat", 1))
    page.get_by_role("radio", name="Share of the verdict").check()


def guided(page):
    page.get_by_role("link", name="Guide").first.click()
    page.get_by_role("textbox", name="Opening").fill("the cat")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("option").nth(1).click()
    expect(page.get_by_role("option").first).to_be_visible()


def compared(page):
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_role("textbox", name="Your text").fill(HUMAN)
    page.get_by_role("button", name="Compare", exact=True).click()


def batched(page):
    page.get_by_role("link", name="Batch").first.click()


def about(page):
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("tab", name="How good they are").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("go", [analysed, guided, compared, batched, about])
def test_nothing_serious(visit, judged_url, go, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(judged_url, color_scheme=scheme)
    go(page)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1500)  # colours fade in
    found = axe.Axe().run(page).response
    serious = [
        (violation["id"], node["target"], node["html"][:160])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(part in node["html"] for part in STREAMLITS.get(violation["id"], ()))
    ]
    assert not serious
    assert {"color-contrast", "button-name", "label"} <= {one["id"] for one in found["passes"]}
