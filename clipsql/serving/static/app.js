// What a page can do beyond links and forms: pictures dropped and pasted, keys, a selection, a brush over times.
// Every handler is the document's, so that what htmx swaps in needs no setting up.
"use strict";

const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
document.documentElement.classList.add("with-script");

function begin() {
  const filters = one("#filters");
  if (filters && !matchMedia("(min-width: 60rem)").matches) filters.open = false;
  const query = one("#query[data-column]");
  if (query) {
    query.focus();
    query.setSelectionRange(query.dataset.column - 1, query.dataset.column);
  }
  showPicked();
}
document.addEventListener("DOMContentLoaded", begin);
document.addEventListener("htmx:afterSettle", begin);
// A URL that is shared says what is asked for, and not what is not.
document.addEventListener("htmx:configRequest", (event) => {
  for (const name of [...event.detail.formData.keys()]) {
    if (event.detail.formData.get(name) === "") event.detail.formData.delete(name);
  }
});

// A picture without a preview says so.
document.addEventListener("error", (event) => {
  if (!event.target.matches?.("img[data-none]")) return;
  const place = event.target.closest(".shot") ?? event.target.parentElement;
  place.classList.add("none", "shot");
  place.dataset.none = event.target.dataset.none;
}, true);

// Pictures chosen, dropped and pasted.
function send(files) {
  const form = one("#drop");
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!form || !pictures.length) return false;
  const held = new DataTransfer();
  held.items.add(pictures[0]);
  form.elements.picture.files = held.files;
  return submit(form);
}
function sendAddress(text) {
  const form = one("#drop");
  const address = text.split("\n").find((line) => /^https?:\/\/\S+$/.test(line.trim()));
  if (!form || !address) return false;
  form.elements.address.value = address.trim();
  return submit(form);
}
function submit(form) {
  // What is being typed goes along.
  const query = form.querySelector("[name=query]") ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "query" }));
  query.value = one("#query").value;
  form.submit();
  return true;
}
document.addEventListener("change", (event) => {
  if (event.target.matches("#drop [type=file]")) send(event.target.files);
  if (event.target.matches(".pick")) showPicked();
});
let isOwnDrag = false;
document.addEventListener("dragstart", () => { isOwnDrag = true; });
document.addEventListener("dragend", () => { isOwnDrag = false; });
document.addEventListener("dragover", (event) => {
  if (isOwnDrag) return;
  if (!event.dataTransfer.types.some((type) => type === "Files" || type === "text/uri-list")) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  if (isOwnDrag) return;
  document.body.classList.remove("dropping");
  const { files } = event.dataTransfer;
  const address = event.dataTransfer.getData("text/uri-list");
  if (!files.length && !address) return;
  event.preventDefault();
  if (!send(files)) sendAddress(address);
});
document.addEventListener("paste", (event) => {
  const into = event.target.closest?.("input, textarea");
  if (send(event.clipboardData.files) || (!into && sendAddress(event.clipboardData.getData("text")))) event.preventDefault();
});

// What is folded under a picture opens behind it, and is folded again.
const unfolded = (fold) => fold.dataset.images.split(",").map((image) => one(`.card[data-image="${image}"]`)).filter(Boolean);
document.addEventListener("htmx:beforeRequest", (event) => {
  const fold = event.target.closest?.(".fold[aria-expanded=true]");
  if (!fold) return;
  event.preventDefault();
  unfolded(fold).forEach((card) => card.remove());
  fold.setAttribute("aria-expanded", "false");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const fold = event.detail.successful && event.target.closest?.(".fold");
  if (!fold) return;
  unfolded(fold).forEach((card) => card.classList.add("unfolded"));
  fold.setAttribute("aria-expanded", "true");
});

// The selection.
function showPicked() {
  const bar = one("#picked");
  if (!bar) return;
  const ids = all(".pick:checked").map((box) => box.value).join(",");
  bar.hidden = !ids;
  one("#picked-count").textContent = ids ? ids.split(",").length : 0;
  one("#picked-ids").textContent = ids;
  const address = new URL(one(".grid")?.dataset.search ?? "/", location.href);
  address.searchParams.set("only_images", ids);
  one("#picked-only").href = address;
  address.pathname = "/export.csv";
  one("#picked-csv").href = address;
}
document.addEventListener("click", async (event) => {
  if (event.target.closest("#picked-none")) {
    all(".pick:checked").forEach((box) => { box.checked = false; });
    showPicked();
  }
  const copy = event.target.closest(".copy");
  if (copy) {
    const text = one("#" + copy.dataset.from).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = copy.textContent;
    copy.textContent = copy.dataset.done;
    setTimeout(() => { copy.textContent = before; }, 1500);
  }
});

// Keys: to the search, from picture to picture, and selecting.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea, summary")) return;
  if (event.key === "/") {
    event.preventDefault();
    one("#query")?.select();
    return;
  }
  if (event.key === "Escape" && one("#back")) location.href = one("#back").href;
  const shots = all(".grid .shot");
  const card = event.target.closest(".card");
  if (event.key === "x" && card) {
    const box = card.querySelector(".pick");
    box.checked = !box.checked;
    showPicked();
    return;
  }
  const across = getComputedStyle(one(".grid") ?? document.body).gridTemplateColumns.split(" ").length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  if (!step || !shots.length || event.target.closest(".filters")) return;
  const at = card ? shots.indexOf(card.querySelector(".shot")) : -1;
  const next = shots[at < 0 ? 0 : at + step];
  if (next) {
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
});

