// Draws the data of token_view.py. Streamlit calls the default export again on every change of data or theme, so the
// view is built once per element and then shown new data; listeners are set once, on the text, not on its tokens.
// Text is hostile: it enters the page through text nodes and attributes only, never as markup.

const views = new WeakMap();
const chosen = { mode: "rank", classic: false, ranks: remembered() }; // outlives a page turn and a new analysis

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".view");
  if (!views.has(host)) views.set(host, createView(host));
  const view = views.get(host);
  view.show(data, setTriggerValue);
  return view.hide;
}

function createView(host) {
  const controls = add(host, "div", "controls");
  const legend = add(host, "div", "legend");
  const text = add(host, "div", "text");
  const tip = add(host, "div", "tip");
  let data, send, drawn, current, shown, leaving, turning = 0, marked = "", closing;

  text.dir = "auto";
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", "The text, token by token. Arrow keys move from token to token, Enter pins one or lets it go, Escape closes the details and then lets the pinned one go.");
  tip.id = "tip";
  tip.setAttribute("role", "group");
  tip.setAttribute("aria-label", "Details of the token");
  tip.hidden = true;

  function show({ pinned, marked, ...text }, newSend) {
    send = newSend;
    const signature = JSON.stringify(text);
    data = { ...text, pinned, marked };
    if (signature === drawn) return paint();
    const turned = turning;
    turning = 0;
    hide();
    drawControls();
    drawText();
    drawn = signature;
    paint();
    if (turned) go(turned > 0 ? allTokens()[0] : allTokens().at(-1));
  }

  const allTokens = () => [...text.querySelectorAll(".token")];

  // Colours: the variables of the scale and one class a token change, the text stays as it is.

  function paint() {
    // A mode may be missing: a text that is not judged has no share of a verdict.
    const mode = data.modes.find((m) => m.name === chosen.mode) ?? data.modes[0];
    const { palettes, lines } = data.scales[mode.scale];
    const theme = isDark(host) ? "dark" : "light";
    const [backs, inks] = (chosen.classic && palettes.gltr) || palettes[theme];
    lines.forEach((line, step) => {
      host.style.setProperty(`--back-${step}`, backs[step]);
      host.style.setProperty(`--ink-${step}`, inks[step]);
      host.style.setProperty(`--line-${step}`, line === "none" ? "none" : `${line} 0.09em`);
    });
    for (const token of allTokens()) {
      const i = Number(token.dataset.i), first = data.offset + data.first[i], last = first + data.count[i];
      const pinned = first <= data.pinned && data.pinned < last;
      const brushed = first < data.marked[1] && data.marked[0] < last;
      token.className = `token step-${step(mode, i)}${pinned ? " pinned" : ""}${brushed ? " brushed" : ""}`;
    }
    shown?.classList.add("shown");
    tellPinned();
    showMarked();
    Object.assign(host.dataset, { mode: mode.name, scale: mode.scale });
    legend.replaceChildren();
    add(legend, "span", "about", mode.about);
    const steps = add(legend, "ul", "steps");
    steps.setAttribute("aria-label", `Colours, ${mode.ends}`);
    const labels = mode.name === "rank" ? rankLabels(chosen.ranks) : mode.steps;
    labels.forEach((label, step) => add(steps, "li", `step step-${step}`, label));
    controls.querySelector(`[value=${mode.name}]`).checked = true;
    controls.querySelector(".classic").hidden = !palettes.gltr;
    controls.querySelector(".ranks").hidden = mode.name !== "rank";
  }

  // A stretch that was marked elsewhere comes into view; the page itself stays where it is.
  function showMarked() {
    const now = `${data.offset} ${data.marked}`;
    const first = now !== marked && text.querySelector(".brushed");
    marked = now;
    if (first) text.scrollTop += first.getClientRects()[0].top - text.getBoundingClientRect().top - 40;
  }

  function tellPinned() {
    current?.setAttribute("aria-pressed", String(current.classList.contains("pinned")));
  }

  function drawControls() {
    controls.replaceChildren();
    const group = add(controls, "fieldset", "modes");
    add(group, "legend", "", "Colour by");
    for (const mode of data.modes) {
      const label = add(group, "label", "");
      const input = add(label, "input", "");
      Object.assign(input, { type: "radio", name: "mode", value: mode.name });
      add(label, "span", "", mode.label);
    }
    drawRanks(add(controls, "fieldset", "ranks"), chosen.ranks, setRanks);
    const label = add(controls, "label", "classic");
    Object.assign(add(label, "input", ""), { type: "checkbox", name: "classic", checked: chosen.classic });
    add(label, "span", "", "GLTR’s classic colours");
  }

  function setRanks(ranks) {
    chosen.ranks = ranks;
    remember(ranks);
    paint();
  }

  controls.onchange = ({ target }) => {
    if (target.name === "rank") return takeRanks(controls.querySelector(".ranks"), setRanks);
    if (target.name === "mode") chosen.mode = target.value;
    else chosen.classic = target.checked;
    paint();
  };

  // The text

  function drawText() {
    const drawing = document.createDocumentFragment();
    current = undefined;
    data.pieces.forEach((piece, i) => {
      if (!data.count[i]) return drawPiece(drawing, piece, data.marks); // not scored: plain
      const token = add(drawing, "span", "token");
      token.dataset.i = i;
      token.tabIndex = -1;
      drawPiece(token, piece, data.marks);
    });
    text.replaceChildren(drawing);
    text.scrollTop = 0;
    const first = text.querySelector(".token");
    if (first) makeCurrent(first);
  }

  // A piece that several tokens share, such as an emoji, has the colour of the most surprising, or of the strongest push.
  function step(mode, i) {
    const tokens = range(data.first[i], data.count[i]);
    const ofRank = (t) => chosen.ranks.filter((bound) => data.rank[t] > bound).length;
    const steps = tokens.map((t) => (mode.name === "rank" ? ofRank(t) : Number(mode.of[t])));
    const middle = mode.scale === "diverging" ? 2 : 0;
    return steps.reduce((a, b) => (Math.abs(b - middle) > Math.abs(a - middle) ? b : a));
  }

  // One token is in the tab order and has a name for screen readers; the others read as plain text.
  function makeCurrent(token) {
    if (current && current !== token) {
      current.tabIndex = -1;
      for (const name of ["role", "aria-label", "aria-describedby", "aria-pressed"]) current.removeAttribute(name);
    }
    current = token;
    token.tabIndex = 0;
    token.setAttribute("role", "button");
    token.setAttribute("aria-label", spoken(data, Number(token.dataset.i)));
    token.setAttribute("aria-describedby", "tip");
    tellPinned();
  }

  text.onpointermove = ({ target, pointerType }) => {
    if (pointerType === "touch") return; // a tap is a click, a swipe is scrolling
    const token = target.closest(".token");
    if (token) open(token);
    else leaveSoon();
  };
  text.onpointerleave = leaveSoon;
  tip.onpointerenter = () => clearTimeout(leaving);
  tip.onpointerleave = leaveSoon;
  text.onclick = ({ target, detail }) => {
    const token = target.closest(".token");
    if (token && detail < 2) pin(token); // a double click is one
  };
  text.onscroll = () => shown && place(shown);
  text.addEventListener("focusin", ({ target }) => {
    if (!target.matches(".token")) return;
    makeCurrent(target);
    open(target);
  });
  for (const part of [text, tip]) {
    part.addEventListener("focusout", ({ relatedTarget }) => tip.contains(relatedTarget) || hide());
  }

  text.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const tokens = allTokens();
    const at = tokens.indexOf(current);
    const forward = getComputedStyle(text).direction === "rtl" ? -1 : 1;
    const action = {
      ArrowRight: () => go(tokens[at + forward] ?? beyond(forward)),
      ArrowLeft: () => go(tokens[at - forward] ?? beyond(-forward)),
      ArrowDown: () => go(onNextLine(tokens, at, 1) ?? beyond(1)),
      ArrowUp: () => go(onNextLine(tokens, at, -1) ?? beyond(-1)),
      Home: () => go(tokens[0]),
      End: () => go(tokens.at(-1)),
      Enter: () => event.repeat || pin(current),
      " ": () => event.repeat || pin(current),
      Escape: data.pinned >= 0 && event !== closing ? unpin : undefined,
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  // The next page, or the one before: its nearest token is gone to once it is there.
  function beyond(direction) {
    if (turning || !(direction > 0 ? data.more : data.before)) return;
    turning = direction;
    send("turn", direction);
  }

  // Pins a token, or lets the pinned one go.
  function pin(token) {
    go(token);
    if (token.classList.contains("pinned")) return unpin();
    send("pin", data.offset + data.first[Number(token.dataset.i)]);
  }

  function unpin() {
    send("pin", -1);
  }

  function go(token) {
    if (!token) return;
    token.focus({ preventScroll: true });
    token.scrollIntoView({ block: "nearest" });
    makeCurrent(token);
    open(token);
  }

  // Details

  function open(token) {
    clearTimeout(leaving);
    if (shown === token) return;
    shown?.classList.remove("shown");
    shown = token;
    token.classList.add("shown");
    tip.replaceChildren();
    describe(tip, data, Number(token.dataset.i), (at) => {
      hide();
      send("branch", at);
    });
    tip.hidden = false;
    place(token);
    document.addEventListener("keydown", onEscape, true);
  }

  function hide() {
    clearTimeout(leaving);
    shown?.classList.remove("shown");
    shown = undefined;
    tip.hidden = true;
    document.removeEventListener("keydown", onEscape, true);
  }

  function leaveSoon() {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200); // time to reach the details with the pointer
  }

  function onEscape(event) {
    if (event.key !== "Escape") return;
    closing = event; // which closes the details and does nothing else
    if (tip.matches(":focus-within")) current?.focus();
    hide();
  }

  function place(token) {
    const box = host.getBoundingClientRect();
    const at = token.getClientRects()[0] ?? token.getBoundingClientRect();
    const gap = 6, header = 60, frame = text.getBoundingClientRect();
    if (at.bottom < frame.top || at.top > frame.bottom) return hide(); // scrolled away
    const fitsBelow = at.bottom + gap + tip.offsetHeight < window.innerHeight;
    const fitsAbove = at.top - gap - tip.offsetHeight > header;
    const y = fitsBelow || !fitsAbove ? at.bottom + gap : at.top - gap - tip.offsetHeight;
    tip.style.top = `${y - box.top}px`;
    tip.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - tip.offsetWidth))}px`;
  }

  return { show, hide };
}
