"""A real browser in the gallery: Chromium searches, drops pictures, goes by keys alone, on a telephone, and axe."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import sqlalchemy as sa
from integration.filling import embed_regions
from integration.galleries import WRITER, demo_database
from PIL import Image
from serving import served
from sqlalchemy.engine import URL

from clipsql.images.hashing import content_hash

webdriver = pytest.importorskip("selenium.webdriver", reason="needs pip install selenium")

from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if CHROMIUM is None or DRIVER is None:
    pytest.skip("needs chromium and chromedriver, of Debian: chromium-driver", allow_module_level=True)

AXE = "axe-core@4"
Browser = Any


@pytest.fixture(scope="module")
def address(
    new_database: Callable[..., URL], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A public gallery of writers: 90 pictures, each of a file, with a watch and its alarms."""
    folder = tmp_path_factory.mktemp("shown")
    url = new_database(template=template)
    with demo_database(url, rows=90) as (engine, model):
        with engine.begin() as connection:
            for (image,) in connection.exec_driver_sql("select image_id from clipsql.image").all():
                file = folder / f"{image}.png"
                Image.new("RGB", (320, 240), (image * 37 % 256, image * 91 % 256, image * 53 % 256)).save(
                    file
                )
                connection.execute(
                    sa.text(
                        "update clipsql.image set file = :file, sha256 = :sha256 where image_id = :image"
                    ),
                    {"file": str(file), "sha256": content_hash(file.read_bytes()), "image": image},
                )
            connection.exec_driver_sql("update clipsql.image set width = 320, height = 240")
        embed_regions(engine, model)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"set local role {WRITER}")
            connection.exec_driver_sql("select clipsql.watch('dogs', 'a dog', min_similarity => -1)")
            connection.exec_driver_sql(
                "select clipsql.put_image('streets', 'https://a.example/1.jpg', clipsql.embed_text('a dog'))"
            )
        with served(url.render_as_string(hide_password=False), public=True, role=WRITER) as client:
            yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser in a window of a desk; in the end nothing may have been said to its console."""
    window(chromium, 1280)
    chromium.get_log("browser")
    yield chromium
    said = [entry["message"] for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"]
    # An answer of 4xx is told there, too, and a picture without preview.
    assert not [message for message in said if "Failed to load resource" not in message]


def window(browser: Browser, width: int, *, dark: bool = False) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def one(browser: Browser, selector: str) -> Any:
    return WebDriverWait(browser, 20).until(lambda there: there.find_element(By.CSS_SELECTOR, selector))


def shown(browser: Browser) -> list[str]:
    return [card.get_attribute("data-image") for card in browser.find_elements(By.CSS_SELECTOR, ".card")]


def until(browser: Browser, condition: Callable[[], object]) -> None:
    def holds(_browser: Browser) -> object:
        try:
            return condition()
        except StaleElementReferenceException:
            return False

    WebDriverWait(browser, 20).until(holds)


def test_a_search_a_facet_and_the_way_back(browser: Browser, address: str) -> None:
    browser.get(address)
    until(browser, lambda: len(shown(browser)) == 60)
    one(browser, "#query").send_keys("a red truck - night", Keys.ENTER)
    until(browser, lambda: "query=a%20red%20truck" in browser.current_url)
    until(browser, lambda: "red truck" in browser.title)
    found = shown(browser)
    loaded = "return [...document.images].slice(0, 6).every((i) => i.complete && i.naturalWidth === 256)"
    until(browser, lambda: browser.execute_script(loaded))
    choice = next(
        link for link in browser.find_elements(By.CSS_SELECTOR, ".choices a") if "streets" in link.text
    )
    choice.click()
    until(browser, lambda: "in_collection=streets" in browser.current_url)
    until(browser, lambda: shown(browser) and shown(browser) != found)
    browser.back()
    until(browser, lambda: "in_collection" not in browser.current_url and shown(browser) == found)
    one(browser, ".card .shot").click()
    until(browser, lambda: "/pictures/" in browser.current_url)
    assert one(browser, ".about dl").text
    one(browser, "#back").click()
    until(browser, lambda: shown(browser) == found)


def test_a_mistake_is_marked_where_it_is(browser: Browser, address: str) -> None:
    browser.get(address + "/?query=a+red+(truck")
    assert one(browser, ".problem mark").text == "("
    at = browser.execute_script(
        "const q = document.querySelector('#query'); return [q.selectionStart, document.activeElement === q]"
    )
    assert at == [6, True]
    one(browser, "#query").send_keys(Keys.END, ")")
    assert one(browser, "#query").get_attribute("aria-invalid") == "true"


def test_a_picture_is_chosen_dropped_and_pasted(browser: Browser, address: str, tmp_path: Path) -> None:
    file = tmp_path / "asked.png"
    Image.effect_noise((64, 64), 90).convert("RGB").save(file)
    browser.get(address + "/?in_collection=streets")
    one(browser, "#drop [type=file]").send_keys(str(file))
    until(browser, lambda: "picture=" in browser.current_url)
    assert ("in_collection=streets" in browser.current_url, one(browser, ".chips li").text[:12]) == (
        True,
        "your picture",
    )
    give = """
        const [kind, of] = arguments;
        const held = new DataTransfer();
        const bytes = Uint8Array.from(atob(of), (letter) => letter.charCodeAt(0));
        held.items.add(new File([bytes], 'given.png', {type: 'image/png'}));
        document.querySelector('#query').value = 'a dog';
        document.body.dispatchEvent(kind === 'drop'
            ? new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: held})
            : new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: held}));
    """
    import base64

    for kind in ("drop", "paste"):
        browser.get(address)
        one(browser, "#drop")
        browser.execute_script(give, kind, base64.b64encode(file.read_bytes()).decode())
        until(browser, lambda: "picture=" in browser.current_url and "query=a+dog" in browser.current_url)
        until(browser, lambda: "search_vectors" in one(browser, "#sql").get_attribute("textContent"))


def test_the_gallery_goes_by_keys_alone(browser: Browser, address: str) -> None:
    browser.get(address)
    one(browser, ".card")
    keys = webdriver.ActionChains(browser)
    keys.send_keys("/").send_keys("a dog").send_keys(Keys.ENTER).perform()
    until(browser, lambda: "query=a%20dog" in browser.current_url and "a dog" in browser.title)
    found = shown(browser)
    one(browser, "body").send_keys(Keys.ESCAPE)
    browser.execute_script("document.activeElement.blur()")
    webdriver.ActionChains(browser).send_keys(Keys.ARROW_RIGHT).send_keys(Keys.ARROW_RIGHT).send_keys(
        "x"
    ).perform()
    focused = "return document.activeElement.closest('.card')?.dataset.image"
    assert browser.execute_script(focused) == found[1]
    assert one(browser, "#picked-count").text == "1"
    webdriver.ActionChains(browser).send_keys(Keys.ARROW_DOWN).send_keys("x").perform()
    below = browser.execute_script(focused)
    assert found.index(below) > 2
    assert one(browser, "#picked-ids").get_attribute("textContent") == f"{found[1]},{below}"
    webdriver.ActionChains(browser).send_keys(Keys.ENTER).perform()
    until(browser, lambda: f"/pictures/{below}" in browser.current_url)
    webdriver.ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    until(browser, lambda: "/pictures/" not in browser.current_url and shown(browser) == found)
    # By Tab alone everything is reached, and what has the focus is seen to have it.
    browser.get(address + "/?query=a+dog")
    one(browser, ".card")
    reached = []
    for _ in range(190):
        webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
        told = browser.execute_script(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "return [e.id || e.getAttribute('class') || e.name || e.textContent.trim().slice(0, 20),"
            " s.outlineStyle !== 'none' || getComputedStyle(e.parentElement).outlineStyle !== 'none']"
        )
        reached.append(told[0])
        assert told[1], f"no one sees that {told[0]} has the focus"
    assert {"skip", "query", "main", "min_percentile", "taken_from", "pick", "shot"} <= set(reached) | {
        re.sub(r"^p-\d+$", "shot", name) for name in reached
    }


def test_what_is_picked_is_shown_alone(browser: Browser, address: str) -> None:
    browser.get(address + "/?query=a+dog")
    one(browser, ".card")
    picked = shown(browser)[3:6]
    for image in picked:
        box = one(browser, f".pick[value='{image}']")
        browser.execute_script("arguments[0].click()", box)
    assert one(browser, "#picked-count").text == "3"
    one(browser, "#picked-only").click()
    until(browser, lambda: shown(browser) == picked)


def test_times_are_chosen_by_a_brush(browser: Browser, address: str) -> None:
    browser.get(address)
    one(browser, ".times a")
    bars = browser.find_elements(By.CSS_SELECTOR, ".times a .whole")
    chain = webdriver.ActionChains(browser)
    chain.click_and_hold(bars[2]).move_to_element(bars[3]).move_to_element(bars[5]).release().perform()
    until(browser, lambda: "taken_from=" in browser.current_url and "taken_until=" in browser.current_url)
    assert 0 < len(shown(browser)) < 60
    assert one(browser, "[name=taken_from]").get_attribute("value")


def test_hours_are_chosen_by_a_brush_and_a_place_by_a_circle_or_by_keys(
    browser: Browser, address: str
) -> None:
    browser.get(address + "/?in_collection=streets")
    one(browser, ".times[data-names^=daily]")
    bars = browser.find_elements(By.CSS_SELECTOR, ".times[data-names^=daily] a .whole")
    assert len(bars) == 24
    chain = webdriver.ActionChains(browser)
    chain.click_and_hold(bars[6]).move_to_element(bars[8]).move_to_element(bars[17]).release().perform()
    until(browser, lambda: "daily_from=06%3A00&daily_until=18%3A00" in browser.current_url)
    by_day = len(shown(browser))
    browser.get(address + "/?in_collection=streets")
    whole = len(shown(browser))
    assert 0 < by_day < whole
    land = one(browser, ".map")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", land)
    spots = [
        (float(spot.get_attribute("cx")), float(spot.get_attribute("cy")))
        for spot in browser.find_elements(By.CSS_SELECTOR, ".map a circle")
    ]
    place, wide = spots[0], land.rect["width"] / 240
    # From beside a spot to beyond it: its pictures are within.
    begin = ((place[0] + 14 - 120) * wide, (place[1] - 75) * wide)
    chain = webdriver.ActionChains(browser)
    chain.move_to_element_with_offset(land, *begin).click_and_hold().move_by_offset(-int(14 * wide), 0)
    chain.move_by_offset(-int(9 * wide), 0).release().perform()
    until(browser, lambda: "within_m=" in browser.current_url)
    assert 0 < len(shown(browser)) < whole
    assert one(browser, "input[form=search][name=within_m]").get_attribute("value")
    narrowed = shown(browser)
    one(browser, "input[form=search][name=within_m]").clear()
    one(browser, "input[form=search][name=within_m]").send_keys("20000000", Keys.ENTER)
    until(browser, lambda: "within_m=20000000" in browser.current_url and len(shown(browser)) > len(narrowed))
    browser.get(address + "/?in_collection=streets")
    browser.execute_script("arguments[0].focus()", one(browser, ".map a"))
    webdriver.ActionChains(browser).send_keys(Keys.ENTER).perform()
    until(browser, lambda: "within_m=" in browser.current_url)
    assert 0 < len(shown(browser)) <= whole


def test_what_is_folded_opens_in_place_and_closes(browser: Browser, address: str) -> None:
    browser.get(address + "/?query=a+dog&distinct_above=0.15")
    link = one(browser, ".fold")
    kept = shown(browser)
    count = int(link.text.split()[0])
    image = link.get_attribute("data-images").split(",")
    link.click()
    until(browser, lambda: len(shown(browser)) == len(kept) + count)
    at = kept.index(one(browser, ".card:has(.fold)").get_attribute("data-image"))
    assert shown(browser) == kept[: at + 1] + image + kept[at + 1 :]
    assert "only_images" not in browser.current_url
    one(browser, ".fold[aria-expanded=true]").click()
    until(browser, lambda: shown(browser) == kept)
    one(browser, ".fold[aria-expanded=false]").click()
    until(browser, lambda: len(shown(browser)) == len(kept) + count)


def test_a_plan_is_asked_for_when_it_is_opened(browser: Browser, address: str) -> None:
    browser.get(address + "/?query=a+dog")
    one(browser, "details[hx-get] summary").click()
    until(browser, lambda: "The answer is" in one(browser, "#plan").text)
    assert "/plan" not in browser.current_url


def test_an_address_is_dropped_and_pasted(browser: Browser, address: str) -> None:
    give = """
        const [kind, type] = arguments;
        const held = new DataTransfer();
        held.setData(type, 'http://127.0.0.1:9/of-a-page.jpg');
        document.body.dispatchEvent(kind === 'drop'
            ? new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: held})
            : new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: held}));
    """
    for kind, type_ in (("drop", "text/uri-list"), ("paste", "text")):
        browser.get(address)
        one(browser, "#drop")
        browser.execute_script(give, kind, type_)
        until(browser, lambda: browser.current_url.endswith("/picture"))
        assert "inside a private network" in one(browser, "main").text


def test_a_part_is_drawn_or_written_and_searched_with(browser: Browser, address: str) -> None:
    browser.get(address + "/pictures/2?query=a+dog")
    drawing = one(browser, ".draw")
    by_itself = "return getComputedStyle(document.querySelector('.draw')).pointerEvents"
    assert browser.execute_script(by_itself) == "none"  # until it is asked for
    one(browser, "#part summary").click()
    assert browser.execute_script(by_itself) == "auto"
    scale = drawing.rect["width"] / 320
    chain = webdriver.ActionChains(browser)
    chain.move_to_element_with_offset(drawing, int(-60 * scale), int(-40 * scale)).click_and_hold()
    chain.move_by_offset(int(50 * scale), int(70 * scale)).move_by_offset(
        int(30 * scale), 0
    ).release().perform()
    fields = {name: one(browser, f"#part-form [name={name}]") for name in ("x", "y", "width", "height")}
    drawn = {name: int(field.get_attribute("value")) for name, field in fields.items()}
    for name, side in {"x": 100, "y": 80, "width": 80, "height": 70}.items():
        assert abs(drawn[name] - side) <= 2, drawn
    frame = one(browser, ".draw rect")
    assert {name: int(frame.get_attribute(name)) for name in drawn} == drawn
    # By keys: the numbers move the frame.
    fields["x"].clear()
    fields["x"].send_keys("7")
    assert frame.get_attribute("x") == "7"
    one(browser, "#part-form [value=regions]").send_keys(Keys.ENTER)
    until(browser, lambda: "search_in=regions" in browser.current_url and "picture=" in browser.current_url)
    assert "query=" not in browser.current_url
    framed = browser.find_elements(By.CSS_SELECTOR, ".card .box rect")
    assert len(framed) == len(shown(browser)) == 60
    # The frame lies on the picture where the box is: 1, 2, 30, 40 of 320 x 240.
    shot = one(browser, ".card .shot").rect
    place = framed[0].rect
    assert abs((place["x"] - shot["x"]) / shot["width"] - 1 / 320) < 0.02
    assert abs(place["height"] / shot["height"] - 40 / 240) < 0.03
    one(browser, "#whole").click()
    until(browser, lambda: "search_in" not in browser.current_url)
    assert not browser.find_elements(By.CSS_SELECTOR, ".card .box")


def test_an_alarm_is_judged(browser: Browser, address: str) -> None:
    browser.get(address + "/watches")
    one(browser, ".verdict button[value=right]").click()
    assert one(browser, ".verdict button[aria-pressed=true]").text == "Right"
    assert "100 %" in one(browser, ".watches").text


@pytest.mark.parametrize(
    "path",
    [
        "/?query=a+dog",
        "/?query=a+dog&search_in=regions&having_label=truck",
        "/pictures/1?query=a&labels=cat,dog",
        "/pictures/2?query=a&search_in=regions",
        "/plan?query=a",
        "/counts?query=a+dog",
        "/watches",
        "/progress",
        "/docs",
        "/login",
    ],
)
def test_a_telephone_shows_all_without_scrolling_sideways(browser: Browser, address: str, path: str) -> None:
    window(browser, 375)
    browser.get(address + path)
    one(browser, "#pictures")
    wide = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1] == 375


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, from npm."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    folder = Path(platformdirs.user_cache_dir("clipsql")) / "tests" / AXE
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            done = subprocess.run(
                ("npm", "install", "--no-audit", "--no-fund", AXE),
                cwd=fresh,
                capture_output=True,
                check=False,
            )
            if done.returncode:
                pytest.skip("npm could not install axe-core")
            shutil.copytree(fresh, folder, dirs_exist_ok=True)
    return script.read_text("utf-8")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/", "/?query=a+dog&in_collection=streets&m.camera=K1", "/?query=a+(", "/?query=dog&min_similarity=1",
     "/pictures/1?query=a+dog&labels=cat,dog", "/?query=a+dog&search_in=regions",
     "/pictures/2?query=a+dog&search_in=regions", "/plan?query=a+dog", "/?query=a+dog&distinct_above=0.15",
     "/counts?query=a+dog", "/watches", "/progress", "/docs", "/login", "/nowhere"],
)  # fmt: skip
def test_axe_finds_nothing_serious(browser: Browser, address: str, axe: str, path: str, dark: bool) -> None:
    window(browser, 1280, dark=dark)
    browser.get(address + path)
    one(browser, "#pictures")
    time.sleep(0.2)
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((told) => done(told.violations));"
    )
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found
            if one["impact"] in ("moderate", "serious", "critical")] == []  # fmt: skip
