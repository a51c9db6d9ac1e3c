"""Pages as a browser lays them out in a window of 1280 pixels."""

import shutil

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from attributes.models import Job
from attributes.operations.change import carry_out
from attributes.operations.retype import Retype

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")

LONG = "number_of_households_that_have_no_drinking_water_x"  # as many characters as there may be
_HIDDEN = """() => {
    const list = document.querySelector(".results");
    return list.scrollWidth - list.clientWidth;
}"""
_OVERLAP = """() => {
    const words = document.createRange();
    words.selectNodeContents(document.querySelector("#content h2"));
    const [name, tools] = [words, document.querySelector(".object-tools")]
        .map(e => e.getBoundingClientRect());
    return name.bottom > tools.top && name.right > tools.left;
}"""


@pytest.fixture
def job(make_attribute, dee):
    definition = make_attribute(LONG, "STRING")
    carry_out(Retype(LONG, {"type": "INTEGER"}), principal=dee)
    job = Job.objects.get(attribute_id=definition.id)
    job.state, job.error = "BLOCKED", "3 values cannot be converted."
    job.save()
    return job


def laid_out(response, asked):
    """What a browser answers about a page."""

    def serve(route):
        asset = route.request.url.partition("/static/")[2]
        if asset:
            route.fulfill(path=finders.find(asset))
        else:
            route.fulfill(body=response.content, content_type=response.headers["Content-Type"])

    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.route("**/*", serve)
        page.goto("http://testserver/")
        answer = page.evaluate(asked)
        browser.close()
    return answer


@pytest.mark.parametrize("model", ["job", "attributemeta"])
def test_a_list_fits_with_a_long_name_and_a_blocked_job(admin_client, job, model):
    shown = admin_client.get(reverse(f"admin:attributes_{model}_changelist"))
    assert LONG in shown.content.decode()
    assert laid_out(shown, _HIDDEN) == 0


def test_the_buttons_above_a_job_leave_room_for_its_name(admin_client, job):
    shown = admin_client.get(reverse("admin:attributes_job_change", args=[job.pk]))
    assert not laid_out(shown, _OVERLAP)
