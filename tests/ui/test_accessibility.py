"""axe-core on every page, dark and light: nothing serious that a machine can find."""

import pytest
from browser import analyse, serious_violations
from toy_card import HUMAN, MACHINE

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser


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
    page.get_by_role("button", name="Compare").click()


def batched(page):
    page.get_by_role("link", name="Batch").first.click()


def about(page):
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("tab", name="How good they are").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("go", [analysed, guided, compared, batched, about])
def test_nothing_serious(visit, judged_url, go, scheme):
    page = visit(judged_url, color_scheme=scheme)
    go(page)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1500)  # colours fade in
    assert not serious_violations(page)