// A brush over the histogram: from the bar where it is pressed to the one where it is let go.
let brush = null;
const barAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest(".times a");
document.addEventListener("pointerdown", (event) => {
  brush = event.target.closest?.(".times a");
  if (brush) event.preventDefault();
});
function brushed(to) {
  const bars = [...brush.parentElement.querySelectorAll("a")];
  const places = [bars.indexOf(brush), bars.indexOf(to)].sort((a, b) => a - b);
  return bars.slice(places[0], places[1] + 1);
}
document.addEventListener("pointermove", (event) => {
  const to = brush && barAt(event);
  if (!to || to.parentElement !== brush.parentElement) return;
  const within = new Set(brushed(to));
  brush.parentElement.querySelectorAll("a").forEach((bar) => bar.classList.toggle("within", within.has(bar)));
});
document.addEventListener("pointerup", (event) => {
  const to = brush && barAt(event);
  if (to && to !== brush && to.parentElement === brush.parentElement) {
    const bars = brushed(to);
    const address = new URL(brush.parentElement.dataset.search, location.href);
    const [from, until] = brush.parentElement.dataset.names.split(" ");
    const [begin, end] = [bars[0].dataset.begin, bars.at(-1).dataset.end];
    if (begin !== end) {  // which the whole day has
      address.searchParams.set(from, begin);
      address.searchParams.set(until, end);
    }
    location.href = address;
  }
  brush = null;
});

// A part of a picture, drawn: from the corner where it is pressed to the one where it is let go. Its fields say it, too.
let part = null;
const onDrawing = (drawing, event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
function showPart([x, y, width, height]) {
  Object.entries({ x, y, width, height }).forEach(([name, side]) => one(".draw rect").setAttribute(name, side));
}
document.addEventListener("pointerdown", (event) => {
  const drawing = event.target.closest?.(".draw");
  if (!drawing || event.button) return;
  event.preventDefault();
  part = { drawing, from: onDrawing(drawing, event) };
  drawing.setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => {
  if (!part) return;
  const { width, height } = part.drawing.viewBox.baseVal;
  const to = onDrawing(part.drawing, event);
  const [left, right] = [part.from.x, to.x].map((x) => Math.round(Math.min(width, Math.max(0, x)))).sort((a, b) => a - b);
  const [top, bottom] = [part.from.y, to.y].map((y) => Math.round(Math.min(height, Math.max(0, y)))).sort((a, b) => a - b);
  if (right === left || bottom === top) return;
  const sides = [left, top, right - left, bottom - top];
  showPart(sides);
  const { x, y, width: wide, height: high } = one("#part-form").elements;
  [x, y, wide, high].forEach((field, place) => { field.value = sides[place]; });
});
document.addEventListener("pointerup", () => { part = null; });
document.addEventListener("pointercancel", () => { part = null; });
document.addEventListener("input", (event) => {
  if (!event.target.closest?.("#part-form")) return;
  const { x, y, width, height } = one("#part-form").elements;
  showPart([x, y, width, height].map((field) => Math.max(0, field.valueAsNumber || 0)));
});

// A circle on the map: from its middle, where it is pressed, to its edge, where it is let go.
let circle = null;
const onMap = (map, event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
document.addEventListener("pointerdown", (event) => {
  const map = event.target.closest?.(".map");
  if (!map || event.button || event.target.closest(".map a")) return;
  event.preventDefault();
  circle = { map, middle: onMap(map, event), edge: null };
});
document.addEventListener("pointermove", (event) => {
  if (!circle) return;
  const { map, middle } = circle;
  circle.edge = onMap(map, event);
  const drawn = map.querySelector(".around");
  drawn.setAttribute("cx", middle.x);
  drawn.setAttribute("cy", middle.y);
  drawn.setAttribute("r", Math.hypot(circle.edge.x - middle.x, circle.edge.y - middle.y));
});
document.addEventListener("pointerup", () => {
  if (circle?.edge && Math.hypot(circle.edge.x - circle.middle.x, circle.edge.y - circle.middle.y) > 2) {
    const { map, middle, edge } = circle;
    const [west, south, east, north] = map.dataset.edges.split(" ").map(Number);
    const { width, height } = map.viewBox.baseVal;
    const place = (point) => [west + (point.x / width) * (east - west), north - (point.y / height) * (north - south)];
    const [longitude, latitude] = place(middle);
    const address = new URL(map.dataset.search, location.href);
    address.searchParams.set("near_longitude", longitude.toFixed(6));
    address.searchParams.set("near_latitude", latitude.toFixed(6));
    address.searchParams.set("within_m", Math.max(1, Math.round(metres([longitude, latitude], place(edge)))));
    location.href = address;
  }
  circle = null;
});
function metres([longitude, latitude], [otherLongitude, otherLatitude]) {
  const [x1, y1, x2, y2] = [longitude, latitude, otherLongitude, otherLatitude].map((degrees) => (degrees * Math.PI) / 180);
  const half = Math.sin((y2 - y1) / 2) ** 2 + Math.cos(y1) * Math.cos(y2) * Math.sin((x2 - x1) / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(Math.min(1, half)));
}
