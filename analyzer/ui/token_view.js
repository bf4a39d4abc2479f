// Draws the data of token_view.py. Streamlit calls the default export again on every change of data or theme, so the
// view is built once per element and then shown new data; listeners are set once, on the text, not on its tokens.
// Text is hostile: it enters the page through text nodes and attributes only, never as markup.

const views = new WeakMap();
const chosen = { mode: "rank", classic: false }; // outlives a page turn and a new analysis

export default function ({ data, parentElement }) {
  const host = parentElement.querySelector(".view");
  if (!views.has(host)) views.set(host, createView(host));
  const view = views.get(host);
  view.show(data);
  return view.hide;
}

function createView(host) {
  const controls = add(host, "div", "controls");
  const legend = add(host, "div", "legend");
  const text = add(host, "div", "text");
  const tip = add(host, "div", "tip");
  let data, drawn, current, shown, leaving;

  text.dir = "auto";
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", "The text, token by token. Arrow keys move from token to token, Escape closes the details.");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;

  function show(newData) {
    data = newData;
    const signature = JSON.stringify(data);
    if (signature !== drawn) {
      hide();
      drawControls();
      drawText();
      drawn = signature;
    }
    paint();
  }

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
    for (const token of text.querySelectorAll(".token")) {
      token.className = token.className.replace(/ ?step-\d/, "") + ` step-${step(mode, Number(token.dataset.i))}`;
    }
    Object.assign(host.dataset, { mode: mode.name, scale: mode.scale });
    legend.replaceChildren();
    add(legend, "span", "about", mode.about);
    const steps = add(legend, "ul", "steps");
    const ends = mode.scale === "diverging" ? "from person to machine" : "from expected to surprising";
    steps.setAttribute("aria-label", `Colours, ${ends}`);
    mode.steps.forEach((label, step) => add(steps, "li", `step step-${step}`, label));
    controls.querySelector(`[value=${mode.name}]`).checked = true;
    controls.querySelector(".classic").hidden = !palettes.gltr;
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
    const label = add(controls, "label", "classic");
    Object.assign(add(label, "input", ""), { type: "checkbox", name: "classic", checked: chosen.classic });
    add(label, "span", "", "GLTR’s classic colours");
  }

  controls.onchange = ({ target }) => {
    if (target.name === "mode") chosen.mode = target.value;
    else chosen.classic = target.checked;
    paint();
  };

  // The text

  function drawText() {
    const drawing = document.createDocumentFragment();
    current = undefined;
    data.pieces.forEach((piece, i) => {
      if (!data.count[i]) return drawPiece(drawing, piece); // not scored: plain
      const token = add(drawing, "span", "token");
      token.dataset.i = i;
      token.tabIndex = -1;
      drawPiece(token, piece);
    });
    text.replaceChildren(drawing);
    const first = text.querySelector(".token");
    if (first) makeCurrent(first);
  }

  // What cannot be seen gets a mark, drawn by the style sheet, so that it is neither copied nor searched. The character
  // itself stays in the text, inside the mark: there a direction override ends, a way to make a text read other than it
  // is. Only a line end stands behind its mark, as it must break the line.
  function drawPiece(parent, piece) {
    let run = "";
    for (const character of piece) {
      const mark = data.marks[character];
      if (mark) {
        if (run) parent.append(run);
        run = "";
        add(parent, "span", "mark", character === "\n" ? "" : character).dataset.mark = mark;
      }
      if (!mark || character === "\n") run += character;
    }
    parent.append(run);
  }

  // A piece that several tokens share, such as an emoji, has the colour of the most surprising, or of the strongest push.
  function step(mode, i) {
    const steps = [...mode.of.slice(data.first[i], data.first[i] + data.count[i])].map(Number);
    const middle = mode.scale === "diverging" ? 2 : 0;
    return steps.reduce((a, b) => (Math.abs(b - middle) > Math.abs(a - middle) ? b : a));
  }

  // One token is in the tab order and has a name for screen readers; the others read as plain text.
  function makeCurrent(token) {
    if (current && current !== token) {
      current.tabIndex = -1;
      for (const name of ["role", "aria-label", "aria-describedby"]) current.removeAttribute(name);
    }
    current = token;
    token.tabIndex = 0;
    token.setAttribute("role", "button");
    token.setAttribute("aria-label", spoken(Number(token.dataset.i)));
    token.setAttribute("aria-describedby", "tip");
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
  text.onclick = ({ target }) => {
    const token = target.closest(".token");
    if (token) go(token);
  };
  text.addEventListener("focusin", ({ target }) => {
    if (!target.matches(".token")) return;
    makeCurrent(target);
    open(target);
  });
  text.addEventListener("focusout", () => hide());

  text.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const tokens = [...text.querySelectorAll(".token")];
    const at = tokens.indexOf(current);
    const forward = getComputedStyle(text).direction === "rtl" ? -1 : 1;
    const target = {
      ArrowRight: () => tokens[at + forward],
      ArrowLeft: () => tokens[at - forward],
      ArrowDown: () => onNextLine(tokens, at, 1),
      ArrowUp: () => onNextLine(tokens, at, -1),
      Home: () => tokens[0],
      End: () => tokens.at(-1),
      Enter: () => current,
      " ": () => current,
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const token = target();
    if (token) go(token);
  };

  function go(token) {
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
    describe(Number(token.dataset.i));
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
    if (event.key === "Escape") hide();
  }

  function place(token) {
    const box = host.getBoundingClientRect();
    const at = token.getClientRects()[0] ?? token.getBoundingClientRect();
    const gap = 6, header = 60;
    const fitsBelow = at.bottom + gap + tip.offsetHeight < window.innerHeight;
    const fitsAbove = at.top - gap - tip.offsetHeight > header;
    const y = fitsBelow || !fitsAbove ? at.bottom + gap : at.top - gap - tip.offsetHeight;
    tip.style.top = `${y - box.top}px`;
    tip.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - tip.offsetWidth))}px`;
  }

  function describe(i) {
    const first = data.first[i], parts = range(first, data.count[i]);
    const hardest = parts.reduce((a, b) => (data.bits[b] > data.bits[a] ? b : a));
    addToken(add(tip, "div", "name"), readable(data.pieces[i]));
    if (parts.length === 1) {
      const facts = add(tip, "dl", "");
      addFact(facts, "Rank", `${whole(data.rank[first])} of ${whole(data.vocabulary)}`);
      addFact(facts, "Probability", percent(probability(first)));
      addFact(facts, "Surprise", `${bits(data.bits[first])} bits, expected ${bits(data.expected[first])}`);
    } else {
      add(tip, "div", "note", `${parts.length} tokens make up this piece:`);
      const rows = add(tip, "div", "parts");
      for (const t of parts) {
        addToken(add(rows, "span", ""), data.strings[data.own[t]]);
        add(rows, "span", "", `rank ${whole(data.rank[t])}`);
        add(rows, "span", "", percent(probability(t)));
        add(rows, "span", "", `${bits(data.bits[t])} bits`);
      }
    }
    if (data.per_token) describeGuesses(hardest, parts.length > 1);
  }

  function describeGuesses(t, ofPart) {
    const note = add(tip, "div", "note", "The model’s first guesses");
    if (ofPart) note.append(" in place of ", addToken(document.createElement("span"), data.strings[data.own[t]]));
    note.append(" (→ the text)");
    const rows = add(tip, "div", "guesses");
    let listed = false;
    for (const j of range(t * data.per_token, data.per_token)) {
      listed ||= data.guesses[j] === data.own[t];
      addGuess(rows, data.guesses[j], data.guess_ppm[j] / 1e6, data.guesses[j] === data.own[t]);
    }
    if (!listed) addGuess(rows, data.own[t], probability(t), true);
  }

  function addGuess(rows, string, p, actual) {
    const row = add(rows, "div", actual ? "guess actual" : "guess");
    add(row, "span", "here", actual ? "→" : "");
    addToken(add(row, "span", "word"), data.strings[string]);
    add(add(row, "span", "bar"), "i", "").style.width = `${100 * p}%`;
    add(row, "span", "share", percent(p));
  }

  function spoken(i) {
    const name = `"${readable(data.pieces[i]).trim() || "space"}"`;
    const first = data.first[i], count = data.count[i];
    if (count > 1) return `${name}, ${count} tokens, ranks ${data.rank.slice(first, first + count).map(whole).join(", ")}`;
    return `${name}, rank ${whole(data.rank[first])}, ${percent(probability(first))}, ${bits(data.bits[first])} bits`;
  }

  const readable = (piece) => [...piece].map((c) => data.marks[c] ?? (c === "\t" ? "⇥" : c)).join("");
  const probability = (t) => 2 ** (-data.bits[t] / 1000);

  return { show, hide };
}

function add(parent, tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

function addFact(list, name, value) {
  add(list, "dt", "", name);
  add(list, "dd", "", value);
}

// A leading space is part of most tokens: shown faintly, so that " a" and "a" are told apart.
function addToken(parent, token) {
  const spaces = token.length - token.trimStart().length;
  if (spaces) add(parent, "span", "space", "␣".repeat(spaces));
  parent.append(token.slice(spaces));
  parent.classList.add("literal");
  return parent;
}

// The nearest token on the line below (direction 1) or above (-1); undefined at the edge.
function onNextLine(tokens, at, direction) {
  const from = tokens[at].getClientRects()[0];
  let best, line;
  for (let i = at + direction; i >= 0 && i < tokens.length; i += direction) {
    const rect = tokens[i].getClientRects()[0];
    if (!rect || Math.abs(rect.top - from.top) < from.height / 2) continue;
    line ??= rect.top;
    if (Math.abs(rect.top - line) > from.height / 2) break;
    const distance = Math.abs((rect.left + rect.right - from.left - from.right) / 2);
    if (!best || distance < best.distance) best = { token: tokens[i], distance };
  }
  return best?.token;
}

function isDark(host) {
  const [red, green, blue] = getComputedStyle(host).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

const range = (first, count) => Array.from({ length: count }, (_, i) => first + i);
const whole = (n) => n.toLocaleString("en-US");
const bits = (thousandths) => (thousandths >= 1e9 ? "∞" : (thousandths / 1000).toFixed(1));

function percent(p) {
  const n = 100 * p;
  if (n >= 99.95) return "100 %";
  if (n >= 10) return `${n.toFixed(n > 99 ? 1 : 0)} %`;
  if (n >= 0.1) return `${n.toFixed(1)} %`;
  return n >= 0.0001 ? `${Number(n.toPrecision(1))} %` : "< 0.0001 %";
}
